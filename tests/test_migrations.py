"""The schema that the migrations make is the one that the models speak of, and no crash leaves half of it."""

import shutil
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config as AlembicConfig
from alembic.migration import MigrationContext
from sqlalchemy import Column, Connection, MetaData, String, inspect, select
from sqlalchemy.exc import DBAPIError

from tests.support.databases import fresh_url
from tgac.kit.config import load_config
from tgac.kit.db import schema
from tgac.kit.db.numbers import numbers_kept
from tgac.kit.db.session import Database
from tgac.kit.secrets import new_master_key
from tgac.tables import METADATA

MIGRATIONS = Path(schema.__file__).parents[2] / "migrations"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
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


def a_step_into(folder: Path) -> tuple[AlembicConfig, MetaData]:
    """The migrations in a folder of their own, and models in which the bots have changed."""
    copy = shutil.copytree(MIGRATIONS, folder / "migrations", ignore=shutil.ignore_patterns("__pycache__"))
    config = AlembicConfig()
    config.set_main_option("script_location", str(copy))
    config.set_main_option("path_separator", "os")
    changed = MetaData(naming_convention=METADATA.naming_convention)
    for table in METADATA.sorted_tables:
        table.to_metadata(changed)
    changed.tables["bots"].c.name.nullable = True
    changed.tables["bots"].append_column(Column("nickname", String, nullable=False, server_default="none"))
    return config, changed


async def alembic(db: Database, config: AlembicConfig, work: Callable[[], object]) -> None:
    def inside(connection: Connection) -> None:
        config.attributes["connection"] = connection
        with numbers_kept(connection):
            work()

    async with db.migrating() as connection:
        await connection.run_sync(inside)


async def add_bot(db: Database, telegram_id: int) -> int:
    columns = {"project_id": 1, "username": "b", "name": "Bot", "token_sealed": "", "created_at": NOW}
    async with db.migrating() as connection:
        adding = METADATA.tables["bots"].insert().values(columns | {"telegram_id": telegram_id})
        return int((await connection.execute(adding)).inserted_primary_key[0])


def unlike(connection: Connection, models: MetaData) -> list[Any]:
    return list(compare_metadata(MigrationContext.configure(connection), models))


async def test_a_drafted_change_keeps_rows_and_gives_no_number_twice(db: Database, tmp_path: Path) -> None:
    """SQLite makes the table anew for it: the numbers of rows that are gone must be remembered."""
    await schema.upgrade(db)
    async with db.migrating() as connection:
        await connection.execute(METADATA.tables["users"].insert().values(id=1, username="anna", created_at=NOW))
        project = {"id": 1, "user_id": 1, "name": "City", "created_at": NOW}
        await connection.execute(METADATA.tables["projects"].insert().values(project))
    kept, gone = await add_bot(db, 11), await add_bot(db, 12)
    async with db.migrating() as connection:
        await connection.execute(METADATA.tables["bots"].delete().where(METADATA.tables["bots"].c.id == gone))
    config, changed = a_step_into(tmp_path)
    config.attributes["metadata"] = changed
    await alembic(db, config, lambda: command.revision(config, "nicknames", autogenerate=True, rev_id="9999"))
    await alembic(db, config, lambda: command.upgrade(config, "head"))
    async with db.migrating() as connection:
        assert await connection.run_sync(unlike, changed) == []
        rows = (await connection.execute(select(changed.tables["bots"]))).all()
    assert [(row.id, row.project_id, row.name, row.nickname) for row in rows] == [(kept, 1, "Bot", "none")]
    assert await add_bot(db, 13) > gone


async def test_numbers_are_never_given_twice_in_any_table_that_says_so(db: Database) -> None:
    await schema.upgrade(db)
    if db.is_sqlite:
        async with db.engine.connect() as connection:
            made = await connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
            counting = {row.name for row in made if "AUTOINCREMENT" in row.sql}
        assert counting - {"sqlite_sequence"} == {
            table.name for table in METADATA.sorted_tables if table.dialect_options["sqlite"]["autoincrement"]
        }
        assert len(counting) > 10


async def test_foreign_keys_are_held_again_after_a_migration(db: Database) -> None:
    await schema.upgrade(db)
    with pytest.raises(DBAPIError):
        async with db.engine.begin() as connection:
            await connection.exec_driver_sql(
                "INSERT INTO projects (id, user_id, name, status, time_zone, created_at)"
                " VALUES (1, 404, 'City', 'active', 'UTC', '2026-11-22')"
            )
