"""What the layout of a project's pages shows: the project itself and the others to switch to."""

from fastapi import Request

from tgac.kit.act import Act
from tgac.kit.tenancy import Principal
from tgac.people.queries import projects_of, seen_by, the_project


async def dress(request: Request, act: Act, principal: Principal) -> None:
    """Put them where `kit/web/pages.py` looks for them: as plain values, since an error's page outlives the act."""
    request.state.project = seen_by(act, await the_project(act))
    request.state.projects = await projects_of(request.app.state.tools, principal)
