"""A clock that tests move."""

import asyncio
import heapq
import itertools
from datetime import UTC, datetime, timedelta


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

    @property
    def somebody_sleeps(self) -> bool:
        """Whether anybody waits for this clock."""
        return bool(self._sleepers)

    def advance(self, seconds: float) -> None:
        """Move the clock by `seconds` and wake everybody whose time has come."""
        self._passed += seconds
        while self._sleepers and self._sleepers[0][0] <= self._passed:
            woken = heapq.heappop(self._sleepers)[2]
            if not woken.done():
                woken.set_result(None)

    def set_back(self, seconds: float) -> None:
        """Somebody sets the clock on the wall back; what is measured goes on."""
        self._start -= timedelta(seconds=seconds)
