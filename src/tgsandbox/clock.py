"""The only reader of time: a real clock, one that tests move, and waiting with a limit on either."""

import asyncio
import heapq
import itertools
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where time comes from."""

    def now(self) -> datetime:
        """The moment, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds that only grow, from an arbitrary start."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Wait so many seconds of this clock."""
        ...


class RealClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds))


class ManualClock:
    """A clock that stands still until `advance` moves it; sleepers wake in the order of their time."""

    def __init__(self, start: datetime = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)) -> None:
        self._start = start
        self._passed = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._passed)

    def monotonic(self) -> float:
        return self._passed

    async def sleep(self, seconds: float) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._passed + max(0.0, seconds), next(self._numbers), woken))
        await woken

    def advance(self, seconds: float) -> None:
        """Move the clock by `seconds` and wake everybody whose time has come."""
        self._passed += seconds
        while self._sleepers and self._sleepers[0][0] <= self._passed:
            woken = heapq.heappop(self._sleepers)[2]
            if not woken.done():
                woken.set_result(None)


async def wait_at_most(clock: Clock, awaited: "asyncio.Future[None]", seconds: float) -> bool:
    """Wait until `awaited` is done, but no longer than `seconds` of `clock`; True when it is done."""
    limit = asyncio.ensure_future(clock.sleep(seconds))
    try:
        await asyncio.wait({awaited, limit}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        limit.cancel()
    return awaited.done()
