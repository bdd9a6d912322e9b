"""What a profile may hold, in one spelling; and how two of them differ. Pure.

Figures: https://core.telegram.org/bots/api#setmyname and what follows it.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tgac.kit.telegram.types import Command
from tgac.kit.web.i18n import _

type Texts = dict[str, str]
"""A language's texts by field; commands as lines, `start - Begin`. "" is none."""
type Wish = Mapping[str, Texts]
"""Texts by language; "" is the default. What is not in it stays as it is."""

FIELDS: Final = ("name", "short_description", "description", "commands")
LONGEST: Final = {"name": 64, "short_description": 120, "description": 512}
"""In UTF-16 units, as Telegram counts its texts: an emoji is two."""
MAX_COMMANDS: Final = 100
MAX_COMMAND_TEXT: Final = 256
MAX_LANGUAGES: Final = 50
PHOTO: Final = "photo"
_LANGUAGE: Final = re.compile(r"[a-z]{2}")
_COMMAND: Final = re.compile(r"[a-z0-9_]{1,32}")
_BETWEEN: Final = re.compile(r"\s+[-–—]\s+")
_HIDDEN: Final = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)
"""Control signs, halves of characters, and signs that turn the direction of what follows."""


@dataclass(frozen=True, slots=True)
class Change:
    """What would be set in Telegram. `old` None is not known. Of a photo, both are names of pictures."""

    language: str
    field: str
    old: str | None
    new: str


def clean_language(code: str) -> str:
    """Two small Latin letters, or "" for the default. Raises ValueError with a sentence."""
    code = code.strip().lower()
    if code and not _LANGUAGE.fullmatch(code):
        raise ValueError(_("A language is two letters, such as en or ru; empty for the default."))
    return code


def clean_text(field: str, text: str, *, language: str = "") -> str:
    """The text in the spelling that is stored and compared. Raises ValueError with a sentence."""
    if field == "commands":
        return spelt(read_commands(text))
    text = _plain(text)
    if field != "description":
        text = " ".join(text.split("\n"))
    if field == "name" and not text and not language:
        raise ValueError(_("A bot needs a name."))
    length, limit = utf16_length(text), LONGEST[field]
    if length > limit:
        raise ValueError(
            _("Write at most %(max)s characters; these are %(n)s (an emoji counts twice).", max=limit, n=length)
        )
    return text


def read_commands(text: str) -> tuple[Command, ...]:
    """The commands in lines of `start - Begin`, as @BotFather takes them. Raises ValueError with a sentence."""
    found: dict[str, Command] = {}
    for line in _plain(text).split("\n"):
        if not line.strip():
            continue
        name, *rest = _BETWEEN.split(line.strip(), 1)
        command = checked(Command(name.removeprefix("/"), rest[0].strip() if rest else ""))
        if command.command in found:
            raise ValueError(_("The command %(name)s stands there twice.", name=command.command))
        found[command.command] = command
    if len(found) > MAX_COMMANDS:
        raise ValueError(_("A bot has at most %(n)s commands.", n=MAX_COMMANDS))
    return tuple(found.values())


def checked(command: Command) -> Command:
    """The command itself, if Telegram takes it. Raises ValueError with a sentence."""
    if not _COMMAND.fullmatch(command.command):
        words = _("“%(name)s” is no command: 1 to 32 of a-z, 0-9 and _.", name=command.command[:40])
        raise ValueError(words)
    if not 1 <= utf16_length(command.description) <= MAX_COMMAND_TEXT:
        words = _(
            "After the command %(name)s comes “ - ” and a description of 1 to %(n)s characters.",
            name=command.command,
            n=MAX_COMMAND_TEXT,
        )
        raise ValueError(words)
    return command


def spelt(commands: tuple[Command, ...]) -> str:
    """Commands as lines."""
    return "\n".join(f"{one.command} - {one.description}" for one in commands)


def utf16_length(text: str) -> int:
    """How Telegram counts characters."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def seen_texts(texts: Mapping[str, Texts]) -> dict[str, Texts]:
    """What Telegram told, in our spelling: a language that reads the default's text has none of its own."""
    plain = {code: {field: _normal(text) for field, text in one.items()} for code, one in texts.items()}
    default = plain.get("", {})
    for code, one in plain.items():
        for field in LONGEST:
            if code and one.get(field) == default.get(field):
                one[field] = ""
    return plain


def changes(wish: Wish, seen: Mapping[str, Texts] | None) -> Iterator[Change]:
    """What must be set so that everything wished is so; the defaults first, the names last: they are limited hard."""
    for field in ("short_description", "description", "commands", "name"):
        for language in sorted(wish):
            new = wish[language].get(field)
            old = None if seen is None else seen.get(language, {}).get(field)
            if new is not None and new != old:
                yield Change(language, field, old, new)


def photo_change(wished: str | None, *, given: str | None, given_id: str | None, seen_id: str | None) -> Change | None:
    """Whether the photo must be set: Telegram shows its own copy, so that it is known only by the name it gave it.

    `seen_id` None is not known, "" none.
    """
    if wished is None:
        return None
    known = given if seen_id and seen_id == given_id else seen_id
    if wished == (known or "") and seen_id is not None:
        return None
    return Change("", PHOTO, known, wished)


def _plain(text: str) -> str:
    text = _normal(text)
    hidden = _HIDDEN.search(text)
    if hidden:
        code = f"{ord(hidden[0]):04X}"
        raise ValueError(_("The text holds an invisible sign (U+%(code)s). Take it out.", code=code))
    return text


def _normal(text: str) -> str:
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()
