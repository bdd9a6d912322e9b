"""The pages of presets: those there are, and the form of one."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from tgac.kit.act import Act
from tgac.kit.errors import AppError
from tgac.kit.tenancy import RIGHTS, Right, require
from tgac.kit.web.deps import PrincipalDep, ReadAct, RowId, ToolsDep
from tgac.kit.web.forms import CSRF_FIELD, Filled
from tgac.kit.web.i18n import _
from tgac.kit.web.pages import Notice, go, page
from tgac.settings.forms import PRESET_WORDS
from tgac.tasks import presets
from tgac.tasks.config import PRESETS, Preset
from tgac.tasks.draft_preset import form_of, values_of
from tgac.tasks.words import preset_words, weekday_choices

router = APIRouter(prefix="/projects/{project_id}/presets", include_in_schema=False)


@router.get("")
async def list_page(request: Request, act: ReadAct) -> HTMLResponse:
    """The presets that there are, and the form that makes one."""
    require(act, Right.LOOK)
    return await _list_page(request, act, form_of("", PRESETS["balanced"]))


@router.post("")
async def create(request: Request, project_id: RowId, tools: ToolsDep, principal: PrincipalDep) -> Response:
    """Make one."""
    form = await _typed(request)
    try:
        async with tools.acting(principal, project_id) as act:
            await presets.create_preset(act, form.values.get("name", ""), values_of(form.values, form.ticks or ()))
        return go(request, f"/projects/{project_id}/presets", Notice(_("Saved.")))
    except AppError as error:
        _refuse(form, error)
    async with tools.reading(principal, project_id) as act:
        await request.app.state.dress(request, act, principal)
        return await _list_page(request, act, form, status=422)


@router.get("/{preset_id}")
async def preset_page(request: Request, act: ReadAct, preset_id: RowId) -> HTMLResponse:
    """One preset."""
    require(act, Right.LOOK)
    preset = await presets.find_preset(act, preset_id)
    return await _preset_page(request, act, preset_id, form_of(preset.name, Preset.model_validate(preset.values)))


@router.post("/{preset_id}")
async def change(
    request: Request, project_id: RowId, preset_id: RowId, tools: ToolsDep, principal: PrincipalDep
) -> Response:
    """Put other values in the place of its values."""
    form = await _typed(request)
    try:
        async with tools.acting(principal, project_id) as act:
            name, values = form.values.get("name"), values_of(form.values, form.ticks or ())
            await presets.change_preset(act, preset_id, name=name, values=values)
        return go(request, f"/projects/{project_id}/presets", Notice(_("Saved.")))
    except AppError as error:
        _refuse(form, error)
    async with tools.reading(principal, project_id) as act:
        await request.app.state.dress(request, act, principal)
        return await _preset_page(request, act, preset_id, form, status=422)


@router.post("/{preset_id}/delete")
async def delete(
    request: Request, project_id: RowId, preset_id: RowId, tools: ToolsDep, principal: PrincipalDep
) -> Response:
    """Delete it; what goes by it is told."""
    try:
        async with tools.acting(principal, project_id) as act:
            await presets.delete_preset(act, preset_id)
        notice = Notice(_("Deleted."))
    except AppError as error:
        if error.code != "preset_used":
            raise
        notice = Notice(error.message, "warn")
    return go(request, f"/projects/{project_id}/presets", notice)


async def _list_page(request: Request, act: Act, form: Filled[Any], *, status: int = 200) -> HTMLResponse:
    usual = [(None, _(PRESET_WORDS[name]), preset_words(one)) for name, one in PRESETS.items()]
    found = await presets.own_presets(act)
    own = [(one.id, one.name, preset_words(Preset.model_validate(one.values))) for one in found]
    return page(request, "presets/list.html", status=status, form=form, presets=[*usual, *own], **_common(act))


async def _preset_page(
    request: Request, act: Act, preset_id: int, form: Filled[Any], *, status: int = 200
) -> HTMLResponse:
    preset = await presets.find_preset(act, preset_id)
    tasks = await presets.users_of(act, preset.name)
    return page(request, "presets/preset.html", status=status, form=form, preset=preset, tasks=tasks, **_common(act))


def _common(act: Act) -> dict[str, Any]:
    may_own = act.role is not None and Right.OWN in RIGHTS[act.role]
    return {"root": f"/projects/{act.project_id}/presets", "may_own": may_own, "weekdays": weekday_choices()}


async def _typed(request: Request) -> Filled[Any]:
    sent = await request.form(max_fields=100, max_files=0)
    pairs = [(key, one) for key, one in sent.multi_items() if isinstance(one, str) and key != CSRF_FIELD]
    return Filled(values=dict(pairs), ticks=frozenset(pairs))


def _refuse(form: Filled[Any], error: AppError) -> None:
    found = error.fields or ({error.field: error.message} if error.field else {"": error.message})
    if error.status in (403, 404):
        raise error
    for path, said in found.items():
        form.errors.setdefault(path.removeprefix("values."), said)
