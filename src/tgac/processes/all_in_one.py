"""`tgac up`: every process in one."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from tgac.kit.tools import Tools
from tgac.processes.api import run_api
from tgac.processes.bot import run_bots
from tgac.processes.work import run_everything, run_scheduler

type Part = Callable[[Tools, asyncio.Event], Awaitable[None]]
PARTS: tuple[Part, ...] = (run_api, run_bots, run_everything, run_scheduler)


async def run_all(tools: Tools, stopping: asyncio.Event, *, parts: Sequence[Part] = PARTS) -> None:
    """Run panel, pollers, workers and scheduler until `stopping` or until one of them fails; then end them all.

    None is cut off because another failed: a comment that is being sent would be left unknown.
    """

    async def ending_all(part: Part) -> None:
        try:
            await part(tools, stopping)
        finally:
            stopping.set()

    for error in await asyncio.gather(*map(ending_all, parts), return_exceptions=True):
        if error is not None:
            raise error
