"""The record of every call of the Bot API. Tokens never get into it."""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tgsandbox.model import TOKEN, Json

_SECRET = ("secret_token", "certificate")


@dataclass(slots=True)
class Record:
    """One call; it is written down when it comes in and completed when it is answered."""

    n: int
    at: float
    bot_id: int | None
    method: str
    chat_id: Any = None
    params: Json | None = None
    fault: str | None = None
    executed: bool = False
    status: int | None = None
    description: str | None = None
    ms: float | None = None

    def shown(self) -> Json:
        """The record as the control shows it."""
        return {name: getattr(self, name) for name in self.__slots__}


class CallLog:
    """The last `cap` calls in the order they came."""

    def __init__(self, cap: int = 200_000) -> None:
        self._records: deque[Record] = deque(maxlen=cap)
        self.count = 0

    @property
    def cap(self) -> int:
        return self._records.maxlen or 0

    @cap.setter
    def cap(self, cap: int) -> None:
        self._records = deque(self._records, maxlen=cap)

    def begin(self, at: float, bot_id: int | None, method: str) -> Record:
        self.count += 1
        record = Record(self.count, at, bot_id, method)
        self._records.append(record)
        return record

    def was_done(self, n: int) -> bool:
        """Whether the call of that number was carried out, whatever its answer was."""
        return next((record.executed for record in reversed(self._records) if record.n == n), False)

    def clear(self) -> None:
        self._records.clear()
        self.count = 0

    def shown(self, *, after: int = 0, bot_id: int | None = None, method: str | None = None) -> Iterator[Json]:
        """The records with a number above `after`, of that bot and method only when they are given."""
        for record in self._records:
            if record.n > after and bot_id in (None, record.bot_id) and method in (None, record.method):
                yield record.shown()


def without_secrets(params: Json) -> Json:
    """The parameters with tokens and secrets struck out, at any depth."""
    return {name: "•••" if name in _SECRET else _clean(value) for name, value in params.items()}


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return re.sub(TOKEN, "•••", value) if ":" in value else value
    if isinstance(value, dict):
        return {name: _clean(item) for name, item in value.items()}
    return [_clean(item) for item in value] if isinstance(value, list) else value
