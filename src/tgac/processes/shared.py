"""What every process begins and ends with."""

import asyncio
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tgac.kit.clock import Clock, RealClock
from tgac.kit.config import Config
from tgac.kit.db.session import Database
from tgac.kit.llm.client import ChatModel
from tgac.kit.telegram.gateway import Gateway
from tgac.kit.tools import Tools
from tgac.people.queries import find_role
from tgac.proxies.ways import ProxyWays


@asynccontextmanager
async def tools_for(config: Config) -> AsyncIterator[Tools]:
    """The real tools, closed at the end. A long poll holds a connection as long as it lasts, so there is no limit."""
    db = Database(config.db_url)
    telegram = Gateway(config.telegram_api_base, limit=0, allow_private=config.allow_private_hosts)
    clock = RealClock()
    tools = Tools(config, clock, db, config.keys, telegram, find_role, llm=_language_model(config, clock))
    telegram.ways = ProxyWays(tools)
    try:
        yield tools
    finally:
        await telegram.aclose()
        await db.aclose()


def _language_model(config: Config, clock: Clock) -> ChatModel:
    return ChatModel(
        key=config.openai_api_key,
        base_url=config.openai_base_url,
        model=config.openai_model,
        clock=clock,
        allow_private=config.allow_private_hosts,
    )


def stop_on_signals() -> asyncio.Event:
    """An event that SIGTERM or SIGINT sets."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    return stopping


async def end_task(task: asyncio.Task[None]) -> None:
    """Cancel a task and wait until it has ended. What it failed with before is raised."""
    task.cancel()
    await asyncio.wait([task])
    if not task.cancelled() and (error := task.exception()):
        raise error
