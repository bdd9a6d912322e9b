"""Observe: is the comment still there? No method reads a message, but an edit that changes nothing tells.

Source: docs/telegram.md.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from sqlalchemy import bindparam, select

from tgac.bots.models import Bot, BotStatus
from tgac.bots.service import token_of
from tgac.comments.facts import about, look_of
from tgac.comments.jobs import Observe, PostGone
from tgac.comments.models import Comment
from tgac.comments.orders import config_of
from tgac.comments.queries import lock_comment
from tgac.comments.reasons import GONE, POST_GONE, stored
from tgac.comments.review import void_approvals
from tgac.journal.service import record
from tgac.kit.act import Act
from tgac.kit.queue.jobs import Cancel, Done, Outcome, Snooze
from tgac.kit.secrets import Secret
from tgac.kit.telegram import faults
from tgac.kit.telegram.types import Look
from tgac.kit.tools import Tools
from tgac.posts.models import Post
from tgac.tasks.models import Task

LOOKS_S = (300.0, 3_600.0, 86_400.0)
"""Seconds after sending at which to look."""
LATER_S = 60.0
PAUSED_S = 3_600.0
"""A paused bot looks again when it is resumed."""


@dataclass(frozen=True)
class _Question:
    token: Secret
    group_id: int
    message_id: int
    html: str
    look: Look
    root_id: int | None


async def observe(tools: Tools, job: Observe) -> Outcome:
    """Look once, write down what was seen, and leave the next look."""
    question = await _ask(tools, job)
    if question is None:
        return Cancel("nothing to look at any more")
    if isinstance(question, Snooze):
        return question
    seen = await _probe(tools, question)
    if not isinstance(seen, bool):
        return seen
    post_stands = not seen or await _post_stands(tools, question)
    async with tools.acting(None, job.project_id) as act:
        comment = await lock_comment(act, job.comment_id)
        if comment is None or comment.state != "sent":
            return Cancel("nothing to look at any more")
        record(act, "comment_seen" if seen else "comment_gone", {"look": job.look + 1}, **about(comment))
        if not seen:
            comment.state, comment.changed_at = "deleted", act.now
            comment.reason, comment.reason_data = GONE.code, stored(GONE)
        elif job.look + 1 < len(LOOKS_S) and comment.sent_at:
            due = comment.sent_at + timedelta(seconds=LOOKS_S[job.look + 1])
            act.enqueue(replace(job, look=job.look + 1), run_after=due, key=f"observe:{comment.id}:{job.look + 1}")
        if not post_stands:
            await _tell_post_gone(act, comment)
    return Done()


_SENT: Final = (
    select(Comment, Bot, Task, Post)
    .join(Bot, Bot.id == Comment.bot_id)
    .join(Task, Task.id == Comment.task_id)
    .join(Post, Post.id == Comment.post_id)
    .where(Comment.id == bindparam("comment"), Comment.state == "sent")
)


async def _ask(tools: Tools, job: Observe) -> _Question | Snooze | None:
    async with tools.reading(None, job.project_id) as act:
        found = (await act.session.execute(_SENT, {"comment": job.comment_id})).one_or_none()
        if found is None:
            return None
        comment, bot, task, post = found
        if comment.message_id is None or bot.status == BotStatus.REVOKED:
            return None
        if bot.status == BotStatus.PAUSED:
            return Snooze(PAUSED_S)
        config = config_of(task.config)
        if config is None:
            return None
        look = look_of(comment, config.content)
        is_here = post.gone_at is None and post.root_group_id == comment.group_id
        root_id = post.root_id if config.after.delete_with_post and is_here else None
        token = token_of(act.keys, bot)
        return _Question(token, comment.group_id, comment.message_id, comment.text or "", look, root_id)


async def _post_stands(tools: Tools, question: _Question) -> bool:
    """Telegram tells nobody of a deletion, so the post's thread is looked at. What cannot be known counts as standing:
    the next look asks again."""
    if question.root_id is None:
        return True
    try:
        return await tools.telegram.stands(question.token, chat_id=question.group_id, message_id=question.root_id)
    except faults.Fault:
        return True


async def _tell_post_gone(act: Act, comment: Comment) -> None:
    post = await act.session.get_one(Post, comment.post_id)
    if post.gone_at is None:
        post.gone_at = act.now
        record(act, "post_gone", post_id=post.id, channel_id=post.channel_id)
        await void_approvals(act, [post.id], POST_GONE)
    act.enqueue(PostGone(act.project_id, post.id), key=f"post-gone:{post.id}")


async def _probe(tools: Tools, question: _Question) -> bool | Snooze | Cancel:
    """True: it stands. False: it is gone. Where the bot may not look any more, nobody can tell."""
    try:
        await tools.telegram.edit_message(
            question.token,
            chat_id=question.group_id,
            message_id=question.message_id,
            html=question.html,
            look=question.look,
        )
    except faults.NotModified:
        return True
    except faults.SlowDown as slow:
        return Snooze(slow.retry_after)
    except faults.RefusedMessage as refused:
        return False if refused.reason == "gone" else Cancel(f"nothing to be seen: {refused}")
    except (faults.NotSent, faults.Ambiguous):
        return Snooze(LATER_S)
    except faults.Fault as fault:
        return Cancel(f"nothing to be seen: {fault}")
    return True
