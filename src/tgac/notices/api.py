"""Notices in JSON."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tgac.kit.tenancy import Right, require
from tgac.kit.web.answers import ok
from tgac.kit.web.deps import ReadAct, RowId, WriteAct
from tgac.kit.web.paging import Page, paged
from tgac.notices import service
from tgac.notices.models import Notice

router = APIRouter(prefix="/api/v1/projects/{project_id}/notices", tags=["notices"])


@router.get("")
async def list_notices(act: ReadAct, page: Page, past: bool = False) -> JSONResponse:
    """What is wrong in the project, newest first; with `past=true` what was wrong, or was put aside."""
    require(act, Right.LOOK)
    asked = service.past_notices() if past else service.open_notices()
    rows, following = await paged(act, asked, Notice.id, page=page)
    return ok({"items": [_json(row) for row in rows], "next": following})


@router.post("/{notice_id}/solve")
async def solve_notice(act: WriteAct, notice_id: RowId) -> JSONResponse:
    """Put it aside: it comes back only when its cause was gone and is there again."""
    return ok(_json(await service.solve(act, notice_id)))


def _json(row: Notice) -> dict[str, Any]:
    one = service.shown(row)
    plain = ("id", "kind", "subject_id", "at", "ended_at", "solved_at", "solved_by")
    told = {"title": one.title, "hint": one.hint, "is_critical": one.critical}
    return {name: getattr(row, name) for name in plain} | told
