"""The pages of tasks."""

import random
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from tgac.kit.act import Act
from tgac.kit.errors import AppError, Invalid
from tgac.kit.tenancy import RIGHTS, Right, require
from tgac.kit.web.deps import PrincipalDep, ReadAct, RowId, ToolsDep
from tgac.kit.web.forms import Filled, read_form
from tgac.kit.web.i18n import N_, _
from tgac.kit.web.pages import Notice, fragment, go, page
from tgac.kit.web.paging import Page, next_address, paged
from tgac.people.queries import the_project
from tgac.settings.service import holding_here
from tgac.tasks import service
from tgac.tasks.config import TaskConfig, notes
from tgac.tasks.draft import (
    add_variant,
    bots_of,
    channels_of,
    document_of,
    form_of,
    refuse,
    typed,
    variants_of,
)
from tgac.tasks.forms import Deletion, Toggle
from tgac.tasks.models import Task
from tgac.tasks.preview import preview_draft, preview_task, scene_for
from tgac.tasks.queries import Scenery, TaskStatus, find_task, scenery, tasks_like
from tgac.tasks.sentence import draft_sentence, sentence_of
from tgac.tasks.words import media_choices, presets, rules_of, variable_choices, weekday_choices

router = APIRouter(prefix="/projects/{project_id}/tasks", include_in_schema=False)

STATUS_WORDS: Final = {"ON": N_("On"), "PAUSED": N_("Paused"), "OFF": N_("Off")}
SWITCHED: Final = {
    "ON": N_("“%(name)s” is on."),
    "PAUSED": N_("“%(name)s” is paused: what is planned waits."),
    "OFF": N_("“%(name)s” is off: what was planned is cancelled."),
}


@router.get("")
async def list_page(request: Request, act: ReadAct, asked: Page, status: TaskStatus | None = None) -> HTMLResponse:
    """The project's tasks, each as a sentence with its switch."""
    require(act, Right.LOOK)
    tasks, following = await paged(act, tasks_like(asked.q, status), Task.id, page=asked)
    around = await scenery(act, tasks)
    sentences = {
        one.id: sentence_of(TaskConfig.model_validate(one.config), around, around.bots_of(one.id)) for one in tasks
    }
    return page(
        request,
        "tasks/list.html",
        **_common(act),
        tasks=tasks,
        sentences=sentences,
        asked=asked,
        chosen=status or "",
        next_url=next_address(request, following),
    )


@router.get("/new")
async def new_page(request: Request, act: ReadAct) -> HTMLResponse:
    """The editor for a task that is not there yet; what there is only one of is chosen already."""
    require(act, Right.EDIT)
    around = await scenery(act)
    only_channel = tuple(around.channels) if len(around.channels) == 1 else ()
    only_bot = tuple(around.bots) if len(around.bots) == 1 else ()
    timing = {"preset": (await holding_here(act)).preset}
    config = TaskConfig.model_validate({"targets": {"channels": only_channel}, "timing": timing})
    return await _editor(request, act, form_of("", config, only_bot), task=None)


@router.post("/new")
async def create(
    request: Request, act: ReadAct, tools: ToolsDep, principal: PrincipalDep, project_id: RowId
) -> Response:
    """Save the order that the form means; "and switch on" and the bots belong to the same act."""
    require(act, Right.EDIT)
    form = await typed(request)
    if _is_only_shown(form):
        return await _editor(request, act, form, task=None)
    try:
        async with tools.acting(principal, project_id) as writing:
            config = document_of(form, TaskConfig())
            task = await service.create_task(writing, form.values.get("name", ""), config=config)
            notice = await _finish(writing, task, form)
    except AppError as error:
        refuse(form, error)
        return await _editor(request, act, form, task=None, status=error.status)
    return go(request, _path(project_id, task.id), notice)


@router.post("/preview")
async def preview(request: Request, act: ReadAct) -> HTMLResponse:
    """The preview of what is being typed; nothing is saved."""
    require(act, Right.LOOK)
    form = await typed(request)
    shown = await _preview(act, form, TaskConfig(), await scenery(act))
    return fragment(request, "tasks/edit.html", "preview", **shown)


@router.get("/{task_id}")
async def task_page(request: Request, act: ReadAct, task_id: RowId) -> HTMLResponse:
    """One task: its sentence, its switch, what it says and where."""
    require(act, Right.LOOK)
    return await _task_page(request, act, await find_task(act, task_id))


@router.get("/{task_id}/edit")
async def edit_page(request: Request, act: ReadAct, task_id: RowId) -> HTMLResponse:
    """The editor with the task as it is."""
    require(act, Right.EDIT)
    task = await find_task(act, task_id)
    bot_ids = (await scenery(act, [task])).bots_of(task.id)
    form = form_of(task.name, TaskConfig.model_validate(task.config), bot_ids, version=task.version)
    return await _editor(request, act, form, task=task)


