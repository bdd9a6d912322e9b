"""Bot accounts that write comments, and their seats."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tgac.kit.db.base import Base, Owned, owned_args, owned_key
from tgac.kit.db.types import Id


class BotStatus(StrEnum):
    """ACTIVE may write; PAUSED was told not to; REVOKED was shut out by Telegram and needs another token."""

    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    REVOKED = "REVOKED"


class SeatState(StrEnum):
    """Only an active seat may write."""

    ACTIVE = "active"
    LOST = "lost"


class Bot(Owned, Base):
    """A bot of a project. Its token is sealed for this very row; one bot account is in one project only."""

    __tablename__ = "bots"
    telegram_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    username: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(128))
    token_sealed: Mapped[str]
    status: Mapped[str] = mapped_column(String(16), default=BotStatus.ACTIVE)
    reason: Mapped[str | None] = mapped_column(String(300))
    health_at: Mapped[datetime | None]
    commented_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    __table_args__ = owned_args()


class Seat(Owned, Base):
    """A bot's place in a channel and its group. Telegram's 429 sets `slow_until`.

    It stands with the bots because how many seats a bot has is a bot's matter; `channels/` gives and takes them.
    """

    __tablename__ = "seats"
    bot_id: Mapped[int] = mapped_column(Id)
    channel_id: Mapped[int] = mapped_column(Id, index=True)
    state: Mapped[str] = mapped_column(String(16), default=SeatState.ACTIVE)
    reason: Mapped[str | None] = mapped_column(String(40))
    slow_until: Mapped[datetime | None]
    checked_at: Mapped[datetime]

    __table_args__ = owned_args(
        UniqueConstraint("project_id", "bot_id", "channel_id"),
        owned_key("bot_id", "bots"),
        owned_key("channel_id", "channels"),
    )
