"""Plan: every task's decision about a post is written down, with its reason; what shall be sent becomes a job."""

from collections.abc import Mapping, Sequence

from sqlalchemy import select

from tgac.channels.models import Channel
from tgac.comments.decide import Decision, Plan, Thread, decide
from tgac.comments.facts import (
    about,
    channel_facts,
    has_thread,
    kept_buttons,
    kept_media,
    kept_poll,
    order_for,
    post_facts,
    zone_for,
)
from tgac.comments.files import name_files
from tgac.comments.jobs import PlanPost, SendComment, WriteComment
from tgac.comments.models import Comment
from tgac.comments.orders import config_of
from tgac.comments.queries import left_alone
from tgac.comments.reasons import LINE_FAILED, NO_THREAD, TASK_UNREADABLE, stored
from tgac.comments.review import hold_for_review, is_reviewed
from tgac.comments.survey import Survey, survey
from tgac.journal.service import record
from tgac.kit.act import Act
from tgac.kit.log import log
from tgac.kit.queue.jobs import Cancel, Done, Outcome
from tgac.kit.tools import Tools
from tgac.posts.models import Post
from tgac.tasks.config import Approval, TaskConfig
from tgac.tasks.models import Task

type Decided = tuple[Comment, Decision]


async def plan_post(tools: Tools, job: PlanPost) -> Outcome:
    """Decide about a post for every task that has not decided yet. Planning twice changes nothing."""
    return await tools.together(plan_posts)(job.project_id, job.post_id)


async def plan_posts(tools: Tools, project_id: int, post_ids: Sequence[int]) -> list[Outcome]:
    """Decide about these posts of a project, in one transaction."""
    async with tools.acting(None, project_id) as act:
        seen = await survey(act, post_ids)
        left = {post.id: why for post in seen.posts.values() if (why := _why_left(post, seen))}
        await _leave(act, left, seen)
        asked = [post for post in seen.posts.values() if post.id not in left]
        decided = [one for post in asked for one in _plan(act, post, seen, tools)]
        act.session.add_all(comment for comment, _ in decided)
        await name_files(act, [comment for comment, _ in decided])
        await act.flush()
        for comment, decision in decided:
            _tell(act, comment, decision, seen=seen)
    gone = Cancel("the post was merged into another or deleted")
    return [Done() if post_id in seen.posts else gone for post_id in post_ids]


async def plan_given_up(tools: Tools, job: PlanPost) -> None:
    """The last attempt to plan a post has failed: say so where its comments would stand."""
    async with tools.acting(None, job.project_id) as act:
        if await act.session.scalar(select(Post.id).where(Post.id == job.post_id)):
            record(act, "post_left", {"failed": True}, post_id=job.post_id)


def _why_left(post: Post, seen: Survey) -> dict[str, str] | None:
    """Why no task is asked about a post; None where some are."""
    channel, project = seen.channels[post.channel_id], seen.project
    if seen.holding.stopped_at:
        return {"installation": "stopped"}
    if project.status != "active" or project.stopped_at or channel.state != "active":
        return {"state": channel.state, "project": project.status}
    if not seen.tasks[channel.id] and not seen.comments[post.id]:
        return {"task": "none"}
    return None


async def _leave(act: Act, left: Mapping[int, dict[str, str]], seen: Survey) -> None:
    """Say why no task is asked about these posts; what was said before is not said again."""
    told = await left_alone(act, [seen.posts[post_id] for post_id in left])
    for post_id, why in left.items():
        if post_id not in told or told[post_id].data != why:
            record(act, "post_left", why, post_id=post_id)


def _plan(act: Act, post: Post, seen: Survey, tools: Tools) -> list[Decided]:
    tasks = seen.tasks[post.channel_id]
    return [one for task in tasks for one in _plan_task(act, task, post, seen=seen, tools=tools)]


def _plan_task(act: Act, task: Task, post: Post, *, seen: Survey, tools: Tools) -> list[Decided]:
    config, decided = config_of(task.config, seen.presets), []
    for n in range(1, (config.limits.times if config else 1) + 1):
        comment = seen.known(task, post, n)
        if comment is not None and not _may_be_decided_again(comment, post):
            continue
        seed = tools.dice.getrandbits(32)
        decision = _decide(act, task, post, seen=seen, config=config, seed=seed)
        comment = comment or _blank(act, task, post, channel=seen.channels[post.channel_id], n=n)
        _write(act, comment, decision, config)
        seen.written(comment)
        decided.append((comment, decision))
    return decided


