"""Telegram HTML: what is allowed, how long it is, and how it looks.

The rules are Telegram's (https://core.telegram.org/bots/api#html-style), as TDLib's `parse_html` reads them, but
stricter: an attribute that Telegram would quietly drop is refused. Only `&lt; &gt; &amp; &quot;` and numeric references
are decoded; any other `&` stands for itself, as there.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from tgac.kit.web.i18n import N_

from .faults import TextError

MAX_LENGTH = 4096
"""What a message takes, in UTF-16 units; a longer text goes out as a rich message (`rich.py`)."""
LONGEST = 32_768
"""What a rich message takes."""
MAX_NESTING = 20
SCHEMES = frozenset({"http", "https", "tg", "mailto"})

_SAME = {"strong": "b", "em": "i", "ins": "u", "strike": "s", "del": "s"}
_PLAIN_TAGS = frozenset({"b", "i", "u", "s", "tg-spoiler", "pre", "code", "blockquote"})
_TAGS = _PLAIN_TAGS | _SAME.keys() | {"a", "span", "tg-emoji"}
_REFERENCE = re.compile(r"&(?:#(\d{1,7})|#[xX]([0-9a-fA-F]{1,6})|(lt|gt|amp|quot));")
_NAMED = {"lt": "<", "gt": ">", "amp": "&", "quot": '"'}
_TAG = re.compile(r"<(/?)([a-zA-Z-]+)((?:\s+[a-zA-Z-]+(?:\s*=\s*(?:\"[^\"]*\"|'[^']*'))?)*)\s*>")
_ATTRIBUTE = re.compile(r"([a-zA-Z-]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'))?")


@dataclass(frozen=True, slots=True)
class Run:
    """Words with one look: `marks` are out of b i u s spoiler code pre quote expandable; `href` where they lead.

    `language` is that of code; `emoji` the number of the custom emoji that the words stand for.
    """

    text: str
    marks: frozenset[str] = frozenset()
    href: str | None = None
    language: str = ""
    emoji: str = ""


@dataclass(frozen=True, slots=True)
class _Open:
    """A tag that is open: as written, where, and what it does to the words in it."""

    name: str
    at: int
    marks: tuple[str, ...] = ()
    href: str | None = None
    language: str = ""
    emoji: str = ""


def to_runs(html: str) -> list[Run]:
    """The text in pieces of one look each, for a page that escapes them; TextError with code `html`."""
    runs: list[Run] = []
    stack: list[_Open] = []
    at = 0
    while at < len(html):
        end = html.find("<", at)
        end = len(html) if end < 0 else end
        if end > at:
            runs.append(_run(html[at:end], stack))
        at = _tag(html, end, stack) if end < len(html) else end
    if stack:
        raise _fault(N_("The tag <%(tag)s> at character %(at)d is not closed."), tag=stack[-1].name, at=stack[-1].at)
    return runs


def check_html(html: str) -> None:
    """Refuse what Telegram would refuse, with the place (TextError)."""
    if visible_length(html) > LONGEST:
        raise TextError(
            "text_too_long",
            N_("The text has %(length)d characters; Telegram takes %(limit)d."),
            length=visible_length(html),
            limit=LONGEST,
        )


def is_long(html: str) -> bool:
    """Whether no plain message takes it."""
    return utf16_length(html) > MAX_LENGTH and visible_length(html) > MAX_LENGTH


def to_plain(html: str) -> str:
    """The words alone."""
    return "".join(run.text for run in to_runs(html))


def visible_length(html: str) -> int:
    """The length that Telegram counts: UTF-16 units after entities."""
    return utf16_length(to_plain(html))


def utf16_length(text: str) -> int:
    """UTF-16 units in plain text: an emoji counts two."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def decode(text: str) -> str:
    """Character references resolved, the way Telegram does it."""
    return _REFERENCE.sub(_referred, text)


def href_fault(href: str) -> str | None:
    """Why Telegram or we would not take this link (a msgid); None where it is good."""
    try:
        parts = urlsplit(href)
        host = parts.hostname
    except ValueError:
        return N_("The link cannot be read.")
    if parts.scheme.lower() not in SCHEMES:
        return N_("A link begins with http:, https:, tg: or mailto:.")
    if parts.scheme.lower() in {"http", "https"} and not host:
        return N_("The link names no host.")
    if any(char.isspace() or not char.isprintable() for char in href):
        return N_("A link has no spaces.")
    return None


def _fault(msgid: str, *, at: int, tag: str) -> TextError:
    return TextError("html", msgid, at=at + 1, tag=tag[:40])


