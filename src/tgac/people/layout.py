"""What the layout of a project's pages shows: the project itself and the others to switch to."""

from fastapi import Request

from tgac.kit.act import Act
from tgac.kit.tenancy import Principal
from tgac.people.queries import projects_of, the_project


async def dress(request: Request, act: Act, principal: Principal) -> None:
    """Put them where `kit/web/pages.py` looks for them."""
    request.state.project = await the_project(act)
    request.state.projects = await projects_of(request.app.state.tools, principal)
