"""The worker (plans, sends, checks), the observer (looks at what was sent) and the scheduler (periodic jobs)."""

import asyncio

from tgac.kit.queue.jobs import Lane
from tgac.kit.queue.runner import Runner, schedule
from tgac.kit.queue.store import drop_leases
from tgac.kit.secrets import new_secret
from tgac.kit.tenancy import EVERYONE
from tgac.kit.tools import Tools
from tgac.processes.shared import end_task
from tgac.wiring import HANDLES, PERIODIC


async def run_worker(tools: Tools, stopping: asyncio.Event) -> None:
    """Run jobs until `stopping`; what is under way then is finished."""
    await _run(Runner(tools, HANDLES, lanes=(Lane.SEND, Lane.WORK)), stopping)


async def run_observer(tools: Tools, stopping: asyncio.Event) -> None:
    """Look at sent comments until `stopping`."""
    await _run(Runner(tools, HANDLES, lanes=(Lane.OBSERVE,)), stopping)


async def run_everything(tools: Tools, stopping: asyncio.Event) -> None:
    """Worker and observer in one."""
    await _run(Runner(tools, HANDLES), stopping)


async def _run(runner: Runner, stopping: asyncio.Event) -> None:
    running = asyncio.create_task(runner.run())
    asking = asyncio.create_task(_wait(stopping))
    await asyncio.wait((running, asking), return_when=asyncio.FIRST_COMPLETED)
    runner.stop()
    await end_task(asking)
    await running


async def _wait(stopping: asyncio.Event) -> None:
    await stopping.wait()


async def run_scheduler(tools: Tools, stopping: asyncio.Event) -> None:
    """Enqueue periodic jobs until `stopping`, as long as no other scheduler does."""
    owner = new_secret(12)
    running = asyncio.create_task(schedule(tools, PERIODIC, owner))
    asking = asyncio.create_task(_wait(stopping))
    await asyncio.wait((running, asking), return_when=asyncio.FIRST_COMPLETED)
    await end_task(asking)
    await end_task(running)
    async with tools.acting(None, EVERYONE) as act:
        await drop_leases(act.session, owner)
