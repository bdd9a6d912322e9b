"""The last look before a comment leaves: everything that could forbid it is read again, in the sending transaction."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from tgac.bots.models import Bot, Seat
from tgac.channels.models import Channel
from tgac.comments import reasons
from tgac.comments.models import Comment
from tgac.kit.act import Act
from tgac.kit.telegram.pace import BOT, CHAT, GROUP, Limit
from tgac.people.models import Project
from tgac.posts.models import Post
from tgac.tasks.facts import Reason
from tgac.tasks.models import Task

PAUSED_LOOK_S = 15.0
"""How often to look whether a paused task goes on."""


@dataclass(frozen=True)
class Stop:
    """It will not be sent: the state that the comment ends in, and why."""

    state: str
    reason: Reason


@dataclass(frozen=True)
class Held:
    """Not at this moment: look again after so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Ready:
    """Everything allows it. The rows are locked until the intent is committed."""

    post: Post
    channel: Channel
    bot: Bot
    task: Task
    project: Project


async def may_leave(act: Act, comment: Comment) -> Ready | Stop | Held:
    """Whether a planned comment may be sent at this moment."""
    task = await act.session.get_one(Task, comment.task_id)
    project = await act.session.get_one(Project, act.project_id)
    if stop := _forbidden_by_owner(project, task):
        return stop
    if comment.expires_at is not None and act.now > comment.expires_at:
        return Stop("expired", reasons.EXPIRED)
    if task.status == "PAUSED" or project.status == "paused":
        return Held(PAUSED_LOOK_S)
    channel = await act.session.get_one(Channel, comment.channel_id)
    post = await act.session.get_one(Post, comment.post_id)
    # Locked, so that two workers cannot both find the last place within Telegram's limits for one bot.
    bot = await act.session.get(Bot, comment.bot_id, with_for_update=True)
    if bot is None:
        return Stop("cancelled", reasons.BOT_NOT_ACTIVE)
    seat = await _seat(act, comment)
    if stop := _forbidden_by_place(post, channel, bot, seat):
        return stop
    wait = await _pace_wait_s(act, comment, seat)
    return Held(wait) if wait > 0 else Ready(post, channel, bot, task, project)


def _forbidden_by_owner(project: Project, task: Task) -> Stop | None:
    if project.stopped_at is not None:
        return Stop("cancelled", reasons.PROJECT_STOPPED)
    if project.status == "archived":
        return Stop("cancelled", reasons.PROJECT_NOT_ACTIVE)
    if task.status == "OFF":
        return Stop("cancelled", reasons.TASK_OFF)
    return None


def _forbidden_by_place(post: Post, channel: Channel, bot: Bot, seat: Seat | None) -> Stop | None:
    if channel.state != "active":
        return Stop("cancelled", reasons.CHANNEL_SUSPENDED)
    if bot.status != "ACTIVE":
        return Stop("cancelled", reasons.BOT_NOT_ACTIVE)
    if seat is None or seat.state != "active":
        return Stop("cancelled", reasons.SEAT_LOST)
    if post.gone_at is not None or post.root_id is None:
        return Stop("cancelled", reasons.POST_GONE)
    return None


async def _seat(act: Act, comment: Comment) -> Seat | None:
    return await act.session.scalar(
        select(Seat).where(Seat.bot_id == comment.bot_id, Seat.channel_id == comment.channel_id)
    )


async def _pace_wait_s(act: Act, comment: Comment, seat: Seat | None) -> float:
    """Seconds until Telegram's limits and its last 429 leave room, over all workers: read from what was begun."""
    free = max(
        await _free_from(act, BOT, comment.bot_id, None),
        await _free_from(act, CHAT, comment.bot_id, comment.group_id),
        await _free_from(act, GROUP, comment.bot_id, comment.group_id),
        seat.slow_until if seat and seat.slow_until else act.now,
    )
    return max(0.0, (free - act.now).total_seconds())


async def _free_from(act: Act, limit: Limit, bot_id: int | None, group_id: int | None) -> datetime:
    """The first moment at which one more comment keeps the limit."""
    begun = select(Comment.sending_at).where(Comment.bot_id == bot_id, Comment.sending_at.is_not(None))
    if group_id is not None:
        begun = begun.where(Comment.group_id == group_id)
    nth = await act.session.scalar(begun.order_by(Comment.sending_at.desc()).offset(limit.count - 1).limit(1))
    return act.now if nth is None else nth + timedelta(seconds=limit.seconds)
