"""The first dry run of a channel that has become ready: what would happen under its newest post, before any comes.

Nothing is sent, and nobody waits for it. Without a task that is on for the channel a plain one is tried: it shows
whether a bot may write there at all. Without a post that a bot has seen, one is made up.
"""

from typing import Any

from sqlalchemy import func, select

from tgac.comments.dry_run_service import Asked, PastedPost, rehearse
from tgac.comments.reasons import stored
from tgac.kit.act import Act
from tgac.kit.errors import AppError
from tgac.kit.queue.jobs import Done, Outcome
from tgac.kit.tools import Tools
from tgac.onboarding.jobs import RehearseItem
from tgac.onboarding.models import Item
from tgac.posts.models import Post
from tgac.tasks.models import Task
from tgac.tasks.targets import pairs


async def rehearse_item(tools: Tools, job: RehearseItem) -> Outcome:
    """Handles RehearseItem."""
    async with tools.reading(None, job.project_id) as act:
        channel_id = await act.session.scalar(select(Item.channel_id).where(Item.id == job.item_id))
        if channel_id is None:
            return Done()
        told = await _tried(act, channel_id)
    async with tools.acting(None, job.project_id) as act:
        item = await act.session.scalar(select(Item).where(Item.id == job.item_id).with_for_update())
        if item is not None:
            item.dry_run = told
    return Done()


async def _tried(act: Act, channel_id: int) -> dict[str, Any]:
    """`task` (None: none is on there) with `bot` and `after_s`, or with the `sentence` and `values` of why not."""
    task = await _task_on(act, channel_id)
    plain = {"targets": {"channels": [channel_id]}, "content": {"variants": [{"name": "A", "text": "-"}]}}
    has_post = await act.session.scalar(select(select(Post.id).where(Post.channel_id == channel_id).exists()))
    asked = Asked(
        task_id=task.id if task else None,
        config=None if task else plain,
        channel_id=channel_id,
        last=1,
        posts=None if has_post else [PastedPost(text="-")],
    )
    told: dict[str, Any] = {"task": task.name if task else None}
    try:
        line = (await rehearse(act, asked, keep=None)).run.lines[-1]
    except AppError as error:
        return told | {"sentence": error.message, "values": {}}
    if line.plan is None:
        assert line.reason is not None, "a decision is a plan or a reason"
        return told | stored(line.reason)
    after = line.plan.send_at - line.post.published_at
    return told | {"bot": line.plan.bot.username, "after_s": round(after.total_seconds())}


async def _task_on(act: Act, channel_id: int) -> Task | None:
    """The oldest task that is on for the channel."""
    on = list(await act.session.scalars(select(Task.id).where(Task.status == "ON")))
    there = pairs(on).subquery()
    first = select(func.min(there.c.task_id)).where(there.c.channel_id == channel_id)
    return await act.session.scalar(select(Task).where(Task.id == first.scalar_subquery()))
