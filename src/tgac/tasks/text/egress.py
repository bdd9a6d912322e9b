"""The last gate: no text leaves but as an `Outgoing`, and only `let_out` makes one.

Links, mentions and commands may stand in a comment only if its author wrote them out, or if they name the channel, the
post or the bot. What variables bring in is disarmed before (`disarm`), so a post that quotes somebody's link costs the
comment that link and not the comment itself; whatever still comes through refuses the text.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import InitVar, dataclass
from urllib.parse import urlsplit

from tgac.kit.telegram.types import Poll
from tgac.kit.web.i18n import N_

from .faults import TextError
from .html import MAX_LENGTH, Run, check_html, href_fault, to_runs, utf16_length
from .rich import check_blocks

_KEY = object()
MAX_QUESTION = 300
MAX_CAPTION = 1024
_BIDI = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_INVISIBLE = "\u00ad\u180e\u200b\u2060\u2061\u2062\u2063\u2064\ufeff\ufff9\ufffa\ufffb"

# What Telegram's clients make clickable (TDLib, MessageEntity.cpp), guessed generously: its list of top levels is long
# and grows, so any word but a Cyrillic one counts. Guessing too much costs a space, too little lets a stranger's link
# out.
_TOPS = "рф|рус|онлайн|сайт|орг|ком|дети|москва|бел|укр|қаз|срб|мкд|бг|ею|мон|католик|xn--[a-z0-9-]{2,59}"
_TAIL = r"[^\s<>\"'«»“”„]"
_URL = re.compile(rf"(?:[a-z][a-z0-9+.-]{{0,15}}://|\b(?:mailto|tg):){_TAIL}+", re.IGNORECASE)
_BARE = re.compile(
    r"(?<![\w-])(?:[\w.+-]{1,64}@)?(?:[\w-]{1,255}\.){1,8}"
    rf"(?:{_TOPS}|[^\W\d_\u0400-\u052f]{{2,24}})(?![^\W_])"
    rf"(?::\d{{1,5}})?(?:[/?#]{_TAIL}*)?",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"\b\d{1,3}(?:\.\d{1,3}){3,}\b")
# From where a row of signs begins, not from each of them: of thousands that would be their square.
_MENTION = re.compile(r"(?:(?<![\w@])@+|(?<=\w@)@+)([A-Za-z0-9_]{2,32})(?![A-Za-z0-9_])")
_COMMAND = re.compile(r"(?<![\w/<>])/([A-Za-z0-9_]{1,64})(?![\w/<>])")
_SIGNS = re.compile(r"[.@/:]")
_ROUNDS = 3
_TELEGRAM = frozenset({"t.me", "telegram.me", "telegram.dog"})


@dataclass(frozen=True, slots=True)
class Button:
    """A button that leads somewhere; both as Telegram gets them."""

    text: str
    url: str


type Form = Poll | int | None
"""What a text belongs to: a poll whose question it is, a file (its number) whose caption it is, or nothing."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A text that may leave, as Telegram HTML; a long one (`html.is_long`) as a rich message.

    `allowed` is what it was held against: with it a stored text passes again. `length` is in UTF-16 units;
    `tried` is how many picks were thrown away before it. With a `poll` the text is its question, with `media` (a file's
    number) its caption.
    """

    html: str
    allowed: frozenset[str]
    variant: str
    buttons: tuple[tuple[Button, ...], ...]
    length: int
    tried: int
    poll: Poll | None
    media: int | None
    key: InitVar[object]

    def __post_init__(self, key: object) -> None:
        if key is not _KEY:
            raise TypeError("only let_out makes an Outgoing")


def let_out(
    html: str,
    *,
    allowed: frozenset[str],
    variant: str = "",
    buttons: tuple[tuple[Button, ...], ...] = (),
    tried: int = 0,
    form: Form = None,
) -> Outgoing:
    """The text, checked as a whole; TextError with the code of the first thing that is wrong.

    `form` is what the text belongs to; `allowed` holds keys as `keys_in` makes them.
    Control and direction characters are taken out, whoever brought them.
    """
    clean = strip_hidden(html).strip()
    check_html(clean)
    runs = to_runs(clean)
    plain = "".join(run.text for run in runs)
    if strip_hidden(plain) != plain:
        raise TextError("text_characters", N_("The text hides control or direction characters."))
    if not plain.strip():
        raise TextError("text_empty", N_("The text is empty."))
    hrefs = [run.href for run in runs if run.href]
    _hold(keys_in(plain) | {key for href in hrefs for key in link_keys(href)}, allowed)
    for button in (button for row in buttons for button in row):
        _check_button(button)
    poll, media = (form, None) if isinstance(form, Poll) else (None, form)
    if poll is not None:
        _check_question(runs, utf16_length(plain))
    if media is not None:
        _check_caption(utf16_length(plain))
    if utf16_length(plain) > MAX_LENGTH:
        check_blocks(clean)
    return Outgoing(clean, allowed, variant, buttons, utf16_length(plain), tried, poll, media, _KEY)


def _check_question(runs: list[Run], length: int) -> None:
    """What Telegram takes as the question of a poll (Bot API, sendPoll): 300 characters, no looks, no links."""
    if any(run.marks or run.href for run in runs):
        raise TextError("poll_markup", N_("The question of a poll is plain text: no tags and no links behind words."))
    if length > MAX_QUESTION:
        raise TextError("poll_long", N_("The question of a poll has at most %(limit)d characters."), limit=MAX_QUESTION)


def _check_caption(length: int) -> None:
    """What Telegram takes beside a file (Bot API, sendPhoto)."""
    if length > MAX_CAPTION:
        words = N_("The text has %(length)d characters; beside a file Telegram takes %(limit)d.")
        raise TextError("caption_long", words, length=length, limit=MAX_CAPTION)


def keys_in(text: str) -> frozenset[str]:
    """What Telegram would make clickable in plain text: hosts, `@names` and `/commands`, each as one comparable key."""
    rest = _URL.sub(" ", text)
    links = _URL.findall(text) + _BARE.findall(rest) + _ADDRESS.findall(rest)
    keys = {key for link in links for key in link_keys(link)}
    keys |= {"@" + name.lower() for name in _MENTION.findall(rest)}
    keys |= {"/" + name.lower() for name in _COMMAND.findall(rest)}
    return frozenset(keys)


def link_keys(link: str) -> frozenset[str]:
    """The one key of a link: its host, or inside Telegram whom it leads to."""
    link = link.rstrip(".,;:!?)]}…").lower()
    if link.startswith("mailto:") and "@" in link:
        return frozenset({link[len("mailto:") :].split("?")[0]})
    if link.startswith(("mailto:", "tg:")):
        return frozenset({link})
    try:
        parts = urlsplit(link if "://" in link else f"//{link}")
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return frozenset({link})
    if "://" not in link and parts.username:
        return frozenset({f"{parts.username}@{host}"})
    return frozenset({_telegram_key(parts.path) if host in _TELEGRAM else host})


def _telegram_key(path: str) -> str:
    first, _, rest = path.strip("/").partition("/")
    if first in {"s"} and rest:
        first = rest.split("/")[0]
    if first in {"c", "joinchat", "addlist", "addstickers", "share", "proxy", "socks"}:
        return f"t.me/{first}/{rest.split('/')[0]}"
    return "@" + first if re.fullmatch(r"[a-z0-9_]{2,32}", first) else f"t.me/{first}"


def disarm(text: str, allowed: frozenset[str]) -> str:
    """What a variable brings in, with nothing to click that is not allowed: addresses become `…` or fall apart, names
    lose their `@`, commands their `/`. Hidden characters go. What is left is looked at again: pieces may join anew."""
    text = strip_hidden(text)
    for _round in range(_ROUNDS):
        if keys_in(text) <= allowed:
            return text
        text = _disarm_once(text, allowed)
    return text if keys_in(text) <= allowed else _SIGNS.sub(" ", text)


def _disarm_once(text: str, allowed: frozenset[str]) -> str:
    def unless_allowed(words: str, instead: str) -> str:
        return words if keys_in(words) <= allowed else instead

    text = _URL.sub(lambda match: unless_allowed(match[0], "…"), text)
    for pattern in (_BARE, _ADDRESS):
        text = pattern.sub(lambda match: unless_allowed(match[0], re.sub(r"\.(?=\w)", ". ", match[0])), text)
    for pattern in (_MENTION, _COMMAND):
        text = pattern.sub(lambda match: unless_allowed(match[0], _bare_name(match)), text)
    return text


def _bare_name(match: re.Match[str]) -> str:
    """The name without its sign, kept apart from what stands before: out of `a.@com` comes no `a.com`."""
    joined = match.start() > 0 and not match.string[match.start() - 1].isspace()
    return f" {match[1]}" if joined else match[1]


def strip_hidden(text: str) -> str:
    """Without control, direction and other unseen characters, but with line breaks and what joins emoji together."""
    spaced = text.replace("\t", " ")
    hidden = {char for char in set(spaced) if _is_hidden(char)}  # few kinds of characters, and mostly none of these
    return "".join(char for char in spaced if char not in hidden) if hidden else spaced


def _is_hidden(char: str) -> bool:
    if char < "\x7f":
        return char < " " and char != "\n"
    return char in _BIDI or char in _INVISIBLE or unicodedata.category(char) in {"Cc", "Cs", "Zl", "Zp"}


def _hold(found: Iterable[str], allowed: frozenset[str]) -> None:
    for key in sorted(frozenset(found) - allowed):
        if key.startswith("/"):
            raise TextError("text_command", N_("The command %(what)s is not written out in the text."), what=key[:100])
        raise TextError("text_link", N_("The link or name %(what)s is not written out in the text."), what=key[:100])


def _check_button(button: Button) -> None:
    if href_fault(button.url) or not button.text.strip():
        raise TextError("text_link", N_("The button “%(what)s” leads nowhere."), what=button.text[:100])
