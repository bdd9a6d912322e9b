"""Members of a project: who is let in, as what, and who has to go.

An invitation is a link with a secret, of which only the hash is kept; it works once, for seven days, and only as long
as the owner who made it is an owner. Joining takes a person who is signed in, so the link alone opens nothing. With a
username the invitation is for that person alone; somebody who is no user yet becomes one, who may join projects but
make none (quota 0) until an admin says otherwise. Without a username it is for any user who brings the link: whoever
is none hears from the service bot to ask an admin.

A role holds from the next act on: it is read anew in each. A project has always an owner.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Final

from sqlalchemy import Select, delete, func, select

from tgac.journal.service import record
from tgac.kit.act import Act
from tgac.kit.errors import Conflict, NotFound
from tgac.kit.queue.jobs import Job
from tgac.kit.secrets import Secret, hash_secret, new_secret
from tgac.kit.tenancy import EVERYONE, Right, Role, require
from tgac.kit.web.i18n import _
from tgac.people.models import Invitation, Member, Project, User
from tgac.people.queries import project_named, user_or_none
from tgac.people.service import add_user, author_of

INVITATION_LIVES: Final = timedelta(days=7)
ROOM: Final = 200
"""Members and open invitations of a project together."""


@dataclass(frozen=True)
class MemberEnded(Job):
    """Somebody is no member of a project any more: what hung on the membership ends. Handled by slices above."""

    kind: ClassVar[str] = "member_ended"
    project_id: int
    user_id: int


@dataclass(frozen=True, slots=True)
class Seated:
    """A member with their name."""

    row: Member
    username: str


@dataclass(frozen=True, slots=True)
class Waiting:
    """An open invitation; `username` is "" where it is for whoever brings it."""

    row: Invitation
    username: str


@dataclass(frozen=True, slots=True)
class Offer:
    """What an invitation is for, as its reader sees it."""

    invitation: Invitation
    project: Project
    invited_by: str


# --- Looking. ---


async def members_of(act: Act) -> list[Seated]:
    """The project's members, the longest there first."""
    require(act, Right.LOOK)
    asked = select(Member, User.username).join(User, User.id == Member.user_id).order_by(Member.id)
    return [Seated(row, name) for row, name in (await act.session.execute(asked)).all()]


async def invitations_of(act: Act) -> list[Waiting]:
    """The project's invitations that still work, the oldest first."""
    require(act, Right.LOOK)
    asked = _living(act).outerjoin(User, User.id == Invitation.user_id).add_columns(User.username)
    rows = (await act.session.execute(asked.order_by(Invitation.id))).all()
    return [Waiting(row, name or "") for row, name in rows]


# --- Inviting. ---


async def invite(act: Act, role: Role, *, username: str | None = None) -> tuple[Invitation, Secret]:
    """Make an invitation; its secret is shown once. Owners only.

    Raises Refused, Invalid or Conflict (field `username`), Conflict where there is no room.
    """
    require(act, Right.OWN)
    await _locked(act)
    await act.session.execute(delete(Invitation).where(Invitation.expires_at <= act.now))
    await _keep_room(act)
    invited = await _invited(act, username) if username else None
    secret = new_secret()
    row = Invitation(
        role=role,
        secret_hash=hash_secret(secret),
        user_id=invited.id if invited else None,
        created_by=author_of(act).user_id,
        created_at=act.now,
        expires_at=act.now + INVITATION_LIVES,
    )
    act.session.add(row)
    await act.flush()
    if invited:
        record(act, "member_invited", {"username": invited.username, "role": role})
    else:
        record(act, "invitation_made", {"role": role})
    return row, Secret(secret)


async def withdraw_invitation(act: Act, invitation_id: int) -> None:
    """Let an invitation work no more. Owners only. Raises Refused, NotFound."""
    require(act, Right.OWN)
    found = await act.session.scalar(select(Invitation).where(Invitation.id == invitation_id))
    if found is None:
        raise NotFound(_("There is nothing here, or it is not yours."))
    invited = await act.session.get(User, found.user_id) if found.user_id else None
    record(act, "invitation_withdrawn", {"username": invited.username if invited else "", "role": found.role})
    await act.session.delete(found)


async def _invited(act: Act, username: str) -> User:
    user = await user_or_none(act.session, username) or await add_user(act, username, quota_projects=0)
    there = select(Member.id).where(Member.user_id == user.id)
    if await act.session.scalar(there) is not None:
        raise Conflict(_("@%(name)s is a member already.", name=user.username), field="username")
    return user


async def _keep_room(act: Act) -> None:
    counted = select(
        select(func.count(Member.id)).scalar_subquery() + select(func.count(Invitation.id)).scalar_subquery()
    )
    if (await act.session.scalars(counted)).one() >= ROOM:
        raise Conflict(_("A project has at most %(n)s members and invitations.", n=ROOM), code="no_room")


