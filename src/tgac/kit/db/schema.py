"""Bring the schema to head, back, or see whether it is there."""

from collections.abc import Callable
from typing import Any

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from tgac.kit.db.numbers import numbers_kept
from tgac.kit.db.rows import guard_rows, role_passes
from tgac.kit.db.session import Database


def _alembic(connection: Connection | None = None) -> AlembicConfig:
    config = AlembicConfig()
    config.set_main_option("script_location", "tgac:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


async def _run(db: Database, work: Callable[[AlembicConfig], Any]) -> None:
    async with db.migrating() as connection:
        await connection.run_sync(lambda sync: work(_alembic(sync)))


async def upgrade(db: Database) -> None:
    """To the newest schema, in one transaction, with the policies that hold projects apart."""

    def work(config: AlembicConfig) -> None:
        connection = config.attributes["connection"]
        with numbers_kept(connection):
            command.upgrade(config, "head")
        guard_rows(connection)

    await _run(db, work)


async def downgrade(db: Database, revision: str) -> None:
    """Back to `revision` (`base`: to nothing)."""
    await _run(db, lambda config: command.downgrade(config, revision))


async def is_at_head(db: Database) -> bool:
    """Whether the database has the newest schema."""
    head = ScriptDirectory.from_config(_alembic()).get_current_head()
    async with db.looking() as connection:
        found = await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())
    return found == head


async def holds_rows(db: Database) -> bool | None:
    """Whether Postgres holds projects apart by itself. False where our role passes policies by; None on SQLite."""
    if db.is_sqlite:
        return None
    async with db.looking() as connection:
        return not await connection.run_sync(role_passes)


async def draft(db: Database, message: str) -> None:
    """Write a migration for what the models have and the database has not. For developers."""
    number = sum(1 for _ in ScriptDirectory.from_config(_alembic()).walk_revisions()) + 1
    await _run(db, lambda config: command.revision(config, message, autogenerate=True, rev_id=f"{number:04}"))
