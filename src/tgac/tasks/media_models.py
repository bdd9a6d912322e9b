"""Files that comments carry."""

from datetime import datetime

from sqlalchemy import LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, deferred, mapped_column

from tgac.kit.db.base import Base, Owned, owned_args, owned_key
from tgac.kit.db.types import Id


class MediaFile(Owned, Base):
    """A file of the project that comments may carry; `kind` is photo, animation or document. It never changes.

    `size` counts bytes; width and height (pixels) are null where it shows no picture.
    """

    __tablename__ = "media_files"
    kind: Mapped[str] = mapped_column(String(12))
    name: Mapped[str] = mapped_column(String(80))
    mime_type: Mapped[str] = mapped_column(String(40))
    size: Mapped[int]
    width: Mapped[int | None]
    height: Mapped[int | None]
    sha256: Mapped[str] = mapped_column(String(64))
    content: Mapped[bytes] = deferred(mapped_column(LargeBinary))
    created_at: Mapped[datetime]

    __table_args__ = owned_args(UniqueConstraint("project_id", "sha256", "kind"))


class MediaGiven(Owned, Base):
    """What Telegram calls a file of ours when this bot sends it: such a name is of use to one bot alone.

    `file_id` is empty while the bot has not given the file to Telegram; `uploading_at` is when it last began to.
    """

    __tablename__ = "media_given"
    media_id: Mapped[int] = mapped_column(Id)
    bot_id: Mapped[int] = mapped_column(Id)
    file_id: Mapped[str] = mapped_column(String(255), default="")
    uploading_at: Mapped[datetime | None]

    __table_args__ = owned_args(
        UniqueConstraint("project_id", "media_id", "bot_id"),
        owned_key("media_id", "media_files"),
        owned_key("bot_id", "bots"),
    )
