"""What became of a task's posts: comments by state, bot, channel, variant and day."""

from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import pairwise
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse
from sqlalchemy import func, select

from tgac.bots.models import Bot
from tgac.channels.models import Channel
from tgac.comments.models import Comment
from tgac.comments.showing import zone_here
from tgac.comments.views import STATES
from tgac.kit.act import Act
from tgac.kit.tenancy import Right, require
from tgac.kit.web.answers import ok
from tgac.kit.web.deps import ReadAct, RowId
from tgac.kit.web.i18n import _
from tgac.kit.web.pages import page
from tgac.tasks.queries import find_task

router: Final = APIRouter()

MOST: Final = 50
"""Of bots and channels those with the most comments, at most so many."""
Days = Annotated[int, Query(ge=1, le=90)]


@dataclass(frozen=True, slots=True)
class Part:
    """The comments of one bot, channel or variant; `id` is None for a variant, `name` "" for what is gone."""

    id: int | None
    name: str
    total: int
    sent: int


@dataclass(frozen=True, slots=True)
class Day:
    """The comments that were planned or skipped on a day of the project's zone, and those of them that were sent."""

    day: date
    total: int
    sent: int


@dataclass(frozen=True, slots=True)
class Stats:
    """All figures of a task."""

    total: int
    by_state: dict[str, int]
    by_bot: list[Part]
    by_channel: list[Part]
    by_variant: list[Part]
    days: list[Day]


@router.get("/api/v1/projects/{project_id}/tasks/{task_id}/stats", tags=["tasks"])
async def show_stats(act: ReadAct, task_id: RowId, days: Days = 14) -> JSONResponse:
    """The task's comments by state, bot, channel, variant and day."""
    require(act, Right.LOOK)
    await find_task(act, task_id)
    return ok(asdict(await stats_of(act, task_id, days=days, zone=await zone_here(act))))


@router.get("/projects/{project_id}/tasks/{task_id}/stats", include_in_schema=False)
async def stats_page(request: Request, act: ReadAct, task_id: RowId, days: Days = 14) -> HTMLResponse:
    """The same as a page; its figures stand on the task's page too."""
    require(act, Right.LOOK)
    task = await find_task(act, task_id)
    stats = await stats_of(act, task_id, days=days, zone=await zone_here(act))
    return page(
        request,
        "panel/task_stats.html",
        block="figures",
        task=task,
        stats=stats,
        states=[
            (state, _(look.word), stats.by_state[state]) for state, look in STATES.items() if state in stats.by_state
        ],
        most=max((day.total for day in stats.days), default=0),
        root=f"/projects/{act.project_id}",
    )


async def stats_of(act: Act, task_id: int, *, days: int, zone: tzinfo) -> Stats:
    """The figures of a task's comments; as many statements however many there are."""
    own = Comment.task_id == task_id
    by_state = {
        row[0]: row[1]
        for row in await act.session.execute(
            select(Comment.state, func.count(Comment.id)).where(own).group_by(Comment.state)
        )
    }
    bots, channels = await _parts(act, own, Comment.bot_id), await _parts(act, own, Comment.channel_id)
    variants = await _parts(act, own, Comment.decision["variant"].as_string())
    usernames = await _names(act, Bot.id, Bot.username, bots)
    titles = await _names(act, Channel.id, Channel.title, channels)
    return Stats(
        total=sum(by_state.values()),
        by_state=by_state,
        by_bot=[Part(one, usernames.get(one, ""), total, sent) for one, total, sent in bots if one],
        by_channel=[Part(one, titles.get(one, ""), total, sent) for one, total, sent in channels],
        by_variant=[Part(None, one, total, sent) for one, total, sent in variants if one],
        days=await _days(act, own, days, zone),
    )


async def _parts(act: Act, own: Any, key: Any) -> list[tuple[Any, int, int]]:
    """Value, comments, sent comments: the values with the most comments first."""
    total, sent = func.count(Comment.id), func.count(Comment.sent_at)
    asked = select(key, total, sent).where(own).group_by(key).order_by(total.desc(), key).limit(MOST)
    return [(row[0], row[1], row[2]) for row in await act.session.execute(asked)]


async def _names(act: Act, number: Any, name: Any, parts: list[tuple[Any, int, int]]) -> dict[int, str]:
    wanted = [one for one, _total, _sent in parts if one]
    return {row[0]: row[1] for row in await act.session.execute(select(number, name).where(number.in_(wanted)))}


async def _days(act: Act, own: Any, count: int, zone: tzinfo) -> list[Day]:
    """The last days, today's last. A day begins at midnight on the wall of `zone`, so it may have 23 or 25 hours."""
    today = act.now.astimezone(zone).date()
    days = [today - timedelta(days=back) for back in range(count - 1, -1, -1)]
    edges = [datetime.combine(day, time(), tzinfo=zone).astimezone(UTC) for day in [*days, today + timedelta(days=1)]]
    figures = []
    for begin, end in pairwise(edges):
        inside = (Comment.created_at >= begin) & (Comment.created_at < end)
        figures += [func.count(Comment.id).filter(inside), func.count(Comment.sent_at).filter(inside)]
    row = (await act.session.execute(select(*figures).where(own, Comment.created_at >= edges[0]))).one()
    return [Day(day, row[2 * index], row[2 * index + 1]) for index, day in enumerate(days)]
