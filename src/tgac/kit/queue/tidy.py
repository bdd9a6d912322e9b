"""The queue's own housekeeping."""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar, Final

from tgac.kit.queue import store
from tgac.kit.queue.jobs import Done, Job, Outcome
from tgac.kit.tenancy import EVERYONE
from tgac.kit.tools import Tools

KEPT: Final = timedelta(days=7)
"""How long a job that failed or was cancelled can be looked at."""


@dataclass(frozen=True)
class ForgetJobs(Job):
    """Drop jobs that ended badly long ago."""

    kind: ClassVar[str] = "forget_jobs"


async def forget_jobs(tools: Tools, job: ForgetJobs) -> Outcome:
    """Handles ForgetJobs."""
    async with tools.acting(None, EVERYONE) as act:
        await store.forget(act.session, act.now - KEPT)
    return Done()
