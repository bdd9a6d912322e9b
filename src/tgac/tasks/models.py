"""What the owner ordered."""

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tgac.kit.db.base import Base, Owned, owned_args, owned_key
from tgac.kit.db.types import Id


class Task(Owned, Base):
    """ "For every post of these channels, comment like this." `config` is the document of `tasks/config/`.

    A deleted one stays as a row, for the comments that speak of it; its name is free again.
    """

    __tablename__ = "tasks"
    name: Mapped[str] = mapped_column(String(100))
    mode: Mapped[str] = mapped_column(String(16), default="NEW_POSTS")
    status: Mapped[str] = mapped_column(String(8), default="OFF")  # ON | PAUSED | OFF
    version: Mapped[int] = mapped_column(default=1)
    config: Mapped[dict[str, Any]]
    created_by: Mapped[int] = mapped_column(Id)
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    deleted_at: Mapped[datetime | None] = mapped_column()

    __table_args__ = owned_args(
        Index(
            "uq_tasks_project_id_name",
            "project_id",
            "name",
            unique=True,
            sqlite_where=deleted_at.is_(None),
            postgresql_where=deleted_at.is_(None),
        )
    )


class TaskVersion(Owned, Base):
    """A task as it was written down: every change of its name or document makes one."""

    __tablename__ = "task_versions"
    task_id: Mapped[int] = mapped_column(Id)
    version: Mapped[int]
    name: Mapped[str] = mapped_column(String(100))
    config: Mapped[dict[str, Any]]
    user_id: Mapped[int | None] = mapped_column(Id)
    at: Mapped[datetime]

    __table_args__ = owned_args(
        UniqueConstraint("project_id", "task_id", "version"),
        owned_key("task_id", "tasks"),
    )


class TaskTarget(Owned, Base):
    """What a task is aimed at: a channel, or a playlist with the channels that are in it at the moment of a post.

    The document's `targets`, written down with it, so that a post finds its tasks without reading every document.
    A channel that is removed is aimed at no more; a playlist that is aimed at cannot be deleted.
    """

    __tablename__ = "task_targets"
    task_id: Mapped[int] = mapped_column(Id)
    channel_id: Mapped[int | None] = mapped_column(Id)
    playlist_id: Mapped[int | None] = mapped_column(Id)

    __table_args__ = owned_args(
        CheckConstraint("(channel_id IS NULL) <> (playlist_id IS NULL)", name="one_target"),
        owned_key("task_id", "tasks"),
        owned_key("channel_id", "channels"),
        owned_key("playlist_id", "playlists", ondelete="NO ACTION"),
        Index("ix_task_targets_channel_id_task_id", "channel_id", "task_id"),
        Index("ix_task_targets_playlist_id_task_id", "playlist_id", "task_id"),
        Index("ix_task_targets_task_id", "task_id"),
    )


class TaskPreset(Owned, Base):
    """A preset of the project's own; `values` is the document of `config.Preset`. Tasks name it."""

    __tablename__ = "task_presets"
    name: Mapped[str] = mapped_column(String(40))
    values: Mapped[dict[str, Any]]

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
