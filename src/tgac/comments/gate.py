"""The last look before a comment leaves: everything that could forbid it is read again, in the sending transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import and_, bindparam, or_, select

from tgac.bots.models import Bot, Seat
from tgac.channels.models import Channel
from tgac.comments import reasons
from tgac.comments.facts import zone_for
from tgac.comments.failing import SLOW_PAUSE_S, is_slowed
from tgac.comments.limits import Cap, Where, caps_of, ledger_of, slow_cap
from tgac.comments.models import Comment
from tgac.comments.orders import config_of
from tgac.comments.talk import standing_of, talk_of, wait_of
from tgac.kit.act import Act
from tgac.kit.db.many import hold
from tgac.kit.telegram.pace import BOT, CHAT, GROUP
from tgac.people.models import Project
from tgac.people.queries import hold_project
from tgac.posts.models import Post
from tgac.settings.service import Holding, hold_stop, holding_here
from tgac.tasks.config import TaskConfig
from tgac.tasks.facts import Reason
from tgac.tasks.models import Task
from tgac.tasks.presets import presets_for
from tgac.tasks.timing import after_quiet
from tgac.tasks.waiting import Standing

PAUSED_LOOK_S = 300.0
"""How often to look at what a pause holds back, so that it ends where the task or the channel has ended. Whoever ends
the pause has it looked at at once."""


@dataclass(frozen=True)
class Stop:
    """It will not be sent: the state that the comment ends in, and why."""

    state: str
    reason: Reason


@dataclass(frozen=True)
class Held:
    """Not at this moment: look again after so many seconds. `reason` says what holds it up.

    Before long in any case, since a person may lift it, or end what it waits for; where both are told by a job of their
    own (`is_told`), seldom.
    """

    seconds: float
    reason: Reason
    is_told: bool = False


@dataclass(frozen=True)
class Ready:
    """Everything allows it. The rows are locked until the intent is committed. `waited`: how it waited for readers."""

    post: Post
    channel: Channel
    bot: Bot
    config: TaskConfig
    project: Project
    waited: Standing | None = None


@dataclass(frozen=True)
class _Scene:
    """What a comment depends on, as it is at this moment."""

    task: Task
    project: Project
    channel: Channel
    post: Post
    bot: Bot | None
    seat: Seat | None
    waits: Standing | None


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


_BOTS: Final = select(Bot.id).where(Bot.id.in_(bindparam("bots"))).order_by(Bot.id).with_for_update()


async def may_leave(act: Act, comments: Sequence[Comment]) -> dict[int, Gate]:
    """Whether planned comments of the project may be sent at this moment, by their numbers. Each that may counts for
    the limits, Telegram's and ours, on those after it."""
    # One transaction at a time, so that two workers cannot both find a limit's last place, and nothing begins after a
    # stop or after its bot was paused. A bot is in one project only.
    await hold_stop(act)
    await hold_project(act)
    await hold(act.session, _BOTS, {"bots": list({comment.bot_id for comment in comments})})
    scenes = await _scenes(act, comments)
    begun = await _begun_lately(act, comments)
    holding = await holding_here(act)
    presets = await presets_for(act, [scene.task.config for scene in scenes.values()])
    configs = {number: config_of(scene.task.config, presets) for number, scene in scenes.items()}
    caps = _caps(act, scenes, configs, holding=holding)
    ledger = await ledger_of(act, {_where(scene): caps[number] for number, scene in scenes.items() if number in caps})
    gates: dict[int, Gate] = {}
    for comment in comments:
        scene, held = scenes[comment.id], caps.get(comment.id, ())
        stop = Stop("cancelled", reasons.INSTALLATION_STOPPED) if holding.stopped_at else None
        gates[comment.id] = gate = stop or _look(act, comment, scene, config=configs[comment.id], begun=begun)
        if isinstance(gate, Ready) and (full := ledger.full(_where(scene), held)):
            gates[comment.id] = Held((full.until - act.now).total_seconds(), full.reason)
        elif isinstance(gate, Ready):
            begun.count(comment, act.now)
            ledger.count(_where(scene), act.now)
    return gates


def _caps(
    act: Act, scenes: Mapping[int, _Scene], configs: Mapping[int, TaskConfig | None], *, holding: Holding
) -> dict[int, tuple[Cap, ...]]:
    """Our own limits, by comment."""
    caps: dict[int, tuple[Cap, ...]] = {}
    for number, scene in scenes.items():
        config = configs[number]
        if scene.bot is not None and config is not None:
            came = scene.task.created_at, scene.bot.created_at, scene.channel.confirmed_at
            newest = max(moment for moment in came if moment is not None)
            caps[number] = caps_of(config.limits, holding, newest=newest, now=act.now)
            if is_slowed(scene.bot, act.now):
                caps[number] += (slow_cap(SLOW_PAUSE_S),)
    return caps


def _where(scene: _Scene) -> Where:
    return Where(scene.project.id, scene.channel.id, scene.bot.id if scene.bot else 0)


