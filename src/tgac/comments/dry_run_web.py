"""The page on which a task is tried on posts, and the line that a task's page shows of it."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import FormData

from tgac.bots.showing import looking
from tgac.comments.dry_run_api import as_csv, read_what, sent_export
from tgac.comments.dry_run_service import MOST, Asked, PastedPost, Tryout, try_export, try_posts
from tgac.comments.dry_run_views import (
    busiest_day,
    busiest_hour,
    line_views,
    llm_cost,
    manners,
    reason_counts,
    unknowns,
)
from tgac.kit.act import Act
from tgac.kit.errors import AppError, Invalid
from tgac.kit.tenancy import Principal, Right, require
from tgac.kit.tools import Tools
from tgac.kit.web.deps import MAX_ID, PrincipalDep, ReadAct, RowId, ToolsDep
from tgac.kit.web.forms import CSRF_FIELD, Filled, blank
from tgac.kit.web.i18n import _
from tgac.kit.web.pages import fragment, page
from tgac.tasks.models import Task
from tgac.tasks.queries import find_task, tasks_like

router = APIRouter(prefix="/projects/{project_id}/dry-run", include_in_schema=False)

SHOWN: Final = 200
"""Lines that the page shows; the rest are counted, and stand in the table that is taken away."""
OFFERED: Final = 200
"""Tasks to choose from, by name; the page of any other one leads here with it chosen."""
ON_A_LINE: Final = 20
"""Posts that a task's page looks at."""
TaskId = Annotated[int | None, Query(ge=1, le=MAX_ID)]


@router.get("")
async def dry_run_page(request: Request, act: ReadAct, task_id: TaskId = None) -> HTMLResponse:
    """The form: which task, which posts."""
    require(act, Right.LOOK)
    return await _page(request, act, form=blank(task_id=task_id, source="last", last=20))


@router.post("")
async def try_task(request: Request, project_id: RowId, tools: ToolsDep, principal: PrincipalDep) -> Response:
    """Try it and show what came of it; or the table of it. What is wrong stands beside its field."""
    async with tools.reading(principal, project_id) as act:
        require(act, Right.LOOK)
    async with request.form(max_files=1, max_fields=20) as sent:
        values = {name: one for name, one in sent.multi_items() if isinstance(one, str) and name != CSRF_FIELD}
        form, tryout, status = Filled[Any](values=values), None, 200
        wants_table = values.get("do") == "csv"
        try:
            tryout = await _try(tools, principal, sent, project_id=project_id, keep=None if wants_table else SHOWN)
        except AppError as error:
            form.refuse(error)
            status = error.status
    if tryout and wants_table:
        return as_csv(tryout)
    async with looking(request, principal, project_id=project_id) as act:
        return await _page(request, act, form=form, tryout=tryout, status=status)


@router.get("/line/{task_id}")
async def dry_run_line(request: Request, act: ReadAct, task_id: RowId) -> HTMLResponse:
    """One sentence for a task's page: what would become of its last posts."""
    require(act, Right.LOOK)
    tryout = await try_posts(act, Asked(task_id=task_id, last=ON_A_LINE), keep=1)
    return fragment(request, "comments/dry_run.html", "line", tryout=tryout, **_figures(tryout))


async def _try(tools: Tools, principal: Principal, sent: FormData, *, project_id: int, keep: int | None) -> Tryout:
    what, source = read_what(sent), str(sent.get("source", "last"))
    if source == "file":
        file = sent_export(sent).file
        return await try_export(tools, principal, what, project_id=project_id, file=file, keep=keep)
    asked = Asked(task_id=what.task_id, config=what.config, channel_id=what.channel_id)
    asked = asked.model_copy(update=_posts(sent) if source == "text" else {"last": _last(sent)})
    async with tools.reading(principal, project_id) as act:
        return await try_posts(act, asked, keep=keep)


def _posts(sent: FormData) -> dict[str, list[PastedPost]]:
    text = str(sent.get("text", "")).replace("\r\n", "\n").strip()
    if not text:
        raise Invalid(_("Paste the text of a post."), field="text")
    if len(text) > 4096:
        raise Invalid(_("A post has at most %(n)s characters.", n=4096), field="text")
    return {"posts": [PastedPost(text=text)]}


def _last(sent: FormData) -> int:
    typed = str(sent.get("last", "")).strip()
    if not (typed.isascii() and typed.isdecimal() and len(typed) < 6 and 1 <= int(typed) <= MOST):
        raise Invalid(_("Write a number from 1 to %(n)s.", n=MOST), field="last")
    return int(typed)


async def _page(
    request: Request, act: Act, *, form: Filled[Any], tryout: Tryout | None = None, status: int = 200
) -> HTMLResponse:
    found = list(await act.session.scalars(tasks_like().order_by(Task.name).limit(OFFERED + 1)))
    tasks, chosen = found[:OFFERED], form.values.get("task_id", "")
    if chosen.isdecimal() and all(str(one.id) != chosen for one in tasks) and status == 200:
        tasks.append(tryout.subject.task if tryout and tryout.subject.task else await find_task(act, int(chosen)))
    return page(
        request,
        "comments/dry_run.html",
        status=status,
        form=form,
        tasks=[(one.id, one.name) for one in tasks],
        is_cut=len(found) > OFFERED,
        root=f"/projects/{act.project_id}",
        tryout=tryout,
        lines=line_views(tryout, SHOWN) if tryout else [],
        llm=llm_cost(tryout) if tryout else None,
        manners=manners(tryout) if tryout else [],
        unknowns=unknowns(tryout) if tryout else [],
        **(_figures(tryout) if tryout else {}),
    )


def _figures(tryout: Tryout) -> dict[str, Any]:
    totals, zone = tryout.run.totals, tryout.subject.zone
    shown = len({(line.channel.id, line.post.id) for line in tryout.run.lines[:SHOWN]})
    return {
        "totals": totals,
        "zone": zone,
        "reasons": reason_counts(totals, zone),
        "busiest_hour": busiest_hour(totals),
        "busiest_day": busiest_day(totals),
        "days": sorted(totals.days.items(), reverse=True)[:14],
        "more": totals.posts - shown,
    }
