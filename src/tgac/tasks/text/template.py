"""Liquid for people's texts: strict, bounded, with few tags and filters (python-liquid 2).

There are conditions and filters on text, no loops and no arithmetic. A filter that can multiply its input (`replace`,
`join`, `times`) is left out or bounded: in a chain of five it would build gigabytes out of a line. What variables bring
in is HTML-escaped on output and never parsed.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from liquid import BoundTemplate, Environment, StrictUndefined
from liquid.builtin import content, illegal, output
from liquid.builtin.filters import misc, string
from liquid.builtin.tags import assign_tag, case_tag, comment_tag, if_tag, unless_tag
from liquid.builtin.tags.inline_comment_tag import InlineCommentTag
from liquid.exceptions import (
    FilterError,
    LiquidError,
    ResourceLimitError,
    UndefinedError,
    UnknownFilterError,
)
from liquid.tag import Tag as LiquidTag

from tgac.kit.web.i18n import N_

from .faults import TextError
from .spintax import Piece, Sequence, Tag, all_pieces, sequences

MAX_TAG = 500
VARIABLES = (
    "post.text",
    "post.link",
    "post.hashtags",
    "channel.title",
    "channel.username",
    "bot.name",
    "date",
    "time",
    "weekday",
)
# These two are built into the library's lexer and cannot be left out of the list of tags.
_VERBATIM = re.compile(r"\{%-?\s*(raw|doc)\b")
MAX_OUTPUT = 40_000

type Values = Mapping[str, str | Mapping[str, str]]

TAGS: tuple[type[LiquidTag], ...] = (
    content.Literal,
    output.Output,
    illegal.Illegal,
    if_tag.IfTag,
    unless_tag.UnlessTag,
    case_tag.CaseTag,
    assign_tag.AssignTag,
    comment_tag.CommentTag,
    InlineCommentTag,
)


def replace(left: object, old: object, new: object = "") -> str:
    """Every `old` becomes `new`; `old` is at least one character, the outcome at most 40,000."""
    text, needle, words = str(left), str(old), str(new)
    if not needle or len(text) + text.count(needle) * len(words) > MAX_OUTPUT:
        raise FilterError("replace would make too much text", token=None)
    return text.replace(needle, words)


FILTERS: Mapping[str, Callable[..., object]] = {
    "append": string.append,
    "capitalize": string.capitalize,
    "default": misc.default,
    "downcase": string.downcase,
    "escape": string.escape,
    "lstrip": string.lstrip,
    "prepend": string.prepend,
    "replace": replace,
    "rstrip": string.rstrip,
    "size": misc.size,
    "slice": string.slice_,
    "squish": string.squish,
    "strip": string.strip,
    "truncate": string.truncate,
    "truncatewords": string.truncatewords,
    "upcase": string.upcase,
    "url_encode": string.url_encode,
}


class _Environment(Environment):
    block_nesting_limit = 10
    local_namespace_limit = MAX_OUTPUT
    output_stream_limit = MAX_OUTPUT

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        assert not extra
        for tag in TAGS:
            self.add_tag(tag)
        for name, function in FILTERS.items():
            self.add_filter(name, function)


ENVIRONMENT = _Environment(autoescape=True, undefined=StrictUndefined)


def source_of(pieces: Iterable[Piece]) -> str:
    """Liquid source in which the author's own braces stay braces."""
    return "".join(piece.source if isinstance(piece, Tag) else piece.value.replace("{", "{{'{'}}") for piece in pieces)


def fill(pieces: Iterable[Piece], values: Values) -> str:
    """The text with its variables, escaped for Telegram HTML; TextError with code `template` where it cannot be."""
    try:
        return _parse(source_of(pieces)).render(**values)
    except LiquidError as error:
        raise _told(error) from None
    except (ValueError, TypeError, ArithmeticError, LookupError, RecursionError) as error:
        raise TextError("template", N_("The template cannot be worked out: %(what)s."), what=str(error)[:200]) from None


def check(tree: Sequence) -> None:
    """Refuse what cannot work whatever is picked: syntax, unknown tags, filters and variables (TextError).

    A block that is opened within an option of a choice must be closed there, so every option is read by itself.
    """
    if any(isinstance(piece, Tag) and len(piece.source) > MAX_TAG for piece in all_pieces(tree)):
        raise TextError("template", N_("A tag is longer than %(limit)d characters."), limit=MAX_TAG)
    for sequence in sequences(tree):
        pieces = all_pieces(sequence)
        if any(isinstance(piece, Tag) for piece in pieces):
            _check_pieces(pieces)


def _check_pieces(pieces: Iterable[Piece]) -> None:
    try:
        analysis = _parse(source_of(pieces)).analyze()
    except LiquidError as error:
        raise _told(error) from None
    except RecursionError:
        raise TextError("template", N_("The template is nested too deeply.")) from None
    for name in analysis.filters:
        if name not in FILTERS:
            raise TextError("template", N_("There is no filter “%(name)s”."), name=name[:40])
    for uses in analysis.globals.values():
        for use in uses:
            _check_variable(use.segments)


def _check_variable(segments: Iterable[object]) -> None:
    path = [segment if isinstance(segment, str) else "…" for segment in segments]
    if ".".join(path[:2]) not in VARIABLES:
        raise TextError(
            "template",
            N_("There is no variable “%(name)s”; there are: %(known)s."),
            name=".".join(path)[:60],
            known=", ".join(VARIABLES),
        )


@lru_cache(maxsize=256)
def _parse(source: str) -> BoundTemplate:
    if verbatim := _VERBATIM.search(source):
        raise TextError("template", N_("There is no tag “%(name)s”."), name=verbatim[1])
    return ENVIRONMENT.from_string(source)


def _told(error: LiquidError) -> TextError:
    what = str(error.message)[:200]
    if isinstance(error, UndefinedError):
        return TextError("template", N_("The template names something that is not there: %(what)s."), what=what)
    if isinstance(error, UnknownFilterError):
        return TextError("template", N_("The template uses a filter that is not there: %(what)s."), what=what)
    if isinstance(error, ResourceLimitError):
        return TextError("template", N_("The template does more than it may: %(what)s."), what=what)
    return TextError("template", N_("The template cannot be read: %(what)s."), what=what)
