"""What is set by hand: one document for the installation, one for each project that wants it otherwise."""

from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tgac.kit.db.base import Base, Owned, owned_args
from tgac.kit.db.types import Id


class InstallationSettings(Base):
    """The installation's one document; it holds only what an admin has set. Its row is number 1.

    `stopped_at` is the emergency stop of all projects: nothing leaves while it is set.
    """

    __tablename__ = "installation_settings"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    document: Mapped[dict[str, Any]]
    stopped_at: Mapped[datetime | None]


class ProjectSettings(Owned, Base):
    """A project's document; it holds only what its owners have set."""

    __tablename__ = "project_settings"
    document: Mapped[dict[str, Any]]

    __table_args__ = owned_args(UniqueConstraint("project_id"))
