"""How runs and their channels are found."""

from collections.abc import Iterable
from typing import Final

from sqlalchemy import Select, bindparam, func, select

from tgac.bots.models import Bot, Seat, SeatState
from tgac.channels.models import Channel, ChannelState
from tgac.kit.act import Act
from tgac.kit.errors import NotFound
from tgac.kit.web.i18n import _
from tgac.onboarding.models import Item, Run, RunState, Step
from tgac.onboarding.steps import TrialFacts
from tgac.people.models import Project
from tgac.posts.models import Post
from tgac.settings.service import holding_everywhere


async def find_run(act: Act, run_id: int, *, lock: bool = False) -> Run:
    """The run of the act's project; `lock` it where what is written hangs on what was read. Raises NotFound."""
    asked = select(Run).where(Run.id == run_id)
    run = await act.session.scalar(asked.with_for_update() if lock else asked)
    if run is None:
        raise NotFound(_("There is nothing here, or it is not yours."))
    return run


async def find_item(act: Act, item_id: int) -> Item | None:
    """The item, locked, while its run is running."""
    asked = select(Item).join(Run, Run.id == Item.run_id).where(Item.id == item_id, Run.state == RunState.RUNNING)
    found: Item | None = await act.session.scalar(asked.with_for_update(of=Item))
    return found


def runs() -> Select[Run]:
    """The project's runs, to be paged."""
    return select(Run)


async def items_of(act: Act, run_id: int) -> list[Item]:
    """The channels of a run, in the order in which they were named."""
    return list(await act.session.scalars(select(Item).where(Item.run_id == run_id).order_by(Item.id)))


def unfinished() -> Select[Item]:
    """What is still on its way in runs that are running."""
    running = select(Run.id).where(Run.state == RunState.RUNNING)
    return select(Item).where(Item.run_id.in_(running), Item.step != Step.READY).order_by(Item.id)


async def items_for_channel(act: Act, channel_id: int) -> list[Item]:
    """The items of running runs that are about this channel and not ready; locked."""
    return list(await act.session.scalars(unfinished().where(Item.channel_id == channel_id).with_for_update()))


_BEING_SET_UP: Final = (
    unfinished().where(Item.channel_id.in_(bindparam("channels"))).with_only_columns(Item.channel_id).order_by(None)
)


async def being_set_up(act: Act, channel_ids: Iterable[int]) -> set[int]:
    """Those of these channels that a running run is about and not done with."""
    return set(await act.session.scalars(_BEING_SET_UP, {"channels": list(channel_ids)}))


async def counts_of(act: Act, run_ids: Iterable[int]) -> dict[int, dict[str, int]]:
    """For each run how many of its channels are `ready`, `waiting` for a person, and being `checked`."""
    asked = (
        select(Item.run_id, Item.step, Item.reason, func.count())
        .where(Item.run_id.in_(list(run_ids)))
        .group_by(Item.run_id, Item.step, Item.reason)
    )
    found: dict[int, dict[str, int]] = {}
    for run_id, step, reason, count in await act.session.execute(asked):
        name = "ready" if step == Step.READY else "waiting" if reason else "checked"
        counts = found.setdefault(run_id, {"ready": 0, "waiting": 0, "checked": 0})
        counts[name] += count
    return found


async def channels_and_bots(act: Act, items: Iterable[Item]) -> tuple[dict[int, Channel], dict[int, Bot]]:
    """What these items speak of, by number."""
    items = list(items)
    channels = await act.session.scalars(select(Channel).where(Channel.id.in_([one.channel_id for one in items])))
    bots = await act.session.scalars(select(Bot).where(Bot.id.in_({one.bot_id for one in items if one.bot_id})))
    return {one.id: one for one in channels}, {one.id: one for one in bots}


async def seated_bot(act: Act, channel_id: int) -> int | None:
    """The bot that serves the channel, the longest there if there are several."""
    held = select(Seat.bot_id).where(Seat.channel_id == channel_id, Seat.state == SeatState.ACTIVE)
    found: int | None = await act.session.scalar(held.order_by(Seat.id).limit(1))
    return found


async def newest_thread(act: Act, channel: Channel) -> Post | None:
    """The newest post under which a comment may stand."""
    asked = select(Post).where(
        Post.channel_id == channel.id,
        Post.root_id.is_not(None),
        Post.root_group_id == channel.group_id,
        Post.gone_at.is_(None),
        Post.has_keyboard.is_(False),
    )
    found: Post | None = await act.session.scalar(asked.order_by(Post.published_at.desc()).limit(1))
    return found


async def trial_facts(act: Act, run: Run, item: Item, *, channel: Channel) -> TrialFacts:
    """What is known of an item's test comment."""
    if not run.with_trial or channel.state != ChannelState.ACTIVE:
        return TrialFacts(run.with_trial, item.trial, has_post=False, halted=False)
    has_post = await newest_thread(act, channel) is not None
    return TrialFacts(run.with_trial, item.trial, has_post, halted=await is_halted(act))


async def is_halted(act: Act) -> bool:
    """Whether nothing may leave the project at this moment."""
    project = (await act.session.scalars(select(Project).where(Project.id == act.project_id))).one()
    stopped = project.stopped_at or (await holding_everywhere(act)).stopped_at
    return stopped is not None or project.status != "active"


async def pending_channels(act: Act) -> list[Channel]:
    """The channels that wait to be set up and are in no running run, oldest first."""
    taken = select(Item.channel_id).join(Run, Run.id == Item.run_id).where(Run.state == RunState.RUNNING)
    asked = select(Channel).where(Channel.state == ChannelState.PENDING, Channel.id.not_in(taken))
    return list(await act.session.scalars(asked.order_by(Channel.id)))
