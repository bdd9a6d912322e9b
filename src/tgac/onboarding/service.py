"""The verbs of onboarding: a run is begun, hurried and ended by people; the rest it does by itself."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from sqlalchemy import select

from tgac.bots.models import Bot
from tgac.channels.change import channel_named, pending_channel
from tgac.channels.models import Channel, ChannelState
from tgac.channels.refs import read_ref
from tgac.channels.settle import note
from tgac.journal.service import record
from tgac.kit.act import Act
from tgac.kit.errors import Conflict, Invalid, NotFound
from tgac.kit.tenancy import Right, require
from tgac.kit.web.i18n import _
from tgac.onboarding.assign import free_places, take_place
from tgac.onboarding.forms import MOST_CHANNELS
from tgac.onboarding.jobs import WatchRun, look_on, look_soon
from tgac.onboarding.models import Item, Run, RunState, Step, Trial
from tgac.onboarding.progress import settle_item
from tgac.onboarding.queries import find_run, items_for_channel, items_of, pending_channels, seated_bot
from tgac.people.service import author_of

SPREAD_S: Final = 0.1
"""Between the first looks at the channels of a run."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A line that is not set up: its number from 1, how the channel was named, and why."""

    line: int
    ref: str
    message: str


@dataclass(frozen=True, slots=True)
class Started:
    """The run, how many channels are in it, and the lines that are not."""

    run: Run
    channels: int
    left_out: list[LeftOut] = field(default_factory=list)


async def start_run(
    act: Act, channels: Sequence[str] = (), *, bot_ids: Sequence[int] = (), with_trial: bool = False
) -> Started:
    """Begin to set channels up: unknown ones become pending, claimed by the act's author.

    `channels` are named as `read_ref` reads them, none means all that are pending; `bot_ids` are the bots among which
    they are divided, none means every bot with room; `with_trial`: each bot writes a test comment and deletes it.

    Good lines are taken whatever the others are; a repeat finds none, and is refused. Raises Invalid (`channels`,
    `bot_ids`), Refused.
    """
    require(act, Right.EDIT)
    await _require_bots(act, bot_ids)
    if len(channels) > MOST_CHANNELS:
        words = _("Name at most %(limit)s channels at once.", limit=MOST_CHANNELS)
        raise Invalid(words, code="too_many_lines", field="channels")
    left_out: list[LeftOut] = []
    named = await _named(act, channels, left_out) if channels else await pending_channels(act)
    if not named:
        raise _nothing_to_do(left_out)
    author = author_of(act).user_id
    run = Run(bot_ids=list(bot_ids), with_trial=with_trial, started_by=author, created_at=act.now)
    act.session.add(run)
    await act.flush()
    await _add_items(act, run, named[:MOST_CHANNELS])
    record(act, "onboarding_started", {"count": len(named[:MOST_CHANNELS])})
    return Started(run, len(named[:MOST_CHANNELS]), left_out)


async def look_again(act: Act, run_id: int, channel_ids: Sequence[int] = ()) -> int:
    """Look at once at these channels of a run, or at all that are not ready; a refused test comment is tried again.

    Gives how many. Raises NotFound, Refused, Conflict for a run that is over.
    """
    require(act, Right.EDIT)
    run = await _running(act, run_id)
    chosen = [item for item in await items_of(act, run.id) if not channel_ids or item.channel_id in channel_ids]
    if len(chosen) < len(set(channel_ids)):
        raise NotFound(_("There is nothing here, or it is not yours."))
    waiting = [item for item in chosen if item.step != Step.READY]
    for item in waiting:
        if item.trial == Trial.REFUSED:
            item.trial, item.trial_answer = Trial.NONE, ""
        look_soon(act, item)
    return len(waiting)


