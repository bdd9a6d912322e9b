"""One simulation from its seed to what is to be said of it, and several side by side, each in a process of its own."""

import asyncio
import gc
import multiprocessing
import selectors
import tempfile
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import structlog

from tests.simulation.invariants import violations
from tests.simulation.met import met
from tests.simulation.month import Month
from tests.simulation.stage import a_stage
from tests.support.databases import MEMORY


@dataclass(frozen=True)
class World:
    """What a simulation is made of: the same world is lived through in the same way."""

    seed: int
    channels: int
    days: float
    posts_a_day: float
    trouble: float
    database: str


@dataclass(frozen=True)
class Told:
    """What was met in a world, in lines, and what went wrong in it."""

    lines: list[str]
    wrong: list[str]


def live_through(worlds: Iterable[World], *, at_once: int) -> Iterator[Told]:
    """What came of each, in their order."""
    alike = multiprocessing.get_context("fork")  # nothing has run yet: what is imported need not be once more in each
    with ProcessPoolExecutor(at_once, mp_context=alike) as processes:
        for under_way in [processes.submit(_live_through, world) for world in worlds]:
            yield under_way.result()


def _quiet(logger: object, name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    raise structlog.DropEvent


def _live_through(world: World) -> Told:
    structlog.configure(processors=[_quiet])
    try:
        return asyncio.run(_simulate(world), loop_factory=_inward if world.database == "sqlite" else None)
    finally:
        gc.enable()


class _Inward(selectors.DefaultSelector):
    """Nothing comes from outside while there is something to do within: the system is asked by whoever waits."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        return [] if timeout is not None and timeout <= 0 else super().select(timeout)


def _inward() -> asyncio.SelectorEventLoop:
    return asyncio.SelectorEventLoop(_Inward())


async def _simulate(world: World) -> Told:
    began, cpu = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        async with a_stage(world.database, Path(folder), seed=world.seed, channels=world.channels) as stage:
            gc.collect()
            gc.freeze()  # what is there now stays: it need not be gone through again and again
            gc.disable()  # a month leaves 200 MB in circles; looking for them costs more than they do
            month = Month(stage, days=world.days, posts_a_day=world.posts_a_day, trouble=world.trouble)
            await month.run()
            wrong = await violations(month)
            happened = await met(month)
        gc.unfreeze()
    bound = sum(post.must_be_seen for post in month.published)
    lines = [
        f"seed {world.seed}: {world.channels} channels, {len(month.published)} posts, {bound} of them to be seen,",
        f"  {stage.endpoint.calls.count} calls, {stage.ticks} looks, {stage.deaths} deaths,",
        f"  {time.perf_counter() - began:.1f} s ({time.process_time() - cpu:.1f} s CPU)",
        "  " + ", ".join(f"{name} {number}" for name, number in happened.most_common() if number),
    ]
    return Told(lines, wrong)
