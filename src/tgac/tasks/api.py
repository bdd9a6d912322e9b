"""Tasks in JSON."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tgac.kit.act import Act
from tgac.kit.tenancy import Right, require
from tgac.kit.web.answers import ok
from tgac.kit.web.deps import ReadAct, RowId, ToolsDep, WriteAct
from tgac.kit.web.paging import Page, paged
from tgac.tasks import service
from tgac.tasks.config import TaskConfig, notes
from tgac.tasks.forms import Assign, NewTask, PreviewAsked, TaskChange, Toggle
from tgac.tasks.models import Task
from tgac.tasks.preview import Shown, preview_task, scene_for
from tgac.tasks.queries import Scenery, TaskStatus, find_task, scenery, tasks_like
from tgac.tasks.sentence import sentence_of

router = APIRouter(prefix="/api/v1/projects/{project_id}/tasks", tags=["tasks"])


@router.get("")
async def list_tasks(act: ReadAct, page: Page, status: TaskStatus | None = None) -> JSONResponse:
    """The project's tasks, newest first."""
    require(act, Right.LOOK)
    tasks, following = await paged(act, tasks_like(page.q, status), Task.id, page=page)
    return ok({"items": await described(act, *tasks), "next": following})


@router.post("", status_code=201)
async def create_task(act: WriteAct, body: NewTask) -> JSONResponse:
    """Write a task down; it is OFF until it is toggled."""
    return await _shown(act, await service.create_task(act, body.name, config=body.config), status=201)


@router.get("/{task_id}")
async def show_task(act: ReadAct, task_id: RowId) -> JSONResponse:
    """One task with its complete document."""
    require(act, Right.LOOK)
    return await _shown(act, await find_task(act, task_id))


@router.put("/{task_id}")
async def change_task(act: WriteAct, task_id: RowId, body: TaskChange) -> JSONResponse:
    """Put another name or document in the place of the task's; what is not sent stays."""
    task = await service.change_task(act, task_id, name=body.name, config=body.config, version=body.version)
    return await _shown(act, task)


@router.delete("/{task_id}")
async def delete_task(act: WriteAct, task_id: RowId) -> JSONResponse:
    """Delete a task that is OFF, with the history of its comments."""
    await service.delete_task(act, task_id)
    return ok()


@router.post("/{task_id}/toggle")
async def toggle_task(act: WriteAct, task_id: RowId, body: Toggle) -> JSONResponse:
    """Switch it ON, hold it or switch it OFF."""
    return await _shown(act, await service.toggle_task(act, task_id, body.status))


@router.post("/{task_id}/duplicate", status_code=201)
async def duplicate_task(act: WriteAct, task_id: RowId) -> JSONResponse:
    """The same order once more, under another name and OFF."""
    return await _shown(act, await service.duplicate_task(act, task_id), status=201)


@router.post("/{task_id}/assign")
async def assign_bots(act: WriteAct, task_id: RowId, body: Assign) -> JSONResponse:
    """Let these bots serve the task, and no others; says which cannot, and why."""
    return ok(asdict(await service.assign_bots(act, task_id, body.bot_ids)))


@router.post("/{task_id}/preview")
async def preview(act: ReadAct, tools: ToolsDep, task_id: RowId, body: PreviewAsked | None = None) -> JSONResponse:
    """The task's texts, or those of the document that was sent, for a post; nothing is saved."""
    require(act, Right.LOOK)
    body = body or PreviewAsked()
    task = await find_task(act, task_id)
    config = TaskConfig.model_validate(task.config) if body.config is None else service.checked_document(body.config)
    around = await scenery(act, [task])
    scene = await scene_for(
        act,
        around,
        channel_ids=config.targets.channels,
        bot_ids=around.bots_of(task_id),
        post_text=body.post_text,
    )
    shown = [_preview(one) for one in preview_task(config, scene, tools.dice)]
    return ok({"post_text": scene.post.text, "variants": shown})


async def described(act: Act, *tasks: Task) -> list[dict[str, Any]]:
    """What is told of tasks."""
    around = await scenery(act, tasks)
    return [_described(task, TaskConfig.model_validate(task.config), around.bots_of(task.id), around) for task in tasks]


async def _shown(act: Act, task: Task, *, status: int = 200) -> JSONResponse:
    return ok((await described(act, task))[0], status=status)


def _described(task: Task, config: TaskConfig, bot_ids: tuple[int, ...], around: Scenery) -> dict[str, Any]:
    return {
        "id": task.id,
        "name": task.name,
        "mode": task.mode,
        "status": task.status,
        "version": task.version,
        "config": config.dump(),
        "bots": bot_ids,
        "sentence": sentence_of(config, around, bot_ids),
        "notes": notes(config),
        "created_at": task.created_at,
        "updated_at": task.updated_at,
    }


def _preview(shown: Shown) -> dict[str, Any]:
    runs = [{"text": run.text, "marks": sorted(run.marks), "href": run.href} for run in shown.runs]
    return {
        "name": shown.name,
        "html": shown.html,
        "runs": runs,
        "buttons": [[asdict(button) for button in row] for row in shown.buttons],
        "length": shown.length,
        "texts": shown.count,
        "fault": shown.fault,
    }
