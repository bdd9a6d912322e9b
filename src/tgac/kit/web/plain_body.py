"""Bodies that every reader takes in the same way: what would surprise a parser or a database stops here.

SECURITY.md, "Input", row "bodies": no NaN, no duplicate keys, depth bounded; and no text that Postgres cannot keep.
"""

import json
import math
from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from tgac.kit.errors import Invalid
from tgac.kit.web.i18n import _

MAX_DEPTH: Final = 40
"""A task's document is 7 deep."""


def require_plain_body(content_type: str, body: bytes) -> None:
    """Raises Invalid for JSON that is broken, ambiguous or too deep, and for text with a NUL or half a character."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded" and not _is_plain_form(body):
        raise _unreadable()
    if body and (kind == "application/json" or kind.endswith("+json")):
        _require_plain(_parsed(body))


def _is_plain_form(body: bytes) -> bool:
    """Whether its text is UTF-8 without a NUL: readers put signs of their own in the place of what is not."""
    try:
        return "\0" not in unquote_to_bytes(body).decode()
    except UnicodeDecodeError:
        return False


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body, parse_constant=_refuse, parse_float=_finite, object_pairs_hook=_distinct)
    except (ValueError, RecursionError):  # ValueError: broken, not UTF-8, or a number of thousands of digits
        raise _unreadable() from None


def _refuse(name: str) -> Any:
    raise ValueError(name)


def _finite(digits: str) -> float:
    number = float(digits)
    return number if math.isfinite(number) else _refuse(digits)


def _distinct(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    return made if len(made) == len(pairs) else _refuse("a key twice")


def _require_plain(value: Any) -> None:
    level = [value]
    for _depth in range(MAX_DEPTH):
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return
    raise _unreadable()


def _inside(value: Any) -> Sequence[Any]:
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    if isinstance(value, str) and not _is_plain(value):
        raise _unreadable()
    return value if isinstance(value, list) else ()


def _is_plain(text: str) -> bool:
    return "\0" not in text and not any("\ud800" <= sign <= "\udfff" for sign in text)


def _unreadable() -> Invalid:
    return Invalid(_("The request could not be read."), field="body")
