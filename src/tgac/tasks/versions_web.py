"""The page of a task's versions."""

import json
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from tgac.kit.errors import AppError
from tgac.kit.tenancy import Right, require
from tgac.kit.web.deps import PrincipalDep, ReadAct, RowId, ToolsDep
from tgac.kit.web.i18n import _
from tgac.kit.web.pages import Notice, go, page
from tgac.kit.web.paging import Page, next_address, paged
from tgac.tasks.models import TaskVersion
from tgac.tasks.queries import find_task
from tgac.tasks.versions import authors_of, differences, find_version, restore_version, versions_before, versions_like
from tgac.tasks.web import common, path_of

router = APIRouter(prefix="/projects/{project_id}/tasks/{task_id}/versions", include_in_schema=False)

_LONGEST = 300
"""A value is shown up to so many characters."""


@router.get("")
async def versions_page(request: Request, act: ReadAct, asked: Page, task_id: RowId) -> HTMLResponse:
    """Every version with its author and what it changed, newest first."""
    require(act, Right.LOOK)
    task = await find_task(act, task_id)
    found, following = await paged(act, versions_like(task_id), TaskVersion.id, page=asked)
    before = await versions_before(act, found)
    return page(
        request,
        "tasks/versions.html",
        **common(act),
        task=task,
        versions=[(one, _changes(before.get(one.id), one)) for one in found],
        names=await authors_of(act, found),
        asked=asked,
        next_url=next_address(request, following),
    )


@router.post("/{version}/restore")
async def restore(
    request: Request, act: ReadAct, tools: ToolsDep, principal: PrincipalDep, task_id: RowId, version: RowId
) -> Response:
    """Make it the next version and show the task."""
    require(act, Right.EDIT)
    await find_version(act, task_id, version)
    try:
        async with tools.acting(principal, act.project_id) as writing:
            done = await restore_version(writing, task_id, version)
    except AppError as error:
        if not error.fields:
            raise
        words = _("Version %(version)s does not fit any more: %(why)s", version=version, why=error.message)
        return go(request, f"{path_of(act.project_id, task_id)}/versions", Notice(words, "bad"))
    words = _("Version %(version)s holds again, as version %(now)s.", version=version, now=done.task.version)
    gone = len(done.channels) + len(done.playlists)
    if gone:
        words += " " + _("Left out, because they are gone: %(gone)s.", gone=gone)
    return go(request, path_of(act.project_id, task_id), Notice(words, "warn" if gone else "ok"))


def _changes(before: TaskVersion | None, version: TaskVersion) -> list[tuple[str, str, str]]:
    found = differences(before, version) if before else {}
    return [(path, _shown(old), _shown(new)) for path, (old, new) in found.items()]


def _shown(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
