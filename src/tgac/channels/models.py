"""Channels with their discussion groups."""

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tgac.bots.models import Seat, SeatState
from tgac.kit.db.base import Base, Owned, owned_args
from tgac.kit.db.types import Id

__all__ = ["Channel", "ChannelState", "Seat", "SeatState"]


class ChannelState(StrEnum):
    """Nothing is sent where the state is not active. A pending channel was named or appeared, and Telegram has not
    confirmed it yet; an archived one is not looked at."""

    PENDING = "pending"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    ARCHIVED = "archived"


class Channel(Owned, Base):
    """A channel of a project; an active one is confirmed by Telegram: our bot was invited, and the claim holds.

    The claim is `claimed_by`, a member of the project, or `client_telegram_id`, somebody who came by a connect link;
    both are None where nobody has claimed it yet. `appeared_by` is the Telegram id of who added our bot to a channel
    that nobody had named.

    `telegram_id` and the group are unknown until a bot has seen them. `ref` is how a channel was named (`refs.read_ref`
    in lower case) as long as it is pending, and one `ref` is named once. `title` stands for it until it is known.

    `last_post_has_buttons` is None until a post was seen; under one with an inline keyboard Telegram shows no comments
    (docs/telegram.md).

    `confirmed_at` is when Telegram first confirmed it: its review period begins there.

    `guards` are the names of other bots that may delete in the group; `guard_seen_at` is when one took a comment away.

    `checked_at` is when Telegram last told how things stand there, asked or by itself. `reason` is a code of
    `reasons.py`: what is missing at the moment, and `reason_bot_id` the bot that it hangs on.
    """

    __tablename__ = "channels"
    telegram_id: Mapped[int | None] = mapped_column(BigInteger)
    ref: Mapped[str | None] = mapped_column(String(64))
    title: Mapped[str] = mapped_column(String(256))
    username: Mapped[str | None] = mapped_column(String(64))
    group_id: Mapped[int | None] = mapped_column(BigInteger)
    group_title: Mapped[str] = mapped_column(String(256), default="")
    group_username: Mapped[str | None] = mapped_column(String(64))
    group_changed_at: Mapped[datetime | None]
    former_group: Mapped[str | None] = mapped_column(String(256))
    guards: Mapped[list[Any]] = mapped_column(default=list)
    guard_seen_at: Mapped[datetime | None]
    state: Mapped[str] = mapped_column(String(16), default=ChannelState.ACTIVE)
    reason: Mapped[str | None] = mapped_column(String(40))
    reason_bot_id: Mapped[int | None] = mapped_column(Id)
    claimed_by: Mapped[int | None] = mapped_column(Id, index=True)
    client_telegram_id: Mapped[int | None] = mapped_column(BigInteger)
    appeared_by: Mapped[int | None] = mapped_column(BigInteger)
    note: Mapped[str] = mapped_column(String(1000), default="")
    checked_at: Mapped[datetime | None]
    confirmed_at: Mapped[datetime | None]
    posted_at: Mapped[datetime | None]
    last_post_has_buttons: Mapped[bool | None]
    created_at: Mapped[datetime]

    __table_args__ = owned_args(
        UniqueConstraint("project_id", "telegram_id"),
        UniqueConstraint("project_id", "ref"),
        Index("ix_channels_telegram_id", "telegram_id"),
        Index("ix_channels_group_id", "group_id"),
    )

    def review_ends(self, days: int) -> datetime | None:
        """When its review period of so many days ends; None without one, and while Telegram has not confirmed it."""
        return self.confirmed_at + timedelta(days=days) if self.confirmed_at and days else None

    @property
    def address(self) -> str | int:
        """How links name a channel that a bot has seen: its username, or its id."""
        named = self.username or self.telegram_id
        assert named is not None, "nothing is linked in a channel that no bot has seen"
        return named

    @property
    def group_address(self) -> str | int:
        """How links name its group."""
        named = self.group_username or self.group_id
        assert named is not None, "nothing is linked in a group that no bot has seen"
        return named
