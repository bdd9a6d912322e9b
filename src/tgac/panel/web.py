"""The overview of a project."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from tgac.comments.showing import zone_here
from tgac.kit.tenancy import RIGHTS, Right, require
from tgac.kit.web.deps import ReadAct
from tgac.kit.web.pages import page
from tgac.panel.service import first_steps, latest_posts, next_due, summary
from tgac.people.queries import the_project

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
        figures=await summary(act, await zone_here(act)),
        steps=await first_steps(act),
        due=await next_due(act, 5),
        posts=await latest_posts(act, 8),
        root=f"/projects/{act.project_id}",
        may_edit=act.role is not None and Right.EDIT in RIGHTS[act.role],
    )
