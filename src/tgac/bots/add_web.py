"""The pages of lists of tokens, and of bots that wait for a person's yes in Telegram."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from tgac.bots import imports, managed
from tgac.bots.forms import BotList, ManagedBot
from tgac.bots.list_web import show_list
from tgac.bots.outcomes import outcome_sentence
from tgac.bots.showing import looking, may_edit
from tgac.kit.errors import AppError
from tgac.kit.tenancy import Right, require
from tgac.kit.web.deps import PrincipalDep, ReadAct, RowId, ToolsDep, WriteAct
from tgac.kit.web.forms import read_form
from tgac.kit.web.i18n import _
from tgac.kit.web.pages import Notice, go, page

router = APIRouter(prefix="/projects/{project_id}/bots", include_in_schema=False)


@router.post("/import")
async def begin_import(request: Request, act: WriteAct) -> Response:
    """Take in a list and show how far it is."""
    form = await read_form(request, BotList)
    status = 422
    if form.data is not None:
        try:
            began = await imports.begin_import(act, form.data.text)
        except AppError as error:
            form.refuse(error)
            status = error.status
        else:
            return go(request, f"/projects/{act.project_id}/bots/imports/{began.id}")
    form.values.clear()  # the list holds tokens: it is not shown again
    return await show_list(request, act, listed=form, status=status)


@router.get("/imports/{import_id}")
async def import_page(request: Request, act: ReadAct, import_id: RowId) -> HTMLResponse:
    """A list, line by line; it asks for itself again until it is done."""
    require(act, Right.LOOK)
    began = await imports.find_import(act, import_id)
    lines = await imports.lines_of(act, import_id)
    return page(
        request,
        "bots/import.html",
        block="progress",
        began=began,
        lines=lines,
        sentence=outcome_sentence,
        done=sum(line.outcome is not None for line in lines),
        added=sum(line.outcome == "added" for line in lines),
        pace_s=imports.PACE.total_seconds(),
        may_edit=may_edit(act),
        root=f"/projects/{act.project_id}/bots",
    )


@router.post("/imports/{import_id}/stop")
async def stop_import(request: Request, act: WriteAct, import_id: RowId) -> Response:
    """Ask for no further line."""
    await imports.stop_import(act, import_id)
    return go(request, f"/projects/{act.project_id}/bots/imports/{import_id}", Notice(_("The list is stopped.")))


@router.post("/managed")
async def request_managed(request: Request, project_id: RowId, tools: ToolsDep, principal: PrincipalDep) -> Response:
    """Ask for a bot, and show the link on which its person says yes."""
    form = await read_form(request, ManagedBot)
    status = 422
    if form.data is not None:
        asked = form.data
        try:
            await managed.request_managed_bot(
                tools, principal, project_id=project_id, name=asked.name, username=asked.username
            )
        except AppError as error:
            form.errors |= error.fields or {error.field or "name": error.message}
            status = error.status
        else:
            return go(request, f"/projects/{project_id}/bots/managed")
    async with looking(request, principal, project_id=project_id) as act:
        return await show_list(request, act, made=form, status=status)


@router.get("/managed")
async def managed_page(request: Request, act: ReadAct) -> HTMLResponse:
    """What the reader has asked for and how it stands; it asks for itself again while something is open."""
    require(act, Right.LOOK)
    rows = await managed.open_requests(act, act.principal.user_id) if act.principal else []
    return page(
        request,
        "bots/managed.html",
        block="waiting",
        rows=[(row, managed.deeplink_of(act.config, row), outcome_sentence(row.outcome)) for row in rows],
        is_open=any(row.outcome is None for row in rows),
        may_edit=may_edit(act),
        root=f"/projects/{act.project_id}/bots",
    )


@router.post("/managed/{request_id}/withdraw")
async def withdraw_managed(request: Request, act: WriteAct, request_id: RowId) -> Response:
    """The reader no longer wants that bot."""
    await managed.withdraw_request(act, request_id)
    return go(request, f"/projects/{act.project_id}/bots/managed")
