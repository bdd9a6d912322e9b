"""SQLite's driver: transactions begin in the hop of their first statement, and fail as they should."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pysqlite3
import pytest
from sqlalchemy import event, select, text, update
from sqlalchemy.exc import OperationalError

from tgac.kit.db.session import Database
from tgac.kit.tenancy import EVERYONE, NO_PROJECT
from tgac.kit.tools import Tools
from tgac.people.models import User


@contextmanager
def somebody_writes(db: Database) -> Iterator[pysqlite3.Connection]:
    """Another process that is in the middle of writing."""
    other = pysqlite3.connect(db.url.database, isolation_level=None, timeout=0)
    other.execute("BEGIN IMMEDIATE")
    yield other
    other.close()


async def quota(tools: Tools) -> int | None:
    async with tools.reading(None, NO_PROJECT) as act:
        return (await act.session.get_one(User, 1)).quota_projects


@pytest.fixture
def database() -> str:
    """It is SQLite's driver."""
    return "sqlite"


@pytest.fixture
async def hasty(tools: Tools) -> Tools:
    """Tools whose SQLite says at once that somebody else writes."""
    hasten = "PRAGMA busy_timeout=0"
    event.listen(
        tools.db.engine.sync_engine,
        "connect",
        lambda connection, _record: connection.driver_connection._conn.execute(hasten),
    )
    await tools.db.engine.dispose()
    return tools


async def test_whoever_writes_keeps_others_out_from_the_first_statement_on(hasty: Tools) -> None:
    async with hasty.acting(None, NO_PROJECT) as act:
        await act.session.scalar(select(User.id))
        other = pysqlite3.connect(hasty.db.url.database, isolation_level=None, timeout=0)
        with pytest.raises(pysqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        other.close()


async def test_what_follows_a_transaction_that_could_not_begin_is_in_one_all_the_same(hasty: Tools) -> None:
    async def change_in_vain(other: pysqlite3.Connection) -> None:
        async with hasty.acting(None, NO_PROJECT) as act:
            with pytest.raises(OperationalError):
                await act.session.scalar(select(User.id))
            other.execute("ROLLBACK")
            await act.session.execute(update(User).values(quota_projects=77))
            raise LookupError

    with somebody_writes(hasty.db) as other, pytest.raises(LookupError):
        await change_in_vain(other)
    assert await quota(hasty) != 77


async def test_a_reader_keeps_nobody_out(hasty: Tools) -> None:
    async with hasty.reading(None, NO_PROJECT) as act:
        await act.session.scalar(select(User.id))
        async with hasty.acting(None, NO_PROJECT) as writer:
            await writer.session.execute(update(User).where(User.id == 1).values(quota_projects=5))
    assert await quota(hasty) == 5


async def test_whoever_is_cancelled_while_a_file_cannot_be_opened_is_cancelled(tmp_path: Path) -> None:
    db = Database(f"sqlite+aiosqlite:///{tmp_path}/data/x.sqlite3")
    (tmp_path / "data").rmdir()
    (tmp_path / "data").write_text("no folder")

    async def look() -> None:
        async with db.reading(EVERYONE) as session:
            await session.scalar(text("SELECT 1"))

    looking = asyncio.create_task(look())
    while len(asyncio.all_tasks()) < 3 and not looking.done():  # noqa: ASYNC110  this one, the look, and the opening that it waits for
        await asyncio.sleep(0)
    looking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await looking
