"""Evidence for comments of which Telegram's answer was lost: who saw them shows that they stand.

A reader who replies to a comment has seen it; so has a witness: another bot of the project in the group whose
Bot-to-Bot mode is on, to which Telegram delivers what the others write. Where a witness has seen everything that a bot
wrote, what it did not see is not there (docs/decisions/0017-a-witness.md). Nothing is looked for by edits: a number
that is only guessed may be another message of the same bot, and an edit would write over it. What nobody saw stays for
a person to look at.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import bindparam, or_, select, update

from tgac.bots.models import Bot, Seat
from tgac.comments.afterwards import look_after
from tgac.comments.facts import about
from tgac.comments.jobs import SendComment
from tgac.comments.models import Comment
from tgac.comments.orders import config_of
from tgac.comments.reasons import CONFIRMED_BY_REPLY, CONFIRMED_BY_WITNESS, stored
from tgac.journal.service import record
from tgac.kit.act import Act
from tgac.kit.telegram.types import Message
from tgac.posts.models import Post
from tgac.tasks.models import Task

AWAITED = ("sending", "unknown")
QUARANTINE_S = 120.0
"""A call may still be carried out so long after its deadline (docs/telegram.md)."""
KEPT_S = 12 * 3_600.0
"""Telegram keeps updates for a day: what a witness sees later than this does not show that it missed none between."""
TRUSTED_AFTER = 5
"""So many comments of a bot, one after another, a witness must have seen before what it did not see counts."""

NOTED_S = 3_600.0


@dataclass(frozen=True, slots=True)
class Seen:
    """A message of a bot, whose it is and where it stands: seen by a bot of ours, or else replied to by somebody."""

    author_id: int
    group_id: int
    root_id: int
    message_id: int
    witness_id: int | None = None


type _Found = tuple[Comment, int, int | None]
"""A comment, its bot's number in Telegram, and the root of its thread."""


def seen_in(bot: Bot, message: Message) -> list[Seen]:
    """What a message in a thread shows: itself where a bot wrote it, and what it replies to."""
    if message.thread_id is None:
        return []
    place = (message.chat.id, message.thread_id)
    seen: list[Seen] = []
    if message.from_user and message.from_user.is_bot and message.sender_chat is None:
        seen.append(Seen(message.from_user.id, *place, message.message_id, witness_id=bot.id))
    if message.reply_to_bot_id and message.reply_to_message_id:
        seen.append(Seen(message.reply_to_bot_id, *place, message.reply_to_message_id))
    return seen


async def take_evidence(act: Act, seen: Sequence[Seen]) -> None:
    """Note of the project's comments that they were seen, and settle unknown ones by it.

    One that could be another stays unknown.
    """
    if not seen:
        return
    rows = await _concerned(act, seen)
    for one in seen:
        comment = _meant(rows, one)
        if comment is None:
            continue
        if comment.seen_id is None and (one.witness_id is not None or comment.state in AWAITED):
            comment.seen_id, comment.witness_id = one.message_id, one.witness_id
    await confirm_seen(act, [comment for comment, _, _ in rows])
    for one in seen:
        later = _meant(rows, one)
        if later is not None and one.witness_id is not None:
            await _note_hearing(act, one.witness_id, later.channel_id)
            await _rule_out(act, rows, later, one.witness_id)


async def confirm_seen(act: Act, comments: Iterable[Comment]) -> None:
    """Let those that are unknown, but were seen, be sent."""
    for comment in comments:
        if comment.state == "unknown" and comment.seen_id is not None:
            await _confirm(act, comment)


_CONCERNED: Final = (
    select(Comment, Bot.telegram_id, Post.root_id)
    .join(Bot, Bot.id == Comment.bot_id)
    .join(Post, Post.id == Comment.post_id)
    .where(
        or_(Comment.state.in_(AWAITED), Comment.message_id.in_(bindparam("messages"))),
        Comment.group_id.in_(bindparam("groups")),
        Bot.telegram_id.in_(bindparam("authors")),
    )
    .order_by(Comment.id)
    .with_for_update(of=Comment)
)


