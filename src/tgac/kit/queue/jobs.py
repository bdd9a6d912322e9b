"""What a job is, and how a handler says what became of it."""

from dataclasses import asdict, dataclass
from enum import IntEnum
from typing import Any, ClassVar


class Lane(IntEnum):
    """Which open jobs go first, and which process runs them: the observer has a lane of its own.

    The store seeks once per lane, so keep them few.
    """

    SEND = 0
    WORK = 1
    OBSERVE = 2


@dataclass(frozen=True)
class Job:
    """Something to do later. A subclass is a frozen dataclass whose fields are plain JSON values."""

    kind: ClassVar[str]
    lane: ClassVar[Lane] = Lane.WORK
    max_attempts: ClassVar[int] = 8

    def payload(self) -> dict[str, Any]:
        """The fields, as JSON."""
        return asdict(self)


@dataclass(frozen=True)
class Done:
    """It is done."""


@dataclass(frozen=True)
class Snooze:
    """Not yet: look again after so many seconds. Waiting is not failing: this is no attempt."""

    seconds: float


@dataclass(frozen=True)
class Cancel:
    """It will never be done; the reason is for people who read the queue."""

    reason: str


type Outcome = Done | Snooze | Cancel


@dataclass(frozen=True)
class Periodic:
    """Something that is enqueued again and again, by the one scheduler."""

    job: Job
    every_s: float
