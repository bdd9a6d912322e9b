"""`make simulate SEED= DAYS= CHANNELS=`: months in minutes, their figures, and what went wrong in them."""

import argparse
import os
import sys
from collections.abc import Iterator

from tests.simulation.worlds import World, live_through

IN_A_WORLD = 500
"""So many channels live in one installation. More are several, each with a seed of its own."""
NEXT_SEED = 1_000_000
"""From the seed of an installation to that of the next."""
WORDS = argparse.ArgumentParser(description=__doc__)
WORDS.add_argument("--seed", type=int, default=1)
WORDS.add_argument("--seeds", type=int, default=1, help="so many seeds, one after the other")
WORDS.add_argument("--days", type=float, default=30)
WORDS.add_argument("--channels", type=int, default=1000)
WORDS.add_argument("--posts-a-day", type=float, default=0.25)
WORDS.add_argument("--trouble", type=float, default=1.0)
WORDS.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
WORDS.add_argument("--at-once", type=int, default=os.cpu_count(), help="so many installations side by side")


def _worlds(asked: argparse.Namespace) -> Iterator[World]:
    for seed in range(asked.seed, asked.seed + asked.seeds):
        for number, first in enumerate(range(0, asked.channels, IN_A_WORLD)):
            channels = min(IN_A_WORLD, asked.channels - first)
            rest = asked.days, asked.posts_a_day, asked.trouble, asked.database
            yield World(seed + number * NEXT_SEED, channels, *rest)


def main() -> int:
    """Whether anything went wrong: 0 is success."""
    asked = WORDS.parse_args()
    wrong = 0
    for told in live_through(_worlds(asked), at_once=asked.at_once):
        sys.stdout.write("\n".join([*told.lines, *(f"  VIOLATED: {one}" for one in told.wrong[:20])]) + "\n")
        sys.stdout.flush()
        wrong += len(told.wrong)
    return min(1, wrong)


if __name__ == "__main__":
    sys.exit(main())
