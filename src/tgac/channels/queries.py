"""How channels and seats are found."""

from collections.abc import Collection, Iterable
from typing import Final

from sqlalchemy import Select, and_, bindparam, select

from tgac.bots.models import Bot, BotStatus, Seat, SeatState
from tgac.bots.queries import bots_in
from tgac.bots.service import token_of
from tgac.channels.filters import ChannelSearch
from tgac.channels.inspection import Eye
from tgac.channels.models import Channel, ChannelState
from tgac.channels.playlists_queries import channels_in, channels_in_called
from tgac.channels.reasons import sentence
from tgac.kit.act import Act
from tgac.kit.errors import NotFound
from tgac.kit.web.i18n import _
from tgac.kit.web.paging import called, matching


async def find_channel(act: Act, channel_id: int, *, lock: bool = False) -> Channel:
    """The channel of the act's project; `lock` it where what is written hangs on what was read. Raises NotFound."""
    asked = select(Channel).where(Channel.id == channel_id)
    channel = await act.session.scalar(asked.with_for_update(key_share=True) if lock else asked)
    if channel is None:
        raise NotFound(_("There is nothing here, or it is not yours."))
    return channel


def channels_like(q: str = "", state: ChannelState | None = None, *, playlist_id: int | None = None) -> Select[Channel]:
    """Channels whose title or username contains `q`, in that state and that playlist."""
    statement = select(Channel)
    if playlist_id is not None:
        statement = statement.where(Channel.id.in_(channels_in(playlist_id)))
    if q:
        statement = statement.where(matching(q.removeprefix("@"), Channel.title, Channel.username))
    return statement if state is None else statement.where(Channel.state == state)


def channels_found(search: ChannelSearch) -> Select[Channel]:
    """Channels that all of a search fits."""
    statement = channels_like(search.q, search.state, playlist_id=search.playlist_id)
    if search.reason:
        statement = statement.where(Channel.reason == search.reason)
    if search.bot_id is not None:
        statement = statement.where(Channel.id.in_(select(Seat.channel_id).where(Seat.bot_id == search.bot_id)))
    if search.bot:
        seats = select(Seat.channel_id).join(Bot, Bot.id == Seat.bot_id)
        statement = statement.where(Channel.id.in_(seats.where(called(search.bot, Bot.username))))
    if search.playlist:
        statement = statement.where(Channel.id.in_(channels_in_called(search.playlist)))
    return statement


def channels_called(words: str) -> Select[int]:
    """The numbers of the channels that somebody means who has typed a title or username."""
    return select(Channel.id).where(called(words, Channel.title, Channel.username))


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


async def channels_waiting(act: Act, telegram_id: int) -> list[Channel]:
    """The project's channels with that Telegram id that are not confirmed yet."""
    waiting = Channel.state == ChannelState.PENDING
    return list(await act.session.scalars(select(Channel).where(Channel.telegram_id == telegram_id, waiting)))


_SEATS_THERE: Final = (
    select(Seat, Channel)
    .join(Channel, Channel.id == Seat.channel_id)
    .where(Seat.bot_id.in_(bindparam("bots")), Channel.telegram_id.in_(bindparam("channels")))
)


async def seats_there(
    act: Act, bot_ids: Collection[int], telegram_ids: Collection[int]
) -> dict[tuple[int, int], tuple[Seat, Channel]]:
    """The seats of these bots in the act's channels with these Telegram ids, by both, in whatever state they are."""
    found = await act.session.execute(_SEATS_THERE, {"bots": list(bot_ids), "channels": list(telegram_ids)})
    return {(seat.bot_id, channel.telegram_id or 0): (seat, channel) for seat, channel in found}


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


async def reasons_of(act: Act, channels: Iterable[Channel]) -> dict[int, str]:
    """Why nothing is sent in these channels, as sentences that name the bot it hangs on; nothing where all is well."""
    troubled = [channel for channel in channels if channel.reason]
    hang_on = {channel.reason_bot_id for channel in troubled if channel.reason_bot_id}
    rows = await act.session.execute(select(Bot.id, Bot.username).where(Bot.id.in_(hang_on)))
    names: dict[int | None, str] = {row.id: row.username for row in rows}
    return {one.id: sentence(one.reason or "", names.get(one.reason_bot_id)) for one in troubled}
