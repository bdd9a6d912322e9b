"""The schema that the migrations make is the one that the models speak of, and no crash leaves half of it."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect
from sqlalchemy.exc import DBAPIError

from tests.support.databases import fresh_url
from tgac.kit.config import load_config
from tgac.kit.db import schema
from tgac.kit.db.session import Database
from tgac.kit.secrets import new_master_key
from tgac.tables import METADATA

NOTED_BY_ALEMBIC = {"alembic_version"}


@pytest.fixture
async def db(database: str, tmp_path: Path) -> AsyncIterator[Database]:
    """A database in which there is nothing."""
    config = load_config(
        None,
        admin_tg_username="anna",
        telegram_bot_token="123456789:" + "A" * 35,
        db_url=await fresh_url(database, tmp_path, empty=True),
        session_secret_key=new_master_key(),
    )
    made = Database(config.db_url)
    yield made
    await made.aclose()


async def tables(db: Database) -> set[str]:
    async with db.engine.connect() as connection:
        return await connection.run_sync(lambda sync: set(inspect(sync).get_table_names()))


def differences(connection: Connection) -> list[Any]:
    context = MigrationContext.configure(connection, opts={"compare_type": True, "compare_server_default": True})
    return list(compare_metadata(context, METADATA))


async def test_the_migrations_make_what_the_models_say(db: Database) -> None:
    await schema.upgrade(db)
    async with db.engine.connect() as connection:
        found = await connection.run_sync(differences)
    assert found == [], 'the models have changed: run `make migration M="what changed"`'
    assert await tables(db) == set(METADATA.tables) | NOTED_BY_ALEMBIC


async def test_they_lead_back_to_nothing_and_up_again(db: Database) -> None:
    await schema.upgrade(db)
    await schema.downgrade(db, "base")
    assert await tables(db) == NOTED_BY_ALEMBIC
    await schema.upgrade(db)
    assert await schema.is_at_head(db)


async def test_a_database_tells_whether_it_is_at_the_newest_schema(db: Database) -> None:
    assert not await schema.is_at_head(db)
    await schema.upgrade(db)
    assert await schema.is_at_head(db)
    await schema.downgrade(db, "base")
    assert not await schema.is_at_head(db)


async def test_an_upgrade_of_what_is_up_to_date_changes_nothing(db: Database) -> None:
    await schema.upgrade(db)
    await schema.upgrade(db)
    assert await schema.is_at_head(db)


async def test_a_crash_in_the_middle_leaves_nothing_half_done(db: Database) -> None:
    last = METADATA.sorted_tables[-1].name
    async with db.engine.begin() as connection:
        await connection.exec_driver_sql(f'CREATE TABLE "{last}" (in_the_way INTEGER)')
    with pytest.raises(DBAPIError):
        await schema.upgrade(db)
    assert await tables(db) == {last}
    if db.is_sqlite:
        async with db.engine.connect() as connection:
            assert (await connection.exec_driver_sql("PRAGMA foreign_keys")).scalar() == 1


async def test_foreign_keys_are_held_again_after_a_migration(db: Database) -> None:
    await schema.upgrade(db)
    with pytest.raises(DBAPIError):
        async with db.engine.begin() as connection:
            await connection.exec_driver_sql(
                "INSERT INTO projects (id, user_id, name, status, time_zone, created_at)"
                " VALUES (1, 404, 'City', 'active', 'UTC', '2026-11-22')"
            )
