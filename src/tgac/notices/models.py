"""What is wrong in a project, one row for each cause, and who was told."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tgac.kit.db.base import Base, Owned, owned_args, owned_key
from tgac.kit.db.types import Id


class Notice(Owned, Base):
    """Something is wrong with the row `subject_id` of the kind's table (`kinds.KINDS`), since `at`.

    `ended_at`: the cause is gone. `solved_at`: a person has put it aside; it comes back only when the cause was gone
    and is there again. `data` holds the values that its sentence needs, as they were found at first.
    """

    __tablename__ = "notices"
    kind: Mapped[str] = mapped_column(String(40))
    subject_id: Mapped[int] = mapped_column(Id)
    data: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    ended_at: Mapped[datetime | None] = mapped_column()
    solved_at: Mapped[datetime | None]
    solved_by: Mapped[int | None] = mapped_column(Id)

    __table_args__ = owned_args(
        Index(
            "uq_notices_living",
            "project_id",
            "kind",
            "subject_id",
            unique=True,
            sqlite_where=ended_at.is_(None),
            postgresql_where=ended_at.is_(None),
        ),
    )


class NoticeTold(Owned, Base):
    """A user was told of a notice in Telegram."""

    __tablename__ = "notices_told"
    notice_id: Mapped[int] = mapped_column(Id)
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime]

    __table_args__ = owned_args(
        UniqueConstraint("project_id", "notice_id", "user_id"),
        owned_key("notice_id", "notices"),
    )
