"""The pages of one's projects and of one's account."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response

from tgac.kit.act import Act
from tgac.kit.errors import AppError
from tgac.kit.tenancy import EVERYONE, NO_PROJECT, Principal, TokenScope
from tgac.kit.tools import Tools
from tgac.kit.web.deps import PrincipalDep, RowId, ToolsDep, UserWrite, WriteAct
from tgac.kit.web.forms import Filled, blank, read_form
from tgac.kit.web.i18n import LANGUAGE_COOKIE, LANGUAGES, _, set_language
from tgac.kit.web.pages import Notice, go, page
from tgac.people import admin_web, members_web, projects, service, settings_web, sign_in_web
from tgac.people.auth import authenticate
from tgac.people.browsers import shown_browser
from tgac.people.forms import NewProject, NewToken, NoticesForm
from tgac.people.models import Project
from tgac.people.queries import living_sessions, projects_of, tokens_of, user_numbered
from tgac.people.words import NOTICES, SCOPES

router: Final = APIRouter(include_in_schema=False)
for _part in (sign_in_web.router, settings_web.router, members_web.router, admin_web.router):
    router.include_router(_part)

_A_YEAR: Final = 31_536_000

type Verb = Callable[[Act], Awaitable[Project]]


# --- Projects. ---


@router.get("/projects")
async def list_projects(request: Request, tools: ToolsDep, principal: PrincipalDep) -> Response:
    """The projects in which one has a role, and the form for another one."""
    return await _projects_page(request, tools, principal=principal, form=blank())


@router.post("/projects")
async def create(request: Request, tools: ToolsDep, principal: PrincipalDep) -> Response:
    """Make a project that one owns."""
    form = await read_form(request, NewProject)
    if form.data is None:
        return await _projects_page(request, tools, principal=principal, form=form, status=422)
    try:
        async with tools.acting(principal, EVERYONE) as act:
            project = await projects.create_project(act, form.data.name)
    except AppError as error:
        form.errors["name"] = error.message
        return await _projects_page(request, tools, principal=principal, form=form, status=error.status)
    return go(request, f"/projects/{project.id}", Notice(_("The project is there.")))


async def _projects_page(
    request: Request, tools: Tools, *, principal: Principal, form: Filled[NewProject], status: int = 200
) -> Response:
    mine = await projects_of(tools, principal)
    return page(request, "people/projects.html", status=status, mine=mine, form=form)


@router.post("/projects/{project_id}/pause")
async def pause(request: Request, act: WriteAct) -> Response:
    """Pause the project."""
    return await _halted(request, act, projects.pause_project, said=_("The project is paused."))


@router.post("/projects/{project_id}/resume")
async def resume(request: Request, act: WriteAct) -> Response:
    """Let the project work again."""
    return await _halted(request, act, projects.resume_project, said=_("The project works again."))


@router.post("/projects/{project_id}/archive")
async def archive(request: Request, act: WriteAct) -> Response:
    """Put the project away."""
    return await _halted(request, act, projects.archive_project, said=_("The project is archived."))


@router.post("/projects/{project_id}/stop")
async def stop(request: Request, act: WriteAct) -> Response:
    """The emergency stop: one press, taken back by one press."""
    return await _halted(request, act, projects.stop_project, said=_("Stopped. Nothing leaves until you resume."))


async def _halted(request: Request, act: Act, verb: Verb, *, said: str) -> Response:
    await verb(act)
    return go(request, f"/projects/{act.project_id}", Notice(said))


# --- One's account. ---


@router.get("/account")
async def account(request: Request, tools: ToolsDep, principal: PrincipalDep) -> Response:
    """The browsers in which one is signed in, and one's API tokens."""
    return await _account_page(request, tools, principal=principal)


@router.post("/account/sessions/others/end")
async def end_other_sessions(request: Request, act: UserWrite) -> Response:
    """Sign out everywhere but here."""
    await service.end_other_sessions(act)
    return go(request, "/account", Notice(_("You are signed out everywhere else.")))


@router.post("/account/sessions/{session_id}/end")
async def end_session(request: Request, act: UserWrite, session_id: RowId) -> Response:
    """Sign one browser out."""
    await service.end_session(act, session_id)
    return go(request, "/account", Notice(_("Signed out there.")))


@router.post("/account/notifications")
async def choose_notices(request: Request, act: UserWrite) -> Response:
    """Choose how often one is told of what is wrong."""
    form = await read_form(request, NoticesForm)
    if form.data is None:
        return go(request, "/account")
    await service.choose_notices(act, form.data.notices)
    return go(request, "/account", Notice(_("Saved.")))


@router.post("/account/tokens")
async def create_token(request: Request, tools: ToolsDep, principal: PrincipalDep) -> Response:
    """Make an API token and show it, this once."""
    form = await read_form(request, NewToken)
    try:
        if form.data is not None:
            secret = (await service.create_own_token(tools, principal, form.data))[1]
            return await _account_page(request, tools, principal=principal, fresh_token=secret.reveal())
    except AppError as error:
        form.refuse(error)
    return await _account_page(request, tools, principal=principal, form=form, status=422)


@router.post("/account/tokens/{token_id}/delete")
async def delete_token(request: Request, act: UserWrite, token_id: RowId) -> Response:
    """End an API token."""
    await service.delete_own_token(act, token_id)
    return go(request, "/account", Notice(_("The token is deleted.")))


async def _account_page(
    request: Request,
    tools: Tools,
    *,
    principal: Principal,
    form: Filled[NewToken] | None = None,
    fresh_token: str = "",
    status: int = 200,
) -> Response:
    mine = await projects_of(tools, principal)
    async with tools.reading(principal, NO_PROJECT) as act:
        sessions = await living_sessions(act, principal.user_id)
        tokens = await tokens_of(act.session, principal.user_id)
        notices = (await user_numbered(act.session, principal.user_id)).notices
    return page(
        request,
        "people/account.html",
        status=status,
        sessions=sessions,
        here_id=principal.session_id,
        tokens=tokens,
        form=form or blank(),
        fresh_token=fresh_token,
        shown_browser=shown_browser,
        notices_wanted=notices,
        notice_choices=[(key, _(word)) for key, word in NOTICES.items()],
        scopes=SCOPES,
        scope_choices=[(key, _(word)) for key, word in SCOPES.items()],
        project_names={one.id: one.name for one in mine},
    )


@router.post("/language")
async def choose_language(
    request: Request, tools: ToolsDep, lang: Annotated[str, Form(max_length=8)], back: Annotated[str, Form()] = "/"
) -> Response:
    """Speak another language in this browser, and to whoever is signed in here."""
    principal = await authenticate(request)
    if principal is not None and principal.reaches(TokenScope.ADMIN):
        async with tools.acting(principal, NO_PROJECT) as act:
            await service.choose_language(act, lang)
    answer = go(request, back)
    if lang in LANGUAGES:
        set_language(lang)
        secure = tools.config.secure
        answer.set_cookie(LANGUAGE_COOKIE, lang, max_age=_A_YEAR, samesite="lax", httponly=True, secure=secure)
    return answer
