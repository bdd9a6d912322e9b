"""How comments and posts are found, with everything they speak of: as many statements for 200 rows as for 10."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import InstrumentedAttribute, load_only

from tgac.bots.models import Bot
from tgac.channels.models import Channel
from tgac.channels.queries import channels_called
from tgac.comments.models import Comment
from tgac.comments.talk import standing_of, talk_of
from tgac.journal.models import Event, PanelEvent
from tgac.kit.act import Act
from tgac.kit.db.base import Owned
from tgac.kit.errors import NotFound
from tgac.kit.web.i18n import _
from tgac.kit.web.paging import matching
from tgac.people.models import Project, User
from tgac.posts.models import Post
from tgac.tasks.models import Task
from tgac.tasks.waiting import Standing

type State = Literal[
    "planned",
    "awaiting_approval",
    "sending",
    "sent",
    "unknown",
    "skipped",
    "rejected",
    "cancelled",
    "expired",
    "deleted",
]
_OF_CHANNELS: Final = (
    Channel.title, Channel.telegram_id, Channel.username, Channel.group_id, Channel.group_username,
)  # fmt: skip
WAITING: Final = ("planned", "awaiting_approval", "sending")
"""The states in which a comment is still to come."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which comments are asked for; None means any."""

    state: State | None = None
    task_id: int | None = None
    channel_id: int | None = None
    bot_id: int | None = None


@dataclass(slots=True)
class Around:
    """The rows that comments and posts speak of, by number: of bots the names alone, of channels what leads to them as
    well. A bot may be gone: what it wrote stays. `waits` says of the comments that wait for readers how that stands, by
    the comment's number."""

    posts: dict[int, Post] = field(default_factory=dict)
    channels: dict[int, Channel] = field(default_factory=dict)
    tasks: dict[int, Task] = field(default_factory=dict)
    bots: dict[int, Bot] = field(default_factory=dict)
    waits: dict[int, Standing] = field(default_factory=dict)


def comments_like(q: str, wanted: Wanted) -> Select[Comment]:
    """Comments whose text contains `q`, of that state, task, channel and bot."""
    statement = select(Comment)
    for column, value in (
        (Comment.state, wanted.state),
        (Comment.task_id, wanted.task_id),
        (Comment.channel_id, wanted.channel_id),
        (Comment.bot_id, wanted.bot_id),
    ):
        if value is not None:
            statement = statement.where(column == value)
    return statement.where(matching(q, Comment.text)) if q else statement


async def waiting_first(act: Act, limit: int) -> list[Comment]:
    """Comments that wait for approval, whose time is over first at the top."""
    waiting = select(Comment).where(Comment.state == "awaiting_approval")
    return list(await act.session.scalars(waiting.order_by(Comment.approve_by, Comment.id).limit(limit)))


async def count_waiting(act: Act) -> int:
    """How many comments of the act's project wait for approval."""
    counted = select(func.count(Comment.id)).where(Comment.state == "awaiting_approval")
    return (await act.session.scalars(counted)).one()


def posts_like(q: str, channel_id: int | None, channel: str = "") -> Select[Post]:
    """Posts whose text contains `q`, of that channel, or of those called so."""
    statement = select(Post) if channel_id is None else select(Post).where(Post.channel_id == channel_id)
    if channel:
        statement = statement.where(Post.channel_id.in_(channels_called(channel)))
    return statement.where(matching(q, Post.text)) if q else statement


_ONE: Final = select(Comment).where(Comment.id == bindparam("comment"))
_ONE_LOCKED: Final = _ONE.with_for_update()


async def find_comment(act: Act, comment_id: int, *, locked: bool = False) -> Comment:
    """The comment of the act's project; `locked` until the act ends. Raises NotFound."""
    comment = await act.session.scalar(_ONE_LOCKED if locked else _ONE, {"comment": comment_id})
    if comment is None:
        raise NotFound(_("There is nothing here, or it is not yours."))
    return comment


async def lock_comment(act: Act, comment_id: int) -> Comment | None:
    """The comment, nobody else's until the act ends; None where there is none."""
    return await act.session.scalar(_ONE_LOCKED, {"comment": comment_id})


class Scenery(NamedTuple):
    """What a comment stands in. Its bot may be gone."""

    task: Task
    channel: Channel
    post: Post
    project: Project
    bot: Bot | None


_SCENERY: Final = (
    select(Task, Channel, Post, Project, Bot)
    .select_from(Comment)
    .join(Task, Task.id == Comment.task_id)
    .join(Channel, Channel.id == Comment.channel_id)
    .join(Post, Post.id == Comment.post_id)
    .join(Project, Project.id == Comment.project_id)
    .outerjoin(Bot, Bot.id == Comment.bot_id)
    .where(Comment.id == bindparam("comment"))
)


