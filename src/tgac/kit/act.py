"""An Act: one transaction, one project, one author, one moment. The only place that commits,
but for what the queue writes about its own jobs (`Database.queueing`)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.exc import StaleDataError

from tgac.kit.config import Config
from tgac.kit.db.base import Base
from tgac.kit.db.many import Line, add_lines
from tgac.kit.errors import Conflict
from tgac.kit.queue import store
from tgac.kit.queue.jobs import Job
from tgac.kit.secrets import Keys
from tgac.kit.tenancy import Principal, Role, Scope
from tgac.kit.web.i18n import _

_OVERTAKEN: Final = (IntegrityError, StaleDataError)


@dataclass
class Act:
    """What a verb works with. `now` stands still for the whole act; `role` is the principal's in the project."""

    session: AsyncSession
    scope: Scope
    now: datetime
    config: Config
    keys: Keys
    principal: Principal | None = None
    role: Role | None = None
    _jobs: list[store.NewJob] = field(default_factory=list)
    _lines: dict[type[Base], list[Line]] = field(default_factory=dict)

    @property
    def project_id(self) -> int:
        """The project that the act is pinned to."""
        assert isinstance(self.scope, int), "this act belongs to no project"
        return self.scope

    def enqueue(self, job: Job, *, run_after: datetime | None = None, key: str | None = None) -> None:
        """Leave a job for the workers; it exists when the act has committed. One open job per `key`."""
        self._jobs.append(store.NewJob(job, run_after or self.now, key))

    def add_line(self, table: type[Base], line: Line) -> None:
        """Have a line of a log written when the act commits, in one statement with all others of its table."""
        self._lines.setdefault(table, []).append(line)

    async def flush(self) -> None:
        """Write what is pending, so that rows have their numbers. A clash with what is there is a Conflict."""
        try:
            await self.session.flush()
        except IntegrityError:
            raise _overtaken() from None

    @property
    def has_jobs(self) -> bool:
        """Whether jobs were left for the workers."""
        return bool(self._jobs)

    async def commit(self) -> None:
        """End the act. Called once, by `finishing`."""
        if self._jobs or self._lines:
            await self.flush()  # the rows before the jobs: whoever is told of a job must find them
        for table, lines in self._lines.items():
            await add_lines(self.session, table, lines)
        if self._jobs:
            await store.add(self.session, self._jobs, self.now)
        await self.session.commit()


@asynccontextmanager
async def finishing(act: Act) -> AsyncIterator[Act]:
    """Commit when the block ends well; whatever leaves it as an error takes everything back.

    What another act has done meanwhile (a row is there already, or gone) is a Conflict wherever it shows: a query
    writes what is pending as well.
    """
    try:
        yield act
        await act.commit()
    except _OVERTAKEN:
        await act.session.rollback()
        raise _overtaken() from None
    except BaseException:
        await act.session.rollback()
        raise


def _overtaken() -> Conflict:
    return Conflict(_("Something else has just taken that place. Look again and retry."))
