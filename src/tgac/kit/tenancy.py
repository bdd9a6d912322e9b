"""What you may touch: who acts, what each role may do, and the guard that pins every statement to its project."""

from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import Any, Final, Literal, Protocol
from weakref import WeakKeyDictionary

from sqlalchemy import BindParameter, Table, event
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.orm.attributes import get_history
from sqlalchemy.sql import visitors

from tgac.kit.db.base import OWNED, Owned
from tgac.kit.db.types import Id
from tgac.kit.errors import Refused, SignInNeeded
from tgac.kit.web.i18n import _


class Wide(Enum):
    """Scopes that are no project."""

    NO_PROJECT = "no project"
    EVERYONE = "everyone"


NO_PROJECT: Final = Wide.NO_PROJECT
"""For what belongs to no project (people, sessions): a statement that touches a project's table is refused."""
EVERYONE: Final = Wide.EVERYONE
"""For the system's own work across projects. One word to grep for."""

type Scope = int | Literal[Wide.NO_PROJECT, Wide.EVERYONE]


class OutOfScope(RuntimeError):
    """A statement or a row that does not belong where it is used: a defect of ours, never a person's fault."""


class Role(StrEnum):
    """A member's role in a project."""

    OWNER = "owner"
    EDITOR = "editor"
    REVIEWER = "reviewer"
    VIEWER = "viewer"


class Right(StrEnum):
    """What may be done in a project."""

    LOOK = "look"
    REVIEW = "review"
    EDIT = "edit"
    OWN = "own"


RIGHTS: Final[dict[Role, frozenset[Right]]] = {
    Role.OWNER: frozenset(Right),
    Role.EDITOR: frozenset({Right.LOOK, Right.REVIEW, Right.EDIT}),
    Role.REVIEWER: frozenset({Right.LOOK, Right.REVIEW}),
    Role.VIEWER: frozenset({Right.LOOK}),
}


class TokenScope(StrEnum):
    """How far an API token reaches: `read` looks, `write` also works in projects short of what is their owners',
    `admin` does all that its user may."""

    READ = "read"
    WRITE = "write"
    ADMIN = "admin"


WITHIN: Final[dict[TokenScope, frozenset[Right]]] = {
    TokenScope.READ: RIGHTS[Role.VIEWER],
    TokenScope.WRITE: RIGHTS[Role.EDITOR],
    TokenScope.ADMIN: RIGHTS[Role.OWNER],
}


@dataclass(frozen=True, slots=True)
class Principal:
    """Somebody who is signed in; `session_id` is None where an API token speaks for them.

    A token may reach less far than its user: by its `scope`, and by `project_ids` where it is for these alone.
    """

    user_id: int
    username: str
    is_admin: bool
    language: str | None
    session_id: int | None = None
    scope: TokenScope = TokenScope.ADMIN
    project_ids: frozenset[int] | None = None

    def reaches(self, scope: TokenScope) -> bool:
        """Whether what asks for `scope` is within this one's."""
        return WITHIN[scope] <= WITHIN[self.scope]


class Actor(Protocol):
    """What `require` looks at: an Act."""

    @property
    def principal(self) -> Principal | None: ...
    @property
    def role(self) -> Role | None: ...


def require(act: Actor, right: Right) -> None:
    """Let pass who has the right in the act's project. Raises SignInNeeded or Refused."""
    if act.principal is None:
        raise SignInNeeded(_("Sign in first."))
    if act.role is None or right not in RIGHTS[act.role]:
        raise Refused(_("Your role in this project does not allow that."))
    if right not in WITHIN[act.principal.scope]:
        raise token_refused()


def token_refused() -> Refused:
    """What is said where the user may and the API token may not."""
    return Refused(_("This API token does not reach that far."), code="token_scope")


def require_admin(act: Actor) -> None:
    """Let pass the installation's admins. Raises SignInNeeded or Refused."""
    if act.principal is None:
        raise SignInNeeded(_("Sign in first."))
    if not act.principal.is_admin:
        raise Refused(_("Only an admin may do that."))


class GuardedSession(Session):
    """A session that executes nothing without a scope and nothing outside it."""


def _touches_owned(statement: Any) -> bool:
    return any(isinstance(part, Table) and OWNED in part.info for part in visitors.iterate(statement))


