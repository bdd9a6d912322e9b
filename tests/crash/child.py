"""`python -m tests.crash.child`: processes that die on order.

Imports everything once, then forks a process for every order (a line of JSON) on its standard input; writes the
process's number and, when it has ended, how. So fifty deaths cost fifty forks, not fifty starts of Python.
"""

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import Connection, event, inspect
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Session

from tgac.comments.models import Comment
from tgac.kit.config import load_config
from tgac.kit.db.session import Database, DatabaseAway
from tgac.kit.secrets import Secret
from tgac.kit.telegram.gateway import Gateway
from tgac.kit.telegram.types import PLAIN, Kind, Look, Sent
from tgac.kit.tenancy import Scope
from tgac.kit.tools import Tools
from tgac.people.queries import find_role
from tgac.processes.bot import run_bots
from tgac.processes.shared import stop_on_signals
from tgac.processes.work import run_worker

ROLES = {"worker": run_worker, "bots": run_bots}


@dataclass(frozen=True)
class FastClock:
    """A clock that runs `speed` times as fast; equal in all processes, as the machine's monotonic clock is."""

    start: datetime
    began: float
    speed: float

    def now(self) -> datetime:
        return self.start + timedelta(seconds=(time.monotonic() - self.began) * self.speed)

    def monotonic(self) -> float:
        return time.monotonic() * self.speed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(max(0.0, seconds) / self.speed)


KINDS = {"kill": signal.SIGKILL, "stop": signal.SIGSTOP}


@dataclass
class Doom:
    """What happens the `at`th time that `point` is reached.

    The process is killed or held; or what it does there fails (`fail`); or its database is away (`away`).
    """

    point: str | None
    at: int
    kind: str
    dice: random.Random
    reached: dict[str, int] = field(default_factory=dict)

    def strike(self, *points: str) -> None:
        for point in points:
            self.reached[point] = self.reached.get(point, 0) + 1
            if point == self.point and self.reached[point] == self.at:
                self._fulfil(point)

    def _fulfil(self, point: str) -> None:
        if self.kind in KINDS:
            os.kill(os.getpid(), KINDS[self.kind])
        elif self.kind == "away":
            raise DatabaseAway(point, None, OSError("the disk is full"))
        else:
            raise RuntimeError(point)


class DoomedGateway(Gateway):
    """The real gateway with points before, during and after the calls that matter."""

    def __init__(self, api_base: str, doom: Doom) -> None:
        super().__init__(api_base, limit=0)
        self._doom = doom

    async def send_comment(self, token: Secret, *, chat_id: int, root_id: int, html: str, look: Look = PLAIN) -> Sent:
        self._doom.strike("call.before")
        asked = super().send_comment(token, chat_id=chat_id, root_id=root_id, html=html, look=look)
        calling = asyncio.create_task(asked)
        await asyncio.sleep(self._doom.dice.uniform(0, 0.02))
        self._doom.strike("call.during")
        sent = await calling
        self._doom.strike("call.after")
        return sent

    async def get_updates(
        self, token: Secret, *, offset: int | None, timeout_s: int, allowed: Sequence[Kind]
    ) -> list[dict[str, Any]]:
        raw = await super().get_updates(token, offset=offset, timeout_s=timeout_s, allowed=allowed)
        if raw:
            self._doom.strike("updates.came")
        return raw


class DoomedDatabase(Database):
    """The real database with points before and after its commits, by what they write."""

    def __init__(self, url: str, doom: Doom) -> None:
        super().__init__(url)
        self._doom = doom

    @asynccontextmanager
    async def writing(self, scope: Scope) -> AsyncIterator[AsyncSession]:
        changes: set[str] = set()

        def note(session: Session, *_: object) -> None:
            changes.update(_changes(session))

        def before(session: Session) -> None:
            note(session)  # what is not flushed yet, the commit flushes after this
            self._doom.strike(*(f"{name}.before" for name in _names(scope, changes)))

        async with super().writing(scope) as session:
            event.listen(session.sync_session, "before_flush", note)
            event.listen(session.sync_session, "before_commit", before)
            yield session
            self._doom.strike(*(f"{name}.after" for name in _names(scope, changes)))

    async def queueing[R](self, do: Callable[[Connection], R]) -> R:
        def done(connection: Connection) -> R:
            given = do(connection)
            self._doom.strike("queue.before")
            return given

        given = await super().queueing(done)
        self._doom.strike("queue.after")
        return given


def _changes(session: Session) -> Iterator[str]:
    """How comments change in this transaction: `planned>sending`; one that is new comes from nothing, `>planned`."""
    for row in (*session.new, *session.dirty):
        if isinstance(row, Comment):
            told = inspect(row).attrs.state.history
            if told.added:
                yield f"{told.deleted[0] if told.deleted else ''}>{row.state}"


def _names(scope: Scope, changes: set[str]) -> list[str]:
    """What a commit is: every change of a comment's state, or the queue's own, or other work on a project."""
    if not isinstance(scope, int):
        return ["queue"]
    return sorted(changes) or ["work"]


async def _live(order: dict[str, Any]) -> Doom:
    config = load_config(None, **order["config"])
    dice = random.Random(order["seed"])
    doom = Doom(order.get("point"), order.get("at", 1), order.get("kind", "kill"), dice)
    clock = FastClock(datetime.fromisoformat(order["start"]), order["began"], order["speed"])
    db, telegram = DoomedDatabase(config.db_url, doom), DoomedGateway(config.telegram_api_base, doom)
    stopping = stop_on_signals()
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGTERM])
    await ROLES[order["role"]](Tools(config, clock, db, config.keys, telegram, find_role, dice), stopping)
    await telegram.aclose()
    await db.aclose()
    return doom


def _tell(**told: int) -> None:
    sys.stdout.write(json.dumps(told) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Fork for every order, one after the other. What is logged must not stand between the answers."""
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    # Who is told to end before it listens ends as soon as it does: what it had to do may be done before it began.
    signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
    _tell(ready=1)
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            order = json.loads(line)
            doom = asyncio.run(_live(order))
            if "report" in order:
                Path(order["report"]).write_text(json.dumps(doom.reached))
            os._exit(0)
        _tell(pid=pid)
        _tell(code=os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))


if __name__ == "__main__":
    main()