def _living(act: Act) -> Select[Invitation]:
    """Invitations in time, of owners who are owners still and not blocked."""
    maker = select(Member.id).join(User, User.id == Member.user_id)
    maker = maker.where(
        Member.project_id == Invitation.project_id,
        Member.user_id == Invitation.created_by,
        Member.role == Role.OWNER,
        User.state != "blocked",
    )
    return select(Invitation).where(Invitation.expires_at > act.now, maker.correlate(Invitation).exists())


# --- Joining. ---


async def offer_of(act: Act, secret: str) -> Offer:
    """What the author of the act is invited to. The act's scope is EVERYONE. Raises NotFound."""
    assert act.scope is EVERYONE, "who is invited has no role in the project yet"
    asked = _living(act).where(
        Invitation.secret_hash == hash_secret(secret),
        Invitation.user_id.is_(None) | (Invitation.user_id == author_of(act).user_id),
    )
    found = await act.session.scalar(asked.with_for_update())
    if found is None:
        over = _("This invitation is used up, withdrawn, too old, or for somebody else.")
        raise NotFound(over, code="invitation_over")
    project = await act.session.get_one(Project, found.project_id)
    maker = await act.session.get_one(User, found.created_by)
    return Offer(found, project, maker.username)


async def join(act: Act, secret: str) -> Offer:
    """Take the role that the invitation gives; it works no more. Raises NotFound; Conflict for a member."""
    offer, author = await offer_of(act, secret), author_of(act)
    invitation = offer.invitation
    there = select(Member.id).where(Member.project_id == offer.project.id, Member.user_id == author.user_id)
    if await act.session.scalar(there) is not None:
        raise Conflict(_("You are a member of this project already."), code="member_already")
    act.session.add(Member(project_id=offer.project.id, user_id=author.user_id, role=invitation.role))
    data = {"username": author.username, "role": invitation.role}
    record(act, "member_joined", data, project_id=offer.project.id)
    await act.session.delete(invitation)
    await act.flush()
    return offer


# --- Changing and ending. ---


async def change_role(act: Act, member_id: int, role: Role) -> Seated:
    """Give a member another role. Owners only. Raises Refused, NotFound, Conflict for the last owner."""
    require(act, Right.OWN)
    project = await _locked(act)
    member = await _member(act, member_id)
    if member.row.role == role:
        return member
    if role != Role.OWNER:
        await _keep_an_owner(act, project, member.row)
    record(act, "member_changed", {"username": member.username, "changes": {"role": [member.row.role, role]}})
    member.row.role = role
    return member


async def remove_member(act: Act, member_id: int) -> None:
    """End a member's access with this act. Owners only. Raises Refused, NotFound, Conflict for the last owner."""
    require(act, Right.OWN)
    await _end(act, await _member(act, member_id), kind="member_removed")


async def leave_project(act: Act) -> None:
    """Give up one's own role. Raises Conflict for the last owner."""
    require(act, Right.LOOK)
    mine = select(Member.id).where(Member.user_id == author_of(act).user_id)
    await _end(act, await _member(act, (await act.session.scalars(mine)).one()), kind="member_left")


async def _end(act: Act, member: Seated, *, kind: str) -> None:
    await _keep_an_owner(act, await _locked(act), member.row)
    record(act, kind, {"username": member.username, "role": member.row.role})
    await act.session.delete(member.row)
    act.enqueue(MemberEnded(act.project_id, member.row.user_id))


async def _keep_an_owner(act: Act, project: Project, leaving: Member) -> None:
    """Somebody else stays an owner; whose quota the project counts against passes on to them."""
    if leaving.role != Role.OWNER:
        return
    others = select(Member.user_id).where(Member.role == Role.OWNER, Member.id != leaving.id).order_by(Member.id)
    heir_id = (await act.session.scalars(others.limit(1))).first()
    if heir_id is None:
        raise Conflict(_("A project needs an owner. Make somebody else one first."), code="last_owner")
    if project.user_id != leaving.user_id:
        return
    heir = await act.session.get_one(User, heir_id)
    if await project_named(act.session, heir_id, project.name) is not None:
        clash = _("@%(name)s has another project of this name. Rename this one first.", name=heir.username)
        raise Conflict(clash, code="name_taken")
    project.user_id = heir_id


async def _locked(act: Act) -> Project:
    """The act's project, so that two owners do not end each other at once."""
    return await act.session.get_one(Project, act.project_id, with_for_update=True)


async def _member(act: Act, member_id: int) -> Seated:
    asked = select(Member, User.username).join(User, User.id == Member.user_id).where(Member.id == member_id)
    found = (await act.session.execute(asked.with_for_update(of=Member))).one_or_none()
    if found is None:
        raise NotFound(_("There is nothing here, or it is not yours."))
    return Seated(*found)
