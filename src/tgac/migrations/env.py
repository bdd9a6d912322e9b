"""Alembic's way in: it gets an open connection from `kit/db/schema.py` and runs in one transaction.

SQLite half-migrates on a crash unless the schema's changes are part of that transaction.
"""

from alembic import context
from alembic.ddl.sqlite import SQLiteImpl

from tgac.tables import METADATA

SQLiteImpl.transactional_ddl = True


def run() -> None:
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=METADATA,
        transactional_ddl=True,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=False,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
