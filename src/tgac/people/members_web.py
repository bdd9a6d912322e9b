"""The page of a project's members, and the page that an invitation's link opens."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response

from tgac.kit.act import Act
from tgac.kit.errors import AppError
from tgac.kit.tenancy import EVERYONE, RIGHTS, Role
from tgac.kit.web.deps import MAX_ID, PrincipalDep, ReadAct, RowId, ToolsDep, WriteAct
from tgac.kit.web.forms import Filled, blank, read_form
from tgac.kit.web.i18n import _
from tgac.kit.web.pages import Notice, go, page
from tgac.kit.web.paging import next_address
from tgac.people import members
from tgac.people.forms import NewInvitation, NewRole
from tgac.people.members_api import join_link
from tgac.people.service import author_of
from tgac.people.words import role_choices, role_word

router: Final = APIRouter(include_in_schema=False)

SHOWN: Final = 50
"""So many members stand on a page: each has a form and a question."""

Secret = Annotated[str, Path(min_length=1, max_length=128)]


@router.get("/projects/{project_id}/members")
async def list_members(request: Request, act: ReadAct, cursor: Annotated[int, Query(ge=0, le=MAX_ID)] = 0) -> Response:
    """Who may do what here."""
    return await _members_page(request, act, after=cursor)


@router.post("/projects/{project_id}/members")
async def invite(request: Request, project_id: RowId, tools: ToolsDep, principal: PrincipalDep) -> Response:
    """Make an invitation and show its link, this once."""
    form, link, status = await read_form(request, NewInvitation), "", 422
    try:
        if form.data is not None:
            async with tools.acting(principal, project_id) as act:
                secret = (await members.invite(act, form.data.role, username=form.data.username))[1]
            form, link, status = blank(), join_link(tools.config, secret.reveal()), 200
    except AppError as error:
        form.refuse(error)
    async with tools.reading(principal, project_id) as act:
        await request.app.state.dress(request, act, principal)
        return await _members_page(request, act, form=form, link=link, status=status)


@router.post("/projects/{project_id}/members/leave")
async def leave(request: Request, act: WriteAct) -> Response:
    """Give up one's own role."""
    await members.leave_project(act)
    return go(request, "/projects", Notice(_("You have left the project.")))


@router.post("/projects/{project_id}/members/{member_id}")
async def change_role(request: Request, act: WriteAct, member_id: RowId) -> Response:
    """Give a member another role."""
    form = await read_form(request, NewRole)
    if form.data is None:
        return await _members_page(request, act, status=422)
    changed = await members.change_role(act, member_id, form.data.role)
    words = _("@%(name)s: %(role)s.", name=changed.username, role=role_word(changed.row.role))
    return go(request, f"/projects/{act.project_id}/members", Notice(words))


@router.post("/projects/{project_id}/members/{member_id}/remove")
async def remove(request: Request, act: WriteAct, member_id: RowId) -> Response:
    """End a member's access at once."""
    await members.remove_member(act, member_id)
    return go(request, f"/projects/{act.project_id}/members", Notice(_("Removed. Their access has ended.")))


@router.post("/projects/{project_id}/invitations/{invitation_id}/withdraw")
async def withdraw(request: Request, act: WriteAct, invitation_id: RowId) -> Response:
    """Let an invitation work no more."""
    await members.withdraw_invitation(act, invitation_id)
    return go(request, f"/projects/{act.project_id}/members", Notice(_("The invitation is withdrawn.")))


@router.get("/join/{secret}")
async def look(request: Request, tools: ToolsDep, principal: PrincipalDep, secret: Secret) -> Response:
    """What one is invited to. Looking takes nothing: previews and scanners open links too."""
    async with tools.reading(principal, EVERYONE) as act:
        offer = await members.offer_of(act, secret)
    role = role_word(offer.invitation.role)
    return page(request, "people/join.html", offer=offer, role=role, secret=secret, username=principal.username)


@router.post("/join/{secret}")
async def join(request: Request, tools: ToolsDep, principal: PrincipalDep, secret: Secret) -> Response:
    """Take the role."""
    async with tools.acting(principal, EVERYONE) as act:
        offer = await members.join(act, secret)
    return go(request, f"/projects/{offer.project.id}", Notice(_("You are a member of this project.")))


async def _members_page(
    request: Request,
    act: Act,
    *,
    form: Filled[NewInvitation] | None = None,
    link: str = "",
    after: int = 0,
    status: int = 200,
) -> Response:
    assert act.role is not None
    seated = await members.members_of(act)
    below = [one for one in seated if one.row.id > after]
    shown = below[:SHOWN]
    owners = [one.row.user_id for one in seated if one.row.role == Role.OWNER]
    return page(
        request,
        "people/members.html",
        status=status,
        members=shown,
        next_url=next_address(request, shown[-1].row.id) if len(below) > SHOWN else "",
        is_last_owner=owners == [author_of(act).user_id],
        invitations=await members.invitations_of(act),
        form=form or blank(),
        link=link,
        roles=role_choices(),
        short_roles=[(role, role_word(role)) for role, _said in role_choices()],
        role_word=role_word,
        me=author_of(act).user_id,
        may_own="own" in RIGHTS[act.role],
        viewer=Role.VIEWER,
        root=f"/projects/{act.project_id}",
    )
