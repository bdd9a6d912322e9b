"""One thing done with many: what a page tells of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


class Told(Protocol):
    """What became of one of them: its name for people, and why nothing was done, "" where it was."""

    @property
    def name(self) -> str: ...

    @property
    def message(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Result:
    """What came of an order: a sentence, and those with which nothing was done (shown by the macro `left_out`)."""

    sentence: str
    left_out: Sequence[Told]
