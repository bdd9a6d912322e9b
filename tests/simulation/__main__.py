"""`make simulate SEED= DAYS= CHANNELS=`: one simulation, its figures, and what went wrong in it."""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

import structlog

from tests.simulation.invariants import violations
from tests.simulation.met import met
from tests.simulation.month import Month
from tests.simulation.stage import a_stage
from tests.support.databases import MEMORY

WORDS = argparse.ArgumentParser(description=__doc__)
WORDS.add_argument("--seed", type=int, default=1)
WORDS.add_argument("--seeds", type=int, default=1, help="so many seeds, one after the other")
WORDS.add_argument("--days", type=float, default=30)
WORDS.add_argument("--channels", type=int, default=1000)
WORDS.add_argument("--posts-a-day", type=float, default=0.5)
WORDS.add_argument("--trouble", type=float, default=1.0)
WORDS.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")


def _quiet(logger: object, name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    raise structlog.DropEvent


async def _simulate(seed: int, asked: argparse.Namespace) -> list[str]:
    began, cpu = time.perf_counter(), time.process_time()
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder:
        async with a_stage(asked.database, Path(folder), seed=seed, channels=asked.channels) as stage:
            month = Month(stage, days=asked.days, posts_a_day=asked.posts_a_day, trouble=asked.trouble)
            await month.run()
            found = await violations(month)
            happened = await met(month)
    bound = sum(post.must_be_seen for post in month.published)
    _say(f"seed {seed}: {len(month.published)} posts, {bound} of them to be seen, {stage.endpoint.calls.count} calls,")
    _say(f"  {stage.ticks} looks, {stage.deaths} deaths,")
    _say(f"  {time.perf_counter() - began:.1f} s ({time.process_time() - cpu:.1f} s CPU)")
    _say("  " + ", ".join(f"{name} {number}" for name, number in happened.most_common() if number))
    for one in found[:20]:
        _say(f"  VIOLATED: {one}")
    return found


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """How many seeds went wrong: 0 is success."""
    asked = WORDS.parse_args()
    structlog.configure(processors=[_quiet])
    seeds = range(asked.seed, asked.seed + asked.seeds)
    return min(1, sum(bool(asyncio.run(_simulate(seed, asked))) for seed in seeds))


if __name__ == "__main__":
    sys.exit(main())
