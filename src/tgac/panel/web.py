"""The overview of a project."""

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse

from tgac.comments.showing import zone_here
from tgac.kit.act import Act
from tgac.kit.errors import AppError
from tgac.kit.tenancy import RIGHTS, Right, require
from tgac.kit.web.deps import PrincipalDep, ReadAct, RowId, ToolsDep
from tgac.kit.web.forms import Filled, blank, read_form
from tgac.kit.web.i18n import _
from tgac.kit.web.pages import Notice, go, page
from tgac.panel.care import concerns
from tgac.panel.deletion import delete_project, what_goes
from tgac.panel.forms import TypedName
from tgac.panel.service import first_steps, latest_posts, next_due, summary
from tgac.people.queries import the_project
from tgac.settings.service import holding_everywhere

router = APIRouter(prefix="/projects/{project_id}", include_in_schema=False)


@router.get("")
async def overview(request: Request, act: ReadAct) -> HTMLResponse:
    """What happens at this moment."""
    require(act, Right.LOOK)
    return page(
        request,
        "panel/overview.html",
        block="moment",
        state=await the_project(act),
        stopped_everywhere=(await holding_everywhere(act)).stopped_at,
        figures=await summary(act, await zone_here(act)),
        steps=await first_steps(act),
        concerns=await concerns(act),
        due=await next_due(act, 5),
        posts=await latest_posts(act, 8),
        root=f"/projects/{act.project_id}",
        may_edit=act.role is not None and Right.EDIT in RIGHTS[act.role],
    )


@router.get("/delete")
async def ask_to_delete(request: Request, act: ReadAct) -> HTMLResponse:
    """What goes with the project, and the field for its name."""
    return await _deletion_page(request, act, form=blank())


@router.post("/delete")
async def delete(request: Request, project_id: RowId, tools: ToolsDep, principal: PrincipalDep) -> Response:
    """Delete the project for good."""
    form = await read_form(request, TypedName)
    try:
        if form.data is not None:
            async with tools.acting(principal, project_id) as act:
                await delete_project(act, form.data.name)
            return go(request, "/projects", Notice(_("The project is deleted.")))
    except AppError as error:
        form.refuse(error)
    async with tools.reading(principal, project_id) as act:
        await request.app.state.dress(request, act, principal)
        return await _deletion_page(request, act, form=form, status=422)


async def _deletion_page(request: Request, act: Act, *, form: Filled[TypedName], status: int = 200) -> HTMLResponse:
    going = await what_goes(act)
    return page(request, "panel/delete.html", status=status, going=going, one=await the_project(act), form=form)
