"""For whoever watches the installation: is it alive, is it ready, how is it?"""

from datetime import timedelta
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from sqlalchemy import func, select

from tgac.bots.models import Bot
from tgac.bots.showing import STANDINGS
from tgac.bots.status import standing_in_sql
from tgac.journal.models import Event
from tgac.kit.act import Act
from tgac.kit.db.schema import holds_rows, is_at_head
from tgac.kit.db.session import DatabaseAway
from tgac.kit.queue import store
from tgac.kit.queue.jobs import Lane
from tgac.kit.tenancy import EVERYONE, Principal
from tgac.kit.tools import Tools
from tgac.kit.web.answers import ok
from tgac.kit.web.deps import AdminRead, PrincipalDep, ToolsDep
from tgac.kit.web.i18n import N_
from tgac.kit.web.pages import page
from tgac.panel.service import FAILURES
from tgac.people.models import Project, User
from tgac.version import VERSION

LATE_S: Final = 60
"""A job that is due for so long says that no worker comes."""
JOBS: Final = {
    "open": N_("Waiting for their time"),
    "running": N_("Under way"),
    "failed": N_("Failed"),
    "cancelled": N_("Dropped"),
}
"""What pages call the states of jobs."""

router: Final = APIRouter(tags=["operations"])


@router.get("/healthz")
async def healthz() -> Response:
    """The process answers."""
    return ok({"version": VERSION})


@router.get("/readyz")
async def readyz(tools: ToolsDep) -> Response:
    """The database answers and has the newest schema; else 503. `row_security`: whether Postgres holds our role."""
    try:
        at_head, held = await is_at_head(tools.db), await holds_rows(tools.db)
        async with tools.reading(None, EVERYONE) as act:
            jobs = await store.count(act.session)
    except DatabaseAway:
        at_head, held, jobs = False, None, {}
    data = {"database": at_head, "row_security": held, "jobs": jobs}
    return ok(data) if at_head else JSONResponse({"ok": False, "error": {"code": "not_ready", **data}}, 503)


@router.get("/api/v1/admin/status", tags=["admin"])
async def status(_admin: AdminRead, tools: ToolsDep, principal: PrincipalDep) -> Response:
    """The installation in figures, over all projects: admins see how much there is, never what it is."""
    return ok(await figures_of(tools, principal))


@router.get("/admin/status", include_in_schema=False)
async def status_page(request: Request, _admin: AdminRead, tools: ToolsDep, principal: PrincipalDep) -> HTMLResponse:
    """The same as a page that renews itself."""
    figures = await figures_of(tools, principal)
    shown = {"jobs": JOBS, "standings": STANDINGS, "late_s": LATE_S}
    return page(request, "panel/status.html", block="state", told=figures, shown=shown)


async def figures_of(tools: Tools, principal: Principal) -> dict[str, Any]:
    """`late_s`: seconds that the oldest job that is due has waited; `schema` and `row_security` as readyz tells."""
    schema, held = await is_at_head(tools.db), await holds_rows(tools.db)
    async with tools.reading(principal, EVERYONE) as act:
        every = select(Bot.id, standing_in_sql(act.now).label("standing")).subquery()
        bots = await act.session.execute(select(every.c.standing, func.count()).group_by(every.c.standing))
        since = act.now - timedelta(days=1)
        failed = select(func.count(Event.id)).where(Event.at >= since, Event.kind.in_(FAILURES))
        return {
            "version": VERSION,
            "database": act.session.get_bind().dialect.name,
            "schema": schema,
            "row_security": held,
            "users": (await act.session.scalars(select(func.count(User.id)))).one(),
            "projects": (await act.session.scalars(select(func.count(Project.id)))).one(),
            "jobs": await store.count(act.session),
            "late_s": await _late_s(act),
            "bots": {one[0]: one[1] for one in bots},
            "errors_last_day": (await act.session.scalars(failed)).one(),
        }


async def _late_s(act: Act) -> int:
    due = await store.next_moment(act.session, list(Lane))
    return max(0, int((act.now - due).total_seconds())) if due else 0
