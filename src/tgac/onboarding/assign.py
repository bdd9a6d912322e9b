"""Which bot serves which channel of a run: evenly spread, never more channels than a bot may have."""

from collections.abc import Collection

from sqlalchemy import func, select

from tgac.bots.models import Bot, BotStatus
from tgac.bots.queries import seats_in_use
from tgac.channels.models import Channel, ChannelState
from tgac.kit.act import Act
from tgac.onboarding.models import Item, Run
from tgac.onboarding.queries import unfinished


async def free_places(act: Act, bot_ids: Collection[int] = (), *, lock: bool = True) -> dict[int, int]:
    """How many channels each of these bots (none named: every bot) may still take; only who may take one.

    A place that was promised to a channel on its way counts as taken. The bots' rows are locked until the act ends,
    so that two runs do not promise the last place twice; only to look they need not be.
    """
    asked = select(Bot.id).where(Bot.status == BotStatus.ACTIVE)
    if bot_ids:
        asked = asked.where(Bot.id.in_(bot_ids))
    asked = asked.order_by(Bot.id)
    ids = list(await act.session.scalars(asked.with_for_update(key_share=True) if lock else asked))
    used, promised = await seats_in_use(act, ids), await _promised(act)
    limit = act.config.max_channels_per_bot
    free = {bot_id: limit - used.get(bot_id, 0) - promised.get(bot_id, 0) for bot_id in ids}
    return {bot_id: places for bot_id, places in free.items() if places > 0}


def take_place(free: dict[int, int]) -> int | None:
    """The bot with the most room, which then has one place less; None when nobody has room."""
    if not free:
        return None
    bot_id = max(free, key=lambda one: (free[one], -one))
    free[bot_id] -= 1
    if free[bot_id] == 0:
        del free[bot_id]
    return bot_id


async def give_bot(act: Act, item: Item, run: Run, *, but: int | None = None) -> None:
    """Promise the channel a place at a bot with room; `but` is one that it is taken away from."""
    free = await free_places(act, run.bot_ids)
    if but is not None:
        free.pop(but, None)
    item.bot_id = take_place(free) or item.bot_id


async def _promised(act: Act) -> dict[int, int]:
    """The places that channels on their way have been promised and do not hold yet, by bot."""
    waiting = unfinished().order_by(None).subquery()
    asked = (
        select(waiting.c.bot_id, func.count())
        .join(Channel, Channel.id == waiting.c.channel_id)
        .where(waiting.c.bot_id.is_not(None), Channel.state != ChannelState.ACTIVE)
        .group_by(waiting.c.bot_id)
    )
    return {row[0]: row[1] for row in await act.session.execute(asked)}
