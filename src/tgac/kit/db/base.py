"""What every table is made of."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, ForeignKeyConstraint, MetaData, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, declared_attr, mapped_column

from tgac.kit.db.types import Id, Json, UtcDateTime

_NAMES = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The one declarative base; constraints have names, so that migrations can speak of them."""

    metadata = MetaData(naming_convention=_NAMES)
    type_annotation_map = {datetime: UtcDateTime, dict[str, Any]: Json, list[Any]: Json}  # noqa: RUF012


OWNED = "owned"
"""The mark in a table's `info` by which the guard knows a project's table."""


class Owned:
    """A row that belongs to exactly one project, for good. The guard (`kit/tenancy.py`) filters and stamps it."""

    project_id: Mapped[int] = mapped_column(Id, ForeignKey("projects.id", ondelete="CASCADE"), index=True)
    id: Mapped[int] = mapped_column(Id, primary_key=True)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:  # noqa: N805
        """What is written of an object says `id` and `project_id`: SQLAlchemy adds a version to the key, never set."""
        return {"version_id_col": cls.__table__.c.project_id, "version_id_generator": False}  # type: ignore[attr-defined]


def owned_classes() -> list[type[Owned]]:
    """Every class of a project's rows, those that point at others before what they point at."""
    mappers = [one for one in Base.registry.mappers if issubclass(one.class_, Owned)]
    order = {table.name: place for place, table in enumerate(Base.metadata.sorted_tables)}
    return [one.class_ for one in sorted(mappers, key=lambda one: order[one.class_.__tablename__], reverse=True)]


def owned_args(*more: Any) -> tuple[Any, ...]:
    """The table arguments of an Owned table: the pair that composite foreign keys point at, and `more`.

    Numbers are never given twice: what outlives a row (a task's document, an event) must not come to mean another.
    """
    return (UniqueConstraint("project_id", "id"), *more, {"sqlite_autoincrement": True, "info": {OWNED: True}})


def owned_key(column: str, table: str, *, ondelete: str = "CASCADE") -> ForeignKeyConstraint:
    """A foreign key that cannot leave the project: (project_id, column) → table (project_id, id).

    The row goes with the one that it points at; with `ondelete="NO ACTION"` it holds that one where it is.
    """
    return ForeignKeyConstraint(["project_id", column], [f"{table}.project_id", f"{table}.id"], ondelete=ondelete)
