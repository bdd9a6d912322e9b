"""Arrive: updates of a bot become posts, and every post is handed to the planner.

An update's number and everything it changes are committed together, and only then is the next one asked for. So a
crash at any point delivers it again, and a second delivery finds its number (and, through another bot of the project,
the post itself) and changes nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from tgac.bots.models import Bot, Seat, SeatState
from tgac.channels.membership import link_changed, membership_changed
from tgac.channels.models import Channel, ChannelState
from tgac.channels.queries import channels_waiting, seats_there
from tgac.comments.evidence import seen_in, take_evidence
from tgac.comments.jobs import FollowPost, ForgetUpdates, PlanPost
from tgac.comments.models import Comment, SeenUpdate
from tgac.comments.reasons import POST_EDITED
from tgac.comments.review import void_approvals
from tgac.comments.talk import forget_talk, take_talk
from tgac.journal.service import record
from tgac.kit.act import Act
from tgac.kit.db.many import note_keys
from tgac.kit.db.session import DatabaseAway
from tgac.kit.errors import Conflict
from tgac.kit.log import log
from tgac.kit.queue.jobs import Done, Outcome
from tgac.kit.telegram.types import ChatMemberUpdate, Kind, Message, Update
from tgac.kit.telegram.updates import read_update
from tgac.kit.tenancy import EVERYONE
from tgac.kit.tools import Tools
from tgac.posts.service import Piece, Shelf, Taken, channel_piece, group_piece, take_down, take_edit, take_piece

ALLOWED: tuple[Kind, ...] = (
    "message",
    "edited_message",
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

    One transaction for all, and for what other bots of the project bring at the same moment; if that fails, one for
    each, so that a bad one cannot hold up the others.
    """
    if not raw:
        return
    try:
        await _take_together(tools, bot, raw)
    except (Conflict, IntegrityError):
        # Another bot of the project has just taken in the same post: the second look finds it.
        await _take_apart(tools, bot, raw)
    except DatabaseAway:
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
        except DatabaseAway:
            raise
        except Exception as error:  # noqa: BLE001  an update that breaks us must not hold up those behind it
            log().error("update_left_out", bot=bot.id, update=one.get("update_id"), exc_info=error)


async def _take_alone(tools: Tools, bot: Bot, one: dict[str, Any]) -> None:
    try:
        await _take_together(tools, bot, [one])
    except (Conflict, IntegrityError):
        await _take_together(tools, bot, [one])


async def _take_together(tools: Tools, bot: Bot, raw: Sequence[dict[str, Any]]) -> None:
    await tools.together(_take_in)(bot.project_id, _Delivery(bot, raw))


@dataclass(frozen=True)
class _Delivery:
    """What one question to Telegram brought."""

    bot: Bot
    raw: Sequence[dict[str, Any]]


type _Told = tuple[Bot, Update]
type _Seats = dict[tuple[int, int], tuple[Seat, Channel]]


@dataclass
class _Intake:
    """One transaction's worth: who hears what, which messages are known, and what is to be handed on."""

    act: Act
    seats: _Seats
    shelf: Shelf
    taken: list[tuple[Channel, Taken, Message]] = field(default_factory=list)

    def hears(self, bot: Bot, telegram_id: int, *, group_id: int | None = None) -> Channel | None:
        """The project's channel, if the bot may write there at this moment (in that group)."""
        return _heard(self.seats, bot, telegram_id, group_id)


async def _take_in(tools: Tools, project_id: int, deliveries: Sequence[_Delivery]) -> list[None]:
    async with tools.acting(None, project_id) as act:
        told = await _not_seen(act, deliveries)
        named = _channels_named(told)
        seats = await seats_there(act, {bot.id for bot, _ in told}, named) if named else {}
        intake = _Intake(act, seats, await take_down(act, _pieces(told, seats)))
        for bot, update in told:
            await _take(intake, bot, update)
        await take_evidence(
            act, [seen for bot, message in _messages(told, "message") for seen in seen_in(bot, message)]
        )
        await act.flush()
        await take_talk(act, [message for _bot, message in _messages(told, "message", "edited_message")])
        for channel, taken, message in intake.taken:
            _hand_on(act, channel, taken, message)
    return [None] * len(deliveries)


async def _not_seen(act: Act, deliveries: Sequence[_Delivery]) -> list[_Told]:
    """The updates that were not taken in before, read; those that mean nothing to us are noted and left out."""
    numbers = {(one.bot.telegram_id, int(raw["update_id"])): (one.bot, raw) for one in deliveries for raw in one.raw}
    lines = [{"bot_telegram_id": bot_id, "update_id": number, "seen_at": act.now} for bot_id, number in numbers]
    fresh = await note_keys(act.session, SeenUpdate, lines)
    found = [(bot, read_update(raw)) for key, (bot, raw) in numbers.items() if key in fresh]
    return [(bot, update) for bot, update in found if update is not None]


def _messages(told: Sequence[_Told], *kinds: Kind) -> Iterator[tuple[Bot, Message]]:
    for bot, update in told:
        if isinstance(update.event, Message) and update.kind in kinds:
            yield bot, update.event


