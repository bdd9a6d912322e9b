"""Rich messages (Bot API 10.1): words in blocks. The types were held against the tables already; here is the rest.

The limits are Telegram's; the words of refusal for them are the sandbox's guesses, as `refusals.ALSO` says.
"""

from collections.abc import Iterator
from typing import Any

from tgsandbox.bot_api.call import Call
from tgsandbox.entities import utf16_length
from tgsandbox.model import Json
from tgsandbox.refusals import refuse

MAX_LENGTH = 32_768
MAX_BLOCKS = 500
MAX_DEPTH = 16
_EMULATED = {
    *("paragraph", "heading", "pre", "footer", "divider"),
    *("blockquote", "expandable_blockquote", "pullquote", "details"),
}
_WORDS = ("text", "summary", "credit")


def rich_fields(call: Call) -> Json:
    """The message's fields. Raises where it is empty, too long, too deep or of too many blocks."""
    given: Json = call.params["rich_message"]
    sources = [name for name in ("html", "markdown", "blocks") if name in given]
    if len(sources) != 1:
        raise refuse("rich_twice" if sources else "rich_empty")
    if sources != ["blocks"]:
        raise refuse("rich_not_emulated", what=sources[0])
    blocks: list[Json] = given["blocks"]
    if not blocks:
        raise refuse("rich_empty")
    if sum(1 for _ in _each(blocks, 1)) > MAX_BLOCKS:
        raise refuse("rich_too_many")
    length = sum(utf16_length(text) for text in plain_texts(blocks))
    if length > MAX_LENGTH:
        raise refuse("rich_too_long")
    return {"rich_message": {"blocks": blocks} | ({"is_rtl": True} if given.get("is_rtl") else {})}


def plain_texts(blocks: list[Json]) -> list[str]:
    """Every piece of words in the blocks, in order; refused where one is empty."""
    named = ((block[name], depth) for block, depth in _each(blocks, 1) for name in _WORDS if name in block)
    return [piece for words, depth in named for piece in _texts(words, depth + 1)]


def summary(message: Json) -> str:
    """The first words of a rich message, for lists of chats."""
    return " ".join(plain_texts(message["blocks"]))[:100]


def _each(blocks: list[Json], depth: int) -> Iterator[tuple[Json, int]]:
    """The blocks and those within them, each with how deep it lies."""
    if depth > MAX_DEPTH:
        raise refuse("rich_too_deep")
    for block in blocks:
        if block["type"] not in _EMULATED:
            raise refuse("rich_not_emulated", what=block["type"])
        yield block, depth
        yield from _each(block.get("blocks", []), depth + 1)


def _texts(text: Any, depth: int) -> Iterator[str]:
    if depth > MAX_DEPTH:
        raise refuse("rich_too_deep")
    if isinstance(text, str):
        if not text:
            raise refuse("rich_empty")
        yield text
    elif isinstance(text, list):
        if not text:
            raise refuse("rich_empty")
        for one in text:
            yield from _texts(one, depth)
    elif "alternative_text" in text:
        yield text["alternative_text"]
    elif "text" in text:
        yield from _texts(text["text"], depth + 1)
    else:
        raise refuse("rich_not_emulated", what=text["type"])
