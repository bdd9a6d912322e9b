"""SQLite with one hop to its thread for each statement, and none for a transaction in which nothing was asked.

aiosqlite makes a cursor, executes, fetches and closes in four hops; what they cost is more than the statement itself.
A transaction begins in the hop of its first statement, and once it is committed there is nothing to roll back.
"""

import asyncio
import collections
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import aiosqlite
import pysqlite3
from sqlalchemy.dialects.sqlite.aiosqlite import (
    AsyncAdapt_aiosqlite_connection,
    AsyncAdapt_aiosqlite_cursor,
    AsyncAdapt_aiosqlite_dbapi,
)

type _Begin = Callable[[Any], None]
"""Begins a transaction where one is to begin, in the thread."""


class _Spent:
    """What is left of a cursor whose rows were all fetched."""

    __slots__ = ("description", "lastrowid", "rowcount")

    def __init__(self, cursor: Any = None) -> None:
        self.description = cursor and cursor.description
        self.rowcount = cursor.rowcount if cursor else -1
        self.lastrowid = cursor and cursor.lastrowid

    def close(self) -> None:
        """Nothing is open."""


def _execute(connection: Any, begin: _Begin, operation: str, parameters: Any) -> tuple[_Spent, Any]:
    begin(connection)
    cursor = connection.execute(operation, parameters or ())
    return _closed(cursor, cursor.fetchall() if cursor.description else ())


def _execute_many(connection: Any, begin: _Begin, operation: str, parameters: Any) -> tuple[_Spent, Any]:
    begin(connection)
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
        adapted: Any = self._adapt_connection
        async with adapted._execute_mutex:
            begin = adapted.goes_to_thread()
            self._cursor, rows = await connection._execute(how, connection._conn, begin, operation, parameters)
        self._rows = collections.deque(rows)


class OneHopConnection(AsyncAdapt_aiosqlite_connection):
    """A connection whose cursors take one hop."""

    __slots__ = ("_begin", "_may_be_open", "_usual")
    _cursor_cls = _Cursor

    def __init__(self, dbapi: Any, connection: Any) -> None:
        super().__init__(dbapi, connection)
        self._usual = self._begin = ""
        self._may_be_open = False

    def begin_by(self, statement: str, *, always: bool = False) -> None:
        """What the next transaction begins with, or `always` each; before that there are none."""
        self._usual = statement if always else self._usual
        self._begin = statement

    def goes_to_thread(self) -> _Begin:
        """How the next statement begins; from now on there may be a transaction, unless beginning it fails."""
        begin = "" if self._may_be_open else self._begin
        self._may_be_open = self._may_be_open or bool(begin)

        def in_thread(connection: Any) -> None:
            if not begin or connection.in_transaction:  # it stands already where a statement is tried once more
                return
            try:
                connection.execute(begin).close()
                self._may_be_open = True
            except pysqlite3.Error:
                self._may_be_open = False
                raise

        return in_thread

    def commit(self) -> None:
        """Raises what SQLite raises: then the transaction may still stand, and is rolled back."""
        self._end(super().commit)

    def rollback(self) -> None:
        """Nothing where nothing was begun, or all of it is committed."""
        self._end(super().rollback)

    def _end(self, how: Callable[[], None]) -> None:
        self._begin = self._usual
        if self._may_be_open:
            how()
            self._may_be_open = False


class OneHop(AsyncAdapt_aiosqlite_dbapi):
    """The driver to hand to `create_async_engine` as `module`."""

    def __init__(self) -> None:
        super().__init__(aiosqlite, pysqlite3.dbapi2)

    def connect(self, *arg: Any, **kw: Any) -> AsyncAdapt_aiosqlite_connection:
        """Raises what aiosqlite raises."""
        plain = super().connect(*arg, async_creator_fn=_open, **kw)
        return OneHopConnection(self, plain._connection)


async def _open(*arg: Any, **kw: Any) -> aiosqlite.Connection:
    """Whoever is cancelled meanwhile, or finds that it cannot be opened, waits for the end of its thread: aiosqlite
    leaves it to tell a loop that may be closed by then."""
    connection = aiosqlite.connect(*arg, **kw)
    connection._thread.daemon = True
    opening = asyncio.ensure_future(connection.__aenter__())
    try:
        return await asyncio.shield(opening)
    except BaseException:
        with suppress(Exception):
            await (await opening).close()
        connection._thread.join()  # it has nothing left to do
        raise
