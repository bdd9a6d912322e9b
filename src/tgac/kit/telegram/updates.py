"""Telegram's JSON read into our types: pure and tolerant. What is not known is passed over; what is broken is nothing.

Field names: https://core.telegram.org/bots/api#available-types.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, cast, get_args

from tgac.kit.secrets import Secret
from tgac.kit.telegram.types import (
    CallbackQuery,
    Chat,
    ChatFull,
    ChatMemberUpdate,
    ForwardOrigin,
    Kind,
    ManagedBotUpdate,
    Media,
    Member,
    Message,
    Sent,
    Update,
    User,
)

type Raw = Mapping[str, Any]

MAX_FILE_ID = 255
"""Characters; Telegram's have about 100. A longer one is not kept."""
# An animation comes with a `document` for old clients, so the order matters.
_MEDIA: tuple[Media, ...] = ("animation", "photo", "video", "document", "audio", "voice", "poll", "sticker")
_OTHER_CONTENT = (
    *("video_note", "live_photo", "paid_media", "rich_message", "story", "checklist", "contact", "dice", "game"),
    *("giveaway", "giveaway_winners", "invoice", "venue", "location"),
)
_ENTITY_FIELDS = {"type": str, "offset": int, "length": int, "url": str, "language": str, "custom_emoji_id": str}
_LARGEST = 2**63 - 1
_DEEPEST = 40
"""How deep a rich message is read: Telegram nests 16 deep, and a list within a list of words counts here as well."""


class Unreadable(ValueError):
    """The JSON is not what the Bot API promises."""


def read_update(raw: object) -> Update | None:
    """The update, or None if its kind is of no use to us or it is malformed. Never raises."""
    try:
        return _update(_object(raw))
    except Unreadable:
        return None


def offset_after(raws: Iterable[object], offset: int | None) -> int | None:
    """The `offset` that confirms these raw updates, readable or not; `offset` itself if there are none."""
    ids = [raw["update_id"] for raw in raws if isinstance(raw, dict) and _is_id(raw.get("update_id"))]
    return max(ids) + 1 if ids else offset


def read_user(value: object) -> User:
    """A User; raises Unreadable."""
    raw = _object(value)
    return User(
        id=_id(raw, "id"),
        is_bot=_flag(raw, "is_bot"),
        first_name=_text(raw, "first_name") or "",
        last_name=_text(raw, "last_name"),
        username=_text(raw, "username"),
        language_code=_text(raw, "language_code"),
        can_join_groups=_flag(raw, "can_join_groups"),
        can_read_all_group_messages=_flag(raw, "can_read_all_group_messages"),
        can_manage_bots=_flag(raw, "can_manage_bots"),
    )


def read_chat_full(value: object) -> ChatFull:
    """A ChatFullInfo; raises Unreadable."""
    raw, chat = _object(value), _chat(value)
    allowed = raw.get("permissions")
    return ChatFull(
        id=chat.id,
        type=chat.type,
        title=chat.title,
        username=chat.username,
        linked_chat_id=_optional_id(raw, "linked_chat_id"),
        members_may_write=_flag(allowed, "can_send_messages") if isinstance(allowed, dict) else True,
        slow_mode_s=_optional_id(raw, "slow_mode_delay") or 0,
        paid_stars=_optional_id(raw, "paid_message_star_count") or 0,
    )


def read_member(value: object) -> Member:
    """A ChatMember of any status; raises Unreadable."""
    raw = _object(value)
    status = _text(raw, "status")
    if not status:
        raise Unreadable("a member without a status")
    return Member(
        user=read_user(raw.get("user")),
        status=status,
        rights=frozenset(key for key, on in raw.items() if key.startswith("can_") and on is True),
        is_anonymous=_flag(raw, "is_anonymous"),
        is_member=_flag(raw, "is_member") if status == "restricted" else status not in ("left", "kicked"),
    )


def read_token(value: object) -> Secret:
    """A bot's token; raises Unreadable."""
    if not isinstance(value, str) or not value:
        raise Unreadable("a token is missing")
    return Secret(value)


def read_members(value: object) -> list[Member]:
    """A list of ChatMembers; raises Unreadable."""
    if not isinstance(value, list):
        raise Unreadable("members are no list")
    return [read_member(one) for one in value]


