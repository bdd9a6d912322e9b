"""What a comment quotes: words that stand in the post exactly so, or nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgac.tasks.text.html import utf16_length
from tgac.tasks.text.quote import LONGEST, first_words


@pytest.mark.parametrize(
    ("text", "quoted"),
    [
        ("The tram opens", (0, "The tram opens")),
        ("\n 😀 The tram opens  \nRules", (2, "😀 The tram opens")),
        ("", (0, "")),
        (" \n ", (3, "")),
        ("word " * 60, (0, ("word " * 40).rstrip())),
        ("x" * 300, (0, "x" * LONGEST)),
        ("😀" * 101, (0, "😀" * 100)),
    ],
)
def test_the_first_line_is_quoted_as_far_as_it_is_short(text: str, quoted: tuple[int, str]) -> None:
    assert first_words(text) == quoted


@given(st.text(max_size=500))
def test_a_quote_stands_in_its_post_exactly_there(text: str) -> None:
    start, words = first_words(text)
    units = text.encode("utf-16-le", "surrogatepass")
    assert units[2 * start :].startswith(words.encode("utf-16-le", "surrogatepass"))
    assert utf16_length(words) <= LONGEST
    assert bool(words) == bool(text.strip())
