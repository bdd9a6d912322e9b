"""Rows read from the database become what pages and programs are shown."""

from collections.abc import Sequence
from datetime import tzinfo

from tgac.comments.models import Comment
from tgac.comments.queries import around, comments_under, left_alone, names_of
from tgac.comments.views import (
    CommentView,
    Moment,
    PostView,
    comment_view,
    moment_of,
    post_view,
    published,
    why_none,
)
from tgac.journal.models import Event
from tgac.journal.service import of_post
from tgac.kit.act import Act
from tgac.kit.web.i18n import zone_of
from tgac.kit.web.paging import Paging, paged
from tgac.people.queries import the_project
from tgac.posts.models import Post


async def zone_here(act: Act) -> tzinfo:
    """The time zone of the act's project."""
    return zone_of((await the_project(act)).time_zone)


async def shown_comments(act: Act, comments: Sequence[Comment], *, with_orders: bool = True) -> list[CommentView]:
    """These comments with what they speak of; of tasks the names alone where it is not `with_orders`."""
    zone, rows = await zone_here(act), await around(act, comments, with_orders=with_orders)
    return [comment_view(act.config.telegram_link_base, comment, rows, zone=zone) for comment in comments]


async def shown_posts(act: Act, posts: Sequence[Post], *, with_orders: bool = True) -> list[PostView]:
    """These posts with their comments, or why there are none; `with_orders` as for comments."""
    comments = await comments_under(act, posts)
    left = await left_alone(act, posts)
    zone, rows = await zone_here(act), await around(act, comments, posts, with_orders=with_orders)
    base = act.config.telegram_link_base
    under: dict[int, list[CommentView]] = {post.id: [] for post in posts}
    for comment in comments:
        under[comment.post_id].append(comment_view(base, comment, rows, zone=zone))
    notes = {post.id: "" if under[post.id] else why_none(post, left.get(post.id), act.now) for post in posts}
    return [
        post_view(base, post, rows.channels[post.channel_id], comments=under[post.id], note=notes[post.id])
        for post in posts
    ]


async def timeline(act: Act, post: PostView, page: Paging) -> tuple[list[Moment], int | None]:
    """What happened to a post, oldest first: the newest steps, and the cursor of those before them.

    Where there are none before, its publication stands first.
    """
    events, earlier = await paged(act, of_post(post.row.id), Event.id, page=page)
    moments = await told(act, sorted(events, key=lambda event: (event.at, event.id)), post.comments)
    return moments if earlier else [published(post.row), *moments], earlier


async def told(act: Act, events: Sequence[Event], comments: Sequence[CommentView]) -> list[Moment]:
    """These events as lines; where their comments are among `comments`, with the values of the decision."""
    zone, names = await zone_here(act), await names_of(act, events)
    known = {comment.row.id: comment for comment in comments}
    moments = []
    for event in events:
        comment = known.get(event.comment_id or 0)
        decision, task = (comment.row.decision, comment.task.name) if comment else ({}, "")
        person = names.get(event.user_id or 0, "")
        moments.append(moment_of(event, decision=decision, zone=zone, task=task, person=person))
    return moments
