"""For whoever watches the installation: is it alive, is it ready?"""

from typing import Final

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from sqlalchemy.exc import DBAPIError

from tgac.kit.db.schema import is_at_head
from tgac.kit.queue import store
from tgac.kit.tenancy import EVERYONE
from tgac.kit.web.answers import ok
from tgac.kit.web.deps import ToolsDep
from tgac.version import VERSION

router: Final = APIRouter(tags=["operations"])


@router.get("/healthz")
async def healthz() -> Response:
    """The process answers."""
    return ok({"version": VERSION})


@router.get("/readyz")
async def readyz(tools: ToolsDep) -> Response:
    """The database answers and has the newest schema; else 503."""
    try:
        at_head = await is_at_head(tools.db)
        async with tools.reading(None, EVERYONE) as act:
            jobs = await store.count(act.session)
    except DBAPIError:
        at_head, jobs = False, {}
    data = {"database": at_head, "jobs": jobs}
    return ok(data) if at_head else JSONResponse({"ok": False, "error": {"code": "not_ready", **data}}, 503)
