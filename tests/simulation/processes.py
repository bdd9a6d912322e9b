"""The processes of a simulation: each with its own memory and connections, which are gone when it dies."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from random import Random
from typing import Any

from sqlalchemy import event

from tests.simulation.database import InLoop, Machine
from tests.simulation.life import LIFE, Died, Life
from tests.simulation.model import Model
from tests.simulation.telegram import InProcess, Network, OurClock
from tests.support.databases import remembering
from tgac.bots.models import Bot
from tgac.comments.arrive import ALLOWED, take_updates
from tgac.kit.config import Config
from tgac.kit.db.session import Database, DatabaseAway
from tgac.kit.queue.runner import Runner
from tgac.kit.secrets import Secret
from tgac.kit.telegram.faults import Fault
from tgac.kit.tools import Tools
from tgac.people.queries import find_role
from tgac.wiring import HANDLES


@dataclass
class Ground:
    """What all processes stand on."""

    config: Config
    clock: OurClock
    network: Network
    machine: Machine
    dice: Random

    def tools(self, life: Life | None = None) -> tuple[Tools, Callable[[], None]]:
        """What a process works with, and how its connections are cut."""
        is_sqlite = self.config.db_url.startswith("sqlite")
        driver = InLoop(self.machine, life) if is_sqlite else None
        db = remembering(Database(self.config.db_url, driver=driver))
        telegram = InProcess(self.network, life)
        tools = Tools(self.config, self.clock, db, self.config.keys, telegram, find_role, self.dice, Model(self.dice))
        if driver is None:
            return tools, _cutting(db)
        event.listen(db.engine.sync_engine, "connect", _hasten)
        return tools, driver.cut


def _hasten(connection: Any, record: object) -> None:
    """Nothing of it need outlive the machine, and whoever finds it locked looks again at once."""
    for pragma in ("synchronous=OFF", "busy_timeout=0"):
        connection.driver_connection._conn.execute(f"PRAGMA {pragma}")


def _cutting(db: Database) -> Callable[[], None]:
    made: list[Any] = []
    event.listen(db.engine.sync_engine, "connect", lambda connection, _record: made.append(connection))

    def cut() -> None:
        for one in made:
            one._connection.terminate()

    return cut


class Process:
    """One that lives until it dies; whoever runs it puts another in its place."""

    def __init__(self, ground: Ground) -> None:
        self.life = Life()
        self.tools, self._cut = ground.tools(self.life)

    async def run(self, do: Callable[[], Coroutine[Any, Any, object]], *, dies_in: int | None) -> bool:
        """Do something, and maybe die of it after so many steps; whether it lives."""
        self.life.dies_in(dies_in)
        context = copy_context()
        context.run(LIFE.set, self.life)
        doing = asyncio.create_task(do(), context=context)
        try:
            await doing
        except Died:
            await self.life.over()
            self.end()
            return False
        await self.life.over()
        self.life.dies_in(None)
        return True

    def end(self) -> None:
        """Cut its connections, as the kernel does for one that is no more."""
        self._cut()


class Worker(Process):
    """Plans, sends, checks and observes."""

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self.runner = Runner(self.tools, HANDLES)

    @property
    def has_unwritten(self) -> bool:
        """Whether the database has not taken what became of its jobs."""
        return bool(self.runner._outcomes)

    async def work(self) -> None:
        """Do everything that is due."""
        await self.runner.run_due()


class Intake(Process):
    """Asks Telegram what is there for its bots. Where it has come to is in its memory alone, as in the real one."""

    def __init__(self, ground: Ground) -> None:
        super().__init__(ground)
        self._ground = ground
        self._offsets: dict[int, int] = {}
        self.failed = False

    async def take_in(self, bots: Sequence[tuple[Bot, Secret]]) -> None:
        """Take in what there is for these bots, side by side."""
        self.failed = False
        await asyncio.gather(*(self._poll(bot, token) for bot, token in bots))

    async def _poll(self, bot: Bot, token: Secret) -> None:
        try:
            offset = self._offsets.get(bot.id)
            raw = await self.tools.telegram.get_updates(token, offset=offset, timeout_s=0, allowed=ALLOWED)
            await take_updates(self.tools, bot, raw)
        except (Fault, DatabaseAway):
            self.failed = True
            return
        if raw:
            self._offsets[bot.id] = max(one["update_id"] for one in raw) + 1
