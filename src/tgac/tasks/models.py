"""What the owner ordered."""

from datetime import datetime
from typing import Any

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tgac.kit.db.base import Base, Owned, owned_args, owned_key
from tgac.kit.db.types import Id


class Task(Owned, Base):
    """ "For every post of these channels, comment like this." `config` is the document of `tasks/config.py`."""

    __tablename__ = "tasks"
    name: Mapped[str] = mapped_column(String(100))
    mode: Mapped[str] = mapped_column(String(16), default="NEW_POSTS")
    status: Mapped[str] = mapped_column(String(8), default="OFF")  # ON | PAUSED | OFF
    version: Mapped[int] = mapped_column(default=1)
    config: Mapped[dict[str, Any]]
    created_by: Mapped[int] = mapped_column(Id)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = owned_args(UniqueConstraint("project_id", "name"))


class TaskBot(Owned, Base):
    """A bot that serves a task."""

    __tablename__ = "task_bots"
    task_id: Mapped[int] = mapped_column(Id, index=True)
    bot_id: Mapped[int] = mapped_column(Id)

    __table_args__ = owned_args(
        UniqueConstraint("project_id", "task_id", "bot_id"),
        owned_key("task_id", "tasks"),
        owned_key("bot_id", "bots"),
    )
