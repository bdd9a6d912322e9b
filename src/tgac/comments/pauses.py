"""What was held back while a project or a task was paused goes on as soon as a person lets it."""

from sqlalchemy import select

from tgac.comments.jobs import SendComment
from tgac.comments.models import Comment
from tgac.comments.reasons import PAUSED
from tgac.kit.queue.jobs import Done, Outcome
from tgac.kit.tools import Tools
from tgac.people.projects import PauseEnded


async def let_go_on(tools: Tools, job: PauseEnded) -> Outcome:
    """Handles PauseEnded: leave a job for each comment that was found due while nothing might leave."""
    async with tools.acting(None, job.project_id) as act:
        held = select(Comment.id).where(Comment.state == "planned", Comment.reason == PAUSED.code)
        if job.task_id is not None:
            held = held.where(Comment.task_id == job.task_id)
        for number in await act.session.scalars(held.order_by(Comment.id)):
            # A key of its own: the usual job waits for its next look, which may be far.
            act.enqueue(SendComment(act.project_id, number), key=f"send:{number}:resumed:{act.now.timestamp()}")
    return Done()
