"""The JSON API of a project's members and invitations."""

from typing import Any, Final

from fastapi import APIRouter, Response

from tgac.kit.config import Config
from tgac.kit.tenancy import EVERYONE
from tgac.kit.web.answers import ok
from tgac.kit.web.deps import PrincipalDep, ReadAct, RowId, ToolsDep, WriteAct
from tgac.people import members
from tgac.people.forms import InvitationSecret, NewInvitation, NewRole
from tgac.people.members import Seated, Waiting

router: Final = APIRouter(prefix="/api/v1", tags=["members"])


@router.get("/projects/{project_id}/members")
async def list_members(act: ReadAct) -> Response:
    """The members, the longest there first, and the invitations that still work."""
    items = [_member(one) for one in await members.members_of(act)]
    invitations = [_invitation(one) for one in await members.invitations_of(act)]
    return ok({"items": items, "next": None, "invitations": invitations})


@router.post("/projects/{project_id}/members")
async def invite(act: WriteAct, form: NewInvitation) -> Response:
    """Invite somebody; `link` is shown here and never again."""
    row, secret = await members.invite(act, form.role, username=form.username)
    shown = _invitation(Waiting(row, (form.username or "").lower()))
    return ok({**shown, "link": join_link(act.config, secret.reveal())}, status=201)


@router.delete("/projects/{project_id}/members")
async def leave(act: WriteAct) -> Response:
    """Give up one's own role."""
    await members.leave_project(act)
    return ok()


@router.put("/projects/{project_id}/members/{member_id}")
async def change_role(act: WriteAct, member_id: RowId, form: NewRole) -> Response:
    """Give a member another role."""
    return ok(_member(await members.change_role(act, member_id, form.role)))


@router.delete("/projects/{project_id}/members/{member_id}")
async def remove(act: WriteAct, member_id: RowId) -> Response:
    """End a member's access at once."""
    await members.remove_member(act, member_id)
    return ok()


@router.delete("/projects/{project_id}/invitations/{invitation_id}")
async def withdraw(act: WriteAct, invitation_id: RowId) -> Response:
    """Let an invitation work no more."""
    await members.withdraw_invitation(act, invitation_id)
    return ok()


@router.post("/join")
async def join(tools: ToolsDep, principal: PrincipalDep, form: InvitationSecret) -> Response:
    """Take the role that an invitation gives: `secret` is the last part of its link."""
    async with tools.acting(principal, EVERYONE) as act:
        offer = await members.join(act, form.secret)
    return ok({"project_id": offer.project.id, "role": offer.invitation.role})


def join_link(config: Config, secret: str) -> str:
    """Where the invited person goes."""
    return f"{config.base_url}/join/{secret}"


def _member(one: Seated) -> dict[str, Any]:
    return {"id": one.row.id, "user_id": one.row.user_id, "username": one.username, "role": one.row.role}


def _invitation(one: Waiting) -> dict[str, Any]:
    plain = {name: getattr(one.row, name) for name in ("id", "role", "created_at", "expires_at")}
    return {**plain, "username": one.username or None}
