"""Who is there and what is theirs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from tgac.kit.act import Act
from tgac.kit.db.many import hold
from tgac.kit.errors import NotFound
from tgac.kit.tenancy import EVERYONE, Principal, Role
from tgac.kit.tools import Tools
from tgac.kit.web.i18n import _
from tgac.people.models import ApiToken, LoginSession, Member, Project, User

IDLE: Final = timedelta(days=30)
"""A session that nobody has used for so long is over."""


async def user_by_telegram_id(session: AsyncSession, telegram_id: int) -> User | None:
    """The user who is bound to this Telegram account."""
    return (await session.scalars(select(User).where(User.telegram_id == telegram_id))).one_or_none()


async def invited_user(session: AsyncSession, username: str) -> User | None:
    """The user whom an admin has entered by this name and to whom no Telegram account is bound."""
    waiting = select(User).where(User.username == username.lower(), User.telegram_id.is_(None))
    return (await session.scalars(waiting.with_for_update())).one_or_none()


async def user_named(session: AsyncSession, username: str) -> User:
    """The same as `user_or_none`. Raises NotFound."""
    found = await user_or_none(session, username)
    if found is None:
        raise NotFound(_("There is no user @%(name)s.", name=username.removeprefix("@").lower()))
    return found


async def user_or_none(session: AsyncSession, username: str) -> User | None:
    """The user by name, for a person's hand: one who waits for the name comes before one who once bore it."""
    named = select(User).where(func.lower(User.username) == username.removeprefix("@").lower())
    return (await session.scalars(named.order_by(User.telegram_id.is_not(None), User.id.desc()))).first()


async def user_numbered(session: AsyncSession, user_id: int) -> User:
    """The user by number, to be changed. Raises NotFound."""
    found = await session.get(User, user_id, with_for_update=True)
    if found is None:
        raise NotFound(_("There is nothing here, or it is not yours."))
    return found


async def users(session: AsyncSession, *, after: int, limit: int, q: str) -> Sequence[User]:
    """Users in the order in which they were entered, those above number `after` whose name holds `q`."""
    asked = select(User).where(User.id > after).order_by(User.id).limit(limit)
    if q:
        asked = asked.where(func.lower(User.username).contains(q.lower(), autoescape=True))
    return (await session.scalars(asked)).all()


async def living_sessions(act: Act, user_id: int) -> Sequence[LoginSession]:
    """The browsers in which the user is signed in, the one used last first."""
    living = select(LoginSession).where(
        LoginSession.user_id == user_id, LoginSession.expires_at > act.now, LoginSession.seen_at > act.now - IDLE
    )
    return (await act.session.scalars(living.order_by(LoginSession.seen_at.desc(), LoginSession.id.desc()))).all()


async def tokens_of(session: AsyncSession, user_id: int) -> Sequence[ApiToken]:
    """The user's API tokens, the oldest first."""
    return (await session.scalars(select(ApiToken).where(ApiToken.user_id == user_id).order_by(ApiToken.id))).all()


_ROLE: Final = select(Member.role).where(Member.project_id == bindparam("project"), Member.user_id == bindparam("user"))


async def find_role(session: AsyncSession, principal: Principal, project_id: int) -> Role | None:
    """The principal's role in the project, None where there is none (or no such project, or none for its token)."""
    if principal.project_ids is not None and project_id not in principal.project_ids:
        return None
    role = (await session.scalars(_ROLE, {"project": project_id, "user": principal.user_id})).one_or_none()
    return Role(role) if role else None


@dataclass(frozen=True, slots=True)
class MyProject:
    """A project as one of its members sees it in a list."""

    id: int
    name: str
    status: str
    stopped_at: datetime | None
    time_zone: str
    created_at: datetime
    role: Role


async def principal_of(act: Act, user_id: int) -> Principal | None:
    """The user as an author of what is done later in their name; None for one who is blocked or gone."""
    user = await act.session.get(User, user_id)
    if user is None or user.state == "blocked":
        return None
    return Principal(user.id, user.username, user.is_admin, user.language)


async def projects_of(tools: Tools, principal: Principal) -> list[MyProject]:
    """The projects in which the principal has a role, by name; archived ones last.

    A membership belongs to its project, so looking over all projects is EVERYONE's; the user is pinned here.
    """
    mine = select(Project, Member.role).join(Member, Member.project_id == Project.id)
    mine = mine.where(Member.user_id == principal.user_id)
    if principal.project_ids is not None:
        mine = mine.where(Project.id.in_(principal.project_ids))
    async with tools.reading(principal, EVERYONE) as act:
        rows = (await act.session.execute(mine.order_by(func.lower(Project.name), Project.id))).all()
    seen = [_seen(project, role) for project, role in rows]
    return sorted(seen, key=lambda one: one.status == "archived")


async def project_named(session: AsyncSession, user_id: int, name: str) -> Project | None:
    """The user's own project of this name."""
    named = select(Project).where(Project.user_id == user_id, Project.name == name, Project.status != "deleted")
    return (await session.scalars(named)).one_or_none()


async def count_projects(session: AsyncSession, user_id: int) -> int:
    """How many projects count against the user's quota: archived ones do not."""
    put_away = Project.status.in_(("archived", "deleted"))
    counted = select(func.count(Project.id)).where(Project.user_id == user_id, ~put_away)
    return (await session.scalars(counted)).one()


async def the_project(act: Act) -> Project:
    """The project that the act is pinned to. Raises NotFound."""
    found = await act.session.get(Project, act.project_id)
    if found is None:
        raise NotFound(_("There is nothing here, or it is not yours."))
    return found


_HELD: Final = select(Project.id).where(Project.id == bindparam("project")).with_for_update(key_share=True)


async def hold_project(act: Act) -> None:
    """Until the act ends no other that calls this goes on in the project: for what must be counted, or be over."""
    await hold(act.session, _HELD, {"project": act.project_id})


def seen_by(act: Act, project: Project) -> MyProject:
    """The act's project as its author sees it."""
    assert act.role is not None
    return _seen(project, act.role)


def _seen(project: Project, role: str) -> MyProject:
    return MyProject(
        id=project.id,
        name=project.name,
        status=project.status,
        stopped_at=project.stopped_at,
        time_zone=project.time_zone,
        created_at=project.created_at,
        role=Role(role),
    )


async def bound_admin(session: AsyncSession) -> User | None:
    """An admin who is bound to a Telegram account."""
    return (await session.scalars(select(User).where(User.is_admin, User.telegram_id.is_not(None)).limit(1))).first()


async def waiting_admin(session: AsyncSession) -> User | None:
    """The admin to whom no Telegram account is bound."""
    return (await session.scalars(select(User).where(User.is_admin, User.telegram_id.is_(None)).limit(1))).first()
