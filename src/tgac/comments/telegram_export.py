"""A channel's export from Telegram Desktop (`result.json`), read piece by piece: one message is held at a time.

The file is a stranger's: whatever is not as Telegram Desktop writes it is refused with the place where it stands.
What it writes: https://github.com/telegramdesktop/tdesktop/blob/dev/Telegram/SourceFiles/export/output/export_output_json.cpp
"""

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, tzinfo
from typing import Any, BinaryIO, Final, NoReturn

from tgac.kit.errors import Invalid
from tgac.kit.web.i18n import _

MAX_BYTES: Final = 50 * 1024 * 1024
MAX_POSTS: Final = 20_000
MAX_TEXT: Final = 8192
"""Characters: twice what Telegram lets a message have."""
_CHUNK: Final = 64 * 1024
_MAX_VALUE: Final = 512 * 1024
"""Characters of one message in the file: a long one with all its links has some 50,000."""
_MAX_KEYS: Final = 50
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_FIRST: Final = datetime(2013, 1, 1, tzinfo=UTC).timestamp()
_LAST: Final = datetime(2100, 1, 1, tzinfo=UTC).timestamp()
_KINDS: Final = {
    "video_file": "video",
    "animation": "animation",
    "audio_file": "audio",
    "voice_message": "voice",
    "video_message": "video_note",
    "sticker": "other",
}
_OTHER: Final = ("location_information", "contact_information", "game_title", "invoice_information", "place_name")
_ALBUM: Final = frozenset({"photo", "video", "audio", "document"})


@dataclass(frozen=True, slots=True)
class ExportedPost:
    """A post as the export tells it; `message_id` is the channel's. An album is one post, of several kinds of media."""

    message_id: int
    published_at: datetime
    text: str
    media: frozenset[str]
    forwarded: bool
    has_keyboard: bool
    edited: bool


@dataclass(slots=True)
class Export:
    """What the file says of its channel (`telegram_id` as bots know it; None where it says nothing), and its posts.

    `posts` can be gone through once; meanwhile `left_out` counts messages that are no posts (services), `edited` posts
    whose text is not the first one.
    """

    name: str
    telegram_id: int | None
    posts: Iterator[ExportedPost]
    left_out: int = 0
    edited: int = 0


def read_export(file: BinaryIO, zone: tzinfo) -> Export:
    """Read the export up to its first message. `zone` is where times without one are at home.

    Raises Invalid (field `file`), also while the posts are gone through.
    """
    text = _Json(file)
    export = Export("", None, iter(()))
    text.expect("{")
    key = _next_key(text)
    for _number in range(_MAX_KEYS):
        if key == "messages":
            break
        _take_header(export, key, text.value())
        if text.expect(",}") == "}":
            break
        key = _next_key(text)
    if key != "messages":
        _refuse(_("The file holds no messages: it is not the result.json of one channel."), code="export_unreadable")
    text.expect("[")
    export.posts = _joined(_posts(text, export, zone))
    return export


def _next_key(text: "_Json") -> object:
    key = text.value()
    text.expect(":")
    return key


def _take_header(export: Export, key: object, value: object) -> None:
    if key == "chats":
        words = _("This is the export of a whole account. Open the channel, choose Export chat history there.")
        _refuse(words, code="export_of_account")
    if key == "type" and value not in ("public_channel", "private_channel"):
        _refuse(_("This is the export of another chat, not of a channel."), code="export_not_a_channel")
    if key == "name" and isinstance(value, str):
        export.name = _plain(value)[:200]
    if key == "id" and type(value) is int and 0 < value < 10**12:
        export.telegram_id = -(10**12) - value


def _posts(text: "_Json", export: Export, zone: tzinfo) -> Iterator[ExportedPost]:
    number = 0
    is_over = text.peek() == "]"
    while not is_over:
        number += 1
        raw = text.value()
        if not isinstance(raw, dict):
            _refuse_message(number)
        if raw.get("type") == "message":
            post = _post(raw, number, zone)
            export.edited += post.edited
            yield post
        else:
            export.left_out += 1
        is_over = text.expect(",]") == "]"


def _joined(posts: Iterator[ExportedPost]) -> Iterator[ExportedPost]:
    """Albums put together: the export does not name them, but their items follow each other within the same second, and
    at most one of them has words."""
    held: ExportedPost | None = None
    last_id = count = 0
    for post in posts:
        if held is not None and post.message_id == last_id + 1 and _is_of_album(held, post):
            held = replace(held, text=held.text or post.text, media=held.media | post.media)
        else:
            if held is not None:
                yield held
            held, count = post, count + 1
        if count > MAX_POSTS:
            words = _("The file holds more than %(n)s posts. Export a shorter time.", n=MAX_POSTS)
            _refuse(words, code="export_too_long")
        last_id = post.message_id
    if held is not None:
        yield held


