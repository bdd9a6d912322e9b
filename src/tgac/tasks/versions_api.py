"""The versions of tasks in JSON."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse

from tgac.kit.act import Act
from tgac.kit.tenancy import Right, require
from tgac.kit.web.answers import ok
from tgac.kit.web.deps import MAX_ID, ReadAct, RowId, WriteAct
from tgac.kit.web.paging import Page, paged
from tgac.tasks.models import TaskVersion
from tgac.tasks.queries import find_task
from tgac.tasks.versions import authors_of, differences, find_version, restore_version, versions_before, versions_like

router = APIRouter(prefix="/api/v1/projects/{project_id}/tasks/{task_id}/versions", tags=["tasks"])

AskedVersion = Annotated[int | None, Query(ge=1, le=MAX_ID)]


@router.get("")
async def list_versions(act: ReadAct, page: Page, task_id: RowId) -> JSONResponse:
    """The task's versions, newest first, each with what it changed."""
    require(act, Right.LOOK)
    await find_task(act, task_id)
    found, following = await paged(act, versions_like(task_id), TaskVersion.id, page=page)
    return ok({"items": await described(act, found), "next": following})


@router.get("/{version}")
async def show_version(act: ReadAct, task_id: RowId, version: RowId, against: AskedVersion = None) -> JSONResponse:
    """One version with its document, and what it changed; `against`: what differs from that other version."""
    require(act, Right.LOOK)
    found = await find_version(act, task_id, version)
    (told,) = await described(act, [found])
    if against is not None:
        told["changes"] = differences(await find_version(act, task_id, against), found)
    return ok(told | {"config": found.config})


@router.post("/{version}/restore")
async def restore(act: WriteAct, task_id: RowId, version: RowId) -> JSONResponse:
    """Make this document the task's next version; name and bots stay. `left_out` names targets that are gone."""
    done = await restore_version(act, task_id, version)
    left_out = {"channels": done.channels, "playlists": done.playlists}
    return ok({"version": done.task.version, "config": done.task.config, "left_out": left_out})


async def described(act: Act, found: list[TaskVersion]) -> list[dict[str, Any]]:
    """What is told of versions."""
    before = await versions_before(act, found)
    names = await authors_of(act, found)
    return [
        {
            "version": one.version,
            "name": one.name,
            "at": one.at,
            "user_id": one.user_id,
            "username": names.get(one.user_id or 0),
            "changes": differences(before[one.id], one) if one.id in before else {},
        }
        for one in found
    ]
