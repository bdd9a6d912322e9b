"""The last look before a comment leaves: everything that could forbid it is read again, in the sending transaction."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import and_, select

from tgac.bots.models import Bot, Seat
from tgac.channels.models import Channel
from tgac.comments import reasons
from tgac.comments.models import Comment
from tgac.comments.orders import config_of
from tgac.kit.act import Act
from tgac.kit.telegram.pace import BOT, CHAT, GROUP
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
    config: TaskConfig
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


@dataclass(frozen=True)
class _Begun:
    """When sends were begun within Telegram's windows, oldest first: by bot, and by bot and group."""

    by_bot: dict[int | None, list[datetime]] = field(default_factory=dict)
    by_place: dict[tuple[int | None, int], list[datetime]] = field(default_factory=dict)

    def count(self, comment: Comment, moment: datetime) -> None:
        """One more is begun."""
        self.by_bot.setdefault(comment.bot_id, []).append(moment)
        self.by_place.setdefault((comment.bot_id, comment.group_id), []).append(moment)

    def room_at(self, comment: Comment) -> list[datetime]:
        """When each limit that is used up has room again: when the send that is as many back has left its window."""
        here = self.by_place.get((comment.bot_id, comment.group_id), [])
        used = (BOT, self.by_bot.get(comment.bot_id, [])), (CHAT, here), (GROUP, here)
        return [
            times[-limit.count] + timedelta(seconds=limit.seconds) for limit, times in used if len(times) >= limit.count
        ]


type Gate = Ready | Stop | Held


async def may_leave(act: Act, comments: Sequence[Comment]) -> dict[int, Gate]:
    """Whether planned comments of the project may be sent at this moment, by their numbers. Each that may counts for
    Telegram's limits on those after it."""
    bot_ids = {comment.bot_id for comment in comments}
    # Locked, so that two workers cannot both find the last place within Telegram's limits for one bot.
    await act.session.execute(select(Bot.id).where(Bot.id.in_(bot_ids)).order_by(Bot.id).with_for_update())
    scenes = await _scenes(act, comments)
    begun = await _begun_lately(act, comments)
    gates: dict[int, Gate] = {}
    for comment in comments:
        gates[comment.id] = gate = _look(act, comment, scenes[comment.id], begun=begun)
        if isinstance(gate, Ready):
            begun.count(comment, act.now)
    return gates


async def _scenes(act: Act, comments: Sequence[Comment]) -> dict[int, _Scene]:
    """Everything in one statement: a statement costs more than the rows it brings."""
    asked = (
        select(Comment.id, Task, Project, Channel, Post, Bot, Seat)
        .join(Task, Task.id == Comment.task_id)
        .join(Project, Project.id == Comment.project_id)
        .join(Channel, Channel.id == Comment.channel_id)
        .join(Post, Post.id == Comment.post_id)
        .outerjoin(Bot, Bot.id == Comment.bot_id)
        .outerjoin(Seat, and_(Seat.bot_id == Comment.bot_id, Seat.channel_id == Comment.channel_id))
        .where(Comment.id.in_([comment.id for comment in comments]))
    )
    return {row[0]: _Scene(*row[1:]) for row in await act.session.execute(asked)}


def _look(act: Act, comment: Comment, scene: _Scene, *, begun: _Begun) -> Gate:
    if stop := _forbidden_by_owner(scene.project, scene.task):
        return stop
    if comment.expires_at is not None and act.now > comment.expires_at:
        return Stop("expired", reasons.EXPIRED)
    if scene.task.status == "PAUSED" or scene.project.status == "paused":
        return Held(PAUSED_LOOK_S)
    bot, config = scene.bot, config_of(scene.task.config)
    if bot is None or config is None:
        return Stop("cancelled", reasons.TASK_UNREADABLE if bot else reasons.BOT_NOT_ACTIVE)
    if stop := _forbidden_by_place(comment, scene, bot):
        return stop
    wait = _quiet_wait_s(act, scene, config) or _pace_wait_s(act, comment, scene.seat, begun=begun)
    return Held(wait) if wait > 0 else Ready(scene.post, scene.channel, bot, config, scene.project)


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


def _quiet_wait_s(act: Act, scene: _Scene, config: TaskConfig) -> float:
    """Seconds until the task's quiet hours are over: what was held up may have slipped into them."""
    timing = config.timing
    awake = after_quiet(act.now, timing.quiet_hours, timing.zone or ZoneInfo(scene.project.time_zone))
    return (awake - act.now).total_seconds()


def _pace_wait_s(act: Act, comment: Comment, seat: Seat | None, *, begun: _Begun) -> float:
    """Seconds until Telegram's limits and its last 429 leave room, over all workers: read from what was begun."""
    free = begun.room_at(comment)
    if seat and seat.slow_until:
        free.append(seat.slow_until)
    return max([0.0, *((moment - act.now).total_seconds() for moment in free)])


async def _begun_lately(act: Act, comments: Sequence[Comment]) -> _Begun:
    """What these comments' bots have begun to send. What lies ahead says that the clock was set back: it counts not,
    since it would hold the bots until the clock has caught up."""
    bot_ids = {comment.bot_id for comment in comments}
    group_ids = {comment.group_id for comment in comments}
    begun = select(Comment.bot_id, Comment.group_id, Comment.sending_at).where(Comment.bot_id.in_(bot_ids))
    begun = begun.order_by(Comment.sending_at)
    by_bot = begun.where(Comment.sending_at.between(act.now - timedelta(seconds=BOT.seconds), act.now))
    by_place = begun.where(
        Comment.group_id.in_(group_ids), Comment.sending_at.between(act.now - timedelta(seconds=GROUP.seconds), act.now)
    )
    found = _Begun()
    for row in await act.session.execute(by_bot):
        found.by_bot.setdefault(row.bot_id, []).append(row.sending_at)
    for row in await act.session.execute(by_place):
        found.by_place.setdefault((row.bot_id, row.group_id), []).append(row.sending_at)
    return found
