"""The second guard: what is executed in a project's scope must pin every row of a project to that project.

The first one (`kit/tenancy.py`) adds conditions to statements of the ORM. This one stands at the cursor and reads the
text that is really executed, whoever made it. Each distinct text is read once; later, only its bound values are looked
at. On Postgres the same scope is also told to the database, whose row-level security holds it once more (`rows.py`).
"""

import re
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from importlib import import_module
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import ExecutionContext
from sqlalchemy.orm import Session, SessionTransaction

from tgac.kit.db.base import OWNED, Base
from tgac.kit.tenancy import EVERYONE, NO_PROJECT, GuardedSession, OutOfScope, Scope

SETTING: Final = "tgac.project"
"""Postgres' name of the scope of a transaction; the policies of `rows.py` read it."""
EVERYONES: Final = "everyone"
"""Its value for the system's own work across projects."""
_SCOPE: Final = "tgac_scope"
_LONGEST: Final = 20_000
"""Longer texts (a thousand rows in one INSERT) are not kept; the shape that they shrink to is."""
_TYPE = r"(?:::(?:TIME(?:STAMP)? WITH(?:OUT)? TIME ZONE|DOUBLE PRECISION|\w+(?:\(\d+(?:, ?\d+)?\))?)(?:\[\])?)?"
_MARK: Final = {"sqlite": r"\?", "postgresql": r"\$\d+" + _TYPE}
_DIALECTS: Final = {"sqlite": "sqlite", "postgresql": "postgres"}


class _Text(NamedTuple):
    """A statement with its lists shrunk to one element, and where the values of each mark stand."""

    sql: str
    places: tuple[tuple[int, ...], ...]


class _Read(NamedTuple):
    """What must hold for a statement (as a string: why nothing could), and where the values of each mark stand."""

    proof: Any
    places: tuple[tuple[int, ...], ...]


@event.listens_for(GuardedSession, "after_begin")
def _tell_scope(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    """The connection of a session knows its scope; Postgres knows it until the transaction ends."""
    scope = session.info.get("scope")
    connection.execution_options(**{_SCOPE: scope})
    if not transaction.nested:
        tell(connection, scope)


def tell(connection: Connection, scope: Scope | None) -> None:
    """Tell Postgres whose rows this transaction is for: a project's, everyone's, or nobody's."""
    if connection.dialect.name == "postgresql":
        told = EVERYONES if scope is EVERYONE else str(scope) if isinstance(scope, int) else ""
        connection.exec_driver_sql(f"SELECT set_config('{SETTING}', $1, true)", (told,))


def hold(engine: Engine) -> None:
    """Look at every statement of this engine's sessions before it is executed.

    At the dialect, where each of the three ways to execute comes last: events of connections would cost every
    connection, which is made anew for each act, a set of its own.
    """
    event.listen(engine, "do_execute", _look, insert=True)
    event.listen(engine, "do_executemany", _look, insert=True)
    event.listen(engine, "do_execute_no_params", _look_alone, insert=True)


def _look_alone(cursor: object, statement: str, context: ExecutionContext) -> None:
    _look(cursor, statement, (), context)


def _look(cursor: object, statement: str, parameters: Any, context: ExecutionContext) -> None:
    scope: Scope | None = context.root_connection.get_execution_options().get(_SCOPE)
    if scope is None or scope is EVERYONE:
        return
    read = (_known if len(statement) <= _LONGEST else _read)(statement, context.dialect.name)
    if read is None:
        return
    rows = parameters if isinstance(parameters, list) else [parameters]  # a list of rows, or one of many values
    if faults := list(_faults(read, rows=rows, scope=scope)):
        raise OutOfScope(f"{', '.join(faults)}: not pinned to the project: {statement[:500]}")


def _faults(read: _Read, *, rows: Sequence[Any], scope: Scope) -> Iterator[str]:
    proof = read.proof
    if isinstance(proof, str):
        yield proof
    elif scope is NO_PROJECT:
        yield from ("a project's table" for _goal in proof.goals[:1])
    else:
        yield from proof.open_goals(_given(proof, read.places, rows=rows, scope=scope))


def _given(proof: Any, places: Sequence[tuple[int, ...]], *, rows: Sequence[Any], scope: Scope) -> tuple[Any, ...]:
    """Which values are the project's number, in every row that is bound."""
    return tuple(term for term in proof.values if _is_number(term, places, rows, scope))


def _is_number(term: Any, places: Sequence[tuple[int, ...]], rows: Sequence[Any], scope: Scope) -> bool:
    if term[0] == "number":
        return bool(term[1] == str(scope))
    at = places[int(term[1][1:])]
    return all(row[one] == scope for row in rows for one in at)


@cache
def _words() -> re.Pattern[str]:
    """The names of projects' tables, as words."""
    return re.compile(rf"\b(?:{'|'.join(sorted(owned_tables()))})\b", re.IGNORECASE)


def owned_tables() -> frozenset[str]:
    """The names of the tables whose rows belong to a project."""
    return frozenset(name for name, table in Base.metadata.tables.items() if OWNED in table.info)


def _read(statement: str, dialect: str) -> _Read | None:
    """None where no table of a project is named."""
    if not _words().search(statement):
        return None
    text = _shrink(statement, dialect)
    return _Read(_proof(text.sql, dialect), text.places)


_known = lru_cache(maxsize=4096)(_read)


@lru_cache(maxsize=4096)
def _proof(sql: str, dialect: str) -> Any:
    """What must hold for a text; as a string, why nothing could."""
    reading = import_module("tgac.kit.db.proof")  # it weighs 30 MB and a second: `tgac init` does without
    try:
        return reading.prove(sql, _DIALECTS[dialect], owned_tables())
    except reading.NotProven as error:
        return str(error)


@cache
def _lists(dialect: str) -> re.Pattern[str]:
    mark = _MARK[dialect]
    row = rf"\({mark}(?:, {mark})*(?:, \d+)?\)"
    return re.compile(
        rf"(?P<quoted>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\")"
        rf"|\bIN \((?P<one>{mark}(?:, {mark})*)\)"
        rf"|\bVALUES (?P<rows>{row}(?:, {row})+)"
        rf"|(?P<mark>{mark})"
    )


def _shrink(statement: str, dialect: str) -> _Text:
    """`IN (?, ?, ?)` becomes `IN (:p0)` and a thousand rows become one, so that a few shapes remain to be read."""
    mark = re.compile(_MARK[dialect])
    places: list[tuple[int, ...]] = []
    count = 0

    def take(text: str) -> list[int]:
        nonlocal count
        found = [int(one[0].partition("::")[0][1:] or 0) - 1 for one in mark.finditer(text)]
        if dialect == "sqlite":
            found = list(range(count, count + len(found)))
        count += len(found)
        return found

    def name(at: Sequence[int]) -> str:
        places.append(tuple(at))
        return f":p{len(places) - 1}"

    def shorter(match: re.Match[str]) -> str:
        if match["quoted"]:
            return match[0]
        if match["one"]:
            return f"IN ({name(take(match['one']))})"
        if match["mark"]:
            return name(take(match["mark"]))
        rows = [take(row) for row in re.findall(r"\([^()]*(?:\(\d+\)[^()]*)*\)", match["rows"])]
        tail = ", 0" if re.search(r", \d+\)$", match["rows"]) else ""
        return f"VALUES ({', '.join(name(column) for column in zip(*rows, strict=True))}{tail})"

    return _Text(_lists(dialect).sub(shorter, statement), tuple(places))
