"""The page of notices."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from tgac.kit.errors import Invalid
from tgac.kit.tenancy import RIGHTS, Right, require
from tgac.kit.web.deps import ReadAct, RowId, WriteAct
from tgac.kit.web.forms import read_form
from tgac.kit.web.i18n import _, ngettext
from tgac.kit.web.pages import Notice as Told
from tgac.kit.web.pages import go, page
from tgac.kit.web.paging import Page, next_address, paged
from tgac.notices import service
from tgac.notices.forms import PutAside
from tgac.notices.models import Notice

router = APIRouter(prefix="/projects/{project_id}/notices", include_in_schema=False)


@router.get("")
async def show_notices(request: Request, act: ReadAct, asked: Page, past: bool = False) -> HTMLResponse:
    """What is wrong now, or what was."""
    require(act, Right.LOOK)
    rows, following = await paged(
        act, service.past_notices() if past else service.open_notices(), Notice.id, page=asked
    )
    return page(
        request,
        "notices/notices.html",
        notices_shown=[service.shown(row) for row in rows],
        past=past,
        now=act.now,
        may_edit=act.role is not None and Right.EDIT in RIGHTS[act.role],
        root=f"/projects/{act.project_id}",
        next_url=next_address(request, following),
    )


@router.post("/solve")
async def solve_all(request: Request, act: WriteAct) -> Response:
    """Put aside all that the page showed."""
    require(act, Right.EDIT)
    form = await read_form(request, PutAside)
    if form.data is None:
        raise Invalid(form.errors["until"], field="until")
    count = await service.solve_all(act, until=form.data.until)
    return go(
        request,
        f"/projects/{act.project_id}/notices",
        Told(ngettext("%(n)s notice is put aside.", "%(n)s notices are put aside.", count)),
    )


@router.post("/{notice_id}/solve")
async def solve(request: Request, act: WriteAct, notice_id: RowId) -> Response:
    """Put one aside."""
    await service.solve(act, notice_id)
    return go(request, f"/projects/{act.project_id}/notices", Told(_("Put aside.")))
