"""What the project's bots shall say of themselves, what they were seen to say, and the photos for it."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, deferred, mapped_column

from tgac.kit.db.base import Base, Owned, owned_args, owned_key
from tgac.kit.db.types import Id


class ProfileState(StrEnum):
    """SAVED was written down only; APPLYING is on its way to Telegram; the others say how that ended."""

    SAVED = "saved"
    APPLYING = "applying"
    APPLIED = "applied"
    FAILED = "failed"


class BotProfile(Owned, Base):
    """The profile wished for a bot. It ends with the bot.

    `wish` and `seen` map a language ("" is the default) to texts by field, commands as lines; what a wish does not name
    stays as it is in Telegram. `photo` is the hash of the wished one, "" for none, None for whatever is there.
    `given_photo` was given to Telegram last, which called it `given_photo_id`; `seen_photo` is what Telegram had.
    `version` counts the wishes; `steps` tells per field what became of the last one; `tries` counts lost answers.
    """

    __tablename__ = "bot_profiles"
    bot_id: Mapped[int] = mapped_column(Id)
    version: Mapped[int] = mapped_column(default=0)
    wish: Mapped[dict[str, Any]] = mapped_column(default=dict)
    photo: Mapped[str | None] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16), default=ProfileState.SAVED)
    steps: Mapped[list[Any]] = mapped_column(default=list)
    tries: Mapped[int] = mapped_column(default=0)
    seen: Mapped[dict[str, Any] | None]
    seen_photo: Mapped[str | None] = mapped_column(String(100))
    seen_at: Mapped[datetime | None]
    given_photo: Mapped[str | None] = mapped_column(String(64))
    given_photo_id: Mapped[str | None] = mapped_column(String(100))
    wished_at: Mapped[datetime]
    applied_at: Mapped[datetime | None]

    __table_args__ = owned_args(UniqueConstraint("project_id", "bot_id"), owned_key("bot_id", "bots"))


class ProfilePhoto(Owned, Base):
    """A JPEG of the project, by its SHA-256; it stays while a profile wishes for it."""

    __tablename__ = "profile_photos"
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes] = deferred(mapped_column(LargeBinary))
    created_at: Mapped[datetime]

    __table_args__ = owned_args(UniqueConstraint("project_id", "sha256"))


class ProfileDraft(Owned, Base):
    """A file that somebody has looked at and not applied yet; one for each person, kept for a day."""

    __tablename__ = "profile_drafts"
    user_id: Mapped[int] = mapped_column(Id)
    digest: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes] = deferred(mapped_column(LargeBinary))
    created_at: Mapped[datetime]

    __table_args__ = owned_args(UniqueConstraint("project_id", "user_id"))