def read_sent(value: object) -> Sent:
    """What a sending method answers; raises Unreadable."""
    raw = _object(value)
    return Sent(
        chat_id=_chat(raw.get("chat")).id,
        message_id=_id(raw, "message_id"),
        replied_to=_optional_id(raw.get("reply_to_message"), "message_id"),
        date=_date(raw, "date"),
        files=_files(raw),
    )


def _files(raw: Raw) -> dict[str, str]:
    """The names of what a message carries, by kind: of a photo's sizes the largest, which stands last."""
    found = {kind: raw.get(kind) for kind in ("photo", "animation", "document")}
    shown = {kind: value[-1] if isinstance(value, list) and value else value for kind, value in found.items()}
    names = {kind: value.get("file_id") for kind, value in shown.items() if isinstance(value, dict)}
    return {kind: name for kind, name in names.items() if isinstance(name, str) and 0 < len(name) <= MAX_FILE_ID}


def _update(raw: Raw) -> Update | None:
    kind = next((kind for kind in get_args(Kind) if kind in raw), None)
    if kind is None:
        return None
    read = _EVENTS.get(kind, _message)
    return Update(update_id=_id(raw, "update_id"), kind=cast(Kind, kind), event=read(_object(raw[kind])))


def _message(raw: Raw) -> Message:
    written = "text" if "text" in raw else "caption"
    return Message(
        chat=_chat(raw.get("chat")),
        message_id=_id(raw, "message_id"),
        date=_date(raw, "date"),
        edit_date=_date(raw, "edit_date") if raw.get("edit_date") else None,
        from_user=_optional(read_user, raw.get("from")),
        sender_chat=_optional(_chat, raw.get("sender_chat")),
        is_automatic_forward=_flag(raw, "is_automatic_forward"),
        forward_origin=_optional(_origin, raw.get("forward_origin")),
        media_group_id=_text(raw, "media_group_id"),
        text=_text(raw, written) or _clean(_rich_words(raw.get("rich_message"))),
        entities=_entities(raw.get("entities" if written == "text" else "caption_entities")),
        media=_media(raw),
        has_keyboard=isinstance(raw.get("reply_markup"), dict) and bool(raw["reply_markup"].get("inline_keyboard")),
        reply_to_message_id=_optional_id(raw.get("reply_to_message"), "message_id"),
        reply_to_bot_id=_bot_id(raw.get("reply_to_message")),
        thread_id=_optional_id(raw, "message_thread_id"),
    )


def _rich_words(value: object) -> str:
    """The words of a RichMessage, a line for each block that has some; "" where there is none."""
    blocks = value.get("blocks") if isinstance(value, dict) else None
    return "\n".join(line for line in _lines(blocks, _DEEPEST) if line.strip())


def _lines(blocks: object, depth: int) -> Iterator[str]:
    for block in blocks if isinstance(blocks, list) and depth else ():
        if isinstance(block, dict):
            yield from (_words_of(block.get(name), depth - 1) for name in ("summary", "text", "credit"))
            for inner in ("blocks", "items"):
                yield from _lines(block.get(inner), depth - 1)


def _words_of(text: object, depth: int) -> str:
    if isinstance(text, str):
        return text
    if isinstance(text, list) and depth:
        return "".join(_words_of(one, depth - 1) for one in text)
    if isinstance(text, dict) and depth:
        return _words_of(text.get("text") or text.get("alternative_text"), depth - 1)
    return ""


def _bot_id(raw: object) -> int | None:
    """The bot that wrote a message in its own name; None where somebody else did."""
    author = raw.get("from") if isinstance(raw, dict) else None
    return _optional_id(author, "id") if isinstance(author, dict) and author.get("is_bot") is True else None


def _callback(raw: Raw) -> CallbackQuery:
    query_id = _text(raw, "id")
    if not query_id:
        raise Unreadable("a callback query without an id")
    asked = CallbackQuery(id=query_id, from_user=read_user(raw.get("from")), data=_text(raw, "data") or "")
    if raw.get("message") is None:
        return asked
    message = _object(raw["message"])
    chat = _chat(message.get("chat"))
    return CallbackQuery(
        id=asked.id,
        from_user=asked.from_user,
        data=asked.data,
        chat_id=chat.id,
        chat_type=chat.type,
        message_id=_id(message, "message_id"),
    )


