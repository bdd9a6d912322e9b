"""Formatted text: HTML as TDLib parses it, entities that Telegram finds by itself, lengths in UTF-16 units."""

import html
import re
from dataclasses import dataclass, field
from typing import Any

from tgsandbox.refusals import Refused, refuse

Json = dict[str, Any]

_TAGS = {
    "b": "bold",
    "strong": "bold",
    "i": "italic",
    "em": "italic",
    "u": "underline",
    "ins": "underline",
    "s": "strikethrough",
    "strike": "strikethrough",
    "del": "strikethrough",
    "tg-spoiler": "spoiler",
    "span": "spoiler",
    "a": "text_link",
    "code": "code",
    "pre": "pre",
    "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
}
_NAMED = {"&lt;": "<", "&gt;": ">", "&amp;": "&", "&quot;": '"'}
_CHARREF = re.compile(r"&(?:lt|gt|amp|quot|#\d{1,7}|#[xX][0-9a-fA-F]{1,6});?")
_ATTRIBUTE = re.compile(r"""\s*([^\s=>/"']+)\s*(?:=\s*(?:"([^"]*)"|'([^']*)'|([\w.-]+)(?=[\s>])))?\s*""")
_DETECTED = re.compile(
    r"(?P<url>https?://[^\s<>\"]+)"
    r"|(?P<email>(?<![\w.])[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<mention>(?<!\w)@\w{4,32})"
    r"|(?P<hashtag>(?<!\w)#\w*[^\W\d_]\w*)"
    r"|(?P<bot_command>(?<![\w/])/[a-zA-Z0-9_]{1,64}(?:@\w{3,32})?)"
)


def utf16_length(text: str) -> int:
    """How Telegram counts: characters beyond the basic plane are two."""
    return len(text) if text.isascii() else len(text) + sum(1 for char in text if char > "\uffff")


@dataclass
class _Open:
    tag: str
    argument: str
    start: int
    offset: int


@dataclass
class _Reading:
    source: str
    at: int = 0
    text: list[str] = field(default_factory=list)
    length: int = 0
    opened: list[_Open] = field(default_factory=list)
    entities: list[Json] = field(default_factory=list)

    def bytes_before(self, at: int) -> int:
        return len(self.source[:at].encode("utf-8", "surrogatepass"))

    def fail(self, why: str, at: int | None = None) -> Refused:
        place = "" if at is None else f" at byte offset {self.bytes_before(at)}"
        return refuse("entities", why=why + place)

    def put(self, piece: str) -> None:
        self.text.append(piece)
        self.length += utf16_length(piece)


def parse_html(source: str) -> tuple[str, list[Json]]:
    """HTML → (text, entities). Raises `Refused` with TDLib's words."""
    reading = _Reading(source)
    while reading.at < len(source):
        char = source[reading.at]
        if char == "&":
            _read_reference(reading)
        elif char != "<":
            _read_run(reading)
        elif source.startswith("</", reading.at):
            _read_end(reading)
        else:
            _read_start(reading)
    if reading.opened:
        raise reading.fail(f'Can\'t find end tag corresponding to start tag "{reading.opened[-1].tag}"')
    return "".join(reading.text), reading.entities


def _read_run(reading: _Reading) -> None:
    run = re.compile(r"[^<&]+").match(reading.source, reading.at)
    assert run
    reading.put(run[0])
    reading.at = run.end()


def _read_reference(reading: _Reading) -> None:
    found = _CHARREF.match(reading.source, reading.at)
    reading.put(_decode(found[0]) if found else "&")
    reading.at = found.end() if found else reading.at + 1


def _decode(reference: str) -> str:
    named = _NAMED.get(reference if reference.endswith(";") else reference + ";")
    return named or html.unescape(reference)


def _read_start(reading: _Reading) -> None:
    begin = reading.at
    name = re.compile(r"[^\s>]*").match(reading.source, begin + 1)
    assert name
    if name.end() == len(reading.source):
        raise reading.fail("Unclosed start tag", begin)
    tag = name[0].lower()
    if tag not in _TAGS:
        raise reading.fail(f'Unsupported start tag "{tag}"', begin)
    reading.at = name.end()
    attributes = _read_attributes(reading, tag, begin)
    if tag == "span" and attributes.get("class") != "tg-spoiler":
        raise reading.fail('Tag "span" must have class "tg-spoiler"', begin)
    reading.opened.append(_Open(tag, _argument(tag, attributes), sum(map(len, reading.text)), reading.length))


def _read_attributes(reading: _Reading, tag: str, begin: int) -> dict[str, str]:
    attributes: dict[str, str] = {}
    source = reading.source
    while True:
        while reading.at < len(source) and source[reading.at].isspace():
            reading.at += 1
        if reading.at >= len(source):
            raise reading.fail("Unclosed start tag", begin)
        if source[reading.at] == ">":
            reading.at += 1
            return attributes
        found = _ATTRIBUTE.match(source, reading.at)
        if not found:
            raise reading.fail(f'Empty attribute name in the tag "{tag}"', begin)
        value = next((group for group in found.groups()[1:] if group is not None), None)
        if value is None and source[found.end() : found.end() + 1] == "=":
            raise reading.fail("Unexpected end of name token", found.end() + 1)
        if value is None and tag != "blockquote":
            raise reading.fail(f'Expected equal sign in declaration of an attribute of the tag "{tag}"', begin)
        attributes[found[1].lower()] = _CHARREF.sub(lambda ref: _decode(ref[0]), value or "")
        reading.at = found.end()


