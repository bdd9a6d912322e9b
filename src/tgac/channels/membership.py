"""What Telegram tells by itself: somebody's standing changed in a channel or a group of ours. Runs at intake."""

from collections.abc import Sequence

from sqlalchemy import Select, or_, select

from tgac.bots.models import Bot, Seat, SeatState
from tgac.channels import reasons
from tgac.channels.inspection import channel_standing, group_standing
from tgac.channels.jobs import check_soon
from tgac.channels.models import Channel, ChannelState
from tgac.channels.verify import lose_seat, suspend_channel
from tgac.kit.act import Act
from tgac.kit.telegram.types import ChatMemberUpdate
from tgac.people.models import User


async def membership_changed(act: Act, bot: Bot, update: ChatMemberUpdate) -> None:
    """Act upon a `my_chat_member` or `chat_member` update that `bot` got. Scope EVERYONE.

    Our bot was put out or demoted: its seat is lost, without a seat the channel is suspended. The claiming user is no
    longer an admin: suspended. Either comes back: the channel is looked at soon.
    """
    channels = await _channels_there(act, bot, update.chat.id)
    if not channels:
        return
    if update.user.id == bot.telegram_id:
        await _bot_moved(act, bot, update=update, channels=channels)
    else:
        await _user_moved(act, update, channels=channels)


async def link_changed(act: Act, bot: Bot, *, channel_telegram_id: int, group_id: int) -> None:
    """An automatic forward came into a group that we do not know as that channel's: look at whom it concerns soon."""
    concerned = or_(Channel.telegram_id == channel_telegram_id, Channel.group_id == group_id)
    for channel in await act.session.scalars(_of_project(bot).where(concerned)):
        _look_again(act, channel)


async def _bot_moved(act: Act, bot: Bot, *, update: ChatMemberUpdate, channels: Sequence[Channel]) -> None:
    for channel in channels:
        in_channel = channel.telegram_id == update.chat.id
        problem = channel_standing(update.new) if in_channel else group_standing(update.new)
        if problem:
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
        suspend_channel(act, channel, reason)


async def _user_moved(act: Act, update: ChatMemberUpdate, *, channels: Sequence[Channel]) -> None:
    claimer = await act.session.scalar(select(User.id).where(User.telegram_id == update.user.id))
    claimed = [one for one in channels if one.telegram_id == update.chat.id and one.claimed_by == claimer]
    for channel in claimed:
        if update.new.is_admin:
            _look_again(act, channel)
        else:
            channel.checked_at = act.now
            suspend_channel(act, channel, reasons.OWNER_LOST)


async def _channels_there(act: Act, bot: Bot, chat_id: int) -> list[Channel]:
    there = or_(Channel.telegram_id == chat_id, Channel.group_id == chat_id)
    return list(await act.session.scalars(_of_project(bot).where(there)))


def _of_project(bot: Bot) -> Select[Channel]:
    return select(Channel).where(Channel.project_id == bot.project_id, Channel.state != ChannelState.ARCHIVED)


def _seats(channel: Channel) -> Select[Seat]:
    return select(Seat).where(Seat.project_id == channel.project_id, Seat.channel_id == channel.id)
