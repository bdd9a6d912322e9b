"""Numbers are never given twice, migrations or not: what SQLite forgets of a table that is made anew."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from sqlalchemy import Connection

_LAST: Final = "SELECT name, seq FROM sqlite_sequence"
_RAISE: Final = "UPDATE sqlite_sequence SET seq = max(seq, ?) WHERE name = ?"
_SAY: Final = (
    "INSERT INTO sqlite_sequence (seq, name) SELECT ?, ? WHERE changes() = 0"
    " AND EXISTS (SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ? AND sql LIKE '%AUTOINCREMENT%')"
)


@contextmanager
def numbers_kept(connection: Connection) -> Iterator[None]:
    """Around a migration. SQLite can change little of a table: Alembic makes another and drops the old one, and with it
    goes the highest number that it ever gave. Of rows that were deleted, only that number knows.
    """
    before = _last_numbers(connection)
    yield
    for name, last in before.items():
        connection.exec_driver_sql(_RAISE, (last, name))
        connection.exec_driver_sql(_SAY, (last, name, name))


def _last_numbers(connection: Connection) -> dict[str, int]:
    if connection.dialect.name != "sqlite" or not connection.dialect.has_table(connection, "sqlite_sequence"):
        return {}
    return {row.name: row.seq for row in connection.exec_driver_sql(_LAST)}
