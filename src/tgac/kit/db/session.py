"""The database: SQLite or Postgres by its URL, reading and writing sessions.

On SQLite a writing transaction begins with BEGIN IMMEDIATE: one that reads first and writes later fails under
contention whatever the timeout. Writers of one process queue before a lock instead of in SQLite's busy loop.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import pysqlite3
from sqlalchemy import Connection, event
from sqlalchemy.engine import URL, Dialect, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, InterfaceError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, create_async_engine
from sqlalchemy.orm import Session, SessionTransaction
from sqlalchemy.util.concurrency import greenlet_spawn

from tgac.kit.db import pinning
from tgac.kit.db.hops import OneHop
from tgac.kit.tenancy import EVERYONE, GuardedSession, Scope

_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000", "temp_store=MEMORY")

_AWAY_STATES = ("08", "25006", "40", "53", "55", "57", "58")
"""Of Postgres: no connection, a standby, a deadlock, no room, a lock, an operator's intervention, the system."""


class DatabaseAway(OperationalError):
    """The database does not answer, or not for now. What was asked for may be asked again; of a commit nobody knows."""

    @property
    def is_clash(self) -> bool:
        """Whether the database is there, and others were in the way: a deadlock, or rows that changed meanwhile."""
        return (getattr(self.orig, "sqlstate", None) or "").startswith("40")


class DatabaseUnfit(Exception):
    """The database cannot be used; the text says why and what to do."""


def sqlite_is_safe(version: tuple[int, ...]) -> bool:
    """Whether this SQLite has the fix of the WAL-reset bug: 3.51.3 and later, 3.50.7 and 3.44.6 of the older lines."""
    if version[:2] in ((3, 44), (3, 50)):
        return version >= ((3, 44, 6) if version[1] == 44 else (3, 50, 7))
    return version >= (3, 51, 3)


def require_safe_sqlite(version: tuple[int, ...]) -> None:
    """Raises DatabaseUnfit for an SQLite that may lose commits."""
    if not sqlite_is_safe(version):
        shown = ".".join(map(str, version))
        raise DatabaseUnfit(
            f"SQLite {shown} can lose commits (WAL-reset bug). tgac needs 3.51.3 or later (or 3.50.7, 3.44.6):"
            " install the package pysqlite3, or set DB_URL to a Postgres."
        )


def _prepare_sqlite(connection: Any, record: object) -> None:
    connection.isolation_level = None  # the driver leaves BEGIN to us
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
    connection.begin_by("BEGIN", always=True)


