"""Alembic's way in: it gets an open connection from `kit/db/schema.py` and runs in one transaction.

SQLite half-migrates on a crash unless the schema's changes are part of that transaction.
"""

from typing import Literal

from alembic import context
from alembic.autogenerate import render, renderers
from alembic.autogenerate.api import AutogenContext
from alembic.ddl.sqlite import SQLiteImpl
from alembic.operations import ops
from sqlalchemy import JSON, BigInteger

from tgac.kit.db.types import UtcDateTime
from tgac.tables import METADATA

SQLiteImpl.transactional_ddl = True


def _rendered(kind: str, item: object, _autogen: object) -> str | Literal[False]:
    """Our own column types by their names in a drafted migration."""
    if kind != "type":
        return False
    if isinstance(item, UtcDateTime):
        return "UtcDateTime()"
    if isinstance(item, JSON):
        return "Json"
    return "Id" if isinstance(item, BigInteger) and item._variant_mapping else False


@renderers.dispatch_for(ops.ModifyTableOps, replace=True)
def _table_changed(context_of: AutogenContext, changes: ops.ModifyTableOps) -> list[str]:
    """SQLite makes a changed table anew, and knows of the old one all but that its numbers are never given twice."""
    lines = render._render_modify_table(context_of, changes)
    table = METADATA.tables.get(changes.table_name)
    if table is None or not table.dialect_options["sqlite"]["autoincrement"]:
        return lines
    kept = "schema=None, table_kwargs={'sqlite_autoincrement': True})"
    return [line.replace("schema=None)", kept, 1) if "op.batch_alter_table(" in line else line for line in lines]


def run() -> None:
    connection = context.config.attributes["connection"]
    context.configure(
        connection=connection,
        target_metadata=context.config.attributes.get("metadata", METADATA),
        transactional_ddl=True,
        render_as_batch=connection.dialect.name == "sqlite",
        compare_type=False,
        render_item=_rendered,
    )
    with context.begin_transaction():
        context.run_migrations()


run()