async def _concerned(act: Act, seen: Sequence[Seen]) -> list[_Found]:
    """The comments that these may be, and those that await their fate in the same groups; locked."""
    asked = {
        "messages": {one.message_id for one in seen},
        "groups": {one.group_id for one in seen},
        "authors": {one.author_id for one in seen},
    }
    found = await act.session.execute(_CONCERNED, {name: list(values) for name, values in asked.items()})
    return [(row[0], row[1], row[2]) for row in found]


def _meant(rows: Sequence[_Found], seen: Seen) -> Comment | None:
    """The comment that was seen: the one of that number, else the only one that it can be."""
    of_bot = [row for row in rows if (row[1], row[0].group_id) == (seen.author_id, seen.group_id)]
    known = [one for one, _, _ in of_bot if seen.message_id in (one.message_id, one.seen_id)]
    if known:
        return known[0]
    open_ones = [
        comment
        for comment, _, root_id in of_bot
        if root_id == seen.root_id
        and comment.state in AWAITED
        and comment.message_id is None
        and comment.seen_id is None
    ]
    return open_ones[0] if len(open_ones) == 1 else None


async def _confirm(act: Act, comment: Comment) -> None:
    reason = CONFIRMED_BY_REPLY if comment.witness_id is None else CONFIRMED_BY_WITNESS
    comment.state, comment.changed_at, comment.message_id = "sent", act.now, comment.seen_id
    comment.reason, comment.reason_data = reason.code, stored(reason)
    comment.sent_at = comment.sending_at or act.now
    record(act, "comment_found", comment.reason_data | {"message_id": comment.seen_id}, **about(comment))
    config = config_of((await act.session.get_one(Task, comment.task_id)).config)
    wanted = (config.content.pin, config.after.delete_after_s) if config else (False, None)
    look_after(act, comment, pin=wanted[0], delete_after_s=wanted[1])


async def _note_hearing(act: Act, bot_id: int, channel_id: int) -> None:
    """Let the seat tell that its bot hears the others there; not more often than `NOTED_S`."""
    is_old = or_(Seat.heard_at.is_(None), Seat.heard_at < act.now - timedelta(seconds=NOTED_S))
    of_bot = (Seat.bot_id == bot_id, Seat.channel_id == channel_id, is_old)
    await act.session.execute(update(Seat).where(*of_bot).values(heard_at=act.now))


async def _rule_out(act: Act, rows: Sequence[_Found], later: Comment, witness_id: int) -> None:
    """Plan again what the witness would have seen before `later` if it were there; whether it still comes in time, and
    may, the last gate decides as for every other."""
    for comment, _, _ in rows:
        if not _is_between(comment, later) or not await _is_alone(act, comment):
            continue
        if await _is_trusted(act, comment, witness_id):
            comment.state, comment.changed_at, comment.send_at = "planned", act.now, act.now
            comment.reason, comment.reason_data = None, {}
            record(act, "comment_absent", **about(comment))
            job = SendComment(act.project_id, comment.id)
            act.enqueue(job, key=f"send:{comment.id}:{comment.fence}")


def _is_between(comment: Comment, later: Comment) -> bool:
    """Whether `comment`, not seen, could only stand before `later`, and not so long before that it was forgotten."""
    same_place = (comment.bot_id, comment.group_id) == (later.bot_id, later.group_id)
    if comment.state != "unknown" or not same_place or comment.deadline is None or later.sending_at is None:
        return False
    return QUARANTINE_S <= (later.sending_at - comment.deadline).total_seconds() <= KEPT_S


async def _is_alone(act: Act, comment: Comment) -> bool:
    """Whether its bot has no other comment under the post, with which it could have been mistaken."""
    same = (Comment.post_id == comment.post_id, Comment.bot_id == comment.bot_id, Comment.id != comment.id)
    return await act.session.scalar(select(Comment.id).where(*same).limit(1)) is None


async def _is_trusted(act: Act, comment: Comment, witness_id: int) -> bool:
    """Whether the witness has seen the last comments of that bot in that group, without a gap."""
    assert comment.sending_at is not None
    asked = (
        select(Comment.witness_id)
        .where(
            Comment.bot_id == comment.bot_id,
            Comment.group_id == comment.group_id,
            Comment.sending_at < comment.sending_at,
            Comment.message_id.is_not(None),
        )
        .order_by(Comment.sending_at.desc())
        .limit(TRUSTED_AFTER)
    )
    return list(await act.session.scalars(asked)) == [witness_id] * TRUSTED_AFTER