def _run(raw: str, stack: list[_Open]) -> Run:
    marks = frozenset(mark for open_ in stack for mark in open_.marks)
    href = next((open_.href for open_ in stack if open_.href), None)
    language = next((open_.language for open_ in stack if open_.language), "")
    return Run(decode(raw), marks, href, language, next((open_.emoji for open_ in stack if open_.emoji), ""))


def _referred(match: re.Match[str]) -> str:
    decimal, hexadecimal, name = match.groups()
    if name:
        return _NAMED[name]
    point = int(decimal) if decimal else int(hexadecimal, 16)
    good = 0 < point <= 0x10FFFF and not 0xD800 <= point <= 0xDFFF
    return chr(point) if good else match[0]


def _tag(html: str, at: int, stack: list[_Open]) -> int:
    """Read the tag at `at`, change the stack, say where it ends."""
    match = _TAG.match(html, at)
    if match is None:
        raise _fault(N_("The < at character %(at)d begins no tag; write &lt;."), at=at, tag="")
    closing, name, rest = match[1], match[2].lower(), match[3]
    if name not in _TAGS:
        raise _fault(N_("Telegram knows no tag <%(tag)s> (character %(at)d)."), at=at, tag=name)
    if closing:
        _close(name, at, stack)
    else:
        _open(_opened(name, rest, at=at), stack)
    return match.end()


def _close(name: str, at: int, stack: list[_Open]) -> None:
    if not stack:
        raise _fault(N_("The tag </%(tag)s> at character %(at)d closes nothing."), at=at, tag=name)
    if stack[-1].name != name:
        raise TextError(
            "html",
            N_("The tag </%(tag)s> at character %(at)d stands where </%(expected)s> is expected."),
            at=at + 1,
            tag=name,
            expected=stack[-1].name,
        )
    stack.pop()


def _open(tag: _Open, stack: list[_Open]) -> None:
    """Telegram nests neither links nor quotes, and nothing within code but `<code>` directly within `<pre>`."""
    if len(stack) == MAX_NESTING:
        raise _fault(N_("The tag <%(tag)s> at character %(at)d is nested too deeply."), at=tag.at, tag=tag.name)
    names = [open_.name for open_ in stack]
    in_code = bool(names) and names[-1] in {"code", "pre"} and (names[-1], tag.name) != ("pre", "code")
    if in_code or (tag.name in {"a", "blockquote"} and tag.name in names):
        raise _fault(N_("The tag <%(tag)s> at character %(at)d cannot stand in here."), at=tag.at, tag=tag.name)
    stack.append(tag)


def _opened(name: str, rest: str, *, at: int) -> _Open:
    """The tag with what it means."""
    found = [(match[1].lower(), _value(match)) for match in _ATTRIBUTE.finditer(rest)]
    attributes = dict(found)
    if len(attributes) != len(found) or not _fits(name, attributes):
        raise _fault(N_("The tag <%(tag)s> at character %(at)d has an attribute that does not fit."), at=at, tag=name)
    if name != "a":
        language = (attributes.get("class") or "").removeprefix("language-") if name == "code" else ""
        return _Open(name, at, _marks(name, attributes), None, language, attributes.get("emoji-id") or "")
    href = attributes["href"] or ""
    if msgid := href_fault(href):
        raise TextError("html", msgid, at=at + 1, href=href[:100])
    return _Open(name, at, href=href)


def _value(match: re.Match[str]) -> str | None:
    value = match[2] if match[2] is not None else match[3]
    return None if value is None else decode(value)


def _marks(name: str, attributes: Mapping[str, str | None]) -> tuple[str, ...]:
    if name in {"span", "tg-spoiler"}:
        return ("spoiler",)
    if name == "blockquote":
        return ("quote", "expandable") if "expandable" in attributes else ("quote",)
    return () if name == "tg-emoji" else (_SAME.get(name, name),)


def _fits(name: str, attributes: dict[str, str | None]) -> bool:
    match name:
        case "a":
            return attributes.keys() == {"href"} and attributes["href"] is not None
        case "span":
            return attributes == {"class": "tg-spoiler"}
        case "code":
            language = attributes.get("class", "language-")
            return attributes.keys() <= {"class"} and language is not None and language.startswith("language-")
        case "blockquote":
            return attributes.keys() <= {"expandable"} and attributes.get("expandable") in {None, "", "expandable"}
        case "tg-emoji":
            return attributes.keys() == {"emoji-id"} and (attributes["emoji-id"] or "").isdecimal()
        case _:
            return not attributes
