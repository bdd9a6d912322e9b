"""Bot accounts that write comments."""

from datetime import datetime

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from tgac.kit.db.base import Base, Owned, owned_args


class Bot(Owned, Base):
    """A bot of a project. Its token is sealed for this very row; one bot account is in one project only."""

    __tablename__ = "bots"
    telegram_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    username: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(128))
    token_sealed: Mapped[str]
    status: Mapped[str] = mapped_column(String(16), default="NEEDS_SETUP")  # | ACTIVE | PAUSED | REVOKED | DEAD
    reason: Mapped[str | None] = mapped_column(String(300))
    health_at: Mapped[datetime | None]
    commented_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    __table_args__ = owned_args()
