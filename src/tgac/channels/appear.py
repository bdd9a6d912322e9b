"""Channels that appear by themselves: somebody made a bot of the project an administrator of a channel."""

from typing import Final

from sqlalchemy import func, select

from tgac.bots.models import Bot
from tgac.channels.clients import EDITORS, client_by_link
from tgac.channels.jobs import check_soon
from tgac.channels.models import Channel, ChannelState
from tgac.channels.settle import note
from tgac.kit.act import Act
from tgac.kit.log import log
from tgac.kit.telegram.types import ChatMemberUpdate
from tgac.people.models import Member, User

UNCLAIMED_MOST: Final = 100
"""Anybody may add a bot to channels of theirs: so many wait for a claim in a project, and further ones are passed
over until some are claimed or removed."""


async def channel_appeared(act: Act, bot: Bot, update: ChatMemberUpdate) -> None:
    """Take in the unknown channel of a `my_chat_member` update as pending, in the bot's project.

    A bot that is merely a member, or in a group, brings nothing. The channel is claimed by the member of the project
    who added the bot, if they may edit, or by the client who came by a connect link; else it waits until a member who
    is its admin confirms it.
    """
    if update.chat.type != "channel" or update.user.id != bot.telegram_id or not update.new.is_admin:
        return
    claimed_by = await _editor(act, update.from_user.id)
    client = None if claimed_by else await client_by_link(act, update.from_user.id)
    if claimed_by is None and client is None and await _unclaimed(act) >= UNCLAIMED_MOST:
        log().warning("channel_passed_over", bot=bot.id, chat=update.chat.id)
        return
    channel = Channel(
        telegram_id=update.chat.id,
        title=(update.chat.title or str(update.chat.id))[:256],
        username=update.chat.username,
        state=ChannelState.PENDING,
        claimed_by=claimed_by,
        client_telegram_id=client.telegram_id if client else None,
        appeared_by=update.from_user.id,
        created_at=act.now,
    )
    act.session.add(channel)
    await act.flush()
    note(act, channel, "channel_appeared", {"bot": bot.username})
    check_soon(act, channel)


async def _editor(act: Act, telegram_id: int) -> int | None:
    """The member of the act's project with that Telegram id who may edit."""
    asked = select(User.id).join(Member, Member.user_id == User.id)
    asked = asked.where(User.telegram_id == telegram_id, User.state == "active", Member.role.in_(EDITORS))
    found: int | None = await act.session.scalar(asked)
    return found


async def _unclaimed(act: Act) -> int:
    waiting = select(func.count(Channel.id)).where(
        Channel.state == ChannelState.PENDING,
        Channel.appeared_by.is_not(None),
        Channel.claimed_by.is_(None),
        Channel.client_telegram_id.is_(None),
    )
    return (await act.session.scalars(waiting)).one()
