"""The last look before a comment leaves: everything that could forbid it is read again, in the sending transaction."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ScalarSelect, and_, select

from tgac.bots.models import Bot, Seat
from tgac.channels.models import Channel
from tgac.comments import reasons
from tgac.comments.models import Comment
from tgac.kit.act import Act
from tgac.kit.telegram.pace import BOT, CHAT, GROUP, Limit
from tgac.people.models import Project
from tgac.posts.models import Post
from tgac.tasks.config import TaskConfig
from tgac.tasks.facts import Reason
from tgac.tasks.models import Task
from tgac.tasks.timing import after_quiet

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


@dataclass(frozen=True)
class _Scene:
    """What a comment depends on, as it is at this moment."""

    task: Task
    project: Project
    channel: Channel
    post: Post
    bot: Bot | None
    seat: Seat | None


async def may_leave(act: Act, comment: Comment) -> Ready | Stop | Held:
    """Whether a planned comment may be sent at this moment."""
    # Locked, so that two workers cannot both find the last place within Telegram's limits for one bot.
    await act.session.execute(select(Bot.id).where(Bot.id == comment.bot_id).with_for_update())
    scene = await _scene(act, comment)
    if stop := _forbidden_by_owner(scene.project, scene.task):
        return stop
    if comment.expires_at is not None and act.now > comment.expires_at:
        return Stop("expired", reasons.EXPIRED)
    if scene.task.status == "PAUSED" or scene.project.status == "paused":
        return Held(PAUSED_LOOK_S)
    bot = scene.bot
    if bot is None:
        return Stop("cancelled", reasons.BOT_NOT_ACTIVE)
    if stop := _forbidden_by_place(comment, scene, bot):
        return stop
    wait = _quiet_wait_s(act, scene) or await _pace_wait_s(act, comment, scene.seat)
    return Held(wait) if wait > 0 else Ready(scene.post, scene.channel, bot, scene.task, scene.project)


async def _scene(act: Act, comment: Comment) -> _Scene:
    """Everything in one statement: a statement costs more than the rows it brings."""
    asked = (
        select(Task, Project, Channel, Post, Bot, Seat)
        .join(Project, Project.id == Task.project_id)
        .join(Channel, Channel.id == comment.channel_id)
        .join(Post, Post.id == comment.post_id)
        .outerjoin(Bot, Bot.id == comment.bot_id)
        .outerjoin(Seat, and_(Seat.bot_id == comment.bot_id, Seat.channel_id == comment.channel_id))
        .where(Task.id == comment.task_id)
    )
    return _Scene(*(await act.session.execute(asked)).one())


def _forbidden_by_owner(project: Project, task: Task) -> Stop | None:
    if project.stopped_at is not None:
        return Stop("cancelled", reasons.PROJECT_STOPPED)
    if project.status == "archived":
        return Stop("cancelled", reasons.PROJECT_NOT_ACTIVE)
    if task.status == "OFF":
        return Stop("cancelled", reasons.TASK_OFF)
    return None


def _forbidden_by_place(comment: Comment, scene: _Scene, bot: Bot) -> Stop | None:
    if scene.channel.state != "active":
        return Stop("cancelled", reasons.CHANNEL_SUSPENDED)
    if bot.status != "ACTIVE":
        return Stop("cancelled", reasons.BOT_NOT_ACTIVE)
    if scene.seat is None or scene.seat.state != "active":
        return Stop("cancelled", reasons.SEAT_LOST)
    is_elsewhere = comment.group_id != scene.channel.group_id
    if scene.post.gone_at is not None or scene.post.root_id is None or is_elsewhere:
        return Stop("cancelled", reasons.POST_GONE)
    return None


def _quiet_wait_s(act: Act, scene: _Scene) -> float:
    """Seconds until the task's quiet hours are over: what was held up may have slipped into them."""
    timing = TaskConfig.model_validate(scene.task.config).timing
    awake = after_quiet(act.now, timing.quiet_hours, timing.zone or ZoneInfo(scene.project.time_zone))
    return (awake - act.now).total_seconds()


async def _pace_wait_s(act: Act, comment: Comment, seat: Seat | None) -> float:
    """Seconds until Telegram's limits and its last 429 leave room, over all workers: read from what was begun."""
    limits = (BOT, None), (CHAT, comment.group_id), (GROUP, comment.group_id)
    asked = select(*(_begun_before(limit, comment.bot_id, group_id) for limit, group_id in limits))
    begun = (await act.session.execute(asked)).one()
    free: list[datetime] = [
        at + timedelta(seconds=limit.seconds) for at, (limit, _) in zip(begun, limits, strict=True) if at
    ]
    if seat and seat.slow_until:
        free.append(seat.slow_until)
    return max([0.0, *((moment - act.now).total_seconds() for moment in free)])


def _begun_before(limit: Limit, bot_id: int | None, group_id: int | None) -> ScalarSelect[datetime | None]:
    """When the send was begun that is as many back as the limit counts: until its time is over there is no room."""
    begun = select(Comment.sending_at).where(Comment.bot_id == bot_id, Comment.sending_at.is_not(None))
    if group_id is not None:
        begun = begun.where(Comment.group_id == group_id)
    return begun.order_by(Comment.sending_at.desc()).offset(limit.count - 1).limit(1).scalar_subquery()
