"""The worker's engine: claims jobs in batches, runs them side by side, writes the outcomes in batches."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from tgac.kit.db.session import DatabaseAway
from tgac.kit.errors import AppError
from tgac.kit.log import log
from tgac.kit.queue import store
from tgac.kit.queue.jobs import Cancel, Done, Job, Lane, Outcome, Periodic, Snooze
from tgac.kit.queue.wake import listen
from tgac.kit.secrets import new_secret
from tgac.kit.tenancy import EVERYONE
from tgac.kit.tools import Tools

LEASE_S = 8.0
"""How long a silent worker keeps its jobs: what a killed one held is open again after this."""
RENEW_S = 2.0
IDLE_S = 1.0
"""How long to wait at the most before looking at the clock again."""
BACKOFF_S = (1, 2, 5, 15, 60, 300, 900)

type Settled = tuple[store.Claimed, Outcome | Exception]
type Handler = Callable[[Tools, Any], Awaitable[Outcome]]


@dataclass(frozen=True)
class Handles:
    """One line of the wiring: this kind of job is done by that function.

    `gave_up` is called after the last attempt has failed, for what must not end without a word.
    """

    job: type[Job]
    handler: Handler
    gave_up: Callable[[Tools, Any], Awaitable[None]] | None = None


class Runner:
    """Runs jobs until `stop`. One per process; `owner` names it in the leases."""

    def __init__(self, tools: Tools, handles: Sequence[Handles], *, lanes: Sequence[Lane] = tuple(Lane)) -> None:
        self.tools = tools
        self.lanes = lanes
        self.owner = new_secret(12)
        self._handles = {one.job.kind: one for one in handles}
        self._running: set[asyncio.Task[None]] = set()
        self._outcomes: list[Settled] = []
        self._held: set[int] = set()
        self._stopping = False

    def stop(self) -> None:
        """Claim nothing more; what is under way is finished."""
        self._stopping = True
        self.tools.bell.ring()

    async def run(self) -> None:
        """Work until `stop` was called and everything under way is finished and written.

        Without what keeps its leases, or hears of jobs, a worker is none: if that fails it ends as if it were told to,
        and then fails with it.
        """
        beside = [asyncio.create_task(self._keep_leases()), asyncio.create_task(self._listen())]
        for task in beside:
            task.add_done_callback(lambda _ended: self.stop())
        try:
            while not (self._stopping and not self._running and not self._outcomes):
                claimed = await self._turn()
                if not claimed and not self._outcomes:
                    await self.tools.bell.wait(await self._pause())
        finally:
            for task in beside:
                task.cancel()
            for task in beside:
                with suppress(asyncio.CancelledError):
                    await task

    async def run_due(self) -> int:
        """Run what is due at this moment to the end, and what that leaves due; returns how many. For tests."""
        total = 0
        while claimed := await self._turn():
            total += claimed
            await asyncio.gather(*self._running)
        return total

    async def _listen(self) -> None:
        await listen(self.tools.db, self.tools.clock, self.tools.bell)

    async def _turn(self) -> int:
        """Write outcomes and claim what there is room for, in one transaction; start what was claimed."""
        room = 0 if self._stopping else self.tools.config.max_concurrency - len(self._running)
        outcomes, self._outcomes = self._outcomes, []
        if not outcomes and room <= 0:
            return 0
        try:
            claimed = await self._settle_and_claim(outcomes, room)
        except DatabaseAway as error:
            log().error("queue_unreachable", error=str(error.orig))
            self._outcomes = outcomes + self._outcomes
            await self.tools.clock.sleep(IDLE_S)
            return 0
        self._held -= {settled.id for settled, _ in outcomes}
        self._held |= {one.id for one in claimed}
        for one in claimed:
            task = asyncio.create_task(self._run_one(one))
            self._running.add(task)
            task.add_done_callback(self._finished)
        return len(claimed)

    async def _settle_and_claim(self, outcomes: list[Settled], room: int) -> list[store.Claimed]:
        def turn(connection: Connection) -> list[store.Claimed]:
            now = self.tools.clock.now()  # not before the turn has come: a lease counts from when it is written
            if outcomes:
                self._settle(connection, outcomes, now)
            if room <= 0 or self._stopping:
                return []
            return store.claim(connection, owner=self.owner, lanes=self.lanes, n=room, now=now, lease_s=LEASE_S)

        return await self.tools.db.queueing(turn)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self.tools.bell.ring()

    async def _pause(self) -> float:
        if self._stopping or len(self._running) >= self.tools.config.max_concurrency:
            return IDLE_S
        try:
            async with self.tools.db.looking() as connection:
                moment = await connection.run_sync(store.moment_of, self.lanes)
        except DatabaseAway:
            return IDLE_S  # the next turn says what is wrong
        return IDLE_S if moment is None else min(IDLE_S, max(0.0, (moment - self.tools.clock.now()).total_seconds()))

    async def _run_one(self, claimed: store.Claimed) -> None:
        handles = self._handles.get(claimed.kind)
        outcome: Outcome | Exception
        try:
            outcome = Cancel("nobody handles this kind") if handles is None else await self._call(handles, claimed)
        except Exception as error:  # noqa: BLE001  the runner is where any failure becomes a retry
            outcome = await self._after_failure(handles, claimed, error)
        self._outcomes.append((claimed, outcome))

    async def _after_failure(
        self, handles: Handles | None, claimed: store.Claimed, failure: Exception
    ) -> Outcome | Exception:
        """The failure; or, where even giving up fails, another try at it later."""
        if handles is None or handles.gave_up is None or claimed.attempts < handles.job.max_attempts:
            return failure
        try:
            await handles.gave_up(self.tools, handles.job(**claimed.payload))
        except Exception as error:  # noqa: BLE001  it is tried again, as everything is
            log().error("giving_up_failed", job=claimed.id, kind=claimed.kind, exc_info=error)
            return Snooze(BACKOFF_S[-1])
        return failure

    async def _call(self, handles: Handles, claimed: store.Claimed) -> Outcome:
        return await handles.handler(self.tools, handles.job(**claimed.payload))

    def _settle(self, connection: Connection, outcomes: list[Settled], now: datetime) -> None:
        done: list[int] = []
        again: list[store.Again] = []
        ended: list[store.Ended] = []
        for claimed, outcome in outcomes:
            match outcome:
                case Done():
                    done.append(claimed.id)
                case Snooze(seconds):
                    again.append(store.Again(claimed.id, now + timedelta(seconds=seconds), claimed.attempts - 1))
                case Cancel(reason):
                    ended.append(store.Ended(claimed.id, "cancelled", reason))
                case failure:
                    self._sort_failure(claimed, failure, again, ended)
        store.settle(connection, owner=self.owner, done=done, again=again, ended=ended)

    def _sort_failure(
        self, claimed: store.Claimed, failure: Exception, again: list[store.Again], ended: list[store.Ended]
    ) -> None:
        handles = self._handles[claimed.kind]
        words = f"{type(failure).__name__}: {failure}"
        expected = isinstance(failure, AppError)
        log().warning(
            "job_failed", job=claimed.id, kind=claimed.kind, error=words, exc_info=None if expected else failure
        )
        if claimed.attempts >= handles.job.max_attempts:
            ended.append(store.Ended(claimed.id, "failed", words))
            return
        wait = BACKOFF_S[min(claimed.attempts - 1, len(BACKOFF_S) - 1)]
        again.append(store.Again(claimed.id, self.tools.clock.now() + timedelta(seconds=wait), claimed.attempts, words))

    async def _keep_leases(self) -> None:
        while True:
            try:
                await self.tools.db.queueing(self._renew)
            except DatabaseAway as error:
                log().error("queue_unreachable", error=str(error.orig))
            await self.tools.clock.sleep(RENEW_S)

    def _renew(self, connection: Connection) -> None:
        now = self.tools.clock.now()
        store.renew(connection, self._held, owner=self.owner, until=now + timedelta(seconds=LEASE_S))
        store.release_lost(connection, now)


async def schedule(tools: Tools, periodic: Sequence[Periodic], owner: str) -> None:
    """The scheduler: while it holds the one lease, enqueue each periodic job when it is due. Until cancelled."""
    due = {one.job.kind: 0.0 for one in periodic}
    while True:
        try:
            await _enqueue_due(tools, periodic, owner, due)
        except DatabaseAway as error:
            log().error("queue_unreachable", error=str(error.orig))
        await tools.clock.sleep(RENEW_S)


async def _enqueue_due(tools: Tools, periodic: Sequence[Periodic], owner: str, due: dict[str, float]) -> None:
    now = tools.clock.monotonic()
    async with tools.acting(None, EVERYONE) as act:
        if not await store.take_lease(act.session, name="scheduler", owner=owner, now=act.now, lease_s=LEASE_S):
            return
        ready = [one for one in periodic if now >= due[one.job.kind]]
        for one in ready:
            act.enqueue(one.job, key=f"periodic:{one.job.kind}")
    due |= {one.job.kind: now + one.every_s for one in ready}