_SCENES: Final = (
    select(Comment.id, Task, Project, Channel, Post, Bot, Seat)
    .join(Task, Task.id == Comment.task_id)
    .join(Project, Project.id == Comment.project_id)
    .join(Channel, Channel.id == Comment.channel_id)
    .join(Post, Post.id == Comment.post_id)
    .outerjoin(Bot, Bot.id == Comment.bot_id)
    .outerjoin(Seat, and_(Seat.bot_id == Comment.bot_id, Seat.channel_id == Comment.channel_id))
    .where(Comment.id.in_(bindparam("comments")))
)


async def _scenes(act: Act, comments: Sequence[Comment]) -> dict[int, _Scene]:
    """Everything in one statement (and one for readers' comments, where some are waited for): a statement costs more
    than the rows it brings."""
    asked = {"comments": [comment.id for comment in comments]}
    rows = {row[0]: row for row in await act.session.execute(_SCENES, asked)}
    talk = await talk_of(act, [(comment, rows[comment.id].Post) for comment in comments])
    waits = {comment.id: standing_of(comment, rows[comment.id].Post, talk, act.now) for comment in comments}
    return {number: _Scene(*row[1:], waits=waits[number]) for number, row in rows.items()}


def _look(act: Act, comment: Comment, scene: _Scene, *, config: TaskConfig | None, begun: _Begun) -> Gate:
    if stop := _forbidden_by_owner(scene.project, scene.task):
        return stop
    if comment.expires_at is not None and act.now > comment.expires_at:
        return Stop("expired", expiry_of(comment))
    if scene.task.status == "PAUSED" or scene.project.status == "paused":
        return Held(PAUSED_LOOK_S, reasons.PAUSED)
    bot = scene.bot
    if bot is None or config is None:
        return Stop("cancelled", reasons.TASK_UNREADABLE if bot else reasons.BOT_NOT_ACTIVE)
    if stop := _forbidden_by_place(comment, scene, bot):
        return stop
    held = _unheard(act, comment, scene.waits)
    held = held or _quiet(act, scene, config) or _pace(act, comment, scene.seat, begun=begun)
    return held or Ready(scene.post, scene.channel, bot, config, scene.project, scene.waits)


def expiry_of(comment: Comment) -> Reason:
    """Why it was not sent in time: what held it up last, else that alone."""
    if comment.reason is None:
        return reasons.EXPIRED
    return reasons.of_stored(comment.reason, comment.reason_data)


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


def _unheard(act: Act, comment: Comment, waits: Standing | None) -> Stop | Held | None:
    """Until readers have done what was waited for, or the last moment to wait for it; then as the task says."""
    if waits is None:
        return None
    if waits.state == "open":
        return Held((waits.at - act.now).total_seconds(), reasons.WAITS_FOR_READERS, is_told=True)
    wait = wait_of(comment)
    if waits.state == "missed" and wait is not None and wait.otherwise == "skip":
        return Stop("skipped", reasons.waited_in_vain(waits.said, waits.at.isoformat()))
    return None


def _quiet(act: Act, scene: _Scene, config: TaskConfig) -> Held | None:
    """Until the task's quiet hours are over: what was held up may have slipped into them."""
    awake = after_quiet(act.now, config.timing.quiet_hours, zone_for(config, scene.project))
    return _until(act, awake, reasons.QUIET)


def _pace(act: Act, comment: Comment, seat: Seat | None, *, begun: _Begun) -> Held | None:
    """Until Telegram's last 429 and its limits leave room, over all workers: read from what was begun."""
    resting = _until(act, seat.slow_until, reasons.FLOOD_WAIT) if seat and seat.slow_until else None
    full = _until(act, max(begun.room_at(comment), default=act.now), reasons.TELEGRAM_PACE)
    return max((one for one in (resting, full) if one), key=lambda held: held.seconds, default=None)


def _until(act: Act, moment: datetime, reason: Reason) -> Held | None:
    if moment <= act.now:
        return None
    return Held((moment - act.now).total_seconds(), replace(reason, params={"until": moment.isoformat()}))


_BEGUN: Final = (
    select(Comment.bot_id, Comment.group_id, Comment.sending_at)
    .where(
        Comment.bot_id.in_(bindparam("bots")),
        Comment.sending_at.between(bindparam("since"), bindparam("now")),
        or_(Comment.sending_at >= bindparam("lately"), Comment.group_id.in_(bindparam("groups"))),
    )
    .order_by(Comment.sending_at)
)


async def _begun_lately(act: Act, comments: Sequence[Comment]) -> _Begun:
    """What these comments' bots have begun to send. What lies ahead says that the clock was set back: it counts not,
    since it would hold the bots until the clock has caught up."""
    group_ids = {comment.group_id for comment in comments}
    lately, since = act.now - timedelta(seconds=BOT.seconds), act.now - timedelta(seconds=GROUP.seconds)
    whose = {"bots": list({comment.bot_id for comment in comments}), "groups": list(group_ids)}
    found = _Begun()
    for row in await act.session.execute(_BEGUN, whose | {"since": since, "lately": lately, "now": act.now}):
        if row.sending_at >= lately:
            found.by_bot.setdefault(row.bot_id, []).append(row.sending_at)
        if row.group_id in group_ids:
            found.by_place.setdefault((row.bot_id, row.group_id), []).append(row.sending_at)
    return found