@event.listens_for(GuardedSession, "do_orm_execute")
def _read_locked_anew(state: ORMExecuteState) -> None:
    """What is locked is as it is in the database, whatever this session read of it before anybody was kept out."""
    if getattr(state.statement, "_for_update_arg", None) is not None:
        state.update_execution_options(populate_existing=True)


@event.listens_for(GuardedSession, "do_orm_execute")
def _pin_statement(state: ORMExecuteState) -> None:
    scope = state.session.info.get("scope")
    if scope is EVERYONE:
        return
    if scope is None:
        raise OutOfScope("a statement without a scope")
    if scope is NO_PROJECT:
        if _touches_owned(state.statement):
            raise OutOfScope("a project's table is used where there is no project")
        return
    _refuse_unpinnable(state)
    _scope.set(scope)
    state.statement = _pinned(state.statement)


_scope: ContextVar[int] = ContextVar("scope", default=0)
"""The project of the statement that this task is about to execute: its values are gathered before it is sent. A load
that a row brings along elsewhere (relationships are not followed by themselves here) finds nothing rather than more."""


class _Number(BindParameter[int]):
    """The project's number, asked for when a statement is executed: so one condition serves all projects.

    SQLAlchemy looks bound values up by themselves, several times for each statement, and finds those of a condition
    on all classes as copies: equal, but not the same. What it then asks them makes an SQL expression each time.
    """

    inherit_cache = True

    def __eq__(self, other: object) -> bool:  # type: ignore[override]
        return hash(self) == hash(other)

    __hash__ = BindParameter.__hash__


def _of_project() -> Any:
    number = _Number(None, callable_=_scope.get, type_=Id, unique=True)
    return with_loader_criteria(Owned, lambda cls: cls.project_id == number, include_aliases=True)


_CONDITION: Final = _of_project()
_kept: WeakKeyDictionary[Any, Any] = WeakKeyDictionary()
"""Each statement that is still there with its guarded copy: SQLAlchemy works out once what a statement is, and to do
that takes a third as long as executing it."""


def _pinned(statement: Any) -> Any:
    """The statement with the condition on every row of the project."""
    found = _kept.get(statement)
    if found is None:
        found = _kept[statement] = statement.options(_CONDITION)
    return found


def _refuse_unpinnable(state: ORMExecuteState) -> None:
    """Refuse what the criteria below do not reach. Which tables it touches is looked at last: that takes long."""
    why = _unpinnable(state)
    if why and _touches_owned(state.statement):
        raise OutOfScope(why)


def _unpinnable(state: ORMExecuteState) -> str | None:
    """Why a statement may not touch a project's tables; None where it may."""
    if state.is_insert:
        return "rows of a project are added as objects, so that the guard sees them"
    if not state.is_orm_statement:
        return "a project's table is used without its class, where no condition can be added"
    if state.is_update and isinstance(state.parameters, list):
        return "rows of a project are changed by a condition or as objects, not by their keys"
    if state.is_update and _sets_project(state):
        return "rows cannot move to another project"
    return None


def _sets_project(state: ORMExecuteState) -> bool:
    named = [*(state.statement._values or ()), *(state.parameters or ())]  # type: ignore[attr-defined]
    return any(getattr(one, "key", one) == "project_id" for one in named)


@event.listens_for(GuardedSession, "before_flush")
def _pin_rows(session: Session, context: object, instances: object) -> None:
    scope = session.info.get("scope")
    for row in session.new:
        if isinstance(row, Owned):
            _stamp(row, scope)
    for row in session.dirty | session.deleted:
        if isinstance(row, Owned):
            _stay(row, scope)


def _stamp(row: Owned, scope: object) -> None:
    if isinstance(scope, int) and row.project_id is None:
        row.project_id = scope
    if row.project_id is None or (scope is not EVERYONE and row.project_id != scope):
        raise OutOfScope(f"a new {type(row).__name__} does not belong to this project")


def _stay(row: Owned, scope: object) -> None:
    if get_history(row, "project_id").deleted:
        raise OutOfScope(f"a {type(row).__name__} cannot move to another project")
    if scope is not EVERYONE and row.project_id != scope:
        raise OutOfScope(f"a {type(row).__name__} of another project is changed")
