"""What a comment quotes of its post: its first line, as far as it is short."""

from .html import utf16_length

LONGEST = 200
"""UTF-16 units. Telegram takes 1,024; a longer quote hides the comment under it."""


def first_words(text: str) -> tuple[int, str]:
    """Where the quote begins (UTF-16 units) and its words, cut between two of them; "" where there is nothing to quote.

    The words stand in the text exactly so: Telegram takes no other quote.
    """
    rest = text.lstrip()
    line = rest.split("\n", 1)[0].rstrip()
    if utf16_length(line) > LONGEST:
        line = _cut(line)
    return utf16_length(text[: len(text) - len(rest)]), line


def _cut(line: str) -> str:
    room, end = LONGEST, 0
    for char in line:
        room -= utf16_length(char)
        if room < 0:
            break
        end += 1
    short = line[:end]
    whole_words = short.rpartition(" ")[0].rstrip()
    return whole_words or short
