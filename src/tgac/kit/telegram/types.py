"""What is said to Telegram and heard from it, as the rest of the product sees it: small frozen types.

Names follow the Bot API (https://core.telegram.org/bots/api); only what the product uses is kept.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from tgac.kit.secrets import Secret

Kind = Literal[
    "message",
    "edited_message",
    "channel_post",
    "edited_channel_post",
    "callback_query",
    "my_chat_member",
    "chat_member",
    "managed_bot",
]
"""The kinds of update that are read; they are also the names for `allowed_updates`."""

type Scheme = Literal["http", "socks5"]

Media = Literal["photo", "video", "animation", "document", "audio", "voice", "poll", "sticker", "other"]


ProfileText = Literal["name", "description", "short_description"]
"""What a bot says of itself; the words of the Bot API's methods and parameters."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command that a bot offers, without its slash."""

    command: str
    description: str


@dataclass(frozen=True, slots=True)
class Way:
    """A proxy to go through; the name of Telegram's host is resolved by the proxy, never here."""

    scheme: Scheme
    host: str
    port: int
    username: str = ""
    password: Secret | None = None


@dataclass(frozen=True, slots=True)
class User:
    """A person or a bot. The last three are told by `get_me` only."""

    id: int
    is_bot: bool
    first_name: str
    last_name: str | None = None
    username: str | None = None
    language_code: str | None = None
    can_join_groups: bool = False
    can_read_all_group_messages: bool = False
    can_manage_bots: bool = False

    @property
    def name(self) -> str:
        """First and last name as a person reads them."""
        return f"{self.first_name} {self.last_name or ''}".strip()


@dataclass(frozen=True, slots=True)
class Chat:
    """A chat; `type` is private, group, supergroup or channel. `title` of a private chat is the person's name."""

    id: int
    type: str
    title: str | None = None
    username: str | None = None

    @property
    def is_group(self) -> bool:
        return self.type in ("group", "supergroup")


@dataclass(frozen=True, slots=True)
class ChatFull:
    """What `get_chat` tells. A channel and its discussion group name each other in `linked_chat_id`.

    `members_may_write`: what the group allows to members without rights of their own.
    `paid_stars`: the price of a message in Telegram Stars, 0 if free; administrators never pay.
    """

    id: int
    type: str
    title: str | None = None
    username: str | None = None
    linked_chat_id: int | None = None
    members_may_write: bool = True
    slow_mode_s: int = 0
    paid_stars: int = 0


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody's standing in a chat.

    `status` is creator, administrator, member, restricted, left or kicked; `rights` are the `can_…` flags that are on
    (a creator has none listed: he may everything); `is_anonymous` says that his messages come from the group.
    """

    user: User
    status: str
    rights: frozenset[str] = frozenset()
    is_anonymous: bool = False
    is_member: bool = True

    @property
    def is_admin(self) -> bool:
        return self.status in ("creator", "administrator")

    @property
    def may_write(self) -> bool:
        """Whether he may write into a group. For a plain member ask `ChatFull.members_may_write` too."""
        if self.status == "restricted":
            return self.is_member and "can_send_messages" in self.rights
        return self.is_admin or self.status == "member"

    @property
    def can_post_messages(self) -> bool:
        """Whether he may publish in a channel."""
        return self._may("can_post_messages")

    @property
    def can_delete_messages(self) -> bool:
        return self._may("can_delete_messages")

    def _may(self, right: str) -> bool:
        return self.status == "creator" or (self.is_admin and right in self.rights)


@dataclass(frozen=True, slots=True)
class ForwardOrigin:
    """Where a forwarded message comes from; `kind` is user, hidden_user, chat or channel."""

    kind: str
    date: datetime
    chat_id: int | None = None
    message_id: int | None = None
    name: str | None = None

    @property
    def signature(self) -> str:
        """Equal for two forwards of one message, so a repost is found again in its automatic forward."""
        source = self.name if self.chat_id is None else self.chat_id
        return f"{self.kind}:{source}:{self.message_id or ''}:{int(self.date.timestamp())}"


@dataclass(frozen=True, slots=True)
class Message:
    """A message or a channel's post. `text` is the text or the caption, `entities` belong to it (UTF-16 offsets)."""

    chat: Chat
    message_id: int
    date: datetime
    edit_date: datetime | None = None
    from_user: User | None = None
    sender_chat: Chat | None = None
    is_automatic_forward: bool = False
    forward_origin: ForwardOrigin | None = None
    media_group_id: str | None = None
    text: str = ""
    entities: tuple[dict[str, Any], ...] = ()
    media: Media | None = None
    has_keyboard: bool = False
    reply_to_message_id: int | None = None
    reply_to_bot_id: int | None = None
    thread_id: int | None = None

    @property
    def is_service(self) -> bool:
        """A notice of Telegram (a renamed chat, a pinned message): nothing that anybody wrote."""
        return not self.text and self.media is None


