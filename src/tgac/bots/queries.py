"""How bots are found, and how full they are."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Final

from sqlalchemy import Select, bindparam, func, select

from tgac.bots.filters import STRAIGHT, BotFilter
from tgac.bots.models import Bot, BotStatus, Seat, SeatState
from tgac.bots.status import Places, Standing, standing_in_sql, standing_of
from tgac.kit.act import Act
from tgac.kit.errors import NotFound
from tgac.kit.web.i18n import _
from tgac.kit.web.paging import matching
from tgac.proxies.models import Route


async def find_bot(act: Act, bot_id: int, *, lock: bool = False) -> Bot:
    """The bot of the act's project; `lock` it where what is written hangs on what was read. Raises NotFound."""
    asked = select(Bot).where(Bot.id == bot_id)
    bot = await act.session.scalar(asked.with_for_update(key_share=True) if lock else asked)
    if bot is None:
        raise NotFound(_("There is nothing here, or it is not yours."))
    return bot


def bots_like(wanted: BotFilter, *, now: datetime, limit: int) -> Select[Bot]:
    """The bots that match all that is wanted; `limit` is how many channels a bot may serve."""
    statement = select(Bot)
    if wanted.q:
        statement = statement.where(matching(wanted.q.removeprefix("@"), Bot.username, Bot.name, Bot.note))
    if wanted.status is not None:
        statement = statement.where(standing_in_sql(now) == wanted.status.value)
    if wanted.tag:
        statement = statement.where(Bot.tags.contains(f" {wanted.tag} ", autoescape=True))
    if wanted.proxy is not None:
        statement = _through(statement, wanted.proxy)
    if wanted.room:
        used = select(func.count(Seat.id)).where(Seat.bot_id == Bot.id, Seat.state == SeatState.ACTIVE)
        statement = statement.where(used.correlate(Bot).scalar_subquery() < limit)
    return statement


def _through(statement: Select[Bot], proxy: str) -> Select[Bot]:
    routes = select(Route.id).where(Route.bot_id == Bot.id).correlate(Bot)
    if proxy == STRAIGHT:
        return statement.where(~routes.exists())
    return statement.where(routes.where(Route.proxy_id == int(proxy)).exists())


_IN_STATUSES: Final = select(Bot).where(Bot.status.in_(bindparam("statuses"))).order_by(Bot.id)
_NUMBERED: Final = select(Bot).where(Bot.id.in_(bindparam("bots"))).order_by(Bot.id)
_LOCKED: Final = _NUMBERED.with_for_update(key_share=True)


async def bots_in(act: Act, statuses: Collection[BotStatus]) -> list[Bot]:
    """The project's bots in one of these statuses, oldest first."""
    return list(await act.session.scalars(_IN_STATUSES, {"statuses": list(statuses)}))


async def bots_numbered(act: Act, bot_ids: Collection[int], *, lock: bool = False) -> dict[int, Bot]:
    """Those of the act's project's bots that have these numbers, by number. Locked, they are so in one order."""
    asked = _LOCKED if lock else _NUMBERED
    return {bot.id: bot for bot in await act.session.scalars(asked, {"bots": list(bot_ids)})}


async def bots_to_invite(act: Act, channel_id: int, q: str, limit: int) -> list[Bot]:
    """Active bots that match `q` and do not serve the channel, those that serve the fewest channels first."""
    here = select(Seat.bot_id).where(Seat.channel_id == channel_id, Seat.state == SeatState.ACTIVE)
    used = select(func.count(Seat.id)).where(Seat.bot_id == Bot.id, Seat.state == SeatState.ACTIVE).correlate(Bot)
    asked = bots_like(BotFilter(q=q), now=act.now, limit=0).where(Bot.status == BotStatus.ACTIVE, Bot.id.not_in(here))
    return list(await act.session.scalars(asked.order_by(used.scalar_subquery(), Bot.id).limit(limit)))


async def seats_in_use(act: Act, bot_ids: Iterable[int]) -> dict[int, int]:
    """How many channels each of these bots serves; bots that serve none are not in it."""
    counted = (
        select(Seat.bot_id, func.count().label("used"))
        .where(Seat.bot_id.in_(list(bot_ids)), Seat.state == SeatState.ACTIVE)
        .group_by(Seat.bot_id)
    )
    return {row.bot_id: row.used for row in await act.session.execute(counted)}


async def places_of(act: Act, bot_ids: Iterable[int]) -> dict[int, Places]:
    """The seats of these bots in figures; bots that never had one are not in it."""
    counted = (
        select(Seat.bot_id, Seat.state, func.count().label("n"), func.max(Seat.slow_until).label("slow_until"))
        .where(Seat.bot_id.in_(list(bot_ids)))
        .group_by(Seat.bot_id, Seat.state)
    )
    found: dict[int, Places] = {}
    for row in await act.session.execute(counted):
        known = found.get(row.bot_id, Places())
        if row.state == SeatState.ACTIVE:
            found[row.bot_id] = Places(row.n, known.lost, row.slow_until)
        else:
            found[row.bot_id] = Places(known.used, known.lost + row.n, known.slow_until)
    return found


async def standings(act: Act, bots: Collection[Bot]) -> dict[int, Standing]:
    """How each of these bots stands."""
    places = await places_of(act, [bot.id for bot in bots])
    return {bot.id: standing_of(bot, places.get(bot.id, Places()), now=act.now) for bot in bots}


async def tags_in_use(act: Act) -> list[str]:
    """Every tag that a bot of the project bears."""
    borne = await act.session.scalars(select(Bot.tags).where(Bot.tags != "").distinct())
    return sorted({tag for tags in borne for tag in tags.split()})
