"""Channels with their discussion groups."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tgac.bots.models import Seat, SeatState
from tgac.kit.db.base import Base, Owned, owned_args
from tgac.kit.db.types import Id

__all__ = ["Channel", "ChannelState", "Seat", "SeatState"]


class ChannelState(StrEnum):
    """Nothing is sent where the state is not active."""

    ACTIVE = "active"
    SUSPENDED = "suspended"
    ARCHIVED = "archived"


class Channel(Owned, Base):
    """A channel that Telegram has confirmed: our bot was invited, and `claimed_by` is its admin.

    `checked_at` is when Telegram last told how things stand there, asked or by itself; `reason` is a code of
    `reasons.py`.
    """

    __tablename__ = "channels"
    telegram_id: Mapped[int] = mapped_column(BigInteger)
    title: Mapped[str] = mapped_column(String(256))
    username: Mapped[str | None] = mapped_column(String(64))
    group_id: Mapped[int] = mapped_column(BigInteger)
    group_title: Mapped[str] = mapped_column(String(256))
    group_username: Mapped[str | None] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16), default=ChannelState.ACTIVE)
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
