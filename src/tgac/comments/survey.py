"""What the planner reads: everything that some posts of a project depend on, in as many statements for 100 as for 1."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, select

from tgac.bots.models import Bot
from tgac.channels.models import Channel
from tgac.comments.models import Comment
from tgac.kit.act import Act
from tgac.people.models import Project
from tgac.posts.models import Post
from tgac.settings.service import Holding, holding_here
from tgac.tasks.config import Preset
from tgac.tasks.models import Task
from tgac.tasks.presets import presets_for
from tgac.tasks.queries import bots_by_place, tasks_for_channels

STANDING = ("planned", "awaiting_approval", "sending", "sent", "unknown")
"""The states in which a comment takes a place under its post."""

_POSTS: Final = (
    select(Post, Channel, Project)
    .join(Channel, Channel.id == Post.channel_id)
    .join(Project, Project.id == Post.project_id)
    .where(Post.id.in_(bindparam("posts")))
    .order_by(Post.id)
)
_UNDER: Final = select(Comment).where(Comment.post_id.in_(bindparam("posts"))).order_by(Comment.id)
_NEWEST: Final = (
    select(Comment.text)
    .where(Comment.channel_id == Channel.id, Comment.state.in_(STANDING))
    .order_by(Comment.id.desc())
    .limit(1)
    .correlate(Channel)
    .scalar_subquery()
)
_LAST_TEXTS: Final = select(Channel.id, _NEWEST.label("newest")).where(Channel.id.in_(bindparam("channels")))


@dataclass
class Survey:
    """Rows by number. `comments` grows while the planner decides; so does `last_text`, the newest text of a channel."""

    project: Project
    holding: Holding
    presets: dict[str, Preset]
    posts: dict[int, Post]
    channels: dict[int, Channel]
    tasks: dict[int, list[Task]]
    bots: dict[tuple[int, int], list[Bot]]
    comments: dict[int, list[Comment]]
    last_text: dict[int, str | None]

    def known(self, task: Task, post: Post, n: int) -> Comment | None:
        """What was decided before, for a task's `n`th comment under a post."""
        under = self.comments[post.id]
        return next((one for one in under if one.task_id == task.id and one.n == n), None)

    def taken(self, post: Post) -> int:
        """How many comments of the project stand, or will stand, under a post."""
        return sum(one.state in STANDING for one in self.comments[post.id])

    def written(self, comment: Comment) -> None:
        """Count in what was just decided."""
        under = self.comments[comment.post_id]
        if comment not in under:
            under.append(comment)
        if comment.state in STANDING:
            self.last_text[comment.channel_id] = comment.text


async def survey(act: Act, post_ids: Sequence[int]) -> Survey:
    """Look at these posts of the act's project; those that are gone are not among the answer's."""
    rows = list(await act.session.execute(_POSTS, {"posts": post_ids}))
    posts, channels = {row.Post.id: row.Post for row in rows}, {row.Channel.id: row.Channel for row in rows}
    channel_ids = channels.keys()
    tasks = await tasks_for_channels(act, channel_ids)
    task_ids = {task.id for ordered in tasks.values() for task in ordered}
    return Survey(
        project=rows[0].Project if rows else await act.session.get_one(Project, act.project_id),
        holding=await holding_here(act),
        presets=await presets_for(act, [task.config for ordered in tasks.values() for task in ordered]),
        posts=posts,
        channels=channels,
        tasks=tasks,
        bots=await bots_by_place(act, task_ids, channel_ids),
        comments=await _under(act, posts),
        last_text=await _last_texts(act, channel_ids),
    )


async def _under(act: Act, post_ids: Iterable[int]) -> dict[int, list[Comment]]:
    under: dict[int, list[Comment]] = {post_id: [] for post_id in post_ids}
    for comment in await act.session.scalars(_UNDER, {"posts": list(under)}):
        under[comment.post_id].append(comment)
    return under


async def _last_texts(act: Act, channel_ids: Collection[int]) -> dict[int, str | None]:
    return {row.id: row.newest for row in await act.session.execute(_LAST_TEXTS, {"channels": list(channel_ids)})}
