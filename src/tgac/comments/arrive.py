"""Arrive: updates of a bot become posts, and every post is handed to the planner.

An update's number and everything it changes are committed together, and only then is the next one asked for. So a
crash at any point delivers it again, and a second delivery finds its number (and, through another bot of the project,
the post itself) and changes nothing.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.exc import DBAPIError, IntegrityError

from tgac.bots.models import Bot
from tgac.channels.membership import link_changed, membership_changed
from tgac.channels.models import Channel
from tgac.channels.queries import channels_heard_by
from tgac.comments.jobs import ForgetUpdates, PlanPost
from tgac.comments.models import Comment, SeenUpdate
from tgac.journal.service import record
from tgac.kit.act import Act
from tgac.kit.errors import Conflict
from tgac.kit.log import log
from tgac.kit.queue.jobs import Done, Outcome
from tgac.kit.telegram.types import ChatMemberUpdate, Kind, Message, Update
from tgac.kit.telegram.updates import read_update
from tgac.kit.tenancy import EVERYONE
from tgac.kit.tools import Tools
from tgac.posts.service import Taken, channel_piece, group_piece, take_edit, take_piece

ALLOWED: tuple[Kind, ...] = (
    "message",
    "channel_post",
    "edited_channel_post",
    "my_chat_member",
    "chat_member",
)
SETTLE_S = 2.0
"""An album has no end marker: what carries media waits so long for the rest of it (docs/telegram.md)."""
THREAD_WITHIN_S = 60.0
"""A post whose automatic forward has not come by then gets its reason: there is no thread."""
SEEN_FOR = timedelta(hours=48)
"""Telegram keeps updates 24 hours."""


async def take_updates(tools: Tools, bot: Bot, raw: Sequence[dict[str, Any]]) -> None:
    """Take in what one `getUpdates` of the bot gave. When it returns, everything is committed.

    One transaction for all; if that fails, one for each, so that a bad one cannot hold up the others.
    """
    if not raw:
        return
    try:
        await _take_together(tools, bot, raw)
    except (Conflict, IntegrityError):
        # Another bot of the project has just taken in the same post: the second look finds it.
        await _take_apart(tools, bot, raw)
    except DBAPIError:
        raise
    except Exception as error:  # noqa: BLE001  taken one by one, only the bad one is left out
        log().error("updates_failed", bot=bot.id, exc_info=error)
        await _take_apart(tools, bot, raw)


async def _take_apart(tools: Tools, bot: Bot, raw: Sequence[dict[str, Any]]) -> None:
    for one in raw:
        try:
            await _take_alone(tools, bot, one)
        except (Conflict, IntegrityError) as error:
            log().error("update_left_out", bot=bot.id, update=one.get("update_id"), exc_info=error)
        except DBAPIError:
            raise
        except Exception as error:  # noqa: BLE001  an update that breaks us must not hold up those behind it
            log().error("update_left_out", bot=bot.id, update=one.get("update_id"), exc_info=error)


async def _take_alone(tools: Tools, bot: Bot, one: dict[str, Any]) -> None:
    try:
        await _take_together(tools, bot, [one])
    except (Conflict, IntegrityError):
        await _take_together(tools, bot, [one])


async def _take_together(tools: Tools, bot: Bot, raw: Sequence[dict[str, Any]]) -> None:
    async with tools.acting(None, bot.project_id) as act:
        for one in await _not_seen(act, bot, raw):
            update = read_update(one)
            if update is not None:
                await _take(act, bot, update)


async def _not_seen(act: Act, bot: Bot, raw: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    numbers = {int(one["update_id"]): one for one in raw}
    seen = await act.session.scalars(
        select(SeenUpdate.update_id).where(
            SeenUpdate.bot_telegram_id == bot.telegram_id, SeenUpdate.update_id.in_(numbers)
        )
    )
    known = set(seen)
    fresh = {number: one for number, one in numbers.items() if number not in known}
    act.session.add_all(
        SeenUpdate(bot_telegram_id=bot.telegram_id, update_id=number, seen_at=act.now) for number in fresh
    )
    return list(fresh.values())


async def _take(act: Act, bot: Bot, update: Update) -> None:
    event = update.event
    if isinstance(event, ChatMemberUpdate):
        await membership_changed(act, bot, event)
    elif isinstance(event, Message) and update.kind == "channel_post" and not event.is_service:
        await _take_post(act, bot, event)
    elif isinstance(event, Message) and update.kind == "edited_channel_post":
        await _take_post_edit(act, bot, event)
    elif isinstance(event, Message) and event.is_automatic_forward and event.sender_chat:
        await _take_root(act, bot, event, channel_id=event.sender_chat.id)


async def _take_post(act: Act, bot: Bot, message: Message) -> None:
    for channel in await channels_heard_by(act, bot.id, channel_telegram_id=message.chat.id):
        taken = await take_piece(act, channel, channel_piece(message), spoken_under=_spoken_under)
        _hand_on(act, channel, taken, message)


async def _take_root(act: Act, bot: Bot, message: Message, channel_id: int) -> None:
    channels = await channels_heard_by(act, bot.id, channel_telegram_id=channel_id, group_id=message.chat.id)
    if not channels:
        await link_changed(act, bot, channel_telegram_id=channel_id, group_id=message.chat.id)
    for channel in channels:
        taken = await take_piece(act, channel, group_piece(message, channel), spoken_under=_spoken_under)
        _hand_on(act, channel, taken, message)


async def _spoken_under(act: Act, post_ids: Sequence[int]) -> set[int]:
    """Those of the posts under which a comment stands, or may stand."""
    there = Comment.state.in_(("sending", "sent", "unknown"))
    return set(await act.session.scalars(select(Comment.post_id).where(Comment.post_id.in_(post_ids), there)))


def _hand_on(act: Act, channel: Channel, taken: Taken, message: Message) -> None:
    """Leave the post to the planner: at once with its thread, after a while without one."""
    if not taken.is_fresh:
        return
    post = taken.post
    channel.posted_at = max(channel.posted_at or post.published_at, post.published_at)
    record(act, "thread_seen" if message.is_automatic_forward else "post_seen", post_id=post.id, channel_id=channel.id)
    job = PlanPost(act.project_id, post.id)
    if post.root_id is None and not post.has_keyboard:
        act.enqueue(job, run_after=act.now + timedelta(seconds=THREAD_WITHIN_S), key=f"plan:{post.id}:no-thread")
        return
    settle = SETTLE_S if message.media else 0.0
    act.enqueue(job, run_after=act.now + timedelta(seconds=settle), key=f"plan:{post.id}")


async def _take_post_edit(act: Act, bot: Bot, message: Message) -> None:
    for channel in await channels_heard_by(act, bot.id, channel_telegram_id=message.chat.id):
        post = await take_edit(act, channel, message)
        if post is not None:
            record(act, "post_edited", post_id=post.id, channel_id=channel.id)


async def forget_updates(tools: Tools, job: ForgetUpdates) -> Outcome:
    """Drop old update numbers."""
    async with tools.acting(None, EVERYONE) as act:
        await act.session.execute(delete(SeenUpdate).where(SeenUpdate.seen_at < act.now - SEEN_FOR))
    return Done()
