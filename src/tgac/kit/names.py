"""Names that people give to things."""

import unicodedata
from collections.abc import Collection
from typing import Annotated, Final

from pydantic import AfterValidator

from tgac.kit.errors import Invalid
from tgac.kit.web.i18n import _

_BIDI: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
_CONTROL: Final = frozenset({"Cc", "Cs", "Co", "Cn", "Zl", "Zp"})


def plain_name(value: str) -> str:
    """A name in its composed form (NFC), on one line. Raises ValueError for one that hides or turns what is read."""
    name = unicodedata.normalize("NFC", value).strip()
    if any(sign in _BIDI or unicodedata.category(sign) in _CONTROL for sign in name):
        raise ValueError(_("Control characters and marks of direction do not belong into a name."))
    if not name.strip("\u200b\u200c\u200d\u2060 "):
        raise ValueError(_("Fill this in."))
    return name


Name = Annotated[str, AfterValidator(plain_name)]
"""The type of a field that holds one; its length is said beside it."""


def require_name(value: str) -> str:
    """The same, with single spaces, for verbs that read a name themselves. Raises Invalid (field `name`)."""
    try:
        return " ".join(plain_name(value).split())
    except ValueError as error:
        raise Invalid(str(error), field="name") from None


def name_of_copy(name: str, taken: Collection[str], *, limit: int) -> str:
    """A free name for a copy, "Rules (copy)" or "Rules (copy 2)", of at most `limit` characters."""
    stem = name[: limit - 20]
    first = _("%(name)s (copy)", name=stem)
    numbered = (_("%(name)s (copy %(number)s)", name=stem, number=number) for number in range(2, len(taken) + 3))
    return first if first not in taken else next(one for one in numbered if one not in taken)