@router.post("/{task_id}/edit")
async def change(request: Request, act: ReadAct, tools: ToolsDep, principal: PrincipalDep, task_id: RowId) -> Response:
    """Save the task as the form means it. Where somebody was faster, the next try puts this form over theirs."""
    require(act, Right.EDIT)
    task = await find_task(act, task_id)
    form = await typed(request)
    if _is_only_shown(form):
        return await _editor(request, act, form, task=task)
    try:
        async with tools.acting(principal, act.project_id) as writing:
            notice = await _change(writing, task, form)
    except AppError as error:
        refuse(form, error)
        if error.field == "version":
            form.values["version"] = str(task.version)
        return await _editor(request, act, form, task=task, status=error.status)
    return go(request, _path(act.project_id, task_id), notice)


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
    return go(request, _path(act.project_id, task_id), Notice(_(SWITCHED[task.status], name=task.name)))


@router.post("/{task_id}/duplicate")
async def duplicate(
    request: Request, act: ReadAct, tools: ToolsDep, principal: PrincipalDep, task_id: RowId
) -> Response:
    """Copy it and open the copy in the editor."""
    async with tools.acting(principal, act.project_id) as writing:
        copy = await service.duplicate_task(writing, task_id)
    notice = Notice(_("“%(name)s” is a copy and is off.", name=copy.name))
    return go(request, f"{_path(act.project_id, copy.id)}/edit", notice)


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


def _is_only_shown(form: Filled[Any]) -> bool:
    """Whether the form was sent to be shown again, with one variant more or less or with a preview, not to be saved."""
    asked = form.values.get("do", "")
    if asked == "add_variant":
        add_variant(form)
    return asked.startswith(("add_variant", "remove_variant", "preview"))


async def _change(act: Act, task: Task, form: Filled[Any]) -> Notice:
    document = document_of(form, TaskConfig.model_validate(task.config))
    version = form.values.get("version", "")
    changed = await service.change_task(
        act,
        task.id,
        name=form.values.get("name", ""),
        config=document,
        version=int(version) if version.isdecimal() and len(version) < 10 else None,
    )
    return await _finish(act, changed, form)


async def _finish(act: Act, task: Task, form: Filled[Any]) -> Notice:
    """Give the saved task its bots, switch it on if that was asked, and say what came of it."""
    assignment = await service.assign_bots(act, task.id, bots_of(form))
    if form.values.get("do") == "save_on":
        await service.toggle_task(act, task.id, "ON")
    words = _(SWITCHED["ON"], name=task.name) if task.status == "ON" else _("“%(name)s” is saved.", name=task.name)
    if not assignment.left_out:
        return Notice(words)
    left_out = " ".join(one.reason for one in assignment.left_out)
    return Notice(f"{words} {_('Left out: %(reasons)s', reasons=left_out)}", "warn")


async def _editor(
    request: Request, act: Act, form: Filled[Any], *, task: Task | None, status: int = 200
) -> HTMLResponse:
    around = await scenery(act)
    base = TaskConfig.model_validate(task.config) if task else TaskConfig()
    root = f"/projects/{act.project_id}/tasks"
    return page(
        request,
        "tasks/edit.html",
        block="variants",
        status=status,
        **_common(act) | await _preview(act, form, base, around),
        form=form,
        task=task,
        action=f"{root}/{task.id}/edit" if task else f"{root}/new",
        variants=variants_of(form),
        around=around,
        presets=presets(),
        media=media_choices(),
        weekdays=weekday_choices(),
        variables=variable_choices(),
        zone=(await the_project(act)).time_zone,
    )


async def _preview(act: Act, form: Filled[Any], base: TaskConfig, around: Scenery) -> dict[str, Any]:
    """What the preview shows of a form, whatever is wrong with it."""
    document = document_of(form, base)
    turn = form.values.get("do", "").removeprefix("preview.")
    seed = int(turn) if turn.isdecimal() and len(turn) < 6 else 0
    post_text = form.values.get("post_text", "")[:4096]
    bot_ids = bots_of(form)
    scene = await scene_for(
        act, around, channel_ids=channels_of(form), bot_ids=bot_ids, post_text=post_text if post_text.strip() else None
    )
    return {
        "scene": scene,
        "seed": seed,
        "bubbles": preview_draft(document["content"], scene, random.Random(seed)),
        "draft_sentence": draft_sentence(document, around, bot_ids),
        "root": f"/projects/{act.project_id}/tasks",
    }


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
    around = await scenery(act, [task])
    bot_ids = around.bots_of(task.id)
    scene = await scene_for(act, around, channel_ids=config.targets.channels, bot_ids=bot_ids, post_text=None)
    return page(
        request,
        "tasks/task.html",
        status=status,
        **_common(act) | ({"notices": notices} if notices else {}),
        task=task,
        config=config,
        sentence=sentence_of(config, around, bot_ids),
        channels=[around.channels[one] for one in config.targets.channels if one in around.channels],
        bots=[(around.bots[one], around.may_write(one, config.targets.channels)) for one in bot_ids],
        bubbles=preview_task(config, scene, random.Random(task.version)),
        scene=scene,
        rules=list(rules_of(config)),
        notes=notes(config),
        deleting=deleting,
    )


def _common(act: Act) -> dict[str, Any]:
    may_edit = act.role is not None and Right.EDIT in RIGHTS[act.role]
    words = {status: _(word) for status, word in STATUS_WORDS.items()}
    return {"may_edit": may_edit, "status_words": words, "root": f"/projects/{act.project_id}/tasks"}


def _path(project_id: int, task_id: int) -> str:
    return f"/projects/{project_id}/tasks/{task_id}"