def _is_of_album(held: ExportedPost, post: ExportedPost) -> bool:
    return (
        held.published_at == post.published_at
        and held.forwarded == post.forwarded
        and not (held.text and post.text)
        and bool(held.media and post.media)
        and held.media | post.media <= _ALBUM
    )


def _post(raw: dict[str, Any], number: int, zone: tzinfo) -> ExportedPost:
    message_id = raw.get("id")
    if type(message_id) is not int or not 0 < message_id < 2**31:
        _refuse_message(number)
    return ExportedPost(
        message_id=message_id,
        published_at=_moment(raw, number, zone),
        text=_text(raw.get("text", ""), number),
        media=_media(raw),
        forwarded=bool(raw.get("forwarded_from") or raw.get("forwarded_from_id")),
        has_keyboard=bool(raw.get("inline_bot_buttons")),
        edited=bool(raw.get("edited") or raw.get("edited_unixtime")),
    )


def _moment(raw: dict[str, Any], number: int, zone: tzinfo) -> datetime:
    """The moment (UTC). Older exports tell only the clock on the wall of who made them."""
    stamp, said = raw.get("date_unixtime"), raw.get("date")
    try:
        if isinstance(stamp, str | int) and str(stamp).isdecimal():
            seconds = float(str(stamp)[:12])
        else:
            moment = datetime.fromisoformat(str(said))
            seconds = (moment if moment.tzinfo else moment.replace(tzinfo=zone)).timestamp()
    except (ValueError, OverflowError):
        _refuse_message(number)
    if not _FIRST <= seconds < _LAST:
        _refuse_message(number)
    return datetime.fromtimestamp(seconds, UTC)


def _text(value: object, number: int) -> str:
    parts = value if isinstance(value, list) else [value]
    words = [part.get("text") if isinstance(part, dict) else part for part in parts]
    if not all(isinstance(word, str) for word in words):
        _refuse_message(number)
    text = _plain("".join(map(str, words)))
    if len(text) > MAX_TEXT:
        _refuse_message(number)
    return text


def _plain(text: str) -> str:
    """Without halves of characters and NUL, which no post has."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")


def _media(raw: dict[str, Any]) -> frozenset[str]:
    kind = raw.get("media_type")
    if isinstance(kind, str):
        return frozenset({_KINDS.get(kind, "other")})
    named = ("photo", "poll", "file")
    found = next((name for name in named if name in raw), "other" if any(name in raw for name in _OTHER) else None)
    return frozenset({"document" if found == "file" else found} if found else ())


class _Json:
    """A JSON text read value by value."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decoder = codecs.getincrementaldecoder("utf-8-sig")()
        self._text, self._at, self._is_ended = "", 0, False

    def peek(self) -> str:
        """The next sign that is no space; "" at the end."""
        while True:
            space = _SPACE.match(self._text, self._at)
            self._at = space.end() if space else self._at
            if self._at < len(self._text) or not self._read():
                return self._text[self._at : self._at + 1]

    def expect(self, signs: str) -> str:
        """The next sign, which must be one of `signs`."""
        sign = self.peek()
        if not sign or sign not in signs:
            _refuse_broken()
        self._at += 1
        return sign

    def value(self) -> Any:
        """The next value as a whole; more of the file is read until it is complete."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
            except (ValueError, RecursionError):
                value, end = None, -1
            if end >= 0 and (end < len(self._text) or self._is_ended):
                self._at = end
                return value
            if len(self._text) - self._at > _MAX_VALUE or not self._read():
                _refuse_broken()

    def _read(self) -> bool:
        """Whether there was more."""
        if self._is_ended:
            return False
        chunk = self._file.read(_CHUNK)
        self._is_ended = not chunk
        try:
            more = self._decoder.decode(chunk, final=self._is_ended)
        except UnicodeDecodeError:
            _refuse_broken()
        self._text, self._at = self._text[self._at :] + more, 0
        return True


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


_DECODER: Final = json.JSONDecoder(parse_constant=_refuse_constant)


def _refuse_message(number: int) -> NoReturn:
    words = _("Message %(n)s of the file is not as Telegram Desktop writes it.", n=number)
    _refuse(words, code="export_unreadable")


def _refuse_broken() -> NoReturn:
    _refuse(_("The file cannot be read: it is broken, or no JSON of Telegram Desktop."), code="export_unreadable")


def _refuse(words: str, *, code: str) -> NoReturn:
    raise Invalid(words, code=code, field="file")
