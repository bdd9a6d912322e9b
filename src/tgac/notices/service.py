"""Keep the notices as the rows are, show them, put them aside."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, bindparam, func, or_, select

from tgac.comments.failing import WINDOW
from tgac.kit.act import Act
from tgac.kit.db.types import UtcDateTime
from tgac.kit.errors import NotFound
from tgac.kit.tenancy import Right, require
from tgac.kit.web.i18n import _
from tgac.notices.kinds import KINDS, Kind
from tgac.notices.models import Notice
from tgac.people.models import Project

_BY_TABLE: Final[Mapping[Any, Mapping[str, Kind]]] = {
    table: {name: kind for name, kind in KINDS.items() if kind.of is table}
    for table in dict.fromkeys(kind.of for kind in KINDS.values())
}

_SINCE: Final = bindparam("since", type_=UtcDateTime)


def _holds(table: Any) -> dict[str, ColumnElement[bool]]:
    """By kind, whether a row of a table is wrong in that way."""
    return {name: kind.when(_SINCE) for name, kind in _BY_TABLE[table].items()}


def _there(table: Any, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Whether the project has such a row."""
    return select(table.id).where(table.project_id == Project.id, condition).exists()


_IN_TROUBLE: Final = or_(
    *(_there(table, or_(*_holds(table).values())) for table in _BY_TABLE), _there(Notice, Notice.ended_at.is_(None))
)
"""Whether anything is wrong in a project, or a notice is open there."""
_GLANCE: Final = select(Project, _IN_TROUBLE).where(Project.id == bindparam("project"))
_LOOKED_AT: Final = ("active", "paused")
_TROUBLED: Final = select(Project.id).where(Project.status.in_(_LOOKED_AT), _IN_TROUBLE).order_by(Project.id)


@dataclass(frozen=True, slots=True)
class Shown:
    """A notice in the words of whoever reads it; `path` leads to what it is about, below the project."""

    row: Notice
    icon: str
    title: str
    hint: str
    path: str
    critical: bool


def shown(row: Notice) -> Shown:
    """The notice in words."""
    kind = KINDS[row.kind]
    told = {"name": row.data["name"], "more": kind.more(row.data["more"])}
    # A msgid that is nothing but a value is no text to be translated.
    hint = told["more"] if kind.hint == "%(more)s" else _(kind.hint, **told).strip()
    return Shown(row, kind.icon, _(kind.title, **told), hint, kind.path % {"id": row.subject_id}, kind.critical)


async def glance(act: Act) -> tuple[Project | None, bool]:
    """The act's project (None where nobody works in it any more), and whether anything is wrong in it or a notice is
    open. One statement: mostly nothing is."""
    given = {"project": act.project_id, "since": act.now - WINDOW}
    row = (await act.session.execute(_GLANCE, given)).one_or_none()
    return (row[0], row[1]) if row and row[0].status in _LOOKED_AT else (None, False)


async def troubled_projects(act: Act) -> Sequence[int]:
    """The projects, by their numbers, in which anything is wrong or a notice is open, in an act across projects."""
    return (await act.session.scalars(_TROUBLED, {"since": act.now - WINDOW})).all()


async def look_for_trouble(act: Act) -> bool:
    """Open a notice for each cause that has none, and end those whose cause is gone. Doing it again changes nothing.

    Whether anything is wrong.
    """
    causes = await _causes(act)
    is_wrong = bool(causes)
    for row in await act.session.scalars(select(Notice).where(Notice.ended_at.is_(None))):
        if causes.pop((row.kind, row.subject_id), None) is None:
            row.ended_at = act.now
    for (kind, subject_id), data in causes.items():
        act.session.add(Notice(kind=kind, subject_id=subject_id, data=data, at=act.now))
    return is_wrong


async def _causes(act: Act) -> dict[tuple[str, int], dict[str, Any]]:
    """One question for each table."""
    found: dict[str, dict[int, dict[str, Any]]] = {name: {} for name in KINDS}
    for table, kinds in _BY_TABLE.items():
        holds = _holds(table)
        asked = select(table, *(one.label(name) for name, one in holds.items())).where(or_(*holds.values()))
        for row in await act.session.execute(asked, {"since": act.now - WINDOW}):
            for name, kind in kinds.items():
                if getattr(row, name):
                    found[name][row[0].id] = {"name": kind.name(row[0]), "more": kind.about(row[0])}
    return {(name, subject_id): data for name, of in found.items() for subject_id, data in of.items()}


def open_notices() -> Select[Notice]:
    """What is wrong now and was not put aside."""
    return select(Notice).where(Notice.ended_at.is_(None), Notice.solved_at.is_(None))


def past_notices() -> Select[Notice]:
    """What was wrong, or was put aside."""
    return select(Notice).where(Notice.ended_at.is_not(None) | Notice.solved_at.is_not(None))


async def count_open(act: Act) -> int:
    """How many notices are open in the project."""
    asked = select(func.count(Notice.id)).where(Notice.ended_at.is_(None), Notice.solved_at.is_(None))
    return (await act.session.scalars(asked)).one()


async def solve(act: Act, notice_id: int) -> Notice:
    """Put a notice aside; nothing changes where that was done before. Raises Refused, NotFound."""
    require(act, Right.EDIT)
    row = await act.session.scalar(select(Notice).where(Notice.id == notice_id).with_for_update())
    if row is None:
        raise NotFound(_("There is nothing here, or it is not yours."))
    if row.solved_at is None:
        row.solved_at, row.solved_by = act.now, act.principal.user_id if act.principal else None
    return row


async def solve_all(act: Act, *, until: datetime) -> int:
    """Put aside every notice that is open and began by `until`; how many. Raises Refused."""
    require(act, Right.EDIT)
    rows: Sequence[Notice] = list(await act.session.scalars(open_notices().where(Notice.at <= until)))
    for row in rows:
        row.solved_at, row.solved_by = act.now, act.principal.user_id if act.principal else None
    return len(rows)
