"""Links into Telegram (https://core.telegram.org/api/links). `base` is Config.telegram_link_base, e.g. https://t.me."""

import re
from collections.abc import Iterable
from urllib.parse import quote

_PAYLOAD = re.compile(r"[A-Za-z0-9_-]{1,64}")
_USERNAME = re.compile(r"[A-Za-z0-9_]{4,32}")
_RIGHT = re.compile(r"[a-z_]+")


def start_link(base: str, bot: str, *, payload: str) -> str:
    """Opens the private chat with `bot`, whose start button sends `/start payload`. ValueError if it cannot."""
    return f"{_bot(base, bot)}?start={_checked(_PAYLOAD, payload)}"


def add_to_channel_link(base: str, bot: str, *, rights: Iterable[str]) -> str:
    """Asks its reader for a channel and makes `bot` an administrator there with these rights (`post_messages`, …)."""
    return f"{_bot(base, bot)}?startchannel&admin={_rights(rights)}"


def add_to_group_link(base: str, bot: str, *, payload: str, rights: Iterable[str]) -> str:
    """Asks its reader for a group and makes `bot` an administrator there; the group gets `/start payload`."""
    return f"{_bot(base, bot)}?startgroup={_checked(_PAYLOAD, payload)}&admin={_rights(rights)}"


def new_bot_link(base: str, manager: str, *, username: str, name: str) -> str:
    """Offers its reader a bot of his own under this name, whose token `manager` may ask for; he may change the name."""
    return (
        f"{base.rstrip('/')}/newbot/{_checked(_USERNAME, manager)}/{_checked(_USERNAME, username)}?name={quote(name)}"
    )


def chat_link(base: str, chat: str | int) -> str:
    """The chat with this username, or id if it is private (for its members). ValueError if the chat has no links."""
    place = f"{base.rstrip('/')}/{_place(chat)}"
    return place if isinstance(chat, str) else f"{place}/1"


def message_link(base: str, chat: str | int, *, message_id: int, comment_id: int | None = None) -> str:
    """A message in the chat with this username, or id if it is private; with `comment_id` a comment under the post.

    Private chats open for their members only. ValueError if the chat has no such links (a private chat, a basic group).
    """
    place = f"{base.rstrip('/')}/{_place(chat)}/{int(message_id)}"
    return place if comment_id is None else f"{place}?comment={int(comment_id)}"


def _place(chat: str | int) -> str:
    if isinstance(chat, str):
        return _checked(_USERNAME, chat)
    if not str(chat).startswith("-100"):
        raise ValueError(f"messages of {chat} have no links")
    return f"c/{str(chat).removeprefix('-100')}"


def _bot(base: str, bot: str) -> str:
    return f"{base.rstrip('/')}/{_checked(_USERNAME, bot)}"


def _rights(rights: Iterable[str]) -> str:
    """Joined by +. `anonymous` is never asked for: the comments would seem to come from the group."""
    asked = list(rights)
    if not asked or "anonymous" in asked:
        raise ValueError("ask for one right or more, and never for anonymous")
    return "+".join(_checked(_RIGHT, right) for right in asked)


def _checked(shape: re.Pattern[str], text: str) -> str:
    if not shape.fullmatch(text):
        raise ValueError(f"{text!r} does not fit into a link")
    return text
