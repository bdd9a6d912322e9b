"""What routes ask for: who is signed in, an act in the project of the path, the tools.

`scope="function"` makes an act commit before its answer leaves: without it FastAPI answers first, and a commit that
fails afterwards has already been reported as a success (pinned by a test).
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Path, Request

from tgac.kit.act import Act
from tgac.kit.errors import SignInNeeded
from tgac.kit.tenancy import NO_PROJECT, Principal, TokenScope, require_admin, token_refused
from tgac.kit.tools import Tools
from tgac.kit.web.answers import wants_json
from tgac.kit.web.i18n import _
from tgac.kit.web.security import SAFE_METHODS

type Authenticate = Callable[[Request], Awaitable[Principal | None]]

MAX_ID = 2**63 - 1

RowId = Annotated[int, Path(ge=1, le=MAX_ID)]


def tools_of(request: Request) -> Tools:
    """The process's tools."""
    tools: Tools = request.app.state.tools
    return tools


ToolsDep = Annotated[Tools, Depends(tools_of)]


async def signed_in(request: Request) -> Principal:
    """Who is signed in. Raises SignInNeeded; Refused where an API token asks for more than it may."""
    principal: Principal | None = await request.app.state.authenticate(request)
    if principal is None:
        raise SignInNeeded(_("Sign in first."))
    _keep_scope(request, principal)
    return principal


def _keep_scope(request: Request, principal: Principal) -> None:
    """Every route stands behind this, so one that is added is held without knowing: changes need `write`, and outside
    of a project `admin`. What in a project is its owners' alone is held by `require`."""
    if request.method in SAFE_METHODS:
        return
    in_project = "project_id" in request.path_params
    is_kept = principal.project_ids is None or in_project
    if not is_kept or not principal.reaches(TokenScope.WRITE if in_project else TokenScope.ADMIN):
        raise token_refused()


PrincipalDep = Annotated[Principal, Depends(signed_in)]


async def _user_read(tools: ToolsDep, principal: PrincipalDep) -> AsyncIterator[Act]:
    async with tools.reading(principal, NO_PROJECT) as act:
        yield act


async def _user_write(tools: ToolsDep, principal: PrincipalDep) -> AsyncIterator[Act]:
    async with tools.acting(principal, NO_PROJECT) as act:
        yield act


UserRead = Annotated[Act, Depends(_user_read, scope="function")]
UserWrite = Annotated[Act, Depends(_user_write, scope="function")]


async def _admin_read(act: UserRead) -> Act:
    require_admin(act)
    return act


async def _admin_write(act: UserWrite) -> Act:
    require_admin(act)
    return act


AdminRead = Annotated[Act, Depends(_admin_read, scope="function")]
AdminWrite = Annotated[Act, Depends(_admin_write, scope="function")]


async def _read_act(
    request: Request, project_id: RowId, tools: ToolsDep, principal: PrincipalDep
) -> AsyncIterator[Act]:
    async with tools.reading(principal, project_id) as act:
        await _dress(request, act, principal)
        yield act


async def _write_act(
    request: Request, project_id: RowId, tools: ToolsDep, principal: PrincipalDep
) -> AsyncIterator[Act]:
    async with tools.acting(principal, project_id) as act:
        await _dress(request, act, principal)
        yield act


async def _dress(request: Request, act: Act, principal: Principal) -> None:
    if not wants_json(request):
        await request.app.state.dress(request, act, principal)


ReadAct = Annotated[Act, Depends(_read_act, scope="function")]
WriteAct = Annotated[Act, Depends(_write_act, scope="function")]
