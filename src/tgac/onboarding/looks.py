"""Looking at the channels of a run: each in a job of its own, soon when something is told, seldom when nothing moves.

Nothing is lost when a worker dies: the job is open again when its lease ends, and a look that is taken twice finds the
same.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

from tgac.bots.models import Bot, BotStatus
from tgac.channels import reasons
from tgac.channels.jobs import CheckChannel
from tgac.channels.models import Channel, ChannelState
from tgac.channels.queries import find_channel
from tgac.channels.recheck import check_channel
from tgac.channels.verify import verify_channel
from tgac.kit.act import Act
from tgac.kit.errors import Conflict, NotFound
from tgac.kit.queue.jobs import Done, Outcome, Snooze
from tgac.kit.telegram.faults import Ambiguous, Conflicted, NotSent, SlowDown
from tgac.kit.tools import Tools
from tgac.onboarding.assign import give_bot
from tgac.onboarding.jobs import LookAtItem, WatchRun, look_on, look_soon
from tgac.onboarding.models import Item, Run, RunState, Step
from tgac.onboarding.progress import settle_item
from tgac.onboarding.queries import being_set_up, find_item, find_run, items_for_channel, items_of, seated_bot

AT_ONCE: Final = 8
"""Looks under way in one process: the others wait, so that comments find a worker."""
BUSY_S: Final = 0.5
SILENT_S: Final = 30.0
WATCH_FOR: Final = timedelta(minutes=10)
"""After its page was opened a run is watched for so long; who comes back from Telegram opens it again."""
WATCH_EVERY_S: Final = 5.0
ASK_AGAIN_AFTER: Final = timedelta(seconds=15)
"""Not more often than this is Telegram asked about a channel of a run that is watched."""
PACE: Final = (
    (timedelta(hours=1), 60.0),
    (timedelta(days=1), 900.0),
    (timedelta(days=7), 3600.0),
)
"""How often a channel is looked at by how long nothing has moved there; at the end once a day."""
DAILY_S: Final = 86_400.0


class Looks:
    """Does LookAtItem; `at_once` of them in this process."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._free = at_once

    async def look(self, tools: Tools, job: LookAtItem) -> Outcome:
        """Handles LookAtItem."""
        if self._free <= 0:
            return Snooze(BUSY_S)
        self._free -= 1
        try:
            return await look_at_item(tools, job)
        finally:
            self._free += 1


async def look_at_item(tools: Tools, job: LookAtItem) -> Outcome:
    """See where a channel of a run stands: ask Telegram unless it is active already, and write it down."""
    async with tools.acting(None, job.project_id) as act:
        item = await find_item(act, job.item_id)
        if item is None:
            return Done()
        ask = await _prepared(act, item)
        run_id, channel_id, bot_id = item.run_id, item.channel_id, item.bot_id
    silent_s = await _ask(tools, job.project_id, channel_id, bot_id=bot_id, run_id=run_id) if ask else None
    async with tools.acting(None, job.project_id) as act:
        item = await find_item(act, job.item_id)
        if item is None:
            return Done()
        await settle_item(act, item, is_silent=silent_s is not None)
        if job.once or item.step == Step.READY:
            return Done()
        return Snooze(silent_s or pace_s(act.now - item.changed_at) * tools.dice.uniform(0.8, 1.2))


def pace_s(unmoved: timedelta) -> float:
    """Seconds to the next look at a channel where nothing has moved for so long."""
    return next((seconds for limit, seconds in PACE if unmoved < limit), DAILY_S)


async def _prepared(act: Act, item: Item) -> bool:
    """See to it that the item has a bot that works; whether there is anything to ask Telegram."""
    channel = await find_channel(act, item.channel_id)
    if channel.state in (ChannelState.ACTIVE, ChannelState.ARCHIVED):
        return False
    run = await find_run(act, item.run_id)
    seated = await seated_bot(act, channel.id)
    if seated is not None:
        item.bot_id = seated
    elif await _needs_another(act, item, channel):
        await give_bot(act, item, run, but=item.bot_id)
    return item.bot_id is not None


