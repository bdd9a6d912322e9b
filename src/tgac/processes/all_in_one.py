"""`tgac up`: every process in one."""

import asyncio

from tgac.kit.tools import Tools
from tgac.processes.api import run_api
from tgac.processes.bot import run_bots
from tgac.processes.work import run_everything, run_scheduler


async def run_all(tools: Tools, stopping: asyncio.Event) -> None:
    """Run panel, pollers, workers and scheduler until `stopping` or until one of them fails; then end them all."""

    async def guarded(part: asyncio.Task[None]) -> None:
        try:
            await part
        finally:
            stopping.set()

    parts = (run_api, run_bots, run_everything, run_scheduler)
    async with asyncio.TaskGroup() as group:
        for part in parts:
            group.create_task(guarded(asyncio.create_task(part(tools, stopping))))
