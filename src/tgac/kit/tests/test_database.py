"""Sessions, column types and acts on a real database of each kind."""

import asyncio
import os
import stat
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import DBAPIError, StatementError
from tests.support.databases import create_tables

from tgac.bots.models import Bot
from tgac.kit.db.session import Database, DatabaseAway, DatabaseUnfit, require_safe_sqlite, sqlite_is_safe
from tgac.kit.errors import Conflict
from tgac.kit.tenancy import EVERYONE, NO_PROJECT
from tgac.kit.tests.conftest import ANNA
from tgac.kit.tools import Tools
from tgac.people.models import Project, User
from tgac.tasks.models import Task


async def name_of_anna(tools: Tools) -> str:
    async with tools.reading(None, NO_PROJECT) as act:
        return (await act.session.get_one(User, 1)).username


async def rename(tools: Tools, name: str, *, then: Exception | None = None) -> None:
    async with tools.acting(None, NO_PROJECT) as act:
        (await act.session.get_one(User, 1)).username = name
        if then:
            raise then


async def test_an_act_that_ends_well_is_kept(tools: Tools) -> None:
    await rename(tools, "anna_b")
    assert await name_of_anna(tools) == "anna_b"


@pytest.mark.parametrize("failure", [Conflict("no"), RuntimeError("no"), asyncio.CancelledError()])
async def test_an_act_that_fails_is_taken_back(tools: Tools, failure: Exception) -> None:
    with pytest.raises(type(failure)):
        await rename(tools, "never", then=failure)
    assert await name_of_anna(tools) == "anna"


async def test_an_act_that_only_looks_keeps_nothing(tools: Tools) -> None:
    async with tools.reading(None, NO_PROJECT) as act:
        (await act.session.get_one(User, 1)).username = "never"
        await act.session.flush()
    assert await name_of_anna(tools) == "anna"


@pytest.mark.parametrize("flushed", [True, False], ids=["at the flush", "at the end"])
async def test_a_clash_is_a_conflict(tools: Tools, flushed: bool) -> None:
    async def clash() -> None:
        async with tools.acting(None, NO_PROJECT) as act:
            act.session.add(User(id=1, username="twice", created_at=act.now))
            if flushed:
                await act.flush()

    with pytest.raises(Conflict):
        await clash()


async def test_the_moment_of_an_act_stands_still(tools: Tools) -> None:
    async with tools.acting(None, NO_PROJECT) as act:
        began = act.now
        tools.clock.advance(5)  # type: ignore[attr-defined]
        assert act.now == began


async def test_a_project_is_asked_for_only_where_there_is_one(tools: Tools) -> None:
    async with tools.reading(ANNA, 1) as act:
        assert (act.project_id, act.role) == (1, "owner")
    async with tools.reading(None, EVERYONE) as act:
        with pytest.raises(AssertionError):
            act.project_id  # noqa: B018


async def test_fifty_who_read_and_then_write_all_come_through(tools: Tools) -> None:
    async def count_up() -> None:
        async with tools.acting(None, NO_PROJECT) as act:
            user = await act.session.get_one(User, 1, with_for_update=True)
            user.quota_projects = (user.quota_projects or 0) + 1

    await asyncio.gather(*(count_up() for _ in range(50)))
    async with tools.reading(None, NO_PROJECT) as act:
        assert (await act.session.get_one(User, 1)).quota_projects == 50


async def test_what_is_locked_is_read_anew_whatever_was_read_of_it_before(tools: Tools) -> None:
    async with tools.acting(None, NO_PROJECT) as act:
        anna = await act.session.get_one(User, 1)
        behind_its_back = update(User).where(User.id == 1).values(quota_projects=7)
        await act.session.execute(behind_its_back, execution_options={"synchronize_session": False})
        await act.session.scalars(select(User).where(User.id == 1).with_for_update())
        assert anna.quota_projects == 7


async def test_two_processes_that_read_and_then_write_both_come_through(tools: Tools) -> None:
    """Plain BEGIN fails here on SQLite, whatever the timeout."""
    other = Database(tools.config.db_url)

    async def count_up(db: Database) -> None:
        for _ in range(20):
            async with db.writing(NO_PROJECT) as session:
                user = await session.get_one(User, 1, with_for_update=True)
                user.quota_projects = (user.quota_projects or 0) + 1
                await session.commit()

    await asyncio.gather(count_up(tools.db), count_up(other))
    await other.aclose()
    async with tools.reading(None, NO_PROJECT) as act:
        assert (await act.session.get_one(User, 1)).quota_projects == 40