async def scenery_of(act: Act, comment: Comment) -> Scenery:
    """Everything that a comment of the act's project speaks of, in one statement."""
    return Scenery(*(await act.session.execute(_SCENERY, {"comment": comment.id})).one())


_LOCKED: Final = select(Comment).where(Comment.id.in_(bindparam("comments"))).order_by(Comment.id).with_for_update()


async def lock_comments(act: Act, comment_ids: Collection[int]) -> dict[int, Comment]:
    """Those of the act's project's comments that have these numbers, by number; locked, in one order."""
    return {one.id: one for one in await act.session.scalars(_LOCKED, {"comments": list(comment_ids)})}


async def find_post(act: Act, post_id: int) -> Post:
    """The post of the act's project. Raises NotFound."""
    post = await act.session.scalar(select(Post).where(Post.id == post_id))
    if post is None:
        raise NotFound(_("There is nothing here, or it is not yours."))
    return post


async def comments_under(act: Act, posts: Iterable[Post]) -> list[Comment]:
    """The comments of these posts, oldest first."""
    asked = select(Comment).where(Comment.post_id.in_([post.id for post in posts])).order_by(Comment.id)
    return list(await act.session.scalars(asked))


async def comments_numbered(act: Act, numbers: Collection[int]) -> list[Comment]:
    """The comments with these numbers."""
    return list((await _by_number(act, Comment, numbers)).values())


async def left_alone(act: Act, posts: Iterable[Post]) -> dict[int, Event]:
    """For posts that no task was asked about: the event that says why, by the post's number."""
    numbers = [post.id for post in posts]
    if not numbers:
        return {}
    asked = select(Event).where(Event.post_id.in_(numbers), Event.kind == "post_left")
    found = await act.session.scalars(asked.order_by(Event.id))
    return {event.post_id: event for event in found if event.post_id is not None}


async def around(
    act: Act, comments: Sequence[Comment], posts: Sequence[Post] = (), *, with_orders: bool = True
) -> Around:
    """What these comments and posts speak of, in one statement for each kind of row. Lists do `with_orders=False`: to
    read the documents of 200 tasks takes longer than to show their names."""
    of_tasks = () if with_orders else (Task.name,)
    known = {post.id: post for post in posts}
    missing = {comment.post_id for comment in comments} - known.keys()
    channels = {comment.channel_id for comment in comments} | {post.channel_id for post in posts}
    all_posts = known | await _by_number(act, Post, missing)
    return Around(
        posts=all_posts,
        channels=await _by_number(act, Channel, channels, *_OF_CHANNELS),
        tasks=await _by_number(act, Task, {comment.task_id for comment in comments}, *of_tasks),
        bots=await _by_number(act, Bot, {comment.bot_id for comment in comments if comment.bot_id}, Bot.username),
        waits=await _waits(act, [(one, all_posts[one.post_id]) for one in comments if one.state in WAITING]),
    )


async def _waits(act: Act, coming: Sequence[tuple[Comment, Post]]) -> dict[int, Standing]:
    talk = await talk_of(act, coming)
    found = {comment.id: standing_of(comment, post, talk, act.now) for comment, post in coming}
    return {number: waits for number, waits in found.items() if waits}


async def names_of(act: Act, events: Iterable[Event | PanelEvent]) -> dict[int, str]:
    """The usernames of the people who did these things."""
    numbers = {event.user_id for event in events if event.user_id is not None}
    if not numbers:
        return {}
    found = await act.session.execute(select(User.id, User.username).where(User.id.in_(numbers)))
    return {row.id: row.username for row in found}


async def names_of_wanted(act: Act, wanted: Wanted) -> list[str]:
    """How the task and the bot are called whose comments are asked for."""
    tasks = await _by_number(act, Task, [wanted.task_id] if wanted.task_id else [], Task.name)
    bots = await _by_number(act, Bot, [wanted.bot_id] if wanted.bot_id else [], Bot.username)
    return [*(f"“{one.name}”" for one in tasks.values()), *(f"@{one.username}" for one in bots.values())]


async def name_of_channel(act: Act, channel_id: int) -> str:
    """How a filter shows this channel; "" where it is not there."""
    channel = (await _by_number(act, Channel, [channel_id], *_OF_CHANNELS)).get(channel_id)
    return f"@{channel.username}" if channel and channel.username else channel.title if channel else ""


async def _by_number[R: Owned](
    act: Act, table: type[R], numbers: Collection[int], *only: InstrumentedAttribute[Any]
) -> dict[int, R]:
    """These rows; with their number and these columns `only`, where some are named."""
    if not numbers:
        return {}
    asked = select(table).where(table.id.in_(numbers))
    named = asked.options(load_only(table.id, *only, raiseload=True)) if only else asked
    return {row.id: row for row in await act.session.scalars(named)}
