"""Regular expressions that people write, by RE2 alone: time grows with the text, whatever the pattern.

Syntax: https://github.com/google/re2/wiki/Syntax
"""

from functools import lru_cache
from typing import Any, Final

import re2

MAX_SEARCHED: Final = 4096
"""Characters of a post that are searched: as many as Telegram lets one have."""
_MEMORY: Final = 1024 * 1024
"""Bytes that RE2 may spend on a pattern: this bounds its program, and with it the time for each character."""


def pattern_fault(pattern: str) -> str | None:
    """RE2's own words (English) for what is wrong with a pattern; None for a good one."""
    try:
        _compiled(pattern)
    except re2.error as error:
        said = error.args[0]
        return said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    return None


def is_found(pattern: str, text: str) -> bool:
    """Whether a good pattern matches somewhere in the text."""
    return _compiled(pattern).search(text[:MAX_SEARCHED]) is not None


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    return re2.compile(pattern, options)
