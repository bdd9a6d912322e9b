"""What the sandbox's world is made of. Plain data: the rules are in the modules that change it."""

import re
import secrets
from collections import deque
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

SERVICE_ID = 777000
SERVICE_USER: Json = {"id": SERVICE_ID, "is_bot": False, "first_name": "Telegram"}
TOKEN = re.compile(r"\d{1,16}:[A-Za-z0-9_-]{35}")


def new_token(bot_id: int) -> str:
    """A token as BotFather makes them: the bot's id, a colon, 35 characters."""
    return f"{bot_id}:AA{secrets.token_urlsafe(25)[:33]}"


@dataclass(slots=True)
class Person:
    """A user who is not a bot. `blocked` are the bots that they blocked."""

    id: int
    first_name: str
    username: str | None = None
    last_name: str | None = None
    language_code: str = "en"
    deactivated: bool = False
    blocked: set[int] = field(default_factory=set)

    def as_user(self) -> Json:
        user: Json = {"id": self.id, "is_bot": False, "first_name": self.first_name}
        if self.last_name:
            user["last_name"] = self.last_name
        if self.username:
            user["username"] = self.username
        return user | {"language_code": self.language_code}


@dataclass(slots=True)
class Entry:
    """An update that waits for its bot; `repeats` is how often it comes again after it was confirmed."""

    id: int
    at: float
    body: Json
    repeats: int = 0


@dataclass(slots=True)
class Webhook:
    """Where a bot's updates are posted to."""

    url: str = ""
    secret: str = ""
    max_connections: int = 40
    certificate: bool = False
    last_error_date: int = 0
    last_error: str = ""


@dataclass(slots=True)
class Profile:
    """What a bot says of itself, by language code ('' is for everybody)."""

    names: dict[str, str] = field(default_factory=dict)
    descriptions: dict[str, str] = field(default_factory=dict)
    short_descriptions: dict[str, str] = field(default_factory=dict)
    commands: dict[str, list[Json]] = field(default_factory=dict)
    photo: str | None = None


@dataclass(slots=True)
class Bot:
    """A bot. `reads_all` is privacy mode switched off, `hears_bots` bot-to-bot mode switched on; `allowed` is None for
    Telegram's default set of updates."""

    id: int
    name: str
    username: str
    token: str
    owner_id: int | None = None
    manager_id: int | None = None
    can_manage_bots: bool = False
    reads_all: bool = False
    hears_bots: bool = False
    frozen: bool = False
    logged_out: bool = False
    profile: Profile = field(default_factory=Profile)
    webhook: Webhook = field(default_factory=Webhook)
    pending: deque[Entry] = field(default_factory=deque)
    next_update: int = 100_000_001
    allowed: frozenset[str] | None = None

    def as_user(self) -> Json:
        return {"id": self.id, "is_bot": True, "first_name": self.name, "username": self.username}


@dataclass(slots=True)
class Member:
    """Somebody's place in a chat: `status` as in ChatMember, `rights` by their names there."""

    user_id: int
    status: str
    rights: Json = field(default_factory=dict)
    is_member: bool = True

    @property
    def inside(self) -> bool:
        return self.status in ("creator", "administrator", "member") or (self.status == "restricted" and self.is_member)

    @property
    def manages(self) -> bool:
        return self.status in ("creator", "administrator")

    def may(self, right: str) -> bool:
        """Whether the member holds an administrator's right."""
        return self.status == "creator" or (self.status == "administrator" and bool(self.rights.get(right)))


@dataclass(slots=True)
class Chat:
    """A channel, a supergroup or a private chat (then `id` is the person's and `bot_id` the bot's)."""

    id: int
    type: str
    title: str = ""
    username: str | None = None
    owner_id: int = 0
    bot_id: int = 0
    linked_id: int | None = None
    guarded: bool = False
    brief: Json = field(default_factory=dict)
    members: dict[int, Member] = field(default_factory=dict)
    bot_ids: list[int] = field(default_factory=list)
    messages: dict[int, "Stored"] = field(default_factory=dict)
    last_id: int = 0
    last_bot: int = 0
    pinned: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Stored:
    """A message. `body` is the Bot API's Message and is replaced, never changed, so that old updates stay as they were.

    `author` is who really wrote it (behind a channel's post too); `copy` is a post's auto-forward, `thread` the id of
    the root of the thread it stands in.
    """

    chat: Chat
    id: int
    author: int
    body: Json
    reply_to: "Stored | None" = None
    thread: int | None = None
    copy: "Stored | None" = None
    deleted: bool = False
    reactions: dict[int, list[Json]] = field(default_factory=dict)
    keyboard: Json | None = None

    def shown(self) -> Json:
        """The Message as it goes out, with what it replies to (one level deep, as Telegram does)."""
        if self.reply_to is None or self.reply_to.deleted:
            return self.body
        return self.body | {"reply_to_message": self.reply_to.body}


@dataclass(slots=True)
class Query:
    """A press of a button that waits for the bot's answer."""

    id: str
    bot_id: int
    answer: Json | None = None
    waiter: Any = None


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that came with a request."""

    name: str
    mime_type: str
    content: bytes


@dataclass(slots=True)
class File:
    """A file that was sent, or a picture that the sandbox draws itself (then without bytes).

    `owner` is the one bot for which its id is good; None: everybody's, since a person sent it.
    """

    id: str
    unique_id: str
    kind: str
    name: str
    mime_type: str
    size: int
    content: bytes = b""
    owner: int | None = None
    width: int = 1280
    height: int = 720


@dataclass(slots=True)
class Settings:
    """What live Telegram does differently from day to day; see README.md."""

    forward_first: bool = False
    album_group_on_forward: bool = True
    unreplied_when_root_gone: bool = False
    edit_gone_as_id_invalid: bool = False
    delete_forward_with_post: bool = True
    edit_makes_rich: bool = True