async def skip_trial(act: Act, run_id: int, channel_id: int) -> None:
    """Go on without the test comment of a channel, or with what a person has seen of it.

    Raises NotFound, Refused, Conflict.
    """
    require(act, Right.EDIT)
    await _running(act, run_id)
    item = next((one for one in await items_for_channel(act, channel_id) if one.run_id == run_id), None)
    if item is None:
        raise NotFound(_("There is nothing here, or it is not yours."))
    if item.trial in (Trial.WRITING, Trial.WRITTEN):
        raise Conflict(_("The test comment is being written. Wait a moment."), code="under_way")
    item.trial = Trial.SKIPPED
    await settle_item(act, item)


async def cancel_run(act: Act, run_id: int) -> Run:
    """End a run: its channels stay as they are. Raises NotFound, Refused, Conflict for one that is over."""
    require(act, Right.EDIT)
    run = await _running(act, run_id)
    run.state, run.ended_at = RunState.CANCELLED, act.now
    record(act, "onboarding_cancelled")
    return run


async def open_run(act: Act, run_id: int) -> Run:
    """Somebody who can mend things looks at the run: it looks more often for a while. Raises NotFound, Refused."""
    require(act, Right.EDIT)
    run = await find_run(act, run_id, lock=True)
    if run.state == RunState.RUNNING:
        run.opened_at = act.now
        act.enqueue(WatchRun(act.project_id, run.id), key=f"onboarding:watch:{run.id}")
    return run


async def _running(act: Act, run_id: int) -> Run:
    run = await find_run(act, run_id, lock=True)
    if run.state != RunState.RUNNING:
        raise Conflict(_("This setup is over."), code="run_over")
    return run


async def _require_bots(act: Act, bot_ids: Sequence[int]) -> None:
    known = set(await act.session.scalars(select(Bot.id).where(Bot.id.in_(bot_ids))))
    if known != set(bot_ids):
        raise Invalid(_("Some of these bots are not in this project."), code="no_such_bot", field="bot_ids")


async def _named(act: Act, lines: Sequence[str], left_out: list[LeftOut]) -> list[Channel]:
    """The channels that these lines name; empty lines are passed over, and why others are left out is told."""
    found: dict[int, Channel] = {}
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            channel = await _taken_in(act, line)
            if channel.id in found:
                raise Invalid(_("It stands in this list already."))
            await _require_free(act, channel)
            found[channel.id] = channel
        except Invalid as error:
            left_out.append(LeftOut(number, line.strip()[:100], error.message))
    return list(found.values())


async def _taken_in(act: Act, line: str) -> Channel:
    """The channel that a line names; an unknown one is taken in as pending. Raises Invalid."""
    target = read_ref(line, link_base=act.config.telegram_link_base)
    known = await channel_named(act, target)
    if known is not None:
        return known
    channel = pending_channel(act, target, claimed_by=author_of(act).user_id)
    act.session.add(channel)
    await act.flush()
    note(act, channel, "channel_named", {})
    return channel


async def _require_free(act: Act, channel: Channel) -> None:
    if channel.state == ChannelState.ACTIVE:
        raise Invalid(_("It is active already."))
    if channel.state == ChannelState.ARCHIVED:
        raise Invalid(_("It is in the archive. Take it out first."))
    if await items_for_channel(act, channel.id):
        raise Invalid(_("It is being set up already."))


def _nothing_to_do(left_out: Sequence[LeftOut]) -> Invalid:
    if not left_out:
        words = _("Name the channels: none waits to be set up.")
        return Invalid(words, code="nothing_to_set_up", field="channels")
    told = "; ".join(_("line %(n)s: %(why)s", n=one.line, why=one.message) for one in left_out[:5])
    words = _("There is nothing to set up: %(lines)s", lines=told)
    return Invalid(words, code="nothing_to_set_up", field="channels")


async def _add_items(act: Act, run: Run, channels: Sequence[Channel]) -> None:
    free = await free_places(act, run.bot_ids)
    for number, channel in enumerate(channels):
        bot_id = await seated_bot(act, channel.id) or take_place(free)
        item = Item(run_id=run.id, channel_id=channel.id, bot_id=bot_id, changed_at=act.now)
        act.session.add(item)
        await act.flush()
        look_on(act, item, run_after=act.now + timedelta(seconds=number * SPREAD_S))
