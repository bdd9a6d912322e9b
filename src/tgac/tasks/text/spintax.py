"""Spintax: `{a|b|{c|d}}`. Liquid's `{{ … }}` and `{% … %}` are opaque pieces within it.

`\\{`, `\\}`, `\\|` and `\\\\` stand for the character itself; any other backslash is a backslash. The limits come from
the threat model: depth 8, 500 nodes. What a variable brings in is never read here: only the author's text is.
"""

import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from math import prod

from tgac.kit.web.i18n import N_

from .faults import TextError

MAX_DEPTH = 8
MAX_NODES = 500

# `{{a|b}|c}` is a choice within a choice: between Liquid's braces neither brace nor backslash stands outside quotes.
_OUTPUT = re.compile(r"""\{\{(?:"[^"]*"|'[^']*'|[^{}"'\\])*\}\}""")
_PLAIN = re.compile(r"[^{}|\\]+")


@dataclass(frozen=True, slots=True)
class Text:
    """Words that stand in the author's text, escapes resolved."""

    value: str


@dataclass(frozen=True, slots=True)
class Tag:
    """A piece of Liquid, untouched."""

    source: str


@dataclass(frozen=True, slots=True)
class Choice:
    """One of these is taken."""

    options: "tuple[Sequence, ...]"


type Sequence = tuple[Text | Tag | Choice, ...]
type Piece = Text | Tag


@dataclass(slots=True)
class _Frame:
    """A choice that is still open; `at` is where its brace stands."""

    at: int
    options: list[Sequence] = field(default_factory=list)
    nodes: list[Text | Tag | Choice] = field(default_factory=list)

    def next_option(self) -> None:
        self.options.append(tuple(self.nodes))
        self.nodes = []


class _Parser:
    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.count = 0
        self.stack = [_Frame(0)]

    def parse(self) -> Sequence:
        while self.at < len(self.source):
            self.step()
        if len(self.stack) > 1:
            raise TextError("spintax", N_("The { at character %(at)d is not closed."), at=self.stack[-1].at + 1)
        return tuple(self.stack[0].nodes)

    def step(self) -> None:
        char = self.source[self.at]
        if piece := _tag_at(self.source, self.at):
            self.add(Tag(piece), length=len(piece))
        elif char == "\\" and self.source[self.at + 1 : self.at + 2] in {"{", "}", "|", "\\"}:
            self.say(self.source[self.at + 1], length=2)
        elif char == "{":
            self.open()
        elif char == "}":
            self.close()
        elif char == "|" and len(self.stack) > 1:
            self.stack[-1].next_option()
            self.at += 1
        else:
            plain = _PLAIN.match(self.source, self.at)
            word = plain[0] if plain else char
            self.say(word, length=len(word))

    def open(self) -> None:
        if len(self.stack) > MAX_DEPTH:
            raise TextError(
                "spintax",
                N_("The { at character %(at)d is nested deeper than %(limit)d."),
                at=self.at + 1,
                limit=MAX_DEPTH,
            )
        self.stack.append(_Frame(self.at))
        self.at += 1

    def close(self) -> None:
        if len(self.stack) == 1:
            raise TextError("spintax", N_("The } at character %(at)d closes nothing; write \\}."), at=self.at + 1)
        frame = self.stack.pop()
        frame.next_option()
        if len(frame.options) == 1:
            raise TextError(
                "spintax",
                N_("The { at character %(at)d offers no choice; for a brace write \\{, for a variable {{ … }}."),
                at=frame.at + 1,
            )
        self.add(Choice(tuple(frame.options)), length=1)

    def say(self, words: str, *, length: int) -> None:
        nodes = self.stack[-1].nodes
        if nodes and isinstance(nodes[-1], Text):
            words = nodes.pop().value + words  # type: ignore[union-attr]
            self.count -= 1
        self.add(Text(words), length=length)

    def add(self, node: Text | Tag | Choice, *, length: int) -> None:
        self.count += 1 + (len(node.options) if isinstance(node, Choice) else 0)
        if self.count > MAX_NODES:
            raise TextError("spintax", N_("The text has more than %(limit)d parts."), limit=MAX_NODES)
        self.stack[-1].nodes.append(node)
        self.at += length


def _tag_at(source: str, at: int) -> str | None:
    """The piece of Liquid that begins here, if one does."""
    if source.startswith("{%", at):
        end = source.find("%}", at + 2)
        return source[at : end + 2] if end >= 0 else None
    match = _OUTPUT.match(source, at) if source.startswith("{{", at) else None
    return match[0] if match else None


def parse(source: str) -> Sequence:
    """Read an author's text; TextError says where it is wrong."""
    return _Parser(source).parse()


def pick(tree: Sequence, dice: random.Random) -> list[Piece]:
    """One text out of all that are meant, every option as likely as its neighbours. Only what is taken is walked."""
    pieces: list[Piece] = []
    for node in tree:
        if isinstance(node, Choice):
            pieces += pick(dice.choice(node.options), dice)
        else:
            pieces.append(node)
    return pieces


def count_variants(tree: Sequence) -> int:
    """How many texts are meant, by arithmetic; equal ones are counted each."""
    return prod(sum(map(count_variants, node.options)) for node in tree if isinstance(node, Choice))


def sequences(tree: Sequence) -> Iterator[Sequence]:
    """The text itself and every option in it, outermost first."""
    yield tree
    for node in tree:
        if isinstance(node, Choice):
            for option in node.options:
                yield from sequences(option)


def all_pieces(tree: Sequence) -> list[Piece]:
    """Every piece of every option, in the order in which they are written."""
    pieces: list[Piece] = []
    for node in tree:
        if isinstance(node, Choice):
            for option in node.options:
                pieces += all_pieces(option)
        else:
            pieces.append(node)
    return pieces


def samples(tree: Sequence, limit: int) -> Iterator[list[Piece]]:
    """Picks that between them take every option at least once, at most `limit` of them."""
    needed = _breadth(tree)
    for turn in range(min(needed, limit)):
        yield _turn(tree, turn)


def _breadth(tree: Sequence) -> int:
    """How many picks it takes to see every option."""
    return max((sum(map(_breadth, node.options)) for node in tree if isinstance(node, Choice)), default=1)


def _turn(tree: Sequence, turn: int) -> list[Piece]:
    pieces: list[Piece] = []
    for node in tree:
        if isinstance(node, Choice):
            pieces += _option_turn(node, turn)
        else:
            pieces.append(node)
    return pieces


def _option_turn(choice: Choice, turn: int) -> list[Piece]:
    turn %= sum(map(_breadth, choice.options))
    for option in choice.options:
        breadth = _breadth(option)
        if turn < breadth:
            return _turn(option, turn)
        turn -= breadth
    raise AssertionError("the turn lies within the breadth")
