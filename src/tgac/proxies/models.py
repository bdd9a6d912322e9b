"""Proxies of a project, and which bots go through them."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, ForeignKeyConstraint, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tgac.kit.db.base import Base, Owned, owned_args, owned_key
from tgac.kit.db.types import Id


class ProxyState(StrEnum):
    """What the last check found. A failing proxy is still used by the bots that have no other."""

    UNCHECKED = "unchecked"
    WORKING = "working"
    FAILING = "failing"


class Proxy(Owned, Base):
    """A way out to Telegram. Its password is sealed for this very row; `reason` is what the last failed check said."""

    __tablename__ = "proxies"
    scheme: Mapped[str] = mapped_column(String(8))
    host: Mapped[str] = mapped_column(String(253))
    port: Mapped[int]
    username: Mapped[str] = mapped_column(String(255), default="")
    password_sealed: Mapped[str | None]
    state: Mapped[str] = mapped_column(String(16), default=ProxyState.UNCHECKED)
    reason: Mapped[str | None] = mapped_column(String(300))
    latency_ms: Mapped[int | None]
    checked_at: Mapped[datetime | None]
    created_at: Mapped[datetime]

    __table_args__ = owned_args(UniqueConstraint("project_id", "scheme", "host", "port", "username"))

    @property
    def address(self) -> str:
        """How people recognise it; without what signs in there."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


class Route(Owned, Base):
    """A bot goes through a proxy. It ends with the bot; a proxy with routes is not deleted.

    `telegram_id` is the bot's own, by which its calls are recognised. The key to the proxy is checked at the end of a
    statement (no RESTRICT), so that a project can be deleted with all that is in it.
    """

    __tablename__ = "proxy_routes"
    bot_id: Mapped[int] = mapped_column(Id)
    telegram_id: Mapped[int] = mapped_column(BigInteger, unique=True)
    proxy_id: Mapped[int] = mapped_column(Id, index=True)

    __table_args__ = owned_args(
        UniqueConstraint("project_id", "bot_id"),
        owned_key("bot_id", "bots"),
        ForeignKeyConstraint(["project_id", "proxy_id"], ["proxies.project_id", "proxies.id"]),
    )
