"""Evidence for comments of which Telegram's answer was lost: a reader who replies to one shows that it stands.

Nothing is looked for by edits: a number that is only guessed may be another message of the same bot, and an edit would
write over it. What nobody replies to stays for a person to look at.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import select

from tgac.bots.models import Bot
from tgac.comments.afterwards import look_after
from tgac.comments.facts import about
from tgac.comments.models import Comment
from tgac.comments.orders import config_of
from tgac.comments.reasons import CONFIRMED_BY_REPLY, stored
from tgac.journal.service import record
from tgac.kit.act import Act
from tgac.kit.telegram.types import Message
from tgac.posts.models import Post
from tgac.tasks.models import Task


@dataclass(frozen=True, slots=True)
class Seen:
    """A message that somebody replied to: whose it is, and where it stands."""

    author_id: int
    group_id: int
    root_id: int
    message_id: int


def seen_by_replies(messages: Iterable[Message]) -> list[Seen]:
    """What these messages reply to, where they stand in a thread."""
    return [
        Seen(one.reply_to_author_id, one.chat.id, one.thread_id, one.reply_to_message_id)
        for one in messages
        if one.reply_to_author_id and one.thread_id and one.reply_to_message_id
    ]


async def take_evidence(act: Act, replies: Sequence[Seen]) -> None:
    """Let unknown comments of the project that these replies show be sent. One that could be another stays unknown."""
    if not replies:
        return
    asked = (
        select(Comment, Bot.telegram_id, Post.root_id)
        .join(Bot, Bot.id == Comment.bot_id)
        .join(Post, Post.id == Comment.post_id)
        .where(
            Comment.state == "unknown",
            Comment.group_id.in_({one.group_id for one in replies}),
            Bot.telegram_id.in_({one.author_id for one in replies}),
        )
        .order_by(Comment.id)
        .with_for_update(of=Comment)
    )
    unknown = [(row[0], row[1], row[2]) for row in await act.session.execute(asked)]
    for seen in replies:
        meant = [
            comment
            for comment, author_id, root_id in unknown
            if (author_id, comment.group_id, root_id) == (seen.author_id, seen.group_id, seen.root_id)
        ]
        if len(meant) == 1 and meant[0].state == "unknown" and not await _is_known(act, seen):
            await _confirm(act, meant[0], seen)


async def _is_known(act: Act, seen: Seen) -> bool:
    """Whether that message is another comment, which was under the same post before."""
    asked = select(Comment.id).where(Comment.group_id == seen.group_id, Comment.message_id == seen.message_id)
    return await act.session.scalar(asked.limit(1)) is not None


async def _confirm(act: Act, comment: Comment, seen: Seen) -> None:
    comment.state, comment.changed_at, comment.message_id = "sent", act.now, seen.message_id
    comment.reason, comment.reason_data = CONFIRMED_BY_REPLY.code, stored(CONFIRMED_BY_REPLY)
    comment.sent_at = comment.sending_at or act.now
    record(act, "comment_found", comment.reason_data | {"message_id": seen.message_id}, **about(comment))
    config = config_of((await act.session.get_one(Task, comment.task_id)).config)
    wanted = (config.content.pin, config.after.delete_after_s) if config else (False, None)
    look_after(act, comment, pin=wanted[0], delete_after_s=wanted[1])
