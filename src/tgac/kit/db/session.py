"""The database: SQLite or Postgres by its URL, reading and writing sessions.

On SQLite a writing transaction begins with BEGIN IMMEDIATE: one that reads first and writes later fails under
contention whatever the timeout. Writers of one process queue before a lock instead of in SQLite's busy loop.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import pysqlite3
from sqlalchemy import Connection, event
from sqlalchemy.engine import URL, Dialect, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, create_async_engine

from tgac.kit.tenancy import GuardedSession, Scope

# Stock Pythons link SQLites that lose commits (the WAL-reset bug); this one is newer. aiosqlite takes what stands here.
sys.modules["sqlite3"] = pysqlite3
sys.modules["sqlite3.dbapi2"] = pysqlite3.dbapi2

_PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=10000", "temp_store=MEMORY")


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


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get("writing")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _connect(dialect: Dialect, record: object, args: Any, options: Any) -> Any:
    """asyncpg lets bare errors through where it cannot connect; whoever waits for a database waits for DBAPIError."""
    driver: Any = dialect.loaded_dbapi
    try:
        return dialect.connect(*args, **options)
    except (OSError, driver.asyncpg.PostgresError) as error:
        raise driver.OperationalError(f"{type(error).__name__}: {error}") from error


@contextmanager
def _full_is_away() -> Iterator[None]:
    """No connection is free for half a minute: to whoever waits, the database is away."""
    try:
        yield
    except PoolTimeout as error:
        raise OperationalError("a connection of the pool", None, error) from None


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


class Database:
    """An engine with its two doors: `reading` and `writing`. A database that is away is a DBAPIError at both."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        """Nothing is connected yet. Raises DatabaseUnfit for a URL that cannot be used."""
        self.url = _read_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        if self.is_sqlite:
            require_safe_sqlite(pysqlite3.sqlite_version_info)
            _make_folder(self.url.database or "")
        self.engine = create_async_engine(
            self.url, pool_size=pool_size, max_overflow=10, pool_pre_ping=not self.is_sqlite
        )
        self._writer = self.engine.execution_options(writing=True)
        self._turn = asyncio.Lock() if self.is_sqlite else None
        if self.is_sqlite:
            event.listen(self.engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(self.engine.sync_engine, "begin", _begin_sqlite)
        else:
            event.listen(self.engine.sync_engine, "do_connect", _connect)

    async def require_answer(self) -> None:
        """Raises DatabaseUnfit, in one line, where no database answers at the URL: for the start of a process."""
        try:
            async with self.engine.connect():
                return
        except DBAPIError as error:
            raise DatabaseUnfit(f"there is no database at DB_URL: {' '.join(str(error.orig).split())}") from None

    @asynccontextmanager
    async def reading(self, scope: Scope) -> AsyncIterator[AsyncSession]:
        """A session that sees `scope` and whose changes are thrown away."""
        with _full_is_away():
            async with AsyncSession(self.engine, **_session_options(scope)) as session:
                yield session

    @asynccontextmanager
    async def writing(self, scope: Scope) -> AsyncIterator[AsyncSession]:
        """A session that may write in `scope`. Only `kit/act.py` commits it."""
        with _full_is_away():
            async with self._turn or nullcontext(), AsyncSession(self._writer, **_session_options(scope)) as session:
                yield session

    @asynccontextmanager
    async def migrating(self) -> AsyncIterator[AsyncConnection]:
        """A connection with a writing transaction, for changes of the schema; foreign keys rest meanwhile on SQLite."""
        async with (
            self._turn or nullcontext(),
            self._writer.connect() as connection,
            _foreign_keys_resting(connection) if self.is_sqlite else nullcontext(),
            connection.begin(),
        ):
            yield connection

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


def _session_options(scope: Scope) -> dict[str, Any]:
    return {"sync_session_class": GuardedSession, "expire_on_commit": False, "info": {"scope": scope}}
