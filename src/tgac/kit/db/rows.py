"""Row-level security: on Postgres the database itself shows a transaction the rows of its project, and no others.

Each transaction says which project it is for (`pinning.py`). One that has said nothing sees no row of any project: so
does `psql`, until it says `SET tgac.project = 'everyone'`.
"""

from typing import Final

from sqlalchemy import Connection

from tgac.kit.db.pinning import EVERYONES, SETTING, owned_tables

_POLICY: Final = "tgac_project_1"
"""Its number changes with the condition: a policy of an older number is replaced."""
_CONDITION: Final = f"(SELECT current_setting('{SETTING}', true)) IN ('{EVERYONES}', project_id::text)"
_GUARDED: Final = (
    "SELECT c.relname FROM pg_class c JOIN pg_policy p ON p.polrelid = c.oid"
    " WHERE c.relnamespace = current_schema()::regnamespace"
    " AND c.relrowsecurity AND c.relforcerowsecurity AND p.polname = $1"
)
_THERE: Final = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
_OLD: Final = (
    "SELECT polname FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid"
    " WHERE c.relnamespace = current_schema()::regnamespace AND c.relname = $1"
)
_PASSES: Final = "SELECT rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"


def guard_rows(connection: Connection) -> None:
    """Give every project's table its policy, where it has none yet; nothing on SQLite, which knows no such thing.

    The owner of a table is held as well (FORCE). Superusers and roles with BYPASSRLS are not: see `role_passes`.
    """
    if connection.dialect.name != "postgresql":
        return
    there = set(connection.exec_driver_sql(_THERE).scalars())
    guarded = set(connection.exec_driver_sql(_GUARDED, (_POLICY,)).scalars())
    for table in sorted(owned_tables() & there - guarded):
        for old in connection.exec_driver_sql(_OLD, (table,)).scalars().all():
            connection.exec_driver_sql(f'DROP POLICY "{old}" ON "{table}"')
        connection.exec_driver_sql(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY')
        connection.exec_driver_sql(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY')
        connection.exec_driver_sql(
            f'CREATE POLICY {_POLICY} ON "{table}" USING ({_CONDITION}) WITH CHECK ({_CONDITION})'
        )


def role_passes(connection: Connection) -> bool:
    """Whether the role that we connect as is above row-level security, so that it holds nothing."""
    return bool(connection.exec_driver_sql(_PASSES).scalar())
