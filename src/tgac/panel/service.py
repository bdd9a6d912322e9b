"""What a project looks like at this moment: figures, what comes next, and the first steps that are still to be made."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, tzinfo
from typing import Any, Final

from sqlalchemy import Select, func, select

from tgac.bots.models import Bot
from tgac.channels.models import Channel, ChannelState
from tgac.comments.models import Comment
from tgac.comments.queries import WAITING
from tgac.comments.showing import shown_comments, shown_posts
from tgac.comments.views import CommentView, PostView
from tgac.journal.models import Event
from tgac.kit.act import Act
from tgac.kit.web.i18n import _
from tgac.posts.models import Post
from tgac.tasks.models import Task

FAILURES: Final = ("comment_rejected", "comment_unknown", "comment_gone", "bot_refused", "channel_suspended")
"""The events that count as errors."""


@dataclass(frozen=True, slots=True)
class Summary:
    """The project in figures. "Today" is the day in the project's time zone; `waiting`: comments to come."""

    bots: int
    channels: int
    comments_today: int
    posts_today: int
    waiting: int
    unknown: int
    errors_today: int


@dataclass(frozen=True, slots=True)
class Step:
    """One of the first steps: `hint` says how, `href` leads there ("" where there is nothing to be done but wait)."""

    title: str
    hint: str
    label: str
    href: str
    done: bool


async def summary(act: Act, zone: tzinfo) -> Summary:
    """All figures, in one statement."""
    today = start_of_day(act.now, zone)
    figures = (
        select(func.count(Bot.id)),
        select(func.count(Channel.id)).where(Channel.state != ChannelState.ARCHIVED),
        select(func.count(Comment.id)).where(Comment.sent_at >= today),
        select(func.count(Post.id)).where(Post.published_at >= today),
        select(func.count(Comment.id)).where(Comment.state.in_(WAITING)),
        select(func.count(Comment.id)).where(Comment.state == "unknown"),
        select(func.count(Event.id)).where(Event.at >= today, Event.kind.in_(FAILURES)),
    )
    return Summary(*await _asked(act, figures))


def start_of_day(now: datetime, zone: tzinfo) -> datetime:
    """When the day began on the wall of `zone` (UTC)."""
    return datetime.combine(now.astimezone(zone).date(), time(), tzinfo=zone).astimezone(UTC)


async def first_steps(act: Act) -> list[Step]:
    """The way to the first comment, from the real state; empty once it is done."""
    bots, channels, tasks, comments = await _asked(
        act,
        (
            select(func.count(Bot.id)),
            select(func.count(Channel.id)).where(Channel.state == ChannelState.ACTIVE),
            select(func.count(Task.id)).where(Task.status == "ON"),
            select(select(Comment.id).where(Comment.sent_at.is_not(None)).exists()),
        ),
    )
    root = f"/projects/{act.project_id}"
    steps = [
        Step(_("Add a bot"), _("Make one with @BotFather and paste its token."), _("Add"), f"{root}/bots", bool(bots)),
        Step(
            _("Set up your channels"),
            _("The bot becomes an admin of each channel and of its discussion group."),
            _("Set up"),
            f"{root}/onboarding",
            bool(channels),
        ),
        Step(
            _("Make a task and switch it on"),
            _("It says what is written under new posts, and when."),
            _("Make"),
            f"{root}/tasks",
            bool(tasks),
        ),
        Step(_("See the first comment"), _("It comes by itself under the next post."), "", "", bool(comments)),
    ]
    return [] if all(step.done for step in steps) else steps


async def next_due(act: Act, limit: int) -> list[CommentView]:
    """The comments that go out next, the soonest first."""
    asked = select(Comment).where(Comment.state == "planned").order_by(Comment.send_at, Comment.id).limit(limit)
    return await shown_comments(act, list(await act.session.scalars(asked)))


async def latest_posts(act: Act, limit: int) -> list[PostView]:
    """The newest posts with their outcomes."""
    asked = select(Post).order_by(Post.id.desc()).limit(limit)
    return await shown_posts(act, list(await act.session.scalars(asked)))


async def _asked(act: Act, figures: Sequence[Select[Any]]) -> tuple[int, ...]:
    row = await act.session.execute(select(*(figure.scalar_subquery() for figure in figures)))
    return tuple(row.one())
