"""For whoever watches the installation: is it alive, is it ready?"""

from datetime import timedelta
from typing import Final

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from sqlalchemy import func, select

from tgac.bots.models import Bot
from tgac.journal.models import Event
from tgac.kit.db.schema import holds_rows, is_at_head
from tgac.kit.db.session import DatabaseAway
from tgac.kit.queue import store
from tgac.kit.tenancy import EVERYONE
from tgac.kit.web.answers import ok
from tgac.kit.web.deps import AdminRead, PrincipalDep, ToolsDep
from tgac.panel.service import FAILURES
from tgac.version import VERSION

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
    async with tools.reading(principal, EVERYONE) as act:
        bots = (await act.session.execute(select(Bot.status, func.count(Bot.id)).group_by(Bot.status))).all()
        since = act.now - timedelta(days=1)
        failed = select(func.count(Event.id)).where(Event.at >= since, Event.kind.in_(FAILURES))
        data = {
            "version": VERSION,
            "database": act.session.get_bind().dialect.name,
            "jobs": await store.count(act.session),
            "bots": {one[0]: one[1] for one in bots},
            "errors_last_day": (await act.session.scalars(failed)).one(),
        }
    return ok(data)
