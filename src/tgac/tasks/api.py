"""Tasks in JSON."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tgac.kit.act import Act
from tgac.kit.errors import Invalid
from tgac.kit.tenancy import Right, require
from tgac.kit.web.answers import ok
from tgac.kit.web.deps import ReadAct, RowId, ToolsDep, WriteAct
from tgac.kit.web.i18n import _
from tgac.kit.web.paging import Page, paged
from tgac.tasks import service
from tgac.tasks.config import Preset, TaskConfig
from tgac.tasks.forms import Assign, NewTask, PreviewAsked, TaskChange, Toggle
from tgac.tasks.models import Task
from tgac.tasks.presets import config_held, presets_here
from tgac.tasks.preview import Shown, preview_task, scene_for
from tgac.tasks.queries import TaskStatus, find_task, tasks_like
from tgac.tasks.reach import Reach, bot_ids_of, reaches
from tgac.tasks.sentence import sentence_of
from tgac.tasks.targets import Aim

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
    """Delete a task that is OFF; its comments stay, with its name."""
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
    """Let these bots, or all that match, serve the task, and no others; says which cannot, and why."""
    if (body.bot_ids is None) == (body.filters is None):
        raise Invalid(_("Send either bot_ids or filters."), field="bot_ids")
    if body.filters is not None:
        return ok(asdict(await service.assign_matching(act, task_id, body.filters)))
    return ok(asdict(await service.assign_bots(act, task_id, body.bot_ids or ())))


@router.post("/{task_id}/preview")
async def preview(act: ReadAct, tools: ToolsDep, task_id: RowId, body: PreviewAsked | None = None) -> JSONResponse:
    """The task's texts, or those of the document that was sent, for a post; nothing is saved."""
    require(act, Right.LOOK)
    body = body or PreviewAsked()
    task = await find_task(act, task_id)
    config = TaskConfig.model_validate(task.config) if body.config is None else service.checked_document(body.config)
    aim = Aim(config.targets.channels, config.targets.playlists)
    bot_ids = (await bot_ids_of(act, [task_id]))[task_id]
    scene = await scene_for(act, aim, bot_ids=bot_ids, post_text=body.post_text)
    shown = [_preview(one) for one in preview_task(config, scene, tools.dice)]
    return ok({"post_text": scene.post.text, "variants": shown})


async def described(act: Act, *tasks: Task) -> list[dict[str, Any]]:
    """What is told of tasks."""
    reach = await reaches(act, tasks)
    bot_ids = await bot_ids_of(act, [task.id for task in tasks])
    own = await presets_here(act)
    return [_described(task, bot_ids[task.id], reach[task.id], own=own) for task in tasks]


async def _shown(act: Act, task: Task, *, status: int = 200) -> JSONResponse:
    return ok((await described(act, task))[0], status=status)


def _described(task: Task, bot_ids: list[int], reach: Reach, *, own: Mapping[str, Preset]) -> dict[str, Any]:
    config = TaskConfig.model_validate(task.config)
    return {
        "id": task.id,
        "name": task.name,
        "mode": task.mode,
        "status": task.status,
        "version": task.version,
        "config": config.dump(),
        "bots": bot_ids,
        "channels": reach.channels,
        "sentence": sentence_of(config_held(task.config, own), reach),
        "created_at": task.created_at,
        "updated_at": task.updated_at,
    }


def _preview(shown: Shown) -> dict[str, Any]:
    runs = [{"text": run.text, "marks": sorted(run.marks), "href": run.href} for run in shown.runs]
    return {
        "name": shown.name,
        "html": shown.html,
        "quote": shown.quote or None,
        "poll": asdict(shown.poll) if shown.poll else None,
        "media": {"media_id": shown.media} if shown.media else None,
        "runs": runs,
        "buttons": [[asdict(button) for button in row] for row in shown.buttons],
        "length": shown.length,
        "texts": shown.count,
        "fault": shown.fault,
    }