@dataclass(frozen=True, slots=True)
class CallbackQuery:
    """A press of an inline button; the chat and the message are missing when the message is inline."""

    id: str
    from_user: User
    data: str = ""
    chat_id: int | None = None
    chat_type: str | None = None
    message_id: int | None = None


@dataclass(frozen=True, slots=True)
class ChatMemberUpdate:
    """Somebody's standing changed: `from_user` changed that of `user`."""

    chat: Chat
    from_user: User
    user: User
    old: Member
    new: Member
    date: datetime


@dataclass(frozen=True, slots=True)
class ManagedBotUpdate:
    """`user` has made `bot` through a link of ours, or has given it another token. Our bot may ask for the token."""

    user: User
    bot: User


@dataclass(frozen=True, slots=True)
class Update:
    """One thing that happened: a Message for the first four kinds, else what the kind's name says."""

    update_id: int
    kind: Kind
    event: Message | CallbackQuery | ChatMemberUpdate | ManagedBotUpdate


@dataclass(frozen=True, slots=True)
class Button:
    """An inline button: opens `url` or sends `data` (≤ 64 bytes) back; exactly one of the two."""

    text: str
    url: str | None = None
    data: str | None = None

    def __post_init__(self) -> None:
        if (self.url is None) == (self.data is None):
            raise ValueError("a button has either a url or data")
        if self.data is not None and not 1 <= len(self.data.encode()) <= 64:
            raise ValueError("the data of a button is 1 to 64 bytes")


Keyboard = tuple[tuple[Button, ...], ...]
"""Rows of buttons; empty for none."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A piece of the message that is answered, word for word; `marks` are its entities, counted from its beginning."""

    text: str
    marks: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Poll:
    """A poll, whose question is the message's text; `about` is plain text above it."""

    options: tuple[str, ...]
    anonymous: bool = True
    multiple: bool = False
    about: str = ""


@dataclass(frozen=True, slots=True)
class File:
    """A file that a message carries, with the message's text as its caption.

    `file_id` is Telegram's name of it, good for the bot that gave it to Telegram alone; without one `content` is sent.
    """

    kind: Literal["photo", "animation", "document"]
    file_id: str = ""
    name: str = ""
    mime_type: str = ""
    content: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, slots=True)
class Look:
    """How a message is shown besides its text. An edit must repeat it: what it leaves out is taken away.

    `quote` belongs to comments alone and stays as it was sent. So does `poll`: of a poll an edit changes the buttons.
    `file` stays too: an edit changes its caption. `rich` are the blocks that go out where a text is too long.
    """

    keyboard: Keyboard = ()
    link_preview: bool = True
    silent: bool = False
    quote: Quote | None = None
    poll: Poll | None = None
    file: File | None = None
    rich: tuple[dict[str, Any], ...] = ()


PLAIN = Look()


@dataclass(frozen=True, slots=True)
class Sent:
    """A message that stands in the chat: under `replied_to`, if any. `files` names what it carries in it, by kind."""

    chat_id: int
    message_id: int
    replied_to: int | None
    date: datetime
    files: Mapping[str, str] = field(default_factory=dict)
