"""The address without a path."""

from typing import Final

from fastapi import APIRouter
from fastapi.responses import RedirectResponse

from tgac.kit.web.deps import PrincipalDep, ToolsDep
from tgac.people.queries import projects_of

router: Final = APIRouter(include_in_schema=False)


@router.get("/")
async def home(tools: ToolsDep, principal: PrincipalDep) -> RedirectResponse:
    """To one's only project, else to the choice of projects."""
    mine = await projects_of(tools, principal)
    return RedirectResponse(f"/projects/{mine[0].id}" if len(mine) == 1 else "/projects", 303)
