"""The jobs table. Nothing imports it but the store beside it and the migrations."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from tgac.kit.db.base import Base
from tgac.kit.db.types import Id


class JobRow(Base):
    """A job: open → running → (deleted) | failed | cancelled; it is open again when its lease ends."""

    __tablename__ = "jobs"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(64))
    payload: Mapped[dict[str, Any]]
    key: Mapped[str | None] = mapped_column(String(200))
    status: Mapped[str] = mapped_column(String(16), default="open")
    priority: Mapped[int]
    run_after: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    owner: Mapped[str | None] = mapped_column(String(64))
    lease_until: Mapped[datetime | None]
    error: Mapped[str | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        # One seek per priority finds what is due in the same time with a thousand jobs waiting as with a million.
        Index(
            "ix_jobs_open",
            "priority",
            "run_after",
            "id",
            sqlite_where=status == "open",
            postgresql_where=status == "open",
        ),
        Index("ix_jobs_running", "lease_until", sqlite_where=status == "running", postgresql_where=status == "running"),
        Index(
            "uq_jobs_key",
            "key",
            unique=True,
            sqlite_where=status.in_(("open", "running")),
            postgresql_where=status.in_(("open", "running")),
        ),
    )


class LeaseRow(Base):
    """Who holds a role that only one process may hold at a time: the scheduler's, or the polling of one bot."""

    __tablename__ = "leases"
    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    owner: Mapped[str] = mapped_column(String(64))
    until: Mapped[datetime]