def _argument(tag: str, attributes: dict[str, str]) -> str:
    if tag == "a":
        return attributes.get("href", "")
    if tag == "code":
        named = attributes.get("class", "")
        return named.removeprefix("language-") if named.startswith("language-") else ""
    if tag == "tg-emoji":
        return attributes.get("emoji-id", "")
    return "expandable" if "expandable" in attributes else ""


def _read_end(reading: _Reading) -> None:
    begin = reading.at
    if not reading.opened:
        raise reading.fail("Unexpected end tag", begin)
    found = re.compile(r"</([^\s>]*)\s*(>?)").match(reading.source, begin)
    assert found
    if not found[2]:
        raise reading.fail("Unclosed end tag", begin)
    opened = reading.opened[-1]
    name = found[1].lower()
    if name and name != opened.tag:
        raise reading.fail(
            f"Unmatched end tag at byte offset {reading.bytes_before(begin)}, "
            f'expected "</{opened.tag}>", found "</{name}>"'
        )
    reading.opened.pop()
    reading.at = found.end()
    _close(reading, opened)


def _close(reading: _Reading, opened: _Open) -> None:
    length = reading.length - opened.offset
    if length <= 0:
        return
    entity: Json = {"type": _TAGS[opened.tag], "offset": opened.offset, "length": length}
    inner = "".join(reading.text)[opened.start :]
    _specify(reading, entity, opened=opened, inner=inner)
    if entity["type"]:
        reading.entities.append(entity)


def _specify(reading: _Reading, entity: Json, *, opened: _Open, inner: str) -> None:
    if opened.tag == "a":
        url = checked_url(opened.argument or inner)
        entity.update({"url": url} if url else {"type": ""})
    elif opened.tag == "tg-emoji":
        if not opened.argument.isdigit():
            raise reading.fail("Invalid custom emoji identifier specified")
        entity["custom_emoji_id"] = opened.argument
    elif opened.tag == "blockquote" and opened.argument:
        entity["type"] = "expandable_blockquote"
    elif opened.tag == "code" and opened.argument and reading.opened and reading.opened[-1].tag == "pre":
        reading.opened[-1].argument = opened.argument
        entity["type"] = ""
    elif opened.tag == "pre" and opened.argument:
        entity["language"] = opened.argument


def checked_url(url: str) -> str | None:
    """The link as Telegram keeps it, or None when it would not take it."""
    found = re.fullmatch(r"(?:(https?|tg|ton|tonsite)://)?([^\s/?#]+)([/?#]\S*)?", url.strip(), re.IGNORECASE)
    if not found:
        return None
    scheme, host, rest = (found[1] or "http").lower(), found[2], found[3] or ""
    if scheme in ("http", "https") and not re.fullmatch(r"[\w.-]+\.[\w-]{1,}(:\d{1,5})?", host.rpartition("@")[2]):
        return None
    return f"{scheme}://{host}{rest or ('/' if scheme in ('http', 'https') else '')}"


def detect(text: str) -> list[Json]:
    """Links, mentions, hashtags, commands and addresses that Telegram finds by itself."""
    if not any(char in text for char in "@#/"):
        return []
    return [
        {
            "type": str(found.lastgroup),
            "offset": utf16_length(text[: found.start()]),
            "length": utf16_length(found[0]),
        }
        for found in _DETECTED.finditer(text)
    ]


def trim(text: str, entities: list[Json]) -> tuple[str, list[Json]]:
    """Take the white space off both ends, as Telegram does, and move the entities along."""
    cut = text.rstrip()
    left = utf16_length(cut) - utf16_length(cut.lstrip())
    cut, end = cut.lstrip(), utf16_length(cut.lstrip())
    moved = []
    for entity in entities:
        start = max(0, entity["offset"] - left)
        stop = min(end, entity["offset"] + entity["length"] - left)
        if stop > start:
            moved.append(entity | {"offset": start, "length": stop - start})
    return cut, moved


def formatted(text: str, *, parse_mode: str | None, given: list[Json] | None) -> tuple[str, list[Json]]:
    """Text as a bot sends it → (text, entities) as Telegram stores it. Raises `Refused`."""
    mode = (parse_mode or "").lower()
    if mode in ("markdown", "markdownv2"):
        raise refuse("mode_not_emulated", mode=parse_mode)
    if mode not in ("", "html"):
        raise refuse("parse_mode")
    marked, entities = parse_html(text) if mode else (text, [dict(entity) for entity in given or []])
    marked, entities = trim(marked.replace("\x00", ""), entities)
    taken = [(entity["offset"], entity["offset"] + entity["length"]) for entity in entities]
    found = [e for e in detect(marked) if not any(s < e["offset"] + e["length"] and e["offset"] < t for s, t in taken)]
    return marked, sorted(entities + found, key=lambda entity: (entity["offset"], -entity["length"]))
