"""Spintax: what it means, how much of it there may be, and that Liquid stays whole in it."""

import random
import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgac.tasks.text.faults import TextError
from tgac.tasks.text.spintax import (
    MAX_DEPTH,
    Choice,
    Piece,
    Sequence,
    Tag,
    Text,
    count_variants,
    parse,
    pick,
    samples,
    sequences,
)


def said(pieces: list[Piece]) -> str:
    return "".join(piece.source if isinstance(piece, Tag) else piece.value for piece in pieces)


def all_texts(source: str) -> set[str]:
    """Every text that a small source means, by asking often."""
    tree = parse(source)
    dice = random.Random(1)
    return {said(pick(tree, dice)) for _ in range(200)}


@pytest.mark.parametrize(
    ("source", "texts"),
    [
        ("", {""}),
        ("plain | text", {"plain | text"}),
        ("{a|b}", {"a", "b"}),
        ("{a|b|{c|d}}", {"a", "b", "c", "d"}),
        ("{{a|b}|c}", {"a", "b", "c"}),
        (r"{{|\}}|x}", {"", "}", "x"}),
        ("{|x}y", {"y", "xy"}),
        (r"\{a\|b\}", {"{a|b}"}),
        (r"{a\|b|c}", {"a|b", "c"}),
        (r"{\}|\\}", {"}", "\\"}),
        (r"¯\_(ツ)_/¯ C:\n", {r"¯\_(ツ)_/¯ C:\n"}),
        ("{Hi {{ channel.title }}|Hello}", {"Hi {{ channel.title }}", "Hello"}),
        ("{{{ channel.title }}|x}", {"{{ channel.title }}", "x"}),
        ("{a|{{ x }}}", {"a", "{{ x }}"}),
        ("{{ x | upcase }}", {"{{ x | upcase }}"}),
        ("{{ x | default: '{a|b}' }}", {"{{ x | default: '{a|b}' }}"}),
        ("{% if x %}{a|b}{% endif %}", {"{% if x %}a{% endif %}", "{% if x %}b{% endif %}"}),
        ("{{don't|do}|c} it's {{ x }}", {f"{word} it's {{{{ x }}}}" for word in ("don't", "do", "c")}),
    ],
)
def test_it_means_these_texts(source: str, texts: set[str]) -> None:
    assert all_texts(source) == texts


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("Hi {a|b", "The { at character 4 is not closed"),
        ("a}b", "The } at character 2 closes nothing"),
        ("{name}", "offers no choice"),
        ("{a|" * 9 + "x" + "}" * 9, "nested deeper than 8"),
        ("{a|b}" * 200, "more than 500 parts"),
        ("{" + "|" * 600 + "}", "more than 500 parts"),
    ],
)
def test_it_is_refused_with_the_place(source: str, words: str) -> None:
    with pytest.raises(TextError, match="spintax") as caught:
        parse(source)
    assert words in caught.value.sentence


@pytest.mark.parametrize("bomb", ["{", "{a|", '{{"', "{{'", "{%", "{{", "\\{", "|", "{{ x ", "{a|b}", "{{ x }}"])
def test_a_bomb_ends_at_once(bomb: str) -> None:
    began = time.process_time()
    with suppress(TextError):
        parse(bomb * 10_000)
    assert time.process_time() - began < 0.5


def test_a_node_at_the_deepest_level_is_still_read() -> None:
    assert count_variants(parse("{a|" * MAX_DEPTH + "x" + "}" * MAX_DEPTH)) == MAX_DEPTH + 1


def test_variants_are_counted_by_arithmetic() -> None:
    assert count_variants(parse("{a|b} {c|d|e}")) == 6
    assert count_variants(parse("{a|b}" * 90)) == 2**90


def test_the_same_dice_pick_the_same_text() -> None:
    tree = parse("{a|b|c}" * 20)
    assert said(pick(tree, random.Random(7))) == said(pick(tree, random.Random(7)))
    assert said(pick(tree, random.Random(7))) != said(pick(tree, random.Random(8)))


words = st.text(alphabet="abc {}|\\<é😀", min_size=1, max_size=6).map(Text)


def trees(depth: int) -> st.SearchStrategy[Sequence]:
    nodes: st.SearchStrategy[Text | Tag | Choice] = st.one_of(words, st.just(Tag("{{ x | upcase }}")))
    if depth:
        choices = st.lists(trees(depth - 1), min_size=2, max_size=3).map(lambda options: Choice(tuple(options)))
        nodes = st.one_of(nodes, choices)
    return st.lists(nodes, max_size=3).map(tuple)


def written(tree: Sequence) -> str:
    """A tree as an author would write it."""
    parts = []
    for node in tree:
        if isinstance(node, Choice):
            parts.append("{" + "|".join(map(written, node.options)) + "}")
        elif isinstance(node, Tag):
            parts.append(node.source)
        else:
            parts.append("".join("\\" + char if char in "{}|\\" else char for char in node.value))
    return "".join(parts)


@given(trees(2), st.integers())
def test_what_is_written_is_what_is_read(tree: Sequence, seed: int) -> None:
    read = parse(written(tree))
    assert said(pick(read, random.Random(seed))) == said(pick(tree, random.Random(seed)))
    assert count_variants(read) == count_variants(tree)


@given(trees(2))
def test_samples_take_every_option(tree: Sequence) -> None:
    marked = parse(written(tree))
    taken = {id(piece) for pieces in samples(marked, 10_000) for piece in pieces}
    own = [node for sequence in sequences(marked) for node in sequence if not isinstance(node, Choice)]
    assert {id(node) for node in own} == taken


@given(st.text(alphabet="{}|%\\\"'ab x", max_size=60))
def test_any_text_is_read_or_refused(source: str) -> None:
    with suppress(TextError):
        pick(parse(source), random.Random(0))