def _member_update(raw: Raw) -> ChatMemberUpdate:
    new = read_member(raw.get("new_chat_member"))
    return ChatMemberUpdate(
        chat=_chat(raw.get("chat")),
        from_user=read_user(raw.get("from")),
        user=new.user,
        old=read_member(raw.get("old_chat_member")),
        new=new,
        date=_date(raw, "date"),
    )


def _managed_bot(raw: Raw) -> ManagedBotUpdate:
    return ManagedBotUpdate(user=read_user(raw.get("user")), bot=read_user(raw.get("bot")))


_EVENTS: dict[str, Callable[[Raw], Message | CallbackQuery | ChatMemberUpdate | ManagedBotUpdate]] = {
    "callback_query": _callback,
    "my_chat_member": _member_update,
    "chat_member": _member_update,
    "managed_bot": _managed_bot,
}


def _chat(value: object) -> Chat:
    raw = _object(value)
    kind = _text(raw, "type")
    if not kind:
        raise Unreadable("a chat without a type")
    names = [_text(raw, "first_name"), _text(raw, "last_name")]
    title = _text(raw, "title") or " ".join(name for name in names if name) or None
    return Chat(id=_id(raw, "id"), type=kind, title=title, username=_text(raw, "username"))


def _origin(value: object) -> ForwardOrigin:
    """A MessageOrigin: of a channel or a group it has the chat, of a person the id as the name."""
    raw = _object(value)
    chat = raw.get("chat") or raw.get("sender_chat")
    user = raw.get("sender_user")
    return ForwardOrigin(
        kind=_text(raw, "type") or "",
        date=_date(raw, "date"),
        chat_id=_chat(chat).id if chat is not None else None,
        message_id=_optional_id(raw, "message_id"),
        name=str(read_user(user).id) if user is not None else _text(raw, "sender_user_name"),
    )


def _entities(value: object) -> tuple[dict[str, Any], ...]:
    return tuple(_entity(raw) for raw in value if isinstance(raw, dict)) if isinstance(value, list) else ()


def _entity(raw: Raw) -> dict[str, Any]:
    known = {
        key: _clean(raw[key]) if kind is str else raw[key]
        for key, kind in _ENTITY_FIELDS.items()
        if type(raw.get(key)) is kind
    }
    mentioned = raw.get("user")
    return {**known, "user_id": _id(mentioned, "id")} if isinstance(mentioned, dict) else known


def _media(raw: Raw) -> Media | None:
    if kind := next((kind for kind in _MEDIA if raw.get(kind) is not None), None):
        return kind
    return "other" if any(raw.get(kind) is not None for kind in _OTHER_CONTENT) else None


def _optional[T](read: Callable[[object], T], value: object) -> T | None:
    return None if value is None else read(value)


def _object(value: object) -> Raw:
    if not isinstance(value, dict):
        raise Unreadable("an object is missing")
    return value


def _is_id(value: object) -> bool:
    """Ids have up to 52 bits; what fits no signed 64 bits could not be stored."""
    return type(value) is int and abs(value) <= _LARGEST


def _id(raw: Raw, key: str) -> int:
    value = raw.get(key)
    if not _is_id(value):
        raise Unreadable(f"{key} is not a number")
    return cast(int, value)


def _optional_id(value: object, key: str) -> int | None:
    return _id(value, key) if isinstance(value, dict) and value.get(key) is not None else None


def _flag(raw: Raw, key: str) -> bool:
    return raw.get(key) is True


def _text(raw: Raw, key: str) -> str | None:
    value = raw.get(key)
    return _clean(value) if isinstance(value, str) else None


def _clean(text: str) -> str:
    """The text without what no database keeps (NUL, lone surrogates), as long as before in UTF-16 units."""
    if text.isprintable():
        return text
    return "".join("\ufffd" if c == "\x00" or "\ud800" <= c <= "\udfff" else c for c in text)


def _date(raw: Raw, key: str) -> datetime:
    """Unix seconds as an aware moment in UTC."""
    seconds = _id(raw, key)
    if not 0 <= seconds < 2**33:
        raise Unreadable(f"{key} is no moment")
    return datetime.fromtimestamp(seconds, UTC)
