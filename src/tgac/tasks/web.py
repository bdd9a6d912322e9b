"""The pages of tasks."""

import random
from typing import Annotated, Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from tgac.kit.act import Act
from tgac.kit.errors import AppError, Invalid
from tgac.kit.tenancy import RIGHTS, Right, require
from tgac.kit.web.deps import PrincipalDep, ReadAct, RowId, ToolsDep
from tgac.kit.web.forms import Filled, read_form
from tgac.kit.web.i18n import N_, _, ngettext
from tgac.kit.web.pages import Notice, go, page
from tgac.kit.web.paging import OrAny, Page, next_address, paged
from tgac.settings.service import holding_here
from tgac.tasks import service
from tgac.tasks.config import TaskConfig
from tgac.tasks.forms import Deletion, Toggle
from tgac.tasks.models import Task
from tgac.tasks.presets import config_held, presets_here
from tgac.tasks.preview import preview_task, scene_for
from tgac.tasks.queries import TaskStatus, find_task, tasks_like
from tgac.tasks.reach import around, asked_before, bot_ids_of, reaches
from tgac.tasks.sentence import draft_sentence, sentence_of
from tgac.tasks.targets import Aim
from tgac.tasks.words import rules_of

router = APIRouter(prefix="/projects/{project_id}/tasks", include_in_schema=False)

STATUS_WORDS: Final = {"ON": N_("On"), "PAUSED": N_("Paused"), "OFF": N_("Off")}
SWITCHED: Final = {
    "ON": N_("“%(name)s” is on."),
    "PAUSED": N_("“%(name)s” is paused: what is planned waits."),
    "OFF": N_("“%(name)s” is off: what was planned is cancelled."),
}


@router.get("")
async def list_page(
    request: Request, act: ReadAct, asked: Page, status: Annotated[TaskStatus | None, OrAny] = None
) -> HTMLResponse:
    """The project's tasks, each as a sentence with its switch."""
    require(act, Right.LOOK)
    tasks, following = await paged(act, tasks_like(asked.q, status), Task.id, page=asked)
    reach, own = await reaches(act, tasks), await presets_here(act)
    return page(
        request,
        "tasks/list.html",
        **common(act),
        tasks=tasks,
        sentences={one.id: draft_sentence(one.config, reach[one.id], own) for one in tasks},
        asked=asked,
        chosen=status or "",
        next_url=next_address(request, following),
    )


@router.get("/{task_id}")
async def task_page(request: Request, act: ReadAct, task_id: RowId) -> HTMLResponse:
    """One task: its sentence, its switch, what it says and where."""
    require(act, Right.LOOK)
    return await _task_page(request, act, await find_task(act, task_id))


@router.post("/{task_id}/toggle")
async def toggle(request: Request, act: ReadAct, tools: ToolsDep, principal: PrincipalDep, task_id: RowId) -> Response:
    """Switch it and show it; where it cannot be switched on, its page says what is missing."""
    require(act, Right.EDIT)
    form = await read_form(request, Toggle)
    if form.data is None:
        raise Invalid(_("Choose one of the values offered."), fields=form.errors)
    try:
        async with tools.acting(principal, act.project_id) as writing:
            task = await service.toggle_task(writing, task_id, form.data.status)
    except AppError as error:
        if error.code != "task_not_ready":
            raise
        missing = [Notice(sentence, "warn") for sentence in error.fields.values()]
        return await _task_page(request, act, await find_task(act, task_id), status=error.status, notices=missing)
    return go(request, path_of(act.project_id, task_id), Notice(_(SWITCHED[task.status], name=task.name)))


@router.post("/{task_id}/duplicate")
async def duplicate(
    request: Request, act: ReadAct, tools: ToolsDep, principal: PrincipalDep, task_id: RowId
) -> Response:
    """Copy it and open the copy in the editor."""
    async with tools.acting(principal, act.project_id) as writing:
        copy = await service.duplicate_task(writing, task_id)
    notice = Notice(_("“%(name)s” is a copy and is off.", name=copy.name))
    return go(request, f"{path_of(act.project_id, copy.id)}/edit", notice)


@router.post("/{task_id}/delete")
async def delete(request: Request, act: ReadAct, tools: ToolsDep, principal: PrincipalDep, task_id: RowId) -> Response:
    """Delete it once its name was typed."""
    require(act, Right.EDIT)
    form = await read_form(request, Deletion)
    task = await find_task(act, task_id)
    if form.data is None or form.data.name.strip() != task.name:
        form.errors = {"name": _("Type the task's name as it stands here.")}
        return await _task_page(request, act, task, status=422, deleting=form)
    async with tools.acting(principal, act.project_id) as writing:
        await service.delete_task(writing, task_id)
    return go(request, f"/projects/{act.project_id}/tasks", Notice(_("“%(name)s” is deleted.", name=task.name)))


async def _task_page(
    request: Request,
    act: Act,
    task: Task,
    *,
    status: int = 200,
    notices: list[Notice] | None = None,
    deleting: Filled[Any] | None = None,
) -> HTMLResponse:
    config = TaskConfig.model_validate(task.config)
    held = config_held(task.config, await presets_here(act))
    reach = (await reaches(act, [task]))[task.id]
    bot_ids = (await bot_ids_of(act, [task.id]))[task.id]
    aim = Aim(config.targets.channels, config.targets.playlists)
    scene = await scene_for(act, aim, bot_ids=bot_ids, post_text=None)
    channels, bots, playlists = await around(act, task, bot_ids, config.targets.playlists)
    return page(
        request,
        "tasks/task.html",
        status=status,
        **common(act) | ({"notices": notices} if notices else {}),
        task=task,
        config=config,
        sentence=sentence_of(held, reach),
        reach=reach,
        channels=channels,
        bots=bots,
        playlists=playlists,
        bubbles=preview_task(config, scene, random.Random(task.version)),
        scene=scene,
        rules=list(rules_of(held)),
        has_model=act.config.openai_api_key is not None,
        steps_back=await _steps_back(act, task, held),
        deleting=deleting,
    )


async def _steps_back(act: Act, task: Task, held: TaskConfig) -> str:
    """Why it will seldom write anything: others take all the places under a post first. "" where none does."""
    project = (await holding_here(act)).collision_limit_per_post
    most = min(project, held.limits.per_post_together or project)
    names = await asked_before(act, task)
    if len(names) < most:
        return ""
    told = ", ".join(f"“{name}”" for name in names[:3]) + ("…" if len(names) > 3 else "")
    return ngettext(
        "Asked before it about the same channels: %(names)s. Under a post only %(n)s comment of the project may stand,"
        " so where they write, this task steps back.",
        "Asked before it about the same channels: %(names)s. Under a post only %(n)s comments of the project may stand,"
        " so where they write, this task steps back.",
        most,
        names=told,
    )


def common(act: Act) -> dict[str, Any]:
    """What every page of tasks shows."""
    may_edit = act.role is not None and Right.EDIT in RIGHTS[act.role]
    words = {status: _(word) for status, word in STATUS_WORDS.items()}
    return {"may_edit": may_edit, "status_words": words, "root": f"/projects/{act.project_id}/tasks"}


def path_of(project_id: int, task_id: int) -> str:
    """The address of a task's page."""
    return f"/projects/{project_id}/tasks/{task_id}"