def _may_be_decided_again(comment: Comment, post: Post) -> bool:
    """A thread that came late turns "no thread" into a fresh decision; every other decision stands."""
    return comment.state == "skipped" and comment.reason == NO_THREAD.code and post.root_id is not None


def _decide(act: Act, task: Task, post: Post, *, seen: Survey, config: TaskConfig | None, seed: int) -> Decision:
    """The decision; what cannot be decided has its reason too, and takes no other task's from it."""
    if config is None:
        return Decision(TASK_UNREADABLE, {})
    try:
        channel = seen.channels[post.channel_id]
        zone = zone_for(config, seen.project)
        order = order_for(task.id, config, seen.bots.get((task.id, channel.id), ()))
        facts = post_facts(act.config.telegram_link_base, post, channel), channel_facts(channel)
        return decide(*facts, order, _thread(post, channel, seen), zone=zone, seed=seed)
    except Exception as error:  # noqa: BLE001  a task that breaks the planner must not leave the others without outcome
        log().error("task_not_decided", task=task.id, post=post.id, exc_info=error)
        return Decision(LINE_FAILED, {})


def _thread(post: Post, channel: Channel, seen: Survey) -> Thread:
    return Thread(
        has_root=has_thread(post, channel),
        is_gone=post.gone_at is not None,
        taken=seen.taken(post),
        limit=seen.holding.collision_limit_per_post,
        previous_text=seen.last_text.get(channel.id),
    )


def _blank(act: Act, task: Task, post: Post, *, channel: Channel, n: int) -> Comment:
    return Comment(
        task_id=task.id,
        post_id=post.id,
        channel_id=channel.id,
        group_id=channel.group_id,
        n=n,
        created_at=act.now,
    )


def _write(act: Act, comment: Comment, decision: Decision, config: TaskConfig | None) -> None:
    outcome = decision.outcome
    comment.decision = decision.values
    comment.changed_at = act.now
    if isinstance(outcome, Plan):
        _write_plan(comment, outcome)
        assert config is not None
        comment.decision = comment.decision | {"label": config.content.label, "approval": config.approval.model_dump()}
        if config.content.kind == "llm":
            comment.decision = comment.decision | {"llm": {"state": "wanted"}}
    else:
        comment.state, comment.reason, comment.reason_data = "skipped", outcome.code, stored(outcome)


def _tell(act: Act, comment: Comment, decision: Decision, *, seen: Survey) -> None:
    """The event, and the job of what is to be sent: both name the comment by its number."""
    if not isinstance(decision.outcome, Plan):
        record(act, "comment_skipped", comment.reason_data, **about(comment))
        return
    if "llm" in comment.decision:
        record(act, "comment_planned", {"send_at": decision.outcome.send_at.isoformat()}, **about(comment))
        act.enqueue(WriteComment(act.project_id, comment.id), key=f"write:{comment.id}")
        return
    in_review = is_reviewed(act, seen.channels[comment.channel_id], seen.holding.review_days)
    approval = Approval.model_validate(comment.decision["approval"])
    if in_review or approval.mode == "all":
        hold_for_review(act, comment, approval, in_review=in_review)
        return
    send_at = decision.outcome.send_at
    record(act, "comment_planned", {"send_at": send_at.isoformat()}, **about(comment))
    act.enqueue(SendComment(act.project_id, comment.id), run_after=send_at, key=f"send:{comment.id}")


def _write_plan(comment: Comment, plan: Plan) -> None:
    comment.state, comment.reason, comment.reason_data = "planned", None, {}
    comment.bot_id = plan.bot.id
    comment.send_at = plan.send_at
    comment.expires_at = plan.expires_at
    comment.wait_until = plan.wait_until
    comment.text = plan.text.html
    comment.decision = comment.decision | {
        "allowed": sorted(plan.text.allowed),
        "poll": kept_poll(plan.text.poll),
        "media": kept_media(plan.text.media),
        "buttons": kept_buttons(plan.text.buttons),
    }
