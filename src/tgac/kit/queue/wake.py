"""How a waiting worker hears of a job: a bell in the same process, the database for the others."""

import asyncio
from contextlib import suppress
from typing import Any

from tgac.kit.clock import Clock
from tgac.kit.db.session import Database, DatabaseAway

_LOOK_EVERY_S = 0.05


class Bell:
    """Rung when jobs were enqueued; `wait` returns at the next ring or after `seconds`."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake whoever waits."""
        self._rung.set()

    async def wait(self, seconds: float) -> None:
        """Wait for a ring, at the most so many seconds of the real clock."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._rung.wait(), seconds)
        self._rung.clear()


async def listen(db: Database, clock: Clock, bell: Bell) -> None:
    """Ring for what other processes enqueue, until cancelled."""
    await (_watch_version(db, clock, bell) if db.is_sqlite else _hear_notifications(db, clock, bell))


async def _watch_version(db: Database, clock: Clock, bell: Bell) -> None:
    """SQLite: `data_version` changes when another connection has committed; looking costs microseconds. A file that
    cannot be read at the moment is opened again."""
    while True:
        with suppress(DatabaseAway):
            async with db.versions() as version:
                last = None
                while True:
                    current = await version()
                    if current != last:
                        bell.ring()
                    last = current
                    await clock.sleep(_LOOK_EVERY_S)
        await clock.sleep(1)


async def _hear_notifications(db: Database, clock: Clock, bell: Bell) -> None:
    """Postgres: LISTEN on a connection of its own; a lost one is made again."""
    driver: Any = db.engine.dialect.loaded_dbapi  # what is asked of its own connection fails with its own errors
    lost = (OSError, DatabaseAway, driver.asyncpg.PostgresError, driver.asyncpg.InterfaceError)
    while True:
        with suppress(*lost):
            async with db.looking() as connection:
                raw = (await connection.get_raw_connection()).driver_connection
                assert raw is not None
                await raw.add_listener("tgac_jobs", lambda *_: bell.ring())
                while not raw.is_closed():
                    await clock.sleep(1)
        await clock.sleep(1)
