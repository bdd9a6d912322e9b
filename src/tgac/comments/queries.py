"""How comments and posts are found, with everything they speak of: as many statements for 200 rows as for 10."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from sqlalchemy import Select, func, select

from tgac.bots.models import Bot
from tgac.channels.models import Channel
from tgac.comments.models import Comment
from tgac.comments.talk import standing_of, talk_of
from tgac.journal.models import Event, PanelEvent
from tgac.kit.act import Act
from tgac.kit.db.base import Owned
from tgac.kit.errors import NotFound
from tgac.kit.web.i18n import _
from tgac.kit.web.paging import matching
from tgac.people.models import User
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
    """The rows that comments and posts speak of, by number. A bot may be gone: what it wrote stays. `waits` says of the
    comments that wait for readers how that stands, by the comment's number."""

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


def posts_like(q: str, channel_id: int | None) -> Select[Post]:
    """Posts whose text contains `q`, of that channel."""
    statement = select(Post) if channel_id is None else select(Post).where(Post.channel_id == channel_id)
    return statement.where(matching(q, Post.text)) if q else statement


async def find_comment(act: Act, comment_id: int, *, locked: bool = False) -> Comment:
    """The comment of the act's project; `locked` until the act ends. Raises NotFound."""
    statement = select(Comment).where(Comment.id == comment_id)
    comment = await act.session.scalar(statement.with_for_update() if locked else statement)
    if comment is None:
        raise NotFound(_("There is nothing here, or it is not yours."))
    return comment


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
    asked = select(Event).where(Event.post_id.in_([post.id for post in posts]), Event.kind == "post_left")
    found = await act.session.scalars(asked.order_by(Event.id))
    return {event.post_id: event for event in found if event.post_id is not None}


async def around(act: Act, comments: Sequence[Comment], posts: Sequence[Post] = ()) -> Around:
    """What these comments and posts speak of, in one statement for each kind of row."""
    known = {post.id: post for post in posts}
    missing = {comment.post_id for comment in comments} - known.keys()
    channels = {comment.channel_id for comment in comments} | {post.channel_id for post in posts}
    all_posts = known | await _by_number(act, Post, missing)
    return Around(
        posts=all_posts,
        channels=await _by_number(act, Channel, channels),
        tasks=await _by_number(act, Task, {comment.task_id for comment in comments}),
        bots=await _by_number(act, Bot, {comment.bot_id for comment in comments if comment.bot_id}),
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


async def channels_to_choose(act: Act, chosen: int | None) -> list[Channel]:
    """Channels for a filter: 200 by title, and the one that is chosen."""
    first = list(await act.session.scalars(select(Channel).order_by(Channel.title, Channel.id).limit(200)))
    known = {channel.id for channel in first}
    more = await _by_number(act, Channel, {chosen} - known) if chosen is not None else {}
    return [*first, *more.values()]


async def _by_number[R: Owned](act: Act, table: type[R], numbers: Collection[int]) -> dict[int, R]:
    if not numbers:
        return {}
    found = await act.session.scalars(select(table).where(table.id.in_(numbers)))
    return {row.id: row for row in found}
