"""A text that is too long for a message, as the blocks of a rich message (Bot API 10.1, InputRichMessage). Pure.

Blocks and not a dialect of HTML or Markdown: Telegram describes each of them field by field.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import groupby
from typing import Any, Final

from tgac.kit.web.i18n import N_

from .faults import TextError
from .html import Run, is_long, to_runs

MAX_BLOCKS: Final = 500
"""How many blocks Telegram takes in one message, those within others among them."""
_GAP: Final = re.compile(r"\n(?:[ \u00a0]*\n)+")
_KINDS: Final = {
    "code": "code",
    "spoiler": "spoiler",
    "s": "strikethrough",
    "u": "underline",
    "i": "italic",
    "b": "bold",
}
"""What marks are called in a rich text, the innermost first."""

type Json = dict[str, Any]


def to_blocks(html: str) -> list[Json]:
    """The blocks (InputRichBlock); no text in them is empty, since Telegram refuses such. TextError as `to_runs`."""
    return [block for quote, runs in groupby(to_runs(html), key=_quote) for block in _quoted(quote, list(runs))]


def blocks_if_long(html: str) -> tuple[Json, ...]:
    """What goes out instead of the text (`Look.rich`): its blocks where no message takes it, else nothing."""
    return tuple(to_blocks(html)) if is_long(html) else ()


def check_blocks(html: str) -> None:
    """Refuse a long text that has more parts than Telegram takes (TextError)."""
    count = sum(1 + len(block.get("blocks", ())) for block in to_blocks(html))
    if count > MAX_BLOCKS:
        words = N_("The text has %(count)d paragraphs, quotes and pieces of code; Telegram takes %(limit)d.")
        raise TextError("text_blocks", words, count=count, limit=MAX_BLOCKS)


def _quote(run: Run) -> str:
    if "quote" not in run.marks:
        return ""
    return "expandable_blockquote" if "expandable" in run.marks else "blockquote"


def _quoted(quote: str, runs: list[Run]) -> list[Json]:
    """A quote that unfolds holds words alone; any other holds blocks."""
    if quote == "expandable_blockquote":
        words = _trimmed(runs)
        return [{"type": quote, "text": _said(words)}] if words else []
    inner = [block for code, part in groupby(runs, key=_code) for block in _plain(code, list(part))]
    return [{"type": quote, "blocks": inner}] if quote and inner else inner


def _code(run: Run) -> str | None:
    """The language of a block of code; None for words."""
    return run.language if "pre" in run.marks else None


def _plain(code: str | None, runs: list[Run]) -> list[Json]:
    if code is None:
        paragraphs = (_trimmed(words) for words in _paragraphs(runs))
        return [{"type": "paragraph", "text": _said(words)} for words in paragraphs if words]
    words = _trimmed([replace(run, marks=run.marks - {"code"}) for run in runs], sides="\n")
    language = {"language": code} if code else {}
    return [{"type": "pre", "text": _said(words), **language}] if words else []


def _paragraphs(runs: Iterable[Run]) -> Iterator[list[Run]]:
    """Parted at empty lines; a single line break stays within its paragraph."""
    paragraph: list[Run] = []
    for run in runs:
        first, *more = _GAP.split(run.text)
        paragraph.append(replace(run, text=first))
        for text in more:
            yield paragraph
            paragraph = [replace(run, text=text)]
    yield paragraph


def _trimmed(runs: list[Run], sides: str | None = None) -> list[Run]:
    """Without white space (or `sides`) around it and without empty runs; nothing where nothing would be seen."""
    if not "".join(run.text for run in runs).strip():
        return []
    while not runs[0].text.strip(sides):
        runs = runs[1:]
    while not runs[-1].text.strip(sides):
        runs = runs[:-1]
    runs = [replace(runs[0], text=runs[0].text.lstrip(sides)), *runs[1:]]
    runs = [*runs[:-1], replace(runs[-1], text=runs[-1].text.rstrip(sides))]
    return [run for run in runs if run.text]


def _said(runs: list[Run]) -> Any:
    """The words as a RichText: one node, or a list of them."""
    nodes = [_node(run) for run in runs]
    return nodes[0] if len(nodes) == 1 else nodes


def _node(run: Run) -> str | Json:
    node: str | Json = run.text
    if run.emoji:
        node = {"type": "custom_emoji", "custom_emoji_id": run.emoji, "alternative_text": run.text}
    for mark, kind in _KINDS.items():
        if mark in run.marks:
            node = {"type": kind, "text": node}
    return {"type": "url", "text": node, "url": run.href} if run.href else node
