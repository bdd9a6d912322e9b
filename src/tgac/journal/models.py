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
    )
