"""Plan: every task's decision about a post is written down, with its reason; what shall be sent becomes a job."""

from collections.abc import Mapping
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy import func, select

from tgac.channels.models import Channel
from tgac.comments.decide import Decision, Order, Plan, Thread, decide
from tgac.comments.facts import bot_facts, channel_facts, post_facts
from tgac.comments.jobs import PlanPost, SendComment
from tgac.comments.models import Comment
from tgac.comments.reasons import NO_THREAD, stored
from tgac.journal.service import About, record
from tgac.kit.act import Act
from tgac.kit.queue.jobs import Cancel, Done, Outcome
from tgac.kit.tools import Tools
from tgac.people.models import Project
from tgac.posts.models import Post
from tgac.settings.service import holding_here
from tgac.tasks.config import TaskConfig
from tgac.tasks.models import Task
from tgac.tasks.queries import bots_for, tasks_for_channel

STANDING = ("planned", "awaiting_approval", "sending", "sent", "unknown")
"""The states in which a comment takes a place under its post."""


async def plan_post(tools: Tools, job: PlanPost) -> Outcome:
    """Decide about a post for every task that has not decided yet. Planning twice changes nothing."""
    async with tools.acting(None, job.project_id) as act:
        post = await act.session.get(Post, job.post_id)
        if post is None:
            return Cancel("the post was merged into another or deleted")
        channel = await act.session.get_one(Channel, post.channel_id)
        project = await act.session.get_one(Project, job.project_id)
        if project.status != "active" or project.stopped_at or channel.state != "active":
            record(act, "post_left", {"state": channel.state, "project": project.status}, post_id=post.id)
            return Done()
        for task in await tasks_for_channel(act, channel.id):
            await _plan_task(act, task, _Place(post, channel, project), tools)
    return Done()


@dataclass(frozen=True)
class _Place:
    post: Post
    channel: Channel
    project: Project


async def _plan_task(act: Act, task: Task, place: _Place, tools: Tools) -> None:
    config = TaskConfig.model_validate(task.config)
    zone = config.timing.zone or ZoneInfo(place.project.time_zone)
    bots = tuple(bot_facts(bot) for bot in await bots_for(act, task.id, place.channel.id))
    order = Order(task.id, config, bots)
    known = await _known(act, task.id, place.post.id)
    for n in range(1, config.limits.per_post + 1):
        comment = known.get(n)
        if comment is not None and not _may_be_decided_again(comment, place.post):
            continue
        thread = await _thread(act, place)
        seed = tools.dice.getrandbits(32)
        facts = post_facts(act.config.telegram_link_base, place.post, place.channel), channel_facts(place.channel)
        decision = decide(*facts, order, thread, zone=zone, seed=seed)
        await _write(act, comment or _blank(act, task, place, n), decision)


async def _known(act: Act, task_id: int, post_id: int) -> Mapping[int, Comment]:
    found = await act.session.scalars(select(Comment).where(Comment.task_id == task_id, Comment.post_id == post_id))
    return {comment.n: comment for comment in found}


def _may_be_decided_again(comment: Comment, post: Post) -> bool:
    """A thread that came late turns "no thread" into a fresh decision; every other decision stands."""
    return comment.state == "skipped" and comment.reason == NO_THREAD.code and post.root_id is not None


async def _thread(act: Act, place: _Place) -> Thread:
    taken = await act.session.scalar(
        select(func.count()).select_from(Comment).where(Comment.post_id == place.post.id, Comment.state.in_(STANDING))
    )
    previous = await act.session.scalar(
        select(Comment.text)
        .where(Comment.channel_id == place.channel.id, Comment.state.in_(STANDING))
        .order_by(Comment.id.desc())
        .limit(1)
    )
    return Thread(
        # A thread in a group that is no longer the channel's is none: there its number is a stranger's message.
        has_root=place.post.root_id is not None and place.post.root_group_id == place.channel.group_id,
        is_gone=place.post.gone_at is not None,
        taken=taken or 0,
        limit=(await holding_here(act)).collision_limit_per_post,
        previous_text=previous,
    )


def _blank(act: Act, task: Task, place: _Place, n: int) -> Comment:
    return Comment(
        task_id=task.id,
        post_id=place.post.id,
        channel_id=place.channel.id,
        group_id=place.channel.group_id,
        n=n,
        state="planned",
        fence=0,
        reason_data={},
        decision={},
        created_at=act.now,
        changed_at=act.now,
    )


async def _write(act: Act, comment: Comment, decision: Decision) -> None:
    outcome = decision.outcome
    comment.decision = decision.values
    comment.changed_at = act.now
    if isinstance(outcome, Plan):
        _write_plan(comment, outcome)
    else:
        comment.state, comment.reason, comment.reason_data = "skipped", outcome.code, stored(outcome)
    act.session.add(comment)
    await act.flush()
    about: About = {
        "post_id": comment.post_id,
        "comment_id": comment.id,
        "task_id": comment.task_id,
        "channel_id": comment.channel_id,
        "bot_id": comment.bot_id,
    }
    if not isinstance(outcome, Plan):
        record(act, "comment_skipped", comment.reason_data, **about)
        return
    record(act, "comment_planned", {"send_at": outcome.send_at.isoformat()}, **about)
    act.enqueue(SendComment(act.project_id, comment.id), run_after=outcome.send_at, key=f"send:{comment.id}")


def _write_plan(comment: Comment, plan: Plan) -> None:
    comment.state, comment.reason, comment.reason_data = "planned", None, {}
    comment.bot_id = plan.bot.id
    comment.send_at = plan.send_at
    comment.expires_at = plan.expires_at
    comment.text = plan.text.html
    comment.decision = comment.decision | {
        "allowed": sorted(plan.text.allowed),
        "buttons": [[{"text": button.text, "url": button.url} for button in row] for row in plan.text.buttons],
    }
