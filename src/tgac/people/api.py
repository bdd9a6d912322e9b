"""The JSON API of users, of what is one's own, and of projects."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response

from tgac.kit.tenancy import EVERYONE
from tgac.kit.web.answers import ok
from tgac.kit.web.deps import (
    AdminRead,
    AdminWrite,
    PrincipalDep,
    ReadAct,
    RowId,
    ToolsDep,
    UserRead,
    UserWrite,
    WriteAct,
)
from tgac.people import members_api, service, sign_in_api
from tgac.people.forms import NewProject, NewToken, NewUser, NoticesForm, ProjectSettings, UserQuota
from tgac.people.models import ApiToken, LoginSession, Project, User
from tgac.people.projects import (
    archive_project,
    change_project,
    create_project,
    pause_project,
    resume_project,
    stop_project,
)
from tgac.people.queries import (
    MyProject,
    living_sessions,
    projects_of,
    seen_by,
    the_project,
    tokens_of,
    user_numbered,
    users,
)

me_router: Final = APIRouter(prefix="/api/v1/me", tags=["me"])
admin_router: Final = APIRouter(prefix="/api/v1/admin/users", tags=["admin"])
projects_router: Final = APIRouter(prefix="/api/v1/projects", tags=["projects"])


# --- Oneself. ---


@me_router.get("")
async def me(act: UserRead) -> Response:
    """Who is signed in."""
    return ok(_user(await user_numbered(act.session, service.author_of(act).user_id)))


@me_router.get("/sessions")
async def list_sessions(act: UserRead) -> Response:
    """The browsers in which one is signed in, the one used last first."""
    author = service.author_of(act)
    rows = await living_sessions(act, author.user_id)
    return ok({"items": [_session(row, author.session_id) for row in rows], "next": None})


@me_router.delete("/sessions")
async def end_other_sessions(act: UserWrite) -> Response:
    """Sign out everywhere but in the browser that asks."""
    await service.end_other_sessions(act)
    return ok()


@me_router.delete("/sessions/{session_id}")
async def end_session(act: UserWrite, session_id: RowId) -> Response:
    """Sign one of one's browsers out."""
    await service.end_session(act, session_id)
    return ok()


@me_router.get("/notifications")
async def show_notifications(act: UserRead) -> Response:
    """How often one is told in Telegram of what is wrong: `daily`, `at_once`, or only what is `critical`."""
    return ok(_notifications(await user_numbered(act.session, service.author_of(act).user_id)))


@me_router.put("/notifications")
async def set_notifications(act: UserWrite, form: NoticesForm) -> Response:
    """Choose it. What is critical is told at once whatever is chosen."""
    return ok(_notifications(await service.choose_notices(act, form.notices)))


@me_router.get("/tokens")
async def list_tokens(act: UserRead) -> Response:
    """One's API tokens, without what is secret."""
    rows = await tokens_of(act.session, service.author_of(act).user_id)
    return ok({"items": [_token(row) for row in rows], "next": None})


@me_router.post("/tokens")
async def create_token(tools: ToolsDep, principal: PrincipalDep, form: NewToken) -> Response:
    """An API token; `token` is shown here and never again. `scope` and `project_ids` say how far it reaches."""
    row, secret = await service.create_own_token(tools, principal, form)
    return ok({**_token(row), "token": secret.reveal()}, status=201)


@me_router.delete("/tokens/{token_id}")
async def delete_token(act: UserWrite, token_id: RowId) -> Response:
    """End one of one's API tokens."""
    await service.delete_own_token(act, token_id)
    return ok()


# --- Admins. ---


@admin_router.get("")
async def list_users(
    act: AdminRead,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[int, Query(ge=0, le=2**63 - 1)] = 0,
    q: Annotated[str, Query(max_length=32)] = "",
) -> Response:
    """Every user, in the order in which they were entered."""
    rows = await users(act.session, after=cursor, limit=limit + 1, q=q)
    following = rows[limit - 1].id if len(rows) > limit else None
    return ok({"items": [_user(row) for row in rows[:limit]], "next": following})


