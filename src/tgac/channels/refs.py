"""How people name a channel."""

import re
from typing import Final

from tgac.channels.reasons import BAD_REF, sentence
from tgac.kit.errors import Invalid

_NAME: Final = r"(?P<name>[A-Za-z][A-Za-z0-9_]{3,31})"
_HOST: Final = r"(?:https?://)?(?:www\.)?(?:t|telegram)\.(?:me|dog)"
_POST: Final = r"(?:/[0-9]{1,10})?/?(?:\?[^\s]*)?"
_SHAPES: Final = (
    re.compile(rf"@?{_NAME}"),
    re.compile(rf"{_HOST}/(?:s/)?{_NAME}{_POST}", re.IGNORECASE),
    re.compile(rf"{_HOST}/c/(?P<inner>[0-9]{{1,12}}){_POST}", re.IGNORECASE),
    re.compile(r"(?P<id>-100[0-9]{1,13})"),
)
_FIRST: Final = -(10**12)
"""Channels have ids below this one; links to private ones leave it out (https://core.telegram.org/api/bots/ids)."""


def read_ref(text: str, *, link_base: str) -> int | str:
    """The id or the @username that `text` names: @name, name, id, a link to the channel or to a post of it.

    `link_base` is where links of this installation lead (Config.telegram_link_base). Raises Invalid, field `ref`.
    """
    plain = text.strip()
    if plain.startswith(f"{link_base}/"):
        plain = f"t.me/{plain.removeprefix(f'{link_base}/')}"
    found = next((match for shape in _SHAPES if (match := shape.fullmatch(plain))), None)
    if found is None:
        raise Invalid(sentence(BAD_REF), code=BAD_REF, field="ref")
    named = found.groupdict()
    if name := named.get("name"):
        return f"@{name}"
    if inner := named.get("inner"):
        return _FIRST - int(inner)
    return int(named["id"])


def ref_key(target: int | str) -> str:
    """The one way in which `read_ref`'s answer is stored and compared: usernames know no upper case."""
    return str(target).lower()


def target_of(key: str) -> int | str:
    """What `ref_key` was made of, to ask Telegram for."""
    return key if key.startswith("@") else int(key)