async def test_a_moment_comes_back_in_utc(tools: Tools) -> None:
    moscow = datetime(2026, 11, 22, 15, 30, 0, 123456, tzinfo=timezone(timedelta(hours=3)))
    async with tools.acting(None, NO_PROJECT) as act:
        (await act.session.get_one(User, 1)).created_at = moscow
    async with tools.reading(None, NO_PROJECT) as act:
        found = (await act.session.get_one(User, 1)).created_at
        assert found == moscow
        assert found.tzinfo is UTC
        assert await act.session.scalar(select(func.count(User.id)).where(User.created_at == moscow)) == 1


async def test_a_moment_without_its_zone_is_refused(tools: Tools) -> None:
    with pytest.raises(StatementError, match="needs its time zone"):
        async with tools.acting(None, NO_PROJECT) as act:
            await act.session.execute(update(User).values(created_at=datetime(2026, 11, 22)))  # noqa: DTZ001


async def test_a_document_comes_back_as_it_was(tools: Tools) -> None:
    document = {"text": "Ёж 🦔", "n": 1.5, "deep": [{"none": None, "yes": True}]}
    async with tools.acting(ANNA, 1) as act:
        moments = {"created_at": act.now, "updated_at": act.now}
        act.session.add(Task(name="Welcome", config=document, created_by=1, **moments))
    async with tools.reading(ANNA, 1) as act:
        task = (await act.session.scalars(select(Task))).one()
        assert task.config == document


async def test_foreign_keys_are_held(tools: Tools) -> None:
    with pytest.raises(Conflict):
        async with tools.acting(None, EVERYONE) as act:
            act.session.add(Project(user_id=404, name="Nobody's", created_at=act.now))


async def test_a_deleted_project_takes_its_rows_along(tools: Tools) -> None:
    async with tools.acting(ANNA, 1) as act:
        act.session.add(Bot(telegram_id=1, username="b", name="B", token_sealed="", created_at=act.now))
    async with tools.acting(None, EVERYONE) as act:
        await act.session.delete(await act.session.get_one(Project, 1))
    async with tools.reading(None, EVERYONE) as act:
        assert await act.session.scalar(select(func.count(Bot.id))) == 0


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 53, 4), True),
        ((3, 51, 3), True),
        ((3, 51, 2), False),
        ((3, 50, 7), True),
        ((3, 50, 6), False),
        ((3, 44, 6), True),
        ((3, 44, 5), False),
        ((3, 45, 0), False),
        ((3, 40, 1), False),
        ((4, 0, 0), True),
    ],
)
def test_an_sqlite_that_loses_commits_is_refused_with_words(version: tuple[int, ...], safe: bool) -> None:
    assert sqlite_is_safe(version) is safe
    if safe:
        return require_safe_sqlite(version)
    with pytest.raises(DatabaseUnfit, match="can lose commits"):
        require_safe_sqlite(version)
    return None


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
async def test_sqlite_is_set_up_to_lose_nothing(tools: Tools) -> None:
    wanted = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    async with tools.db.engine.connect() as connection:
        for name, value in wanted.items():
            assert (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar() == value
        version = (await connection.exec_driver_sql("SELECT sqlite_version()")).scalar()
    assert sqlite_is_safe(tuple(int(part) for part in str(version).split(".")))


@pytest.mark.parametrize("mask", [0o000, 0o022])
async def test_an_sqlite_file_that_tgac_makes_is_its_owners_alone(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        db = Database(f"sqlite+aiosqlite:///{tmp_path}/data/tgac.sqlite3")
        await create_tables(db)
        files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "data").iterdir()}
        await db.aclose()
    finally:
        os.umask(before)
    assert files == dict.fromkeys(("tgac.sqlite3", "tgac.sqlite3-wal", "tgac.sqlite3-shm"), 0o600)
    assert stat.S_IMODE((tmp_path / "data").stat().st_mode) == 0o700


async def test_a_statement_that_is_wrong_is_not_a_database_that_is_away(tools: Tools) -> None:
    """What the statement is to blame for stays what it is, so that nobody waits and tries it again for ever."""
    too_large = 2**70
    for wrong in (text("SELECT * FROM nowhere"), select(User).where(User.id == too_large)):
        with pytest.raises((DBAPIError, OverflowError)) as told:
            async with tools.reading(None, NO_PROJECT) as act:
                await act.session.execute(wrong)
        assert not isinstance(told.value, DatabaseAway)
