"""Tags: short words by which a person sorts bots."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final

from tgac.kit.errors import Invalid
from tgac.kit.web.i18n import _

MAX_TAG: Final = 32
MAX_TAGS: Final = 20
_SHAPE: Final = re.compile(rf"[\w-]{{1,{MAX_TAG}}}")


def clean_tags(written: Iterable[str]) -> list[str]:
    """Each once, in small letters, without `#`, in the order of the alphabet. Raises Invalid (field `tags`)."""
    tags = sorted({_clean(tag) for tag in written if tag.strip()})
    if len(tags) > MAX_TAGS:
        raise Invalid(_("A bot has at most %(limit)s tags.", limit=MAX_TAGS), field="tags")
    return tags


def split_tags(text: str) -> list[str]:
    """Tags as they are typed into one field, with commas or spaces between them."""
    return re.split(r"[\s,;]+", text)


def as_stored(tags: Iterable[str]) -> str:
    """Each between two spaces, so that one of them is found by a plain search."""
    joined = " ".join(sorted(set(tags)))
    return f" {joined} " if joined else ""


def _clean(tag: str) -> str:
    plain = re.sub(r"\s+", "-", unicodedata.normalize("NFKC", tag).strip().lstrip("#").lower())
    if not _SHAPE.fullmatch(plain):
        words = _("A tag is 1 to %(limit)s letters, digits, - and _: “%(tag)s” is not.", limit=MAX_TAG, tag=tag[:40])
        raise Invalid(words, field="tags")
    return plain
