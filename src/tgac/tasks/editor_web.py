"""The editor of tasks: one form for the whole order, which works without scripts."""

import random
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy import select

from tgac.bots.models import Bot
from tgac.channels.models import Channel
from tgac.kit.act import Act
from tgac.kit.errors import AppError
from tgac.kit.tenancy import Right, require
from tgac.kit.web.deps import PrincipalDep, ReadAct, RowId, ToolsDep
from tgac.kit.web.forms import Filled
from tgac.kit.web.i18n import _
from tgac.kit.web.pages import Notice, fragment, go, page
from tgac.people.queries import the_project
from tgac.settings.service import holding_here
from tgac.tasks import service
from tgac.tasks.config import TaskConfig
from tgac.tasks.draft import add_variant, aim_of, bots_of, document_of, form_of, refuse, typed, variants_of
from tgac.tasks.media import media_named
from tgac.tasks.models import Task
from tgac.tasks.picking import FILES, choose_all, files_to_choose, is_search, pickers
from tgac.tasks.presets import presets_here
from tgac.tasks.preview import preview_draft, scene_for
from tgac.tasks.queries import find_task
from tgac.tasks.reach import bot_ids_of, reach_of
from tgac.tasks.sentence import draft_sentence
from tgac.tasks.text.compose import MAX_SOURCE
from tgac.tasks.web import SWITCHED, common, path_of
from tgac.tasks.words import (
    following_choices,
    lifted_choices,
    media_choices,
    presets,
    variable_choices,
    weekday_choices,
)

router = APIRouter(prefix="/projects/{project_id}/tasks", include_in_schema=False)


@router.get("/new")
async def new_page(request: Request, act: ReadAct) -> HTMLResponse:
    """The editor for a task that is not there yet; what there is only one of is chosen already."""
    require(act, Right.EDIT)
    only_channel, only_bot = await _only(act, Channel.id), await _only(act, Bot.id)
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
    if await _is_only_shown(act, form):
        return await _editor(request, act, form, task=None)
    try:
        async with tools.acting(principal, project_id) as writing:
            config = document_of(form, TaskConfig())
            task = await service.create_task(writing, form.values.get("name", ""), config=config)
            notice = await _finish(writing, task, form)
    except AppError as error:
        refuse(form, error)
        return await _editor(request, act, form, task=None, status=error.status)
    return go(request, path_of(project_id, task.id), notice)


@router.post("/preview")
async def preview(request: Request, act: ReadAct) -> HTMLResponse:
    """The preview of what is being typed; nothing is saved."""
    require(act, Right.LOOK)
    form = await typed(request)
    shown = await _preview(act, form, TaskConfig())
    return fragment(request, "tasks/edit.html", "preview", **shown)


@router.get("/{task_id}/edit")
async def edit_page(request: Request, act: ReadAct, task_id: RowId) -> HTMLResponse:
    """The editor with the task as it is."""
    require(act, Right.EDIT)
    task = await find_task(act, task_id)
    bot_ids = (await bot_ids_of(act, [task_id]))[task_id]
    form = form_of(task.name, TaskConfig.model_validate(task.config), bot_ids, version=task.version)
    return await _editor(request, act, form, task=task)


@router.post("/{task_id}/edit")
async def change(request: Request, act: ReadAct, tools: ToolsDep, principal: PrincipalDep, task_id: RowId) -> Response:
    """Save the task as the form means it. Where somebody was faster, the next try puts this form over theirs."""
    require(act, Right.EDIT)
    task = await find_task(act, task_id)
    form = await typed(request)
    if await _is_only_shown(act, form):
        return await _editor(request, act, form, task=task)
    try:
        async with tools.acting(principal, act.project_id) as writing:
            notice = await _change(writing, task, form)
    except AppError as error:
        refuse(form, error)
        if error.field == "version":
            form.values["version"] = str(task.version)
        return await _editor(request, act, form, task=task, status=error.status)
    return go(request, path_of(act.project_id, task_id), notice)


async def _is_only_shown(act: Act, form: Filled[Any]) -> bool:
    """Whether the form was sent to be shown again and not to be saved: a search, a variant, a preview."""
    asked = form.values.get("do", "")
    if is_search(form):
        await choose_all(act, form)
        return True
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
    left_out = " ".join(one.message for one in assignment.left_out)
    return Notice(f"{words} {_('Left out: %(reasons)s', reasons=left_out)}", "warn")


async def _editor(
    request: Request, act: Act, form: Filled[Any], *, task: Task | None, status: int = 200
) -> HTMLResponse:
    base = TaskConfig.model_validate(task.config) if task else TaskConfig()
    root = f"/projects/{act.project_id}/tasks"
    files, many_files = await files_to_choose(act, form)
    is_elsewhere = is_search(form) and form.values.get("do") != f"find.{FILES}"
    return page(
        request,
        "tasks/edit.html",
        block="where" if is_elsewhere else "variants",
        status=status,
        **common(act) | await _preview(act, form, base),
        form=form,
        task=task,
        action=f"{root}/{task.id}/edit" if task else f"{root}/new",
        variants=variants_of(form),
        pickers=await pickers(act, form),
        presets=presets(await presets_here(act)),
        media=media_choices(),
        files=files,
        many_files=many_files,
        weekdays=weekday_choices(),
        lifted=lifted_choices(),
        variables=variable_choices(),
        following=following_choices(),
        longest_text=MAX_SOURCE,
        has_model=act.config.openai_api_key is not None,
        zone=(await the_project(act)).time_zone,
    )


async def _preview(act: Act, form: Filled[Any], base: TaskConfig) -> dict[str, Any]:
    """What the preview shows of a form, whatever is wrong with it."""
    document = document_of(form, base)
    turn = form.values.get("do", "").removeprefix("preview.")
    seed = int(turn) if turn.isdecimal() and len(turn) < 6 else 0
    post_text = form.values.get("post_text", "")[:4096]
    aim, bot_ids = aim_of(form), bots_of(form)
    scene = await scene_for(act, aim, bot_ids=bot_ids, post_text=post_text if post_text.strip() else None)
    bubbles = preview_draft(document["content"], scene, random.Random(seed))
    return {
        "scene": scene,
        "seed": seed,
        "bubbles": bubbles,
        "carried": await media_named(act, {one.media for one in bubbles if one.media}),
        "draft_sentence": draft_sentence(document, await reach_of(act, aim, bot_ids), await presets_here(act)),
        "root": f"/projects/{act.project_id}/tasks",
    }


async def _only(act: Act, number: Any) -> tuple[int, ...]:
    """The number of the only row there is; nothing where there are none or several."""
    found = tuple(await act.session.scalars(select(number).limit(2)))
    return found if len(found) == 1 else ()
