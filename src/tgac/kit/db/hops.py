"""SQLite with one hop to its thread for each statement.

aiosqlite makes a cursor, executes, fetches and closes in four hops; what they cost is more than the statement itself.
"""

import collections
from typing import Any

import aiosqlite
import pysqlite3
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    AsyncAdapt_aiosqlite_dbapi,
)


class _Spent:
    """What is left of a cursor whose rows were all fetched."""

    __slots__ = ("description", "lastrowid", "rowcount")

    def __init__(self, cursor: Any = None) -> None:
        self.description = cursor and cursor.description
        self.rowcount = cursor.rowcount if cursor else -1
        self.lastrowid = cursor and cursor.lastrowid

    def close(self) -> None:
        """Nothing is open."""


def _execute(connection: Any, operation: str, parameters: Any) -> tuple[_Spent, Any]:
    cursor = connection.execute(operation, parameters or ())
    return _closed(cursor, cursor.fetchall() if cursor.description else ())


def _execute_many(connection: Any, operation: str, parameters: Any) -> tuple[_Spent, Any]:
    return _closed(connection.executemany(operation, parameters), ())


def _closed(cursor: Any, rows: Any) -> tuple[_Spent, Any]:
    spent = _Spent(cursor)
    cursor.close()
    return spent, rows


class _Cursor(AsyncAdapt_aiosqlite_cursor):
    """Everything that a statement needs in one hop."""

    __slots__ = ()
    _awaitable_cursor_close = False

    def __init__(self, adapt_connection: Any) -> None:
        self._adapt_connection = adapt_connection
        self._connection = adapt_connection._connection
        self._cursor = _Spent()  # type: ignore[assignment]
        self._soft_closed_memoized = {}  # type: ignore[assignment]
        self._rows = collections.deque()

    async def _execute_async(self, operation: Any, parameters: Any) -> Any:
        await self._hop(_execute, operation, parameters)

    async def _executemany_async(self, operation: Any, seq_of_parameters: Any) -> Any:
        await self._hop(_execute_many, operation, seq_of_parameters)

    async def _hop(self, how: Any, operation: Any, parameters: Any) -> None:
        connection: Any = self._connection
        async with self._adapt_connection._execute_mutex:
            self._cursor, rows = await connection._execute(how, connection._conn, operation, parameters)
        self._rows = collections.deque(rows)


class OneHopConnection(AsyncAdapt_aiosqlite_connection):
    """A connection whose cursors take one hop."""

    __slots__ = ()
    _cursor_cls = _Cursor


class OneHop(AsyncAdapt_aiosqlite_dbapi):
    """The driver to hand to `create_async_engine` as `module`."""

    def __init__(self) -> None:
        super().__init__(aiosqlite, pysqlite3.dbapi2)

    def connect(self, *arg: Any, **kw: Any) -> AsyncAdapt_aiosqlite_connection:
        """Raises what aiosqlite raises."""
        plain = super().connect(*arg, **kw)
        return OneHopConnection(self, plain._connection)