async def _needs_another(act: Act, item: Item, channel: Channel) -> bool:
    bot = await act.session.scalar(select(Bot).where(Bot.id == item.bot_id))
    if bot is None:
        item.bot_id = None
        return True
    is_full = channel.reason == reasons.BOT_FULL and channel.reason_bot_id == bot.id
    return bot.status == BotStatus.REVOKED or is_full


async def _ask(tools: Tools, project_id: int, channel_id: int, *, bot_id: int | None, run_id: int) -> float | None:
    """Look at the channel with its bot. Seconds to wait where Telegram was silent, else None."""
    assert bot_id is not None, "nobody asks without a bot"
    try:
        channel = await verify_channel(tools, project_id=project_id, channel_id=channel_id, bot_ids=[bot_id])
    except NotFound:
        return None
    except SlowDown as fault:
        return max(SILENT_S, float(fault.retry_after))
    except (NotSent, Ambiguous, Conflicted, Conflict):
        return SILENT_S
    if channel.id != channel_id:
        await _go_on_with(tools, channel, run_id=run_id, bot_id=bot_id)
    return None


async def _go_on_with(tools: Tools, twin: Channel, *, run_id: int, bot_id: int) -> None:
    """The channel turned out to be one that was known by another name: the run goes on with that one."""
    async with tools.acting(None, twin.project_id) as act:
        run = await find_run(act, run_id, lock=True)
        if run.state != RunState.RUNNING or twin.id in {item.channel_id for item in await items_of(act, run_id)}:
            return
        item = Item(run_id=run_id, channel_id=twin.id, bot_id=bot_id, changed_at=act.now)
        act.session.add(item)
        await act.flush()
        look_on(act, item)


async def check_and_follow(tools: Tools, job: CheckChannel) -> Outcome:
    """Handles CheckChannel: after every check the runs that set the channel up know what it has found.

    A check is what follows when Telegram tells that somebody's standing has changed, so a run hears of it at once.
    """
    outcome = await check_channel(tools, job)
    if isinstance(outcome, Done) and await tools.together(_is_followed)(job.project_id, job.channel_id):
        async with tools.acting(None, job.project_id) as act:
            for item in await items_for_channel(act, job.channel_id):
                await _follow(act, item)
    return outcome


async def _is_followed(tools: Tools, project_id: int, channel_ids: Sequence[int]) -> list[bool]:
    """Whether a run sets each channel up: mostly none does, and whoever only looks holds nobody up."""
    async with tools.reading(None, project_id) as act:
        followed = await being_set_up(act, channel_ids)
    return [number in followed for number in channel_ids]


async def _follow(act: Act, item: Item) -> None:
    channel = await find_channel(act, item.channel_id)
    run = await find_run(act, item.run_id)
    if _has_come_farther(channel, item) and (not run.bot_ids or channel.reason_bot_id in run.bot_ids):
        item.bot_id = channel.reason_bot_id  # people took another bot than was proposed: so be it
    if channel.state == ChannelState.ACTIVE or channel.reason_bot_id in (None, item.bot_id):
        await settle_item(act, item)
    else:
        look_soon(act, item)


def _has_come_farther(channel: Channel, item: Item) -> bool:
    if channel.reason not in reasons.ORDER or channel.reason_bot_id is None:
        return False
    return item.reason in reasons.ORDER and reasons.ORDER.index(channel.reason) > reasons.ORDER.index(item.reason)


async def watch_run(tools: Tools, job: WatchRun) -> Outcome:
    """Handles WatchRun."""
    async with tools.acting(None, job.project_id) as act:
        run = await act.session.scalar(select(Run).where(Run.id == job.run_id))
        if run is None or run.state != RunState.RUNNING or not _is_watched(run, act.now):
            return Done()
        for item in await items_of(act, run.id):
            if item.step != Step.READY and await _is_due(act, item):
                look_soon(act, item)
    return Snooze(WATCH_EVERY_S)


def _is_watched(run: Run, now: datetime) -> bool:
    return run.opened_at is not None and now - run.opened_at < WATCH_FOR


async def _is_due(act: Act, item: Item) -> bool:
    """What waits for a post is only read again; for the rest Telegram is asked."""
    if item.step in (Step.POSTS, Step.TRIAL) or item.looked_at is None:
        return True
    return act.now - item.looked_at >= ASK_AGAIN_AFTER
