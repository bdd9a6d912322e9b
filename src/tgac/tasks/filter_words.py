"""A task's filter as pieces of a sentence, in the reader's language."""

from collections.abc import Iterator, Sequence
from typing import Final

from tgac.kit.web.i18n import _, ngettext
from tgac.tasks.config import Filter
from tgac.tasks.words import MEDIA_WORDS

_TOLD: Final = 3
"""So many words of a list are told; how many more there are is told by their number."""
_LONGEST: Final = 60
"""So many characters of a pattern are told."""


def filter_words(wanted: Filter) -> list[str]:
    """What a post must be for the filter, weekdays and share aside; nothing where every post will do."""
    return [*_of_text(wanted), *_of_kind(wanted)]


def _of_text(wanted: Filter) -> Iterator[str]:
    if wanted.any_words:
        yield _("with one of the words %(words)s", words=_some(_quoted(wanted.any_words)))
    if wanted.no_words:
        yield _("with none of the words %(words)s", words=_some(_quoted(wanted.no_words)))
    if wanted.hashtags:
        yield _("with one of the hashtags %(tags)s", tags=_some([f"#{tag}" for tag in wanted.hashtags]))
    if wanted.regex is not None:
        yield _(
            "that match the pattern %(pattern)s",
            pattern=wanted.regex if len(wanted.regex) <= _LONGEST else f"{wanted.regex[:_LONGEST]}…",
        )
    if wanted.languages:
        yield _("in the languages %(languages)s", languages=_some(wanted.languages))


def _of_kind(wanted: Filter) -> Iterator[str]:
    if wanted.media:
        words = [_(MEDIA_WORDS[one]).lower() for one in wanted.media]
        yield _("carrying %(media)s", media=_some(words))
    if wanted.min_length is not None:
        yield ngettext("of %(n)s character at least", "of %(n)s characters at least", wanted.min_length)
    if wanted.max_length is not None:
        yield ngettext("of %(n)s character at most", "of %(n)s characters at most", wanted.max_length)
    if not wanted.forwarded:
        yield _("that are not forwarded")


def _quoted(words: Sequence[str]) -> list[str]:
    return [_("“%(word)s”", word=word) for word in words]


def _some(words: Sequence[str]) -> str:
    told = ", ".join(words[:_TOLD])
    more = len(words) - _TOLD
    return _("%(words)s and %(n)s more", words=told, n=more) if more > 0 else told
