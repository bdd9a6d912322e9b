"""What is known of a channel is written down as its place on the way, and what follows from that is begun."""

from sqlalchemy import select

from tgac.bots.models import Bot
from tgac.channels.queries import find_channel
from tgac.journal.service import record
from tgac.kit.act import Act
from tgac.onboarding.jobs import rehearse_soon, try_soon
from tgac.onboarding.models import Item, Run, RunState, Step, Trial
from tgac.onboarding.queries import find_run, seated_bot, trial_facts
from tgac.onboarding.steps import stand


async def settle_item(act: Act, item: Item, *, is_silent: bool = False) -> None:
    """Write down where the channel stands. Telegram's silence changes nothing but that it is told.

    The item's row is locked by whoever calls.
    """
    run = await find_run(act, item.run_id)
    channel = await find_channel(act, item.channel_id)
    if channel.state == "active":
        item.bot_id = await seated_bot(act, channel.id) or item.bot_id
    bot = await act.session.scalar(select(Bot).where(Bot.id == item.bot_id))
    standing = stand(channel, bot, await trial_facts(act, run, item, channel=channel))
    item.looked_at, item.is_silent = act.now, is_silent
    if (item.step, item.reason) != (standing.step, standing.reason):
        item.step, item.reason, item.changed_at = standing.step, standing.reason, act.now
        if standing.step == Step.READY:
            rehearse_soon(act, item)
    await act.flush()
    if standing.step == Step.TRIAL and standing.reason is None and item.trial == Trial.NONE:
        try_soon(act, item)
    if standing.step == Step.READY:
        await _end_when_all_are_ready(act, run)


async def _end_when_all_are_ready(act: Act, run: Run) -> None:
    locked = await find_run(act, run.id, lock=True)
    left = select(Item.id).where(Item.run_id == run.id, Item.step != Step.READY).limit(1)
    if locked.state != RunState.RUNNING or await act.session.scalar(left) is not None:
        return
    locked.state, locked.ended_at = RunState.DONE, act.now
    record(act, "onboarding_done")
