"""Dry runs in JSON."""

import json
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import ValidationError
from starlette.datastructures import FormData, UploadFile

from tgac.comments.dry_run_service import Asked, Tryout, What, try_export, try_posts
from tgac.comments.dry_run_views import tryout_csv, tryout_json
from tgac.kit.errors import Invalid
from tgac.kit.tenancy import Right, require
from tgac.kit.web.answers import ok
from tgac.kit.web.deps import PrincipalDep, ReadAct, RowId, ToolsDep
from tgac.kit.web.forms import field_errors
from tgac.kit.web.i18n import _
from tgac.kit.web.plain_body import require_plain_body

router = APIRouter(prefix="/api/v1/projects/{project_id}/dry-run", tags=["dry run"])
SHOWN = 200
"""Lines of a file's posts that an answer lists; the figures count all. The table (`?csv=1`) has them all."""
AsTable = Annotated[bool, Query(alias="csv")]


@router.post("")
async def dry_run(act: ReadAct, body: Asked, as_table: AsTable = False) -> Response:
    """What a task (or a document) would have done with the last posts of its channels, or with posts that are sent."""
    tryout = await try_posts(act, body, keep=None)
    return as_csv(tryout) if as_table else ok(tryout_json(tryout))


@router.post("/import")
async def dry_run_on_export(
    request: Request, project_id: RowId, tools: ToolsDep, principal: PrincipalDep, as_table: AsTable = False
) -> Response:
    """The same with the posts of a channel's export from Telegram Desktop; they are stored nowhere."""
    async with tools.reading(principal, project_id) as act:
        require(act, Right.LOOK)
    async with request.form(max_files=1, max_fields=20) as form:
        what, file = read_what(form), sent_export(form)
        keep = None if as_table else SHOWN
        tryout = await try_export(tools, principal, what, project_id=project_id, file=file.file, keep=keep)
    return as_csv(tryout) if as_table else ok(tryout_json(tryout))


def as_csv(tryout: Tryout) -> Response:
    """The lines as a table to take away."""
    headers = {"Content-Disposition": 'attachment; filename="dry-run.csv"'}
    return Response(tryout_csv(tryout), media_type="text/csv; charset=utf-8", headers=headers)


def read_what(form: FormData) -> What:
    """What a form says is tried; `config` is JSON there. Raises Invalid."""
    values = {name: value for name, value in form.multi_items() if isinstance(value, str) and value.strip()}
    try:
        given: dict[str, Any] = {name: values[name] for name in ("task_id", "channel_id") if name in values}
        return What.model_validate(given | ({"config": _document(values["config"])} if "config" in values else {}))
    except ValidationError as error:
        fields = {name or "task_id": words for name, words in field_errors(error).items()}
        raise Invalid(next(iter(fields.values())), fields=fields) from None


def sent_export(form: FormData) -> UploadFile:
    """The file of a form. Raises Invalid (field `file`)."""
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.size:
        raise Invalid(_("Choose a file."), field="file")
    return file


def _document(text: str) -> Any:
    try:
        require_plain_body("application/json", text.encode())
    except Invalid:
        raise Invalid(_("This is not JSON."), field="config") from None
    return json.loads(text)
