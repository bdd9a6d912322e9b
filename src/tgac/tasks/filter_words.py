"""A task's filter as pieces of a sentence, in the reader's language."""

from collections.abc import Iterator, Sequence
from typing import Final

from tgac.kit.web.i18n import N_, _, ngettext
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
    tags = [f"#{tag}" for tag in wanted.hashtags]
    if wanted.any_words:
        yield _listed(_quoted(wanted.any_words), N_("with the word %(list)s"), N_("with one of the words %(list)s"))
    if wanted.no_words:
        yield _listed(_quoted(wanted.no_words), N_("without the word %(list)s"), N_("without the words %(list)s"))
    if tags:
        yield _listed(tags, N_("with the hashtag %(list)s"), N_("with one of the hashtags %(list)s"))
    if wanted.regex is not None:
        yield _(
            "that match the pattern %(pattern)s",
            pattern=wanted.regex if len(wanted.regex) <= _LONGEST else f"{wanted.regex[:_LONGEST]}…",
        )
    if wanted.languages:
        yield _listed(wanted.languages, N_("in the language %(list)s"), N_("in one of the languages %(list)s"))


def _of_kind(wanted: Filter) -> Iterator[str]:
    if wanted.media:
        words = [_(MEDIA_WORDS[one]).lower() for one in wanted.media]
        yield _("carrying %(media)s", media=_some(words))
    if wanted.min_length:
        yield ngettext("of %(n)s character at least", "of %(n)s characters at least", wanted.min_length)
    if wanted.max_length is not None:
        yield ngettext("of %(n)s character at most", "of %(n)s characters at most", wanted.max_length)
    if not wanted.forwarded:
        yield _("that are not forwarded")


def _quoted(words: Sequence[str]) -> list[str]:
    return [_("“%(word)s”", word=word) for word in words]


def _listed(words: Sequence[str], one: str, several: str) -> str:
    """Of one or of several. Russian counts 21 like 1, so the number of what is listed decides no form."""
    return _(one if len(words) == 1 else several, list=_some(words))


def _some(words: Sequence[str]) -> str:
    told = ", ".join(words[:_TOLD])
    more = len(words) - _TOLD
    return _("%(words)s and %(n)s more", words=told, n=more) if more > 0 else told
