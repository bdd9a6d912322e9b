"""Trouble on demand."""

import random
from dataclasses import dataclass
from typing import Any

from tgsandbox.inputs import BadInput

KINDS = ("delay", "refuse", "drop_before", "drop_after", "http", "bad_json", "duplicate_update", "flood")
FIELDS = ("kind", "method", "bot_id", "chat_id", "times", "probability", "seed", "value")


@dataclass(slots=True)
class Fault:
    """One order of trouble. `left` is how often it still strikes (None: until it is taken back)."""

    kind: str
    method: str | None
    bot_id: int | None
    chat_id: Any
    left: int | None
    probability: float
    value: float | None
    dice: random.Random

    def strikes(self, *, method: str | None, bot_id: int, chat_id: Any) -> bool:
        """Whether it hits this call; counts down when it does."""
        if self.left == 0 or self.bot_id not in (None, bot_id):
            return False
        if method is not None and self.method and self.method.lower() != method.lower():
            return False
        if self.chat_id is not None and str(self.chat_id) != str(chat_id):
            return False
        if self.probability < 1 and self.dice.random() >= self.probability:
            return False
        if self.left is not None:
            self.left -= 1
        return True


class Faults:
    """The faults that are ordered, oldest first."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []

    def clear(self) -> None:
        self._faults.clear()

    def add(self, fault: Fault) -> None:
        self._faults.append(fault)

    def for_call(self, *, method: str, bot_id: int, chat_id: Any) -> list[Fault]:
        """What befalls this call: every delay that strikes, and the first other fault that does."""
        if not self._faults:
            return []
        self._faults = [fault for fault in self._faults if fault.left != 0]
        hit: list[Fault] = []
        for fault in self._faults:
            if fault.kind == "duplicate_update" or (fault.kind != "delay" and any(f.kind != "delay" for f in hit)):
                continue
            if fault.strikes(method=method, bot_id=bot_id, chat_id=chat_id):
                hit.append(fault)
        return hit

    def repeats(self, *, bot_id: int, chat_id: Any) -> int:
        """How often an update for this bot about this chat comes again."""
        orders = [fault for fault in self._faults if fault.kind == "duplicate_update"]
        return sum(1 for fault in orders if fault.strikes(method=None, bot_id=bot_id, chat_id=chat_id))


def is_whole_port(body: dict[str, Any]) -> bool:
    """`refuse` without a filter is not a fault of calls: the port itself is closed."""
    return body.get("kind") == "refuse" and not any(body.get(name) for name in ("method", "bot_id", "chat_id"))


def read_fault(body: dict[str, Any]) -> Fault:
    """A fault from the body of `POST /sandbox/faults`. Raises `BadInput` naming the field."""
    kind = body["kind"]
    probability = body.get("probability", 1.0)
    if not 0 <= probability <= 1:
        raise BadInput("probability", "is between 0 and 1")
    if kind in ("delay", "http") and body.get("value") is None:
        raise BadInput("value", "is needed for this kind")
    if kind == "http" and not 300 <= body["value"] <= 599:
        raise BadInput("value", "is an HTTP status of an error")
    if body.get("times") is not None and body["times"] < 1:
        raise BadInput("times", "is at least 1")
    dice = random.Random(body.get("seed", 0))
    return Fault(
        kind, body.get("method"), body.get("bot_id"), body.get("chat_id"), body.get("times"), probability,
        body.get("value"), dice,
    )  # fmt: skip