def _channels_named(told: Sequence[_Told]) -> set[int]:
    """Those of which a post or its automatic forward is told: what else is said in a group is heard without them."""
    posts = {message.chat.id for _, message in _messages(told, "channel_post", "edited_channel_post")}
    roots = [message for _, message in _messages(told, "message") if message.is_automatic_forward]
    return posts | {message.sender_chat.id for message in roots if message.sender_chat}


def _pieces(told: Sequence[_Told], seats: _Seats) -> list[tuple[Channel, Piece]]:
    """The messages of posts among these updates."""
    pieces: list[tuple[Channel, Piece]] = []
    for bot, update in told:
        message = update.event
        if not isinstance(message, Message):
            continue
        if update.kind == "channel_post" and (channel := _heard(seats, bot, message.chat.id)):
            pieces.append((channel, channel_piece(message)))
        elif update.kind == "message" and message.is_automatic_forward and message.sender_chat:
            channel = _heard(seats, bot, message.sender_chat.id, message.chat.id)
            pieces += [(channel, group_piece(message, channel))] if channel else []
    return pieces


def _heard(seats: _Seats, bot: Bot, telegram_id: int, group_id: int | None = None) -> Channel | None:
    """Asked anew for every message: an update before it in the same batch may have ended the seat."""
    seat, channel = seats.get((bot.id, telegram_id), (None, None))
    if seat is None or channel is None or seat.state != SeatState.ACTIVE or channel.state != ChannelState.ACTIVE:
        return None
    return channel if group_id in (None, channel.group_id) else None


async def _take(intake: _Intake, bot: Bot, update: Update) -> None:
    event = update.event
    if isinstance(event, ChatMemberUpdate):
        await membership_changed(intake.act, bot, event)
    elif isinstance(event, Message) and update.kind == "channel_post" and not event.is_service:
        await _take_post(intake, bot, event)
    elif isinstance(event, Message) and update.kind == "edited_channel_post":
        await _take_post_edit(intake, bot, event)
    elif isinstance(event, Message) and update.kind == "message" and event.is_automatic_forward and event.sender_chat:
        await _take_root(intake, bot, event, channel_id=event.sender_chat.id)


async def _take_post(intake: _Intake, bot: Bot, message: Message) -> None:
    channel = intake.hears(bot, message.chat.id)
    if channel is not None:
        await _take_piece(intake, channel, channel_piece(message))
    await _note_newest(intake.act, channel, message)


async def _note_newest(act: Act, heard: Channel | None, message: Message) -> None:
    """Whether comments can stand under the newest post: of a channel that is being set up nothing else is kept."""
    for channel in [heard] if heard else await channels_waiting(act, message.chat.id):
        if channel.posted_at is None or message.date >= channel.posted_at:
            channel.posted_at, channel.last_post_has_buttons = message.date, message.has_keyboard


async def _take_root(intake: _Intake, bot: Bot, message: Message, channel_id: int) -> None:
    channel = intake.hears(bot, channel_id, group_id=message.chat.id)
    if channel is None:
        await link_changed(intake.act, bot, channel_telegram_id=channel_id, group_id=message.chat.id)
    else:
        await _take_piece(intake, channel, group_piece(message, channel))


async def _take_piece(intake: _Intake, channel: Channel, piece: Piece) -> None:
    taken = await take_piece(intake.act, channel, piece, shelf=intake.shelf, spoken_under=_spoken_under)
    intake.taken.append((channel, taken, piece.message))


async def _spoken_under(act: Act, post_ids: Sequence[int]) -> set[int]:
    """Those of the posts under which a comment stands, or may stand. Their comments are locked until the act ends:
    one that begins to be sent meanwhile would be deleted with its post, and written again under the other."""
    asked = select(Comment).where(Comment.post_id.in_(post_ids)).order_by(Comment.id).with_for_update()
    found = await act.session.scalars(asked)
    return {comment.post_id for comment in found if comment.state in ("sending", "sent", "unknown")}


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


async def _take_post_edit(intake: _Intake, bot: Bot, message: Message) -> None:
    channel = intake.hears(bot, message.chat.id)
    post = await take_edit(intake.act, channel, message) if channel else None
    if post is not None:
        record(intake.act, "post_edited", post_id=post.id, channel_id=post.channel_id)
        await void_approvals(intake.act, [post.id], POST_EDITED)
        # A key for each edit: a job that is running may have read the text before this one.
        key = f"follow:{post.id}:{intake.act.now.timestamp()}"
        intake.act.enqueue(FollowPost(intake.act.project_id, post.id), key=key)
    await _note_newest(intake.act, channel, message)


async def forget_updates(tools: Tools, job: ForgetUpdates) -> Outcome:
    """Drop old update numbers, and what readers wrote that no comment can wait for any more."""
    async with tools.acting(None, EVERYONE) as act:
        await forget_talk(act)
        await act.session.execute(delete(SeenUpdate).where(SeenUpdate.seen_at < act.now - SEEN_FOR))
    return Done()
