"""Links by which clients connect channels of theirs without an account of the panel, and who came by them."""

from datetime import datetime

from sqlalchemy import BigInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tgac.kit.db.base import Base, Owned, owned_args, owned_key
from tgac.kit.db.types import Id


class ConnectLink(Owned, Base):
    """A link for a client; only the hash of its secret is kept. It works until it is revoked or too old."""

    __tablename__ = "connect_links"
    name: Mapped[str] = mapped_column(String(100))
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_by: Mapped[int] = mapped_column(Id)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]

    __table_args__ = owned_args()


class ConnectClient(Owned, Base):
    """A person who opened a link in the service bot. Their Telegram id is what they claim channels with."""

    __tablename__ = "connect_clients"
    link_id: Mapped[int] = mapped_column(Id)
    telegram_id: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(128))
    language: Mapped[str] = mapped_column(String(2))
    accepted_at: Mapped[datetime]

    __table_args__ = owned_args(UniqueConstraint("link_id", "telegram_id"), owned_key("link_id", "connect_links"))
