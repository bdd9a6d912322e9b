"""What Telegram tells by itself: somebody's standing changed in a channel or a group of ours. Runs at intake."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Select, and_, bindparam, or_, select

from tgac.bots.models import Bot, Seat, SeatState
from tgac.channels import reasons
from tgac.channels.appear import channel_appeared
from tgac.channels.claims import claimer_of
from tgac.channels.inspection import channel_standing, group_standing
from tgac.channels.jobs import check_soon
from tgac.channels.models import Channel, ChannelState
from tgac.channels.refs import ref_key
from tgac.channels.settle import lose_seat, suspend_channel
from tgac.kit.act import Act
from tgac.kit.db.types import Id
from tgac.kit.telegram.types import Chat, ChatMemberUpdate

_OURS: Final = select(Channel).where(
    Channel.project_id == bindparam("project", type_=Id), Channel.state != ChannelState.ARCHIVED
)
_CHAT: Final = bindparam("chat", type_=Id)
_NAMED: Final = and_(Channel.telegram_id.is_(None), Channel.ref == bindparam("ref"))
"""One that nobody has looked at yet, by its name; nobody's where the name is null."""
_THERE: Final = (
    _OURS.where(or_(Channel.telegram_id == _CHAT, Channel.group_id == _CHAT, _NAMED))
    .order_by(Channel.id)
    .with_for_update(key_share=True)
)


async def membership_changed(act: Act, bot: Bot, update: ChatMemberUpdate) -> None:
    """Act upon a `my_chat_member` or `chat_member` update that `bot` got, in the bot's project.

    Our bot was put out or demoted: its seat is lost, without a seat the channel is suspended. The claiming person is no
    longer an admin: suspended. Either comes back: the channel is looked at soon. Whatever is told about a pending
    channel has it looked at soon, and an unknown one where our bot became an administrator appears.
    """
    channels = await _channels_there(act, bot, update.chat)
    if not channels and not await _is_archived(act, bot, update.chat):
        await channel_appeared(act, bot, update)
    if update.user.id == bot.telegram_id:
        await _bot_moved(act, bot, update=update, channels=channels)
    else:
        await _person_moved(act, update, channels=channels)


async def link_changed(act: Act, bot: Bot, *, channel_telegram_id: int, group_id: int) -> None:
    """An automatic forward came into a group that we do not know as that channel's: look at whom it concerns soon."""
    concerned = or_(Channel.telegram_id == channel_telegram_id, Channel.group_id == group_id)
    for channel in await act.session.scalars(_OURS.where(concerned), {"project": bot.project_id}):
        _look_again(act, channel)


async def _bot_moved(act: Act, bot: Bot, *, update: ChatMemberUpdate, channels: Sequence[Channel]) -> None:
    for channel in channels:
        in_channel = update.chat.type == "channel"
        problem = channel_standing(update.new) if in_channel else group_standing(update.new)
        if problem and channel.state != ChannelState.PENDING:
            await _unseat(act, bot, channel=channel, reason=problem)
        else:
            _look_again(act, channel)


def _look_again(act: Act, channel: Channel) -> None:
    channel.checked_at = act.now  # what a look that is under way has seen is worthless
    check_soon(act, channel)


async def _unseat(act: Act, bot: Bot, *, channel: Channel, reason: str) -> None:
    channel.checked_at = act.now
    seats = list(await act.session.scalars(_seats(channel)))
    mine = next((seat for seat in seats if seat.bot_id == bot.id), None)
    if mine is None:
        return
    lose_seat(act, mine, reason)
    if not any(seat.state == SeatState.ACTIVE for seat in seats):
        suspend_channel(act, channel, reason, bot_id=bot.id)


async def _person_moved(act: Act, update: ChatMemberUpdate, *, channels: Sequence[Channel]) -> None:
    for channel in channels:
        if update.chat.type != "channel" or await claimer_of(act, channel) != update.user.id:
            continue
        if update.new.is_admin or channel.state == ChannelState.PENDING:
            _look_again(act, channel)
        else:
            channel.checked_at = act.now
            suspend_channel(act, channel, reasons.OWNER_LOST)


async def _channels_there(act: Act, bot: Bot, chat: Chat) -> list[Channel]:
    """The channels of the bot's project that this chat is, or whose group it is; locked, oldest first."""
    ref = ref_key(f"@{chat.username}") if chat.username and chat.type == "channel" else None
    given = {"project": bot.project_id, "chat": chat.id, "ref": ref}
    return list(await act.session.scalars(_THERE, given))


async def _is_archived(act: Act, bot: Bot, chat: Chat) -> bool:
    """Whether the chat is a channel that the project has put away; then it does not appear once more."""
    put_away = select(Channel.id).where(Channel.project_id == bot.project_id, Channel.telegram_id == chat.id)
    return await act.session.scalar(put_away) is not None


def _seats(channel: Channel) -> Select[Seat]:
    return select(Seat).where(Seat.project_id == channel.project_id, Seat.channel_id == channel.id)
