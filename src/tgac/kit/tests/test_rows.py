"""Row-level security: on Postgres the database holds projects apart even where both guards are passed by."""

from typing import Any

import pytest
from sqlalchemy import Connection, func, select, text
from sqlalchemy.exc import DBAPIError

from tgac.bots.models import Bot
from tgac.kit.db import schema
from tgac.kit.db.pinning import SETTING, owned_tables, tell
from tgac.kit.db.rows import guard_rows
from tgac.kit.db.session import Database
from tgac.kit.tenancy import EVERYONE, NO_PROJECT, Scope
from tgac.kit.tests.conftest import ANNA, VERA
from tgac.kit.tests.test_pinning import BOTS, REFUSED, bound, everything, named
from tgac.kit.tests.test_tenancy import bot
from tgac.kit.tools import Tools

GUARDED = text(
    "SELECT c.relname FROM pg_class c JOIN pg_policies p ON p.tablename = c.relname AND p.schemaname = 'public'"
    " WHERE c.relrowsecurity AND c.relforcerowsecurity AND p.qual IS NOT NULL AND p.with_check IS NOT NULL"
    " AND p.cmd = 'ALL' AND p.roles = '{public}'"
)
SHOWN = text(f"SELECT current_setting('{SETTING}', true)")
BOTS_SEEN = text("SELECT b.id FROM bots b ORDER BY b.id")


@pytest.fixture
def database() -> str:
    """Postgres alone: SQLite knows no such thing."""
    return "postgres"


@pytest.fixture(autouse=True)
async def bots(tools: Tools) -> None:
    """Bots 1 and 2 are Anna's, bot 3 is Vera's."""
    for number, who in ((1, ANNA), (2, ANNA), (3, VERA)):
        async with tools.acting(who, who.user_id) as act:
            act.session.add(bot(number, created_at=act.now))


async def unguarded(tools: Tools, scope: Scope | None, statement: Any) -> list[Any]:
    """Execute with nothing between us and the rows but what the transaction has said."""

    def work(connection: Connection) -> list[Any]:
        if scope is not None:
            tell(connection, scope)
        found = connection.execute(statement, bound(statement))
        return list(found) if found.returns_rows else []

    async with tools.db.engine.begin() as connection:
        return await connection.run_sync(work)


async def test_the_tests_are_held_by_the_policies(tools: Tools) -> None:
    """A superuser would see everything, and these tests would prove nothing."""
    assert await schema.holds_rows(tools.db)


async def test_a_role_above_the_policies_is_known(tools: Tools) -> None:
    as_superuser = tools.db.url.set(username="postgres")
    db = Database(as_superuser.render_as_string(hide_password=False))
    assert await schema.holds_rows(db) is False
    await db.aclose()


async def test_every_table_of_a_project_has_its_policy(tools: Tools) -> None:
    found = await unguarded(tools, None, GUARDED)
    assert {row.relname for row in found} == owned_tables()
    assert len(found) == len(owned_tables()) >= 14


async def test_the_migrations_end_with_the_policies(tools: Tools) -> None:
    async with tools.db.engine.begin() as connection:
        await connection.exec_driver_sql("DROP SCHEMA public CASCADE")
        await connection.exec_driver_sql("CREATE SCHEMA public")
    await schema.upgrade(tools.db)
    await schema.upgrade(tools.db)
    assert {row.relname for row in await unguarded(tools, None, GUARDED)} == owned_tables()


async def test_a_policy_of_old_and_a_table_let_loose_are_mended(tools: Tools) -> None:
    async with tools.db.engine.begin() as connection:
        await connection.exec_driver_sql("ALTER TABLE bots NO FORCE ROW LEVEL SECURITY")
        await connection.exec_driver_sql("DROP POLICY tgac_project_1 ON posts")
        await connection.exec_driver_sql("CREATE POLICY tgac_project_0 ON posts USING (true)")
        assert {row.relname for row in await connection.execute(GUARDED)} != owned_tables()
        await connection.run_sync(guard_rows)
        found = [row.relname for row in await connection.execute(GUARDED)]
    assert sorted(found) == sorted(owned_tables())


@pytest.mark.parametrize(
    ("scope", "seen"), [(None, []), (NO_PROJECT, []), (1, [1, 2]), (2, [3]), (404, []), (EVERYONE, [1, 2, 3])]
)
async def test_a_transaction_sees_the_rows_of_what_it_has_said(
    tools: Tools, scope: Scope | None, seen: list[int]
) -> None:
    assert [row.id for row in await unguarded(tools, scope, BOTS_SEEN)] == seen


@named(REFUSED)
async def test_no_shape_reaches_what_is_another_projects(tools: Tools, statement: Any) -> None:
    before = [row for row in await everything(tools) if row[BOTS_PROJECT] == 2]
    try:
        found = await unguarded(tools, 1, statement)
    except DBAPIError:
        found = []
    assert not [row for row in found if 3 in row]
    assert [row for row in await everything(tools) if row[BOTS_PROJECT] == 2] == before
    assert len(before) == 1


BOTS_PROJECT = [column.name for column in BOTS.c].index("project_id")


async def test_no_connection_of_the_pool_remembers_a_project(tools: Tools) -> None:
    """However a transaction ends: committed, rolled back, failed."""
    async with tools.acting(ANNA, 1) as act:
        assert await act.session.scalar(SHOWN) == "1"
    async with tools.reading(ANNA, 1) as act:
        assert await act.session.scalar(SHOWN) == "1"
    with pytest.raises(DBAPIError):
        async with tools.acting(ANNA, 1) as act:
            await act.session.execute(text("SELECT 1 / 0"))
    assert not (await unguarded(tools, None, SHOWN))[0][0]
    assert await unguarded(tools, None, BOTS_SEEN) == []
    assert tools.db.engine.pool.checkedin() >= 1  # type: ignore[attr-defined]


async def test_a_session_that_begins_anew_says_it_again(tools: Tools) -> None:
    async with tools.db.reading(1) as session:
        assert await session.scalar(SHOWN) == "1"
        await session.rollback()
        assert await session.scalar(SHOWN) == "1"
        async with session.begin_nested():
            assert await session.scalar(SHOWN) == "1"
        assert await session.scalar(select(func.count(Bot.id))) == 2
