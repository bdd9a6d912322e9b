"""Connect links: a client adds the project's bots to channels of theirs, without an account of the panel.

The link opens the service bot (`?start=channel_<secret>`); whoever starts it there is noted with their Telegram id.
When they then make a bot of the project an administrator of a channel, it appears as theirs, and is held to the same
checks as a member's. A link works for seven days and for any number of channels; revoked, it brings no further ones.
What it has brought stays until it is removed or the client is no longer the channel's admin.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import ColumnElement, Select, func, select

from tgac.channels.clients_models import ConnectClient, ConnectLink
from tgac.journal.service import record
from tgac.kit.act import Act
from tgac.kit.errors import Conflict, Invalid, NotFound
from tgac.kit.secrets import Secret, hash_secret, new_secret
from tgac.kit.tenancy import RIGHTS, Right, Role, require
from tgac.kit.web.i18n import _
from tgac.people.models import Member, User
from tgac.people.service import author_of

LINK_LIVES: Final = timedelta(days=7)
LINKS_MOST: Final = 100
CLIENT_PREFIX: Final = "channel_"
"""What the payload of a connect link begins with, in `?start=`; the secret follows."""
EDITORS: Final = tuple(role for role in Role if Right.EDIT in RIGHTS[role])


@dataclass(frozen=True, slots=True)
class Listed:
    """A link as it is listed: who made it, and how many people came by it."""

    row: ConnectLink
    made_by: str
    clients: int


async def make_connect_link(act: Act, name: str) -> tuple[ConnectLink, Secret]:
    """Make a link for a client; its secret is shown once. Raises Refused, Invalid (`name`), Conflict (`no_room`)."""
    require(act, Right.EDIT)
    clean = " ".join(name.split())[:100]
    if not clean.isprintable() or not clean:
        raise Invalid(_("Say for whom the link is."), field="name")
    living = select(func.count(ConnectLink.id)).where(*_lives(act))
    if (await act.session.scalars(living)).one() >= LINKS_MOST:
        raise Conflict(_("A project has at most %(n)s connect links that work.", n=LINKS_MOST), code="no_room")
    secret = new_secret()
    link = ConnectLink(
        name=clean,
        secret_hash=hash_secret(secret),
        created_by=author_of(act).user_id,
        created_at=act.now,
        expires_at=act.now + LINK_LIVES,
    )
    act.session.add(link)
    await act.flush()
    record(act, "connect_link_made", {"name": clean})
    return link, Secret(secret)


async def revoke_connect_link(act: Act, link_id: int) -> ConnectLink:
    """Let a link bring no further channels. Raises Refused, NotFound."""
    require(act, Right.EDIT)
    link = await act.session.scalar(select(ConnectLink).where(ConnectLink.id == link_id).with_for_update())
    if link is None:
        raise NotFound(_("There is nothing here, or it is not yours."))
    if link.revoked_at is None:
        link.revoked_at = act.now
        record(act, "connect_link_revoked", {"name": link.name})
    return link


async def connect_links(act: Act) -> list[Listed]:
    """The project's links, the newest first."""
    require(act, Right.LOOK)
    came = select(func.count(ConnectClient.id)).where(ConnectClient.link_id == ConnectLink.id).scalar_subquery()
    asked = select(ConnectLink, User.username, came).join(User, User.id == ConnectLink.created_by)
    rows = await act.session.execute(asked.order_by(ConnectLink.id.desc()).limit(200))
    return [Listed(row, name, clients) for row, name, clients in rows]


async def link_behind(act: Act, secret: str) -> ConnectLink | None:
    """The link with that secret, if it works: in time, not revoked, of somebody who may still edit. Scope EVERYONE."""
    maker = select(Member.id).join(User, User.id == Member.user_id)
    maker = maker.where(
        Member.project_id == ConnectLink.project_id,
        Member.user_id == ConnectLink.created_by,
        Member.role.in_(EDITORS),
        User.state == "active",
    )
    asked = select(ConnectLink).where(
        ConnectLink.secret_hash == hash_secret(secret), *_lives(act), maker.correlate(ConnectLink).exists()
    )
    found: ConnectLink | None = await act.session.scalar(asked.with_for_update())
    return found


async def accept_link(act: Act, link: ConnectLink, *, telegram_id: int, name: str, language: str) -> None:
    """Note who came by the link; twice is once. Scope EVERYONE."""
    known = select(ConnectClient).where(ConnectClient.link_id == link.id, ConnectClient.telegram_id == telegram_id)
    client = await act.session.scalar(known)
    if client is None:
        client = ConnectClient(project_id=link.project_id, link_id=link.id, telegram_id=telegram_id)
        client.accepted_at = act.now
        act.session.add(client)
        data = {"name": link.name, "client": name[:128]}
        record(act, "connect_link_opened", data, project_id=link.project_id)
    client.name, client.language = name[:128], language
    await act.flush()


async def client_by_link(act: Act, telegram_id: int) -> ConnectClient | None:
    """The person with that Telegram id who came by a link of the act's project that still works."""
    return await act.session.scalar(_clients(act, telegram_id).limit(1))


def _clients(act: Act, telegram_id: int) -> Select[ConnectClient]:
    asked = select(ConnectClient).join(ConnectLink, ConnectLink.id == ConnectClient.link_id)
    return asked.where(ConnectClient.telegram_id == telegram_id, *_lives(act)).order_by(ConnectClient.id.desc())


def _lives(act: Act) -> tuple[ColumnElement[bool], ...]:
    return ConnectLink.revoked_at.is_(None), ConnectLink.expires_at > act.now