@event.listens_for(GuardedSession, "after_begin")
def _begin_session(session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    if session.info["writing"] and not transaction.nested:
        _begin_writing(connection)


def _begin_writing(connection: Connection) -> None:
    """Before the first statement of a transaction: nobody else writes from there to its end."""
    if connection.dialect.name == "sqlite":
        driver: Any = connection.connection.dbapi_connection
        driver.begin_by("BEGIN IMMEDIATE")


def _first_make_file(dialect: Dialect, record: object, args: Any, options: Any) -> None:
    _make_file(str(args[0]))


def _connect(dialect: Dialect, record: object, args: Any, options: Any) -> Any:
    """asyncpg lets bare errors through where it cannot connect; whoever waits for a database waits for DBAPIError."""
    driver: Any = dialect.loaded_dbapi
    try:
        return dialect.connect(*args, **options)
    except (OSError, driver.asyncpg.PostgresError) as error:
        raise driver.OperationalError(f"{type(error).__name__}: {error}") from error


def _require_open(connection: Any, record: object, lent: object) -> None:
    """A connection that the server has closed is made anew, with all that are as old. The driver hears of it by itself;
    asking the server, as the pool's ping does, would cost three ways there and back for every act."""
    if connection.driver_connection.is_closed():
        raise InvalidatePoolError


@contextmanager
def _told_when_away() -> Iterator[None]:
    """A database that is gone, ending, locked or full, and a pool without a free connection, become DatabaseAway."""
    try:
        yield
    except PoolTimeout as error:
        raise DatabaseAway("a connection of the pool", None, error) from None
    except DBAPIError as error:
        if isinstance(error, DatabaseAway) or not _is_away(error):
            raise
        raise DatabaseAway(error.statement, None, error.orig or error) from error


def _is_away(error: DBAPIError) -> bool:
    """Whether the fault is the database's, not the statement's: by the code that Postgres or SQLite gives.

    Without a code the connection itself failed. https://www.postgresql.org/docs/current/errcodes-appendix.html
    """
    state = getattr(error.orig, "sqlstate", None)
    if error.connection_invalidated or (state and state.startswith(_AWAY_STATES)):
        return True
    said_nothing = state is None and type(error) in (DBAPIError, OperationalError, InterfaceError)
    return said_nothing and getattr(error.orig, "sqlite_errorcode", None) != pysqlite3.SQLITE_ERROR


def _read_url(url: str) -> URL:
    """Raises DatabaseUnfit; the URL is not shown, since it may hold a password."""
    try:
        read = make_url(url)
    except (ArgumentError, ValueError):
        raise DatabaseUnfit("DB_URL is not an address of a database") from None
    if not read.database:  # a driver would take one of its own choice, and its tables would be made there
        raise DatabaseUnfit("DB_URL names no database: sqlite:///data/tgac.sqlite3 or postgresql://user@host/name")
    return read


def _make_folder(file: str) -> None:
    """The folder of an SQLite file, its owner's alone. Raises DatabaseUnfit."""
    if file == ":memory:":
        raise DatabaseUnfit("DB_URL must name a file: sqlite:///data/tgac.sqlite3")
    try:
        Path(file).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DatabaseUnfit(f"the folder of DB_URL cannot be made: {error}") from None


def _make_file(file: str) -> None:
    """An empty file that its owner alone may read: to SQLite a database, whose mode its -wal and -shm take over.

    Where it is there already its mode is its owner's business; where it cannot be made, connecting says why.
    """
    with suppress(OSError):
        os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def _open_once(file: str) -> None:
    """Raises pysqlite3.Error. The thread of a failed aiosqlite connection outlives the loop, and complains of it."""
    _make_file(file)
    pysqlite3.connect(file).close()


class Database:
    """An engine with its two doors: `reading` and `writing`. One that is away is DatabaseAway at each."""

    def __init__(self, url: str, *, pool_size: int = 10, driver: Any = None) -> None:
        """Nothing is connected yet; `driver` stands in for SQLite's. Raises DatabaseUnfit for an unusable URL."""
        self.url = _read_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            require_safe_sqlite(pysqlite3.sqlite_version_info)
            _make_folder(self.url.database or "")
        options: dict[str, Any] = {"module": driver or OneHop()} if self.is_sqlite else {}
        self.engine = create_async_engine(self.url, pool_size=pool_size, max_overflow=10, **options)
        self._turn = asyncio.Lock() if self.is_sqlite else None
        pinning.hold(self.engine.sync_engine)
        if self.is_sqlite:
            event.listen(self.engine.sync_engine, "do_connect", _first_make_file)
            event.listen(self.engine.sync_engine, "connect", _prepare_sqlite)
        else:
            event.listen(self.engine.sync_engine, "do_connect", _connect)
            event.listen(self.engine.sync_engine, "checkout", _require_open)

    async def require_answer(self) -> None:
        """Raises DatabaseUnfit, in one line, where no database answers at the URL: for the start of a process."""
        try:
            if self.is_sqlite:
                await asyncio.to_thread(_open_once, self.url.database or "")
            async with self.looking():
                return
        except pysqlite3.Error as error:
            told: object = error
        except DatabaseAway as error:
            told = error.orig
        raise DatabaseUnfit(f"there is no database at DB_URL: {' '.join(str(told).split())}")

    @asynccontextmanager
    async def reading(self, scope: Scope) -> AsyncIterator[AsyncSession]:
        """A session that sees `scope` and whose changes are thrown away."""
        with _told_when_away():
            async with self._session(scope, writing=False) as session:
                yield session

    @asynccontextmanager
    async def writing(self, scope: Scope) -> AsyncIterator[AsyncSession]:
        """A session that may write in `scope`. Only `kit/act.py` commits it."""
        with _told_when_away():
            async with self._turn or nullcontext(), self._session(scope, writing=True) as session:
                yield session

    @asynccontextmanager
    async def _session(self, scope: Scope, *, writing: bool) -> AsyncIterator[AsyncSession]:
        """One that has committed holds no connection: it ends without a task and a greenlet to do it in."""
        info = {"scope": scope, "writing": writing}
        session = AsyncSession(self.engine, sync_session_class=GuardedSession, expire_on_commit=False, info=info)
        try:
            yield session
        finally:
            if session.in_transaction():
                await session.__aexit__(None, None, None)
            else:
                session.sync_session.close()

    async def queueing[R](self, do: Callable[[Connection], R]) -> R:
        """What `do` gives, done in a writing transaction of a bare connection: for the queue, which belongs to no
        project and is asked many times a second. All of it in one greenlet: each costs as much as a small statement."""

        def begun() -> R:
            with self.engine.sync_engine.begin() as connection:
                _begin_writing(connection)
                return do(connection)

        with _told_when_away():
            async with self._turn or nullcontext():
                return await greenlet_spawn(begun)

    @asynccontextmanager
    async def looking(self) -> AsyncIterator[AsyncConnection]:
        """A bare connection, which sees no project's rows on Postgres: for questions about the database itself."""
        with _told_when_away():
            async with self.engine.connect() as connection:
                yield connection

    @asynccontextmanager
    async def migrating(self) -> AsyncIterator[AsyncConnection]:
        """A connection with a writing transaction, for changes of the schema; foreign keys rest meanwhile on SQLite."""
        async with (
            self._turn or nullcontext(),
            self.engine.connect() as connection,
            _foreign_keys_resting(connection) if self.is_sqlite else nullcontext(),
            connection.begin(),
        ):
            await connection.run_sync(_begin_writing)
            await connection.run_sync(pinning.tell, EVERYONE)
            yield connection

    @asynccontextmanager
    async def versions(self) -> AsyncIterator[Callable[[], Awaitable[object]]]:
        """Inside the block, a question whose answer changes when anybody has committed something. Asking is cheap.

        One connection is held for it: SQLite counts what other connections have committed since it looked last,
        Postgres numbers every transaction that writes. No transaction is open between questions.
        """
        asked = "PRAGMA data_version" if self.is_sqlite else "SELECT pg_current_snapshot()::text"
        async with self.looking() as connection:

            async def version() -> object:
                current: object = (await connection.exec_driver_sql(asked)).scalar()
                await connection.rollback()
                return current

            yield version

    async def aclose(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


@asynccontextmanager
async def _foreign_keys_resting(connection: AsyncConnection) -> AsyncIterator[None]:
    """Outside of a transaction, where alone SQLite takes the word; however the block ends, they are held again."""
    raw = (await connection.get_raw_connection()).driver_connection
    assert raw is not None
    await raw.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        await raw.execute("PRAGMA foreign_keys=ON")
