"""Users, the ways they sign in, their projects and roles."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tgac.kit.db.base import Base, Owned, owned_args
from tgac.kit.db.types import Id
from tgac.kit.tenancy import TokenScope


class NoticesWanted(StrEnum):
    """What the service bot tells somebody of what is wrong: what is critical always at once, the rest as they wish."""

    DAILY = "daily"
    AT_ONCE = "at_once"
    CRITICAL = "critical"


class User(Base):
    """A person who signs in with Telegram: the id is who they are; the username binds once and is then a label."""

    __tablename__ = "users"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    username: Mapped[str] = mapped_column(String(32))
    telegram_id: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    is_admin: Mapped[bool] = mapped_column(default=False)
    state: Mapped[str] = mapped_column(String(16), default="invited")  # invited | active | blocked
    language: Mapped[str | None] = mapped_column(String(2))
    quota_projects: Mapped[int | None]
    notices: Mapped[str] = mapped_column(String(16), default=NoticesWanted.DAILY)
    created_at: Mapped[datetime]

    # An invited username waits for its one owner; once bound, Telegram may hand the name to somebody else.
    __table_args__ = (
        Index(
            "uq_users_invited_username",
            "username",
            unique=True,
            sqlite_where=telegram_id.is_(None),
            postgresql_where=telegram_id.is_(None),
        ),
    )


class LoginSession(Base):
    """A browser that is signed in; only the hash of its cookie is kept."""

    __tablename__ = "sessions"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id", ondelete="CASCADE"), index=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    browser: Mapped[str] = mapped_column(String(200))
    address: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class LoginFlow(Base):
    """A sign-in under way: three values with three powers, each kept as a hash (see `people/sign_in.py`)."""

    __tablename__ = "login_flows"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    flow_hash: Mapped[str] = mapped_column(String(64), unique=True)
    link_hash: Mapped[str] = mapped_column(String(64), unique=True)
    browser_hash: Mapped[str] = mapped_column(String(64), index=True)
    device_hash: Mapped[str | None] = mapped_column(String(64))
    number: Mapped[str] = mapped_column(String(2))
    state: Mapped[str] = mapped_column(String(16), default="open")  # open | asked | confirmed | used | burnt
    browser: Mapped[str] = mapped_column(String(200))
    address: Mapped[str] = mapped_column(String(64), index=True)
    presenter_id: Mapped[int | None] = mapped_column(BigInteger, index=True)
    presented_at: Mapped[datetime | None]
    prompts: Mapped[int] = mapped_column(default=0)
    user_id: Mapped[int | None] = mapped_column(Id, ForeignKey("users.id", ondelete="CASCADE"))
    code_hash: Mapped[str | None] = mapped_column(String(64))
    code_tries: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class KnownDevice(Base):
    """A browser that its user has signed in with before."""

    __tablename__ = "known_devices"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id", ondelete="CASCADE"), index=True)
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]


class BindLink(Base):
    """The one-time link of `tgac init` that ties the first admin to a Telegram id."""

    __tablename__ = "bind_links"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id", ondelete="CASCADE"))
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    expires_at: Mapped[datetime]


class UsedNonce(Base):
    """A nonce that a signed call has used; kept until its timestamp is out of the window."""

    __tablename__ = "used_nonces"
    nonce: Mapped[str] = mapped_column(String(64), primary_key=True)
    used_at: Mapped[datetime] = mapped_column(index=True)


class ApiToken(Base):
    """A personal API token; only its hash is kept. Without `project_ids` it is for every project of its user."""

    __tablename__ = "api_tokens"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(64))
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    scope: Mapped[str] = mapped_column(String(8), default=TokenScope.ADMIN)
    project_ids: Mapped[list[Any] | None]
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Project(Base):
    """A workspace. `stopped_at` is the emergency stop: nothing leaves while it is set.

    A deleted one has no member, so nobody sees it; its row goes when nothing of it is left. Its number is never given
    again: what is kept by number elsewhere must not come to mean another.
    """

    __tablename__ = "projects"
    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    status: Mapped[str] = mapped_column(String(16), default="active")  # active | paused | archived | deleted
    stopped_at: Mapped[datetime | None]
    time_zone: Mapped[str] = mapped_column(String(64), default="UTC")
    created_at: Mapped[datetime]

    __table_args__ = (
        Index(
            "uq_projects_user_id_name",
            "user_id",
            "name",
            unique=True,
            sqlite_where=status != "deleted",
            postgresql_where=status != "deleted",
        ),
        {"sqlite_autoincrement": True},
    )


class Member(Owned, Base):
    """A user's role in a project. `reviews_in` is the language in which they are asked in Telegram about comments that
    wait for approval; None: they are not asked there."""

    __tablename__ = "members"
    user_id: Mapped[int] = mapped_column(Id, ForeignKey("users.id", ondelete="CASCADE"), index=True)
    role: Mapped[str] = mapped_column(String(16))
    reviews_in: Mapped[str | None] = mapped_column(String(2))

    __table_args__ = owned_args(UniqueConstraint("project_id", "user_id"))


class Invitation(Owned, Base):
    """A role that waits for a person: for whoever brings the link's secret, or for `user_id` alone where it is set."""

    __tablename__ = "invitations"
    role: Mapped[str] = mapped_column(String(16))
    secret_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int | None] = mapped_column(Id, ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_by: Mapped[int] = mapped_column(Id)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]

    __table_args__ = owned_args()