@admin_router.post("")
async def add_user(act: AdminWrite, form: NewUser) -> Response:
    """Invite a person by Telegram username."""
    return ok(_user(await service.add_user(act, form.username, quota_projects=form.quota_projects)), status=201)


@admin_router.put("/{user_id}")
async def set_quota(act: AdminWrite, user_id: RowId, form: UserQuota) -> Response:
    """How many projects the user may have."""
    return ok(_user(await service.set_quota(act, user_id, quota_projects=form.quota_projects)))


@admin_router.post("/{user_id}/block")
async def block_user(act: AdminWrite, user_id: RowId) -> Response:
    """Keep the user out; every session and API token of theirs ends at once."""
    return ok(_user(await service.block_user_numbered(act, user_id)))


@admin_router.post("/{user_id}/unblock")
async def unblock_user(act: AdminWrite, user_id: RowId) -> Response:
    """Let a blocked user sign in again."""
    return ok(_user(await service.unblock_user(act, user_id)))


# --- Projects. ---


@projects_router.get("")
async def list_projects(tools: ToolsDep, principal: PrincipalDep) -> Response:
    """The projects in which one has a role, by name."""
    return ok({"items": [_mine(one) for one in await projects_of(tools, principal)], "next": None})


@projects_router.post("")
async def create(tools: ToolsDep, principal: PrincipalDep, form: NewProject) -> Response:
    """Make a project that one owns. 409 with the numbers above one's quota."""
    async with tools.acting(principal, EVERYONE) as act:
        project = await create_project(act, form.name)
    return ok({**_project(project), "role": "owner"}, status=201)


@projects_router.get("/{project_id}")
async def show(act: ReadAct) -> Response:
    """One project."""
    return ok(_mine(seen_by(act, await the_project(act))))


@projects_router.put("/{project_id}")
async def change(act: WriteAct, form: ProjectSettings) -> Response:
    """Rename it, or move it to another time zone."""
    return ok(_mine(seen_by(act, await change_project(act, form))))


@projects_router.post("/{project_id}/pause")
async def pause(act: WriteAct) -> Response:
    """Let nothing more be planned or sent until it is resumed."""
    return ok(_mine(seen_by(act, await pause_project(act))))


@projects_router.post("/{project_id}/resume")
async def resume(act: WriteAct) -> Response:
    """Let it work again."""
    return ok(_mine(seen_by(act, await resume_project(act))))


@projects_router.post("/{project_id}/archive")
async def archive(act: WriteAct) -> Response:
    """Put it away."""
    return ok(_mine(seen_by(act, await archive_project(act))))


@projects_router.post("/{project_id}/stop")
async def stop(act: WriteAct) -> Response:
    """The emergency stop: nothing leaves after this answer."""
    return ok(_mine(seen_by(act, await stop_project(act))))


# --- How rows are shown. ---


def _user(row: User) -> dict[str, Any]:
    plain = ("id", "username", "telegram_id", "is_admin", "state", "language", "quota_projects", "created_at")
    return {name: getattr(row, name) for name in plain}


def _notifications(row: User) -> dict[str, Any]:
    return {"notices": row.notices}


def _session(row: LoginSession, current: int | None) -> dict[str, Any]:
    plain = ("id", "browser", "address", "created_at", "seen_at", "expires_at")
    return {**{name: getattr(row, name) for name in plain}, "current": row.id == current}


def _token(row: ApiToken) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("id", "name", "scope", "project_ids", "created_at", "used_at")}


def _project(row: Project | MyProject) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ("id", "name", "status", "stopped_at", "time_zone", "created_at")}


def _mine(row: MyProject) -> dict[str, Any]:
    return {**_project(row), "role": row.role}


router: Final = APIRouter()
for _part in (sign_in_api.router, me_router, admin_router, projects_router, members_api.router):
    router.include_router(_part)
