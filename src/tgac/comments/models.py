"""Comments: planned, sent, skipped, and everything between."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tgac.kit.db.base import Base, Owned, owned_args, owned_key
from tgac.kit.db.types import Id


class Comment(Owned, Base):
    """The outcome of a task for a post. `decision` holds every value that led to it.

    States: planned → sending → sent | unknown | rejected; skipped, expired, cancelled, deleted; and before them all
    awaiting_approval, until `approve_by`.
    `fence` grows with every attempt: an answer that comes back with an older one changes nothing.
    `wait_until`: from `send_at` it waits for readers (`decision["wait_for"]`), at the latest until then.
    `typing_at` is when “typing…” was shown. `cared` holds, of what is done later (pin, delete, edit), the reason
    why it could not be. `seen_id` is the number under which it was seen, by `witness_id` (a bot of the project) or by
    whoever replied to it. `edit` is a text that follows its post's edit, asked for or on its way
    (comments/following.py).
    """

    __tablename__ = "comments"
    task_id: Mapped[int] = mapped_column(Id)
    post_id: Mapped[int] = mapped_column(Id)
    channel_id: Mapped[int] = mapped_column(Id)
    bot_id: Mapped[int | None] = mapped_column(Id)
    n: Mapped[int] = mapped_column(default=1)
    state: Mapped[str] = mapped_column(String(20))
    reason: Mapped[str | None] = mapped_column(String(40))
    reason_data: Mapped[dict[str, Any]]
    decision: Mapped[dict[str, Any]]
    text: Mapped[str | None]
    group_id: Mapped[int] = mapped_column(BigInteger)
    send_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
    wait_until: Mapped[datetime | None]
    approve_by: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(default=0)
    sending_at: Mapped[datetime | None]
    deadline: Mapped[datetime | None]
    typing_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    message_id: Mapped[int | None]
    seen_id: Mapped[int | None]
    witness_id: Mapped[int | None] = mapped_column(Id)
    cared: Mapped[dict[str, Any]] = mapped_column(default=dict)
    edit: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]

    __table_args__ = owned_args(
        UniqueConstraint("project_id", "task_id", "post_id", "n"),
        owned_key("task_id", "tasks"),
        owned_key("post_id", "posts"),
        owned_key("channel_id", "channels"),
        Index("ix_comments_project_id_created_at", "project_id", "created_at"),
        Index("ix_comments_post_id", "post_id"),
        Index("ix_comments_project_id_state_id", "project_id", "state", "id"),
        Index("ix_comments_project_id_sent_at", "project_id", "sent_at"),
        Index("ix_comments_channel_id_id", "channel_id", "id"),
        # Telegram's limits are kept over all workers by what a bot has lately begun to send.
        Index("ix_comments_bot_id_group_id_sending_at", "bot_id", "group_id", "sending_at"),
        Index("ix_comments_bot_id_sending_at", "bot_id", "sending_at"),
        Index("ix_comments_channel_id_sending_at", "channel_id", "sending_at"),
        Index("ix_comments_project_id_sending_at", "project_id", "sending_at"),
    )


class ReviewMessage(Owned, Base):
    """Where a reviewer was shown a comment in Telegram, and which version of it stands there; `media_id` is the file
    that stands beside it in a message of its own."""

    __tablename__ = "review_messages"
    comment_id: Mapped[int] = mapped_column(Id)
    user_id: Mapped[int] = mapped_column(Id)
    chat_id: Mapped[int] = mapped_column(BigInteger)
    message_id: Mapped[int]
    version: Mapped[str] = mapped_column(String(16))
    media_id: Mapped[int | None] = mapped_column(Id)

    __table_args__ = owned_args(
        UniqueConstraint("project_id", "comment_id", "user_id"),
        owned_key("comment_id", "comments"),
        Index("ix_review_messages_chat_id_message_id", "chat_id", "message_id"),
    )


class ReaderComment(Owned, Base):
    """That a reader wrote in a thread: when, and since when it has been a question; neither who nor what. Kept only
    where a comment waits for it. By thread and not by post: an album's posts are put together after their readers
    wrote."""

    __tablename__ = "reader_comments"
    group_id: Mapped[int] = mapped_column(BigInteger)
    root_id: Mapped[int]
    message_id: Mapped[int]
    said_at: Mapped[datetime] = mapped_column(index=True)
    asks_at: Mapped[datetime | None]

    __table_args__ = owned_args(
        UniqueConstraint("project_id", "group_id", "message_id"),
        Index("ix_reader_comments_group_id_root_id", "group_id", "root_id"),
    )


class LlmDay(Owned, Base):
    """What language models have cost a project on one day (of its own time zone)."""

    __tablename__ = "llm_days"
    day: Mapped[date]
    tokens: Mapped[int]
    answers: Mapped[int]

    __table_args__ = owned_args(UniqueConstraint("project_id", "day"))


class SeenUpdate(Base):
    """An update that was taken in; committed with its effects before the offset moves. Kept 48 hours."""

    __tablename__ = "seen_updates"
    bot_telegram_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    update_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(index=True)


class Recall(Owned, Base):
    """Comments of a task that a person takes back together: those sent from `since` until `until`."""

    __tablename__ = "recalls"
    task_id: Mapped[int] = mapped_column(Id)
    user_id: Mapped[int | None] = mapped_column(Id)
    since: Mapped[datetime]
    until: Mapped[datetime]

    __table_args__ = owned_args(owned_key("task_id", "tasks"), Index("ix_recalls_task_id_id", "task_id", "id"))


class RecallItem(Owned, Base):
    """What becomes of one comment of a recall: waiting → deleted | stays, with the reason."""

    __tablename__ = "recall_items"
    recall_id: Mapped[int] = mapped_column(Id)
    comment_id: Mapped[int] = mapped_column(Id)
    state: Mapped[str] = mapped_column(String(10), default="waiting")
    reason_data: Mapped[dict[str, Any]] = mapped_column(default=dict)

    __table_args__ = owned_args(
        owned_key("recall_id", "recalls"),
        owned_key("comment_id", "comments"),
        UniqueConstraint("recall_id", "comment_id"),
    )
