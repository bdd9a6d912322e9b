"""What happened by itself is kept for a time; what people did, comments and why posts got none are kept for good."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final

from sqlalchemy import delete, select

from tgac.journal.models import Event
from tgac.kit.queue.jobs import Done, Job, Outcome
from tgac.kit.tenancy import EVERYONE
from tgac.kit.tools import Tools
from tgac.people.models import Project

KEPT: Final = ("post_left",)
"""Why no task was asked about a post stands nowhere else, and is shown with the post."""
AT_ONCE: Final = 1000
"""Rows that one transaction clears away: a few milliseconds, for which the line waits at most."""


@dataclass(frozen=True)
class ForgetEvents(Job):
    """Clear away events that are older than `LOG_RETENTION_DAYS`."""

    kind: ClassVar[str] = "forget_events"


async def forget_events(tools: Tools, job: ForgetEvents) -> Outcome:
    """Handles ForgetEvents. Cut off in the middle, it goes on where it was the next time."""
    async with tools.reading(None, EVERYONE) as act:
        before = act.now - timedelta(days=tools.config.log_retention_days)
        project_ids = list(await act.session.scalars(select(Project.id)))
    for project_id in project_ids:
        while await _forget_some(tools, project_id, before):
            pass
    return Done()


async def _forget_some(tools: Tools, project_id: int, before: datetime) -> bool:
    async with tools.acting(None, project_id) as act:
        old = select(Event.id).where(Event.at < before, Event.user_id.is_(None), Event.kind.not_in(KEPT))
        some = list(await act.session.scalars(old.order_by(Event.at).limit(AT_ONCE)))
        if some:
            await act.session.execute(delete(Event).where(Event.id.in_(some)))
        return len(some) == AT_ONCE
