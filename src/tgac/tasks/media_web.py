"""The page of files that comments carry, and the files themselves."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from tgac.kit.act import Act
from tgac.kit.errors import AppError, Invalid
from tgac.kit.tenancy import RIGHTS, Right, require
from tgac.kit.web.deps import PrincipalDep, ReadAct, RowId, ToolsDep
from tgac.kit.web.forms import Filled, blank
from tgac.kit.web.i18n import N_, _
from tgac.kit.web.pages import Notice, go, page
from tgac.kit.web.paging import Page, Paging, next_address, paged
from tgac.tasks import media
from tgac.tasks.media_models import MediaFile

router = APIRouter(prefix="/projects/{project_id}/media", include_in_schema=False)
KIND_WORDS = {"photo": N_("Photo"), "animation": N_("Animation"), "document": N_("Document")}


@router.get("")
async def list_page(request: Request, act: ReadAct, asked: Page) -> HTMLResponse:
    """The project's files, and the form that takes one in."""
    require(act, Right.LOOK)
    return await _list_page(request, act, blank(), asked=asked)


@router.post("")
async def add(request: Request, project_id: RowId, tools: ToolsDep, principal: PrincipalDep) -> Response:
    """Take a file in."""
    async with tools.reading(principal, project_id) as act:
        require(act, Right.EDIT)
    form: Filled[Any] = blank()
    try:
        name, content = await media.sent_upload(request)
        as_document = request.query_params.get("as_document") == "true"
        async with tools.acting(principal, project_id) as act:
            await media.add_media(act, name, content, as_document=as_document)
        return go(request, f"/projects/{project_id}/media", Notice(_("Saved.")))
    except Invalid as error:
        form.refuse(error)
    async with tools.reading(principal, project_id) as act:
        await request.app.state.dress(request, act, principal)
        return await _list_page(request, act, form, status=422)


@router.post("/{media_id}/delete")
async def remove(
    request: Request, project_id: RowId, media_id: RowId, tools: ToolsDep, principal: PrincipalDep
) -> Response:
    """Remove it; what carries it is told."""
    try:
        async with tools.acting(principal, project_id) as act:
            await media.remove_media(act, media_id)
        notice = Notice(_("Removed."))
    except AppError as error:
        if error.code != "media_used":
            raise
        notice = Notice(error.message, "warn")
    return go(request, f"/projects/{project_id}/media", notice)


@router.get("/{media_id}")
async def show_file(act: ReadAct, media_id: RowId) -> Response:
    """The file itself: a picture is shown, anything else is saved."""
    require(act, Right.LOOK)
    kept = await media.find_media(act, media_id)
    shown = "inline" if kept.mime_type.startswith("image/") else f'attachment; filename="file-{kept.id}"'
    headers = {"Content-Disposition": shown}
    return Response(await media.content_of(act, media_id) or b"", media_type=kept.mime_type, headers=headers)


async def _list_page(
    request: Request, act: Act, form: Filled[Any], *, asked: Paging | None = None, status: int = 200
) -> HTMLResponse:
    asked = asked or Paging()
    files, following = await paged(act, media.media_like(asked.q), MediaFile.id, page=asked)
    return page(
        request,
        "media/list.html",
        status=status,
        form=form,
        asked=asked,
        files=files,
        next_url=next_address(request, following),
        users=await media.users_by_media(act),
        used=await media.room_used(act) / 1024**2,
        room=act.config.media_quota_mb,
        words={kind: _(word) for kind, word in KIND_WORDS.items()},
        root=f"/projects/{act.project_id}/media",
        may_edit=act.role is not None and Right.EDIT in RIGHTS[act.role],
    )
