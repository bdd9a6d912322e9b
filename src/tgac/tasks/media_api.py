"""Files that comments carry, in JSON."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from tgac.kit.tenancy import Right, require
from tgac.kit.web.answers import ok
from tgac.kit.web.deps import PrincipalDep, ReadAct, RowId, ToolsDep, WriteAct
from tgac.kit.web.paging import Page, paged
from tgac.tasks import media
from tgac.tasks.media_models import MediaFile

router = APIRouter(prefix="/api/v1/projects/{project_id}/media", tags=["media"])


@router.get("")
async def list_media(act: ReadAct, page: Page) -> JSONResponse:
    """The project's files, the newest first."""
    require(act, Right.LOOK)
    files, following = await paged(act, media.media_like(page.q), MediaFile.id, page=page)
    users = await media.users_by_media(act)
    return ok({"items": [_described(one, users) for one in files], "next": following})


@router.post("", status_code=201)
async def add_media(
    request: Request, project_id: RowId, tools: ToolsDep, principal: PrincipalDep, as_document: bool = False
) -> JSONResponse:
    """Take in the file of a form (its field `file`); what kind it is, its content says."""
    async with tools.reading(principal, project_id) as act:
        require(act, Right.EDIT)
    name, content = await media.sent_upload(request)
    async with tools.acting(principal, project_id) as act:
        kept = await media.add_media(act, name, content, as_document=as_document)
        told = _described(kept, await media.users_by_media(act))
    return ok(told, status=201)


@router.get("/{media_id}")
async def show_media(act: ReadAct, media_id: RowId) -> JSONResponse:
    """One file."""
    require(act, Right.LOOK)
    return ok(_described(await media.find_media(act, media_id), await media.users_by_media(act)))


@router.get("/{media_id}/content")
async def show_content(act: ReadAct, media_id: RowId) -> Response:
    """The file itself."""
    require(act, Right.LOOK)
    kept = await media.find_media(act, media_id)
    return Response(await media.content_of(act, media_id) or b"", media_type=kept.mime_type)


@router.delete("/{media_id}")
async def remove_media(act: WriteAct, media_id: RowId) -> JSONResponse:
    """Remove it; refused while a task's comments carry it."""
    await media.remove_media(act, media_id)
    return ok()


def _described(kept: MediaFile, users: Mapping[int, list[str]]) -> dict[str, Any]:
    names = ("id", "kind", "name", "mime_type", "size", "width", "height", "sha256", "created_at")
    return {name: getattr(kept, name) for name in names} | {"tasks": users.get(kept.id, [])}
