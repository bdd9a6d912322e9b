"""How bots are found."""

from collections.abc import Collection, Iterable

from sqlalchemy import Select, func, select

from tgac.bots.models import Bot, BotStatus, Seat, SeatState
from tgac.kit.act import Act
from tgac.kit.errors import NotFound
from tgac.kit.web.i18n import _
from tgac.kit.web.paging import matching


async def find_bot(act: Act, bot_id: int, *, lock: bool = False) -> Bot:
    """The bot of the act's project; `lock` it where what is written hangs on what was read. Raises NotFound."""
    asked = select(Bot).where(Bot.id == bot_id)
    bot = await act.session.scalar(asked.with_for_update() if lock else asked)
    if bot is None:
        raise NotFound(_("There is nothing here, or it is not yours."))
    return bot


def bots_like(q: str = "", status: BotStatus | None = None) -> Select[Bot]:
    """Bots whose name or username contains `q`, in that status."""
    statement = select(Bot)
    if q:
        statement = statement.where(matching(q.removeprefix("@"), Bot.username, Bot.name))
    return statement if status is None else statement.where(Bot.status == status)


async def bots_in(act: Act, statuses: Collection[BotStatus]) -> list[Bot]:
    """The project's bots in one of these statuses, oldest first."""
    return list(await act.session.scalars(select(Bot).where(Bot.status.in_(statuses)).order_by(Bot.id)))


async def seats_in_use(act: Act, bot_ids: Iterable[int]) -> dict[int, int]:
    """How many channels each of these bots serves; bots that serve none are not in it."""
    counted = (
        select(Seat.bot_id, func.count().label("used"))
        .where(Seat.bot_id.in_(list(bot_ids)), Seat.state == SeatState.ACTIVE)
        .group_by(Seat.bot_id)
    )
    return {row.bot_id: row.used for row in await act.session.execute(counted)}
