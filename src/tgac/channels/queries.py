"""How channels and seats are found."""

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import Select, and_, select

from tgac.bots.models import Bot, BotStatus, Seat, SeatState
from tgac.bots.queries import bots_in
from tgac.bots.service import token_of
from tgac.channels.inspection import Eye
from tgac.channels.models import Channel, ChannelState
from tgac.channels.reasons import sentence
from tgac.kit.act import Act
from tgac.kit.errors import NotFound
from tgac.kit.web.i18n import _
from tgac.kit.web.paging import matching


async def find_channel(act: Act, channel_id: int) -> Channel:
    """The channel of the act's project. Raises NotFound."""
    channel = await act.session.scalar(select(Channel).where(Channel.id == channel_id))
    if channel is None:
        raise NotFound(_("There is nothing here, or it is not yours."))
    return channel


def channels_like(q: str = "", state: ChannelState | None = None) -> Select[Channel]:
    """Channels whose title or username contains `q`, in that state."""
    statement = select(Channel)
    if q:
        statement = statement.where(matching(q.removeprefix("@"), Channel.title, Channel.username))
    return statement if state is None else statement.where(Channel.state == state)


async def channels_heard_by(
    act: Act, bot_id: int, *, channel_telegram_id: int | None = None, group_id: int | None = None
) -> list[Channel]:
    """The active channels where this bot has an active seat: all, or those with that Telegram id and that group.

    Works in the project's scope and in EVERYONE.
    """
    statement = (
        select(Channel)
        .join(Seat, and_(Seat.project_id == Channel.project_id, Seat.channel_id == Channel.id))
        .where(Seat.bot_id == bot_id, Seat.state == SeatState.ACTIVE, Channel.state == ChannelState.ACTIVE)
    )
    if channel_telegram_id is not None:
        statement = statement.where(Channel.telegram_id == channel_telegram_id)
    if group_id is not None:
        statement = statement.where(Channel.group_id == group_id)
    return list(await act.session.scalars(statement.order_by(Channel.id)))


async def seats_of(act: Act, channel_ids: Iterable[int]) -> dict[int, list[tuple[Seat, Bot]]]:
    """The seats of these channels with their bots, oldest first."""
    statement = (
        select(Seat, Bot)
        .join(Bot, and_(Bot.project_id == Seat.project_id, Bot.id == Seat.bot_id))
        .where(Seat.channel_id.in_(list(channel_ids)))
        .order_by(Seat.id)
    )
    found: dict[int, list[tuple[Seat, Bot]]] = {}
    for seat, bot in await act.session.execute(statement):
        found.setdefault(seat.channel_id, []).append((seat, bot))
    return found


async def eyes_of(act: Act, statuses: Collection[BotStatus]) -> list[Eye]:
    """The project's bots in these statuses, to look at channels with."""
    return [Eye(bot.id, bot.telegram_id, bot.username, token_of(act.keys, bot)) for bot in await bots_in(act, statuses)]


def reason_of(channel: Channel, seats: Sequence[tuple[Seat, Bot]]) -> str | None:
    """Why nothing is sent there, as a sentence that names the bot it hangs on; None when all is well."""
    if channel.reason is None:
        return None
    concerned = next((bot.username for seat, bot in seats if seat.reason == channel.reason), None)
    return sentence(channel.reason, concerned)
