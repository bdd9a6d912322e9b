"""SQLite in the loop's own thread: every order of events is the seed's, and a statement costs no thread's time.

A statement is a place to die at. A commit is two: before it, when nothing was written, and after it, when it was and
nobody knows.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import pysqlite3

from tests.simulation.life import Died, Life
from tgac.kit.db.hops import OneHop, OneHopConnection

MOST_TURNS = 100_000
"""So often a statement may find the database locked by another process before it gives up."""


class Machine:
    """What all processes' databases have in common: whether the database answers."""

    def __init__(self) -> None:
        self._until_down = 0
        self._down = 0
        self.failed = 0
        """How many statements it has not answered."""

    def restarts_in(self, statements: int, *, away_for: int) -> None:
        """After so many statements the database is away for so many more."""
        self._until_down, self._down = statements, away_for

    def is_away(self) -> bool:
        """Whether it is, for one statement."""
        if self._down and self._until_down:
            self._until_down -= 1
        elif self._down:
            self._down -= 1
            self.failed += 1
            return True
        return False


class _Raw:
    """What aiosqlite's connection is to SQLAlchemy, without its thread."""

    def __init__(self, connection: Any, life: Life | None, machine: Machine) -> None:
        self._connection = self._conn = connection
        self._life = life
        self._machine = machine
        self._tx = self

    def put_nowait(self, asked: tuple[asyncio.Future[Any], Callable[[], Any]]) -> None:
        """An order for the thread that is not there."""
        told, do = asked
        told.set_result(do())

    async def create_function(self, *how: Any, **more: Any) -> None:
        self._connection.create_function(*how, **more)

    async def _execute(self, do: Callable[..., Any], *how: Any) -> Any:
        await asyncio.sleep(0)
        for _ in range(MOST_TURNS):
            self._look()
            try:
                return do(*how)
            except pysqlite3.OperationalError as error:
                if error.sqlite_errorcode != pysqlite3.SQLITE_BUSY:
                    raise
            await asyncio.sleep(0)
        raise AssertionError("a database that nobody lets go")

    async def commit(self) -> None:
        await self._execute(self._connection.commit)
        await asyncio.sleep(0)
        self._look()

    async def rollback(self) -> None:
        self._live()
        self._connection.rollback()

    async def close(self) -> None:
        self.stop()

    def stop(self) -> None:
        """Cut it: what was not committed is gone."""
        self._connection.close()
        self._connection = None

    def _live(self) -> None:
        if self._life and self._life.is_over:
            raise Died

    def _look(self) -> None:
        self._live()
        if self._life and self._machine.is_away():
            self._connection.rollback()
            away = pysqlite3.OperationalError("unable to open database file")
            away.sqlite_errorcode = pysqlite3.SQLITE_CANTOPEN
            raise away


class InLoop(OneHop):
    """The driver of one process."""

    def __init__(self, machine: Machine, life: Life | None = None) -> None:
        super().__init__()
        self._machine = machine
        self._life = life
        self._made: list[_Raw] = []

    def connect(self, *arg: Any, **kw: Any) -> Any:
        raw: Any = _Raw(pysqlite3.connect(*arg, **kw), self._life, self._machine)
        self._made.append(raw)
        return OneHopConnection(self, raw)

    def cut(self) -> None:
        """Cut every connection."""
        for raw in self._made:
            if raw._connection is not None:
                raw.stop()
