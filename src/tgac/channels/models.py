"""Channels with their discussion groups, and seats: which bot may write where."""

from datetime import datetime

from sqlalchemy import BigInteger, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tgac.kit.db.base import Base, Owned, owned_args, owned_key
from tgac.kit.db.types import Id


class Channel(Owned, Base):
    """A channel that Telegram has confirmed: our bot was invited, and `claimed_by` is its admin."""

    __tablename__ = "channels"
    telegram_id: Mapped[int] = mapped_column(BigInteger)
    title: Mapped[str] = mapped_column(String(256))
    username: Mapped[str | None] = mapped_column(String(64))
    group_id: Mapped[int] = mapped_column(BigInteger)
    group_title: Mapped[str] = mapped_column(String(256))
    group_username: Mapped[str | None] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16), default="active")  # | suspended | archived
    reason: Mapped[str | None] = mapped_column(String(40))
    claimed_by: Mapped[int] = mapped_column(Id)
    checked_at: Mapped[datetime]
    posted_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    __table_args__ = owned_args(
        UniqueConstraint("project_id", "telegram_id"),
        Index("ix_channels_telegram_id", "telegram_id"),
        Index("ix_channels_group_id", "group_id"),
    )


class Seat(Owned, Base):
    """A bot's place in a channel and its group. Only an active seat may write; Telegram's 429 sets `slow_until`."""

    __tablename__ = "seats"
    bot_id: Mapped[int] = mapped_column(Id)
    channel_id: Mapped[int] = mapped_column(Id, index=True)
    state: Mapped[str] = mapped_column(String(16), default="active")  # | lost
    reason: Mapped[str | None] = mapped_column(String(40))
    slow_until: Mapped[datetime | None]
    checked_at: Mapped[datetime]

    __table_args__ = owned_args(
        UniqueConstraint("project_id", "bot_id", "channel_id"),
        owned_key("bot_id", "bots"),
        owned_key("channel_id", "channels"),
    )
