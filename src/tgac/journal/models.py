"""What happened, one row each."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from tgac.kit.db.base import Base, Owned, owned_args
from tgac.kit.db.types import Id


class Event(Owned, Base):
    """Something that happened in a project; `kind` names it, `data` holds the values that its sentence needs."""

    __tablename__ = "events"
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(40))
    user_id: Mapped[int | None] = mapped_column(Id)
    post_id: Mapped[int | None] = mapped_column(Id)
    comment_id: Mapped[int | None] = mapped_column(Id)
    task_id: Mapped[int | None] = mapped_column(Id)
    bot_id: Mapped[int | None] = mapped_column(Id)
    channel_id: Mapped[int | None] = mapped_column(Id)
    data: Mapped[dict[str, Any]]

    __table_args__ = owned_args(
        Index("ix_events_project_id_at", "project_id", "at"),
        Index("ix_events_post_id", "post_id"),
        # What people did is a hundredth of what happens; their page must not read the rest.
        Index(
            "ix_events_by_people",
            "project_id",
            "id",
            sqlite_where=user_id.is_not(None),
            postgresql_where=user_id.is_not(None),
        ),
    )


class PanelEvent(Base):
    """Something that a person changed outside of any project: users, sign-ins, tokens, the installation's settings.

    `user_id` is who did it (None: the server's shell), `subject_id` the user to whom it was done.
    """

    __tablename__ = "panel_events"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(40))
    user_id: Mapped[int | None] = mapped_column(Id)
    subject_id: Mapped[int | None] = mapped_column(Id)
    data: Mapped[dict[str, Any]]
