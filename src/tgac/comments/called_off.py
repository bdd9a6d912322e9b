"""What was planned when a task was switched off, or an emergency stop pressed, is not sent any more: also where
somebody lets it go on before the comment is due."""

from datetime import datetime
from itertools import batched
from typing import Final

from sqlalchemy import select

from tgac.comments.models import Comment
from tgac.comments.reasons import INSTALLATION_STOPPED, PROJECT_STOPPED, TASK_OFF
from tgac.comments.service import end_comment
from tgac.kit.queue.jobs import Done, Outcome
from tgac.kit.tenancy import EVERYONE
from tgac.kit.tools import Tools
from tgac.people.models import Project
from tgac.people.projects import CalledOff
from tgac.settings.jobs import InstallationStopped

AT_ONCE: Final = 200
"""Comments that one transaction ends: the line waits so long at the most."""
_REASONS: Final = {one.code: one for one in (TASK_OFF, PROJECT_STOPPED, INSTALLATION_STOPPED)}


async def call_off(tools: Tools, job: CalledOff) -> Outcome:
    """Handles CalledOff. Cut off in the middle, it goes on where it was."""
    planned = select(Comment.id).where(Comment.state == "planned", Comment.created_at <= datetime.fromisoformat(job.at))
    if job.task_id is not None:
        planned = planned.where(Comment.task_id == job.task_id)
    async with tools.reading(None, job.project_id) as act:
        numbers = list(await act.session.scalars(planned.order_by(Comment.id)))
    for some in batched(numbers, AT_ONCE):
        async with tools.acting(None, job.project_id) as act:
            still = select(Comment).where(Comment.id.in_(some), Comment.state == "planned").order_by(Comment.id)
            for comment in await act.session.scalars(still.with_for_update()):
                end_comment(act, comment, state="cancelled", reason=_REASONS[job.why], kind="comment_cancelled")
    return Done()


async def call_off_everywhere(tools: Tools, job: InstallationStopped) -> Outcome:
    """Handles InstallationStopped."""
    async with tools.acting(None, EVERYONE) as act:
        for project_id in await act.session.scalars(select(Project.id).order_by(Project.id)):
            act.enqueue(CalledOff(project_id, job.at, INSTALLATION_STOPPED.code))
    return Done()
