"""Many rows in one statement: lines of a log, keys that are noted once, one value for many; and locks.

Of lines and keys no object is made, so the session's guard does not see them; that at the cursor (`pinning.py`) does.
"""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import Insert, Select, Table, Update, bindparam, insert, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import set_committed_value

from tgac.kit.db.base import Base

type Line = Mapping[str, Any]
"""Values by column."""


async def add_lines(session: AsyncSession, table: type[Base], lines: Sequence[Line]) -> None:
    """Add these rows; what a line does not name is NULL, but for the row's number, which the database gives."""
    blank = dict.fromkeys(_table(table).c.keys())
    del blank["id"]
    await (await session.connection()).execute(insert(_table(table)), [{**blank, **line} for line in lines])


async def note_keys(session: AsyncSession, table: type[Base], lines: Sequence[Line]) -> set[tuple[Any, ...]]:
    """Add those of these rows whose primary keys are not there yet, and give the keys.

    One that somebody else is adding is waited for; rows are added in the order of their keys, so that two who add the
    same do not wait for each other.
    """
    keys = _table(table).primary_key.columns.keys()
    ordered = sorted(lines, key=lambda line: [line[key] for key in keys])
    connection = await session.connection()
    found = await connection.execute(_noting(table, connection.dialect.name), ordered)
    return {tuple(row) for row in found}


@cache
def _noting(table: type[Base], dialect: str) -> Insert:
    adding: Any = (postgresql if dialect == "postgresql" else sqlite).insert(_table(table)).on_conflict_do_nothing()
    noting: Insert = adding.returning(*_table(table).primary_key.columns)
    return noting


def _table(table: type[Base]) -> Table:
    found = table.__table__
    assert isinstance(found, Table)
    return found


async def set_all(session: AsyncSession, rows: Collection[Any], **values: Any) -> None:
    """Give all these rows, of one table of projects, these values. Changed as objects each would be a statement: their
    UPDATE says the project, and SQLAlchemy executes such one by one."""
    if not rows:
        return
    given = {"rows": [row.id for row in rows], **{f"new_{name}": value for name, value in values.items()}}
    table: type[Base] = type(next(iter(rows)))
    await session.execute(_setting(table, tuple(values)), given)
    for row in rows:
        for name, value in values.items():
            set_committed_value(row, name, value)


@cache
def _setting(table: type[Base], names: tuple[str, ...]) -> Update:
    values = {name: bindparam(f"new_{name}", type_=_table(table).c[name].type) for name in names}
    setting = update(table).where(_table(table).c.id.in_(bindparam("rows"))).values(values)
    return setting.execution_options(synchronize_session=False)


async def hold(session: AsyncSession, locking: Select[Any], given: Mapping[str, Any] | None = None) -> bool:
    """Lock the rows of a statement until the transaction ends; nothing of them is read. Whether there are any.

    SQLite is not asked: there whoever writes is alone from the beginning of the transaction.
    """
    return session.get_bind().dialect.name == "sqlite" or (await session.execute(locking, given)).first() is not None
