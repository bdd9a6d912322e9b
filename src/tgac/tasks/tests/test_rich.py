"""A text that is too long for a message, as the blocks of a rich message."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgac.tasks.text.faults import TextError
from tgac.tasks.text.html import is_long, to_plain, to_runs
from tgac.tasks.text.rich import check_blocks, to_blocks
from tgsandbox.schema import misfit


def paragraph(text: Any) -> dict[str, Any]:
    return {"type": "paragraph", "text": text}


@pytest.mark.parametrize(
    ("html", "blocks"),
    [
        ("a &lt;b&gt;", [paragraph("a <b>")]),
        ("a\nb\n\n\nc\n \nd", [paragraph("a\nb"), paragraph("c"), paragraph("d")]),
        ("\n\n a \n\n", [paragraph("a")]),
        ("<b>a</b> b", [paragraph([{"type": "bold", "text": "a"}, " b"])]),
        ("<b> \n\n</b>a", [paragraph("a")]),
        (
            '<b><i>a</i></b><a href="https://x.y/?a&amp;b"><u>c</u></a>',
            [
                paragraph(
                    [
                        {"type": "bold", "text": {"type": "italic", "text": "a"}},
                        {"type": "url", "text": {"type": "underline", "text": "c"}, "url": "https://x.y/?a&b"},
                    ]
                )
            ],
        ),
        (
            "<s>a</s><tg-spoiler>b</tg-spoiler><code>c</code>",
            [
                paragraph(
                    [
                        {"type": "strikethrough", "text": "a"},
                        {"type": "spoiler", "text": "b"},
                        {"type": "code", "text": "c"},
                    ]
                )
            ],
        ),
        ("<b>a\n\nb</b>", [paragraph({"type": "bold", "text": "a"}), paragraph({"type": "bold", "text": "b"})]),
        (
            'See:\n<pre><code class="language-python">  x = 1\n\n  y = 2</code></pre>\nand <pre>z</pre>',
            [
                paragraph("See:"),
                {"type": "pre", "text": "  x = 1\n\n  y = 2", "language": "python"},
                paragraph("and"),
                {"type": "pre", "text": "z"},
            ],
        ),
        (
            "<blockquote>a\n\n<b>b</b><pre>c</pre></blockquote>d",
            [
                {
                    "type": "blockquote",
                    "blocks": [
                        paragraph("a"),
                        paragraph({"type": "bold", "text": "b"}),
                        {"type": "pre", "text": "c"},
                    ],
                },
                paragraph("d"),
            ],
        ),
        (
            "<blockquote expandable>a\n\nb <code>c</code></blockquote>",
            [{"type": "expandable_blockquote", "text": ["a\n\nb ", {"type": "code", "text": "c"}]}],
        ),
        (
            '<tg-emoji emoji-id="5368">👍</tg-emoji>',
            [paragraph({"type": "custom_emoji", "custom_emoji_id": "5368", "alternative_text": "👍"})],
        ),
        ("<blockquote> </blockquote><pre>\n</pre>", []),
    ],
)
def test_looks_become_blocks(html: str, blocks: list[dict[str, Any]]) -> None:
    assert to_blocks(html) == blocks
    assert misfit("Array of InputRichBlock")(blocks) is None


WORDS = st.text(alphabet="ab \n\n", max_size=6)
TAGS = st.sampled_from(
    ["b", "i", "u", "s", "tg-spoiler", "code", "pre", "blockquote", "blockquote expandable", 'a href="https://x.y"']
)


@given(st.lists(st.tuples(TAGS, TAGS, WORDS, WORDS), max_size=6))
def test_no_word_is_lost_and_telegram_takes_what_comes_out(parts: list[tuple[str, str, str, str]]) -> None:
    html = "".join(_nested(*part) for part in parts)
    blocks = to_blocks(html)
    assert misfit("Array of InputRichBlock")(blocks) is None
    assert _letters(blocks) == "".join(to_plain(html).split())
    assert all(piece for block in blocks for piece in _texts(block))


def _nested(outer: str, inner: str, words: str, more: str) -> str:
    around, inside = outer.partition(" ")[0], inner.partition(" ")[0]
    allowed = around not in ("code", "pre") and around != inside
    within = f"<{inner}>{words}</{inside}>" if allowed else words
    return f"{more} <{outer}>{within} </{around}> "


def _letters(blocks: list[dict[str, Any]]) -> str:
    """What is read in them, without white space."""
    return "".join("".join(piece for block in blocks for piece in _texts(block)).split())


def _texts(node: Any) -> list[str]:
    if isinstance(node, str):
        return [node]
    if isinstance(node, list):
        return [text for one in node for text in _texts(one)]
    return _texts(node.get("blocks") or node["text"])


def test_a_text_is_long_by_what_readers_see_of_it() -> None:
    assert not is_long("x" * 4096)
    assert is_long("x" * 4097)
    assert is_long("😀" * 2049)
    assert not is_long("<b>x</b>" * 600)


def test_telegram_takes_five_hundred_blocks_those_within_quotes_among_them() -> None:
    check_blocks("x\n\n" * 500)
    check_blocks(f"<blockquote>{'x\n\n' * 499}</blockquote>")
    for html in ("x\n\n" * 501, f"<blockquote>{'x\n\n' * 500}</blockquote>"):
        with pytest.raises(TextError) as caught:
            check_blocks(html)
        assert "501 paragraphs" in caught.value.sentence


def test_an_unfolding_quote_is_told_from_another() -> None:
    plain, unfolding = to_runs("<blockquote>a</blockquote><blockquote expandable>b</blockquote>")
    assert plain.marks == frozenset({"quote"})
    assert unfolding.marks == frozenset({"quote", "expandable"})
