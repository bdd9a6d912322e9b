"""`python -m bench.cpu [sqlite|postgres]`: processor time that a post costs, step by step, in one process.

Processor time (user and system, all threads of this process) and not seconds on the wall: it says the same on a busy
machine. Telegram is the sandbox in a process of its own; what Postgres itself uses is not counted.
"""

import asyncio
import json
import resource
import sys
import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from tests.support.databases import fresh_url

from bench.stage import BOTS, PROJECT, Place, Stage, a_stage
from tgac.bots.models import Bot
from tgac.bots.service import token_of
from tgac.comments.arrive import ALLOWED, take_updates
from tgac.comments.models import Comment
from tgac.kit.queue.jobs import Lane
from tgac.kit.queue.runner import Runner
from tgac.kit.tools import Tools
from tgac.processes.shared import tools_for
from tgac.wiring import HANDLES

WARM, WAVES = 2, 10
"""A wave is a post for each bot; the first ones are not counted, while statements are compiled."""


def used() -> float:
    """Seconds of processor time that this process has used."""
    told = resource.getrusage(resource.RUSAGE_SELF)
    return told.ru_utime + told.ru_stime


class Waves:
    """Posts that arrive, are planned and are sent, one wave after the other."""

    def __init__(self, stage: Stage, tools: Tools, bots: list[Bot]) -> None:
        self._stage = stage
        self._tools = tools
        self._bots = bots
        self._offsets: dict[int, int] = {}
        self.spent: dict[str, float] = {}

    async def run(self, number: int) -> None:
        """One wave: a post into a channel of every bot."""
        there = [self._stage.places[(number * BOTS + bot) % len(self._stage.places)] for bot in range(BOTS)]
        await self._publish(there, number)
        await self._counted("intake", asyncio.gather(*(self._take_in(bot) for bot in self._bots)))
        await self._counted("plan", Runner(self._tools, HANDLES, lanes=(Lane.WORK,)).run_due())
        await self._counted("send", Runner(self._tools, HANDLES, lanes=(Lane.SEND,)).run_due())

    async def _publish(self, there: list[Place], number: int) -> None:
        for place in there:
            await self._stage.post(place, f"Post {number}")

    async def _counted(self, step: str, doing: Any) -> None:
        before = used()
        await doing
        self.spent[step] = self.spent.get(step, 0.0) + used() - before

    async def _take_in(self, bot: Bot) -> None:
        token, offset = token_of(self._tools.keys, bot), self._offsets.get(bot.id)
        raw = await self._tools.telegram.get_updates(token, offset=offset, timeout_s=0, allowed=ALLOWED)
        await take_updates(self._tools, bot, raw)
        if raw:
            self._offsets[bot.id] = max(one["update_id"] for one in raw) + 1


async def measure(stage: Stage) -> dict[str, float]:
    """Milliseconds of processor time for one post, by step and altogether."""
    async with tools_for(stage.config) as tools:
        async with tools.reading(None, PROJECT) as act:
            bots = list(await act.session.scalars(select(Bot).order_by(Bot.id)))
        await stage.forget_updates()
        waves = Waves(stage, tools, bots)
        for number in range(WARM + WAVES):
            if number == WARM:
                waves.spent.clear()
            await waves.run(number)
        posts = WAVES * BOTS
        async with tools.reading(None, PROJECT) as act:
            asked = select(Comment.state, Comment.reason, func.count()).group_by(Comment.state, Comment.reason)
            became = [tuple(row) for row in await act.session.execute(asked)]
        assert became == [("sent", "sent", posts + WARM * BOTS)], became
    found = {f"{step}_ms": round(1000 * spent / posts, 2) for step, spent in waves.spent.items()}
    return found | {"all_ms": round(1000 * sum(waves.spent.values()) / posts, 2)}


async def run(kind: str, folder: Path) -> dict[str, float]:
    """The figures on one database."""
    async with a_stage(folder, await fresh_url(kind, folder, empty=True)) as stage:
        return await measure(stage)


def main() -> None:
    """Run and print a line of JSON for each database."""
    for kind in sys.argv[1:] or ["sqlite", "postgres"]:
        with tempfile.TemporaryDirectory(prefix="tgac-bench-") as folder:
            found = asyncio.run(run(kind, Path(folder)))
        sys.stdout.write(f"{json.dumps({'database': kind} | found)}\n")


if __name__ == "__main__":
    main()
