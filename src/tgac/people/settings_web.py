"""A project's settings page: name and time zone, what it has otherwise than the installation, the ways to halt it."""

from typing import Final

from fastapi import APIRouter, Request, Response

from tgac.kit.act import Act
from tgac.kit.errors import AppError
from tgac.kit.tenancy import RIGHTS
from tgac.kit.web.deps import PrincipalDep, ReadAct, RowId, ToolsDep
from tgac.kit.web.forms import Filled, blank, read_form
from tgac.kit.web.i18n import _
from tgac.kit.web.pages import Notice, go, page
from tgac.people import projects
from tgac.people.forms import ProjectSettings
from tgac.people.queries import seen_by, the_project
from tgac.settings.forms import ForProject
from tgac.settings.service import change_project_settings, holding_everywhere, holding_here, set_by_owner
from tgac.settings.web import preset_choices

router: Final = APIRouter(prefix="/projects/{project_id}/settings", include_in_schema=False)


@router.get("")
async def settings(request: Request, act: ReadAct) -> Response:
    """Everything that is set for the project."""
    return await _settings_page(request, act)


@router.post("")
async def change(request: Request, project_id: RowId, tools: ToolsDep, principal: PrincipalDep) -> Response:
    """Rename the project or move it to another time zone."""
    form = await read_form(request, ProjectSettings)
    try:
        if form.data is not None:
            async with tools.acting(principal, project_id) as act:
                await projects.change_project(act, form.data)
            return go(request, f"/projects/{project_id}/settings", Notice(_("Saved.")))
    except AppError as error:
        form.refuse(error)
    async with tools.reading(principal, project_id) as act:
        await request.app.state.dress(request, act, principal)
        return await _settings_page(request, act, form=form, status=422)


@router.post("/limits")
async def change_limits(request: Request, project_id: RowId, tools: ToolsDep, principal: PrincipalDep) -> Response:
    """Set everything that the form shows; what is left empty is as the installation has it."""
    form = await read_form(request, ForProject)
    try:
        if form.data is not None:
            async with tools.acting(principal, project_id) as act:
                await change_project_settings(act, ForProject(**form.data.model_dump()))
            return go(request, f"/projects/{project_id}/settings", Notice(_("Saved.")))
    except AppError as error:
        form.refuse(error)
    async with tools.reading(principal, project_id) as act:
        await request.app.state.dress(request, act, principal)
        return await _settings_page(request, act, limits=form, status=422)


async def _settings_page(
    request: Request,
    act: Act,
    *,
    form: Filled[ProjectSettings] | None = None,
    limits: Filled[ForProject] | None = None,
    status: int = 200,
) -> Response:
    project = seen_by(act, await the_project(act))
    above = await holding_everywhere(act)
    return page(
        request,
        "people/settings.html",
        status=status,
        one=project,
        form=form or blank(name=project.name, time_zone=project.time_zone),
        limits=limits or blank(**(await set_by_owner(act)).model_dump()),
        most=above.collision_limit_per_post,
        presets=preset_choices(above.preset),
        holding=await holding_here(act),
        rights={right.value for right in RIGHTS[project.role]},
    )
