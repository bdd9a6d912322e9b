"""Bot accounts that write comments, their seats, and how they come into a project."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tgac.kit.db.base import Base, Owned, owned_args, owned_key
from tgac.kit.db.types import Id


class BotStatus(StrEnum):
    """What is stored: ACTIVE may write; PAUSED was told not to; REVOKED was shut out by Telegram.

    What people see is finer: `status.standing_of`.
    """

    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    REVOKED = "REVOKED"


class SeatState(StrEnum):
    """Only an active seat may write."""

    ACTIVE = "active"
    LOST = "lost"


class Bot(Owned, Base):
    """A bot of a project. Its token is sealed for this very row; one bot account is in one project only.

    `is_paused` is what a person commanded and outlives a refusal; `is_gone`: Telegram has frozen the account.
    `failing_since` is the first of the health checks that failed in a row, `reason` what the last one said.
    `slowed_at` is when its comments began to fail too often, `judged_from` since when failures count, `errors` holds
    their figures while it is paused for them.
    `owner_id` is the Telegram id of whoever made it through a link of the service bot. `tags` has each between spaces.
    """

    __tablename__ = "bots"
    telegram_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    username: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(128))
    token_sealed: Mapped[str]
    status: Mapped[str] = mapped_column(String(16), default=BotStatus.ACTIVE)
    is_paused: Mapped[bool] = mapped_column(default=False)
    is_gone: Mapped[bool] = mapped_column(default=False)
    reason: Mapped[str | None] = mapped_column(String(300))
    failing_since: Mapped[datetime | None]
    owner_id: Mapped[int | None] = mapped_column(BigInteger)
    slowed_at: Mapped[datetime | None]
    judged_from: Mapped[datetime | None]
    errors: Mapped[dict[str, Any] | None]
    tags: Mapped[str] = mapped_column(String(700), default="")
    note: Mapped[str] = mapped_column(String(1000), default="")
    health_at: Mapped[datetime | None]
    commented_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    __table_args__ = owned_args()

    @property
    def tag_list(self) -> list[str]:
        """Its tags, in the order of the alphabet."""
        return self.tags.split()


class Seat(Owned, Base):
    """A bot's place in a channel and its group. Telegram's 429 sets `slow_until`. At `heard_at` the bot last heard
    there what another bot of the project wrote (comments/evidence.py). It is in its state since `since`.

    It stands with the bots because how many seats a bot has is a bot's matter; `channels/` gives and takes them.
    """

    __tablename__ = "seats"
    bot_id: Mapped[int] = mapped_column(Id)
    channel_id: Mapped[int] = mapped_column(Id, index=True)
    state: Mapped[str] = mapped_column(String(16), default=SeatState.ACTIVE)
    reason: Mapped[str | None] = mapped_column(String(40))
    slow_until: Mapped[datetime | None]
    heard_at: Mapped[datetime | None]
    since: Mapped[datetime]

    __table_args__ = owned_args(
        UniqueConstraint("project_id", "bot_id", "channel_id"),
        owned_key("bot_id", "bots"),
        owned_key("channel_id", "channels"),
    )


class BotImport(Owned, Base):
    """A list of tokens that somebody sent; its lines are asked for one by one. Forgotten a week after its end."""

    __tablename__ = "bot_imports"
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]

    __table_args__ = owned_args()


class BotImportLine(Owned, Base):
    """A line of a list. Its token is sealed for this line, and wiped when there is an `outcome` (outcomes.OUTCOMES)."""

    __tablename__ = "bot_import_lines"
    import_id: Mapped[int] = mapped_column(Id)
    line: Mapped[int]
    token_sealed: Mapped[str | None]
    asked_at: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)
    outcome: Mapped[str | None] = mapped_column(String(20))
    bot_id: Mapped[int | None] = mapped_column(Id)
    username: Mapped[str | None] = mapped_column(String(64))

    __table_args__ = owned_args(
        UniqueConstraint("project_id", "import_id", "line"),
        owned_key("import_id", "bot_imports"),
        # When Telegram was last asked for a token, over all projects: it counts the address, not the project.
        Index("ix_bot_import_lines_asked_at", "asked_at"),
    )


class ManagedRequest(Owned, Base):
    """A user wants a bot made through a link of the service bot. The link names nobody: `telegram_id` does.

    `outcome` is None while it waits for the person's yes in Telegram, then a word of `outcomes.OUTCOMES`.
    """

    __tablename__ = "managed_requests"
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id", ondelete="CASCADE"), index=True)
    telegram_id: Mapped[int] = mapped_column(BigInteger, index=True)
    username: Mapped[str] = mapped_column(String(32))
    name: Mapped[str] = mapped_column(String(64))
    manager: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    outcome: Mapped[str | None] = mapped_column(String(20))
    bot_id: Mapped[int | None] = mapped_column(Id)

    __table_args__ = owned_args()
