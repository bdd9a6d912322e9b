"""What the planner writes down: all of a comment, its event, the job that follows; and why it asks no task at all."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from structlog.testing import capture_logs
from tests.support.photos import jpeg
from tests.support.world import World, a_world

from tgac.bots.models import Bot
from tgac.channels.models import Channel
from tgac.comments.jobs import PlanPost
from tgac.comments.models import Comment
from tgac.comments.plan import plan_given_up, plan_post, plan_posts
from tgac.comments.tests.hands import posts, run_jobs, the_comment
from tgac.journal.models import Event
from tgac.kit.queue.jobs import Cancel, Done
from tgac.kit.queue.table import JobRow
from tgac.kit.tenancy import EVERYONE
from tgac.people.models import Project
from tgac.people.projects import pause_project, stop_project
from tgac.posts.models import Post
from tgac.settings.service import stop_installation
from tgac.tasks.media import add_media
from tgac.tasks.models import Task
from tgac.tasks.service import change_task, toggle_task

SOON = {"delay": {"min_s": 60, "max_s": 60}, "expire_after_s": 600}


async def a_task(world: World, name: str, text: str = "Rules", **config: Any) -> int:
    """A task under a name of its own, so that there can be several."""
    task_id = await world.add_task(text, **({"timing": SOON} | config))
    async with world.tools.acting(world.anna, world.project_id) as act:
        await change_task(act, task_id, name=name)
    return task_id


async def a_post(world: World, text: str = "Hello") -> Post:
    """A post that is known and planned; what it brings is not due yet."""
    await world.post(text)
    await world.take_in()
    await run_jobs(world)
    return (await posts(world))[-1]


async def plan_again(world: World, post: Post) -> None:
    """The job runs once more, a minute later."""
    world.clock.advance(60)
    assert await plan_post(world.tools, PlanPost(world.project_id, post.id)) == Done()


async def told(world: World, kind: str) -> list[Event]:
    async with world.tools.reading(None, world.project_id) as act:
        return list(await act.session.scalars(select(Event).where(Event.kind == kind).order_by(Event.id)))


def whose(event: Event) -> tuple[int | None, ...]:
    """What an event is about."""
    return (event.post_id, event.comment_id, event.task_id, event.bot_id, event.channel_id)


async def jobs(world: World, kind: str) -> list[JobRow]:
    async with world.tools.reading(None, EVERYONE) as act:
        return list(await act.session.scalars(select(JobRow).where(JobRow.kind == kind).order_by(JobRow.id)))


async def change[T](world: World, table: type[T], number: int, **values: Any) -> None:
    """A row comes to be otherwise."""
    async with world.tools.acting(None, world.project_id) as act:
        row = await act.session.get_one(table, number)
        for name, value in values.items():
            setattr(row, name, value)


async def test_a_plan_is_written_down_whole(world: World) -> None:
    now, channel = world.clock.now(), world.places[0].row
    buttons = [[{"text": "Rules", "url": "https://rules.example/all"}]]
    variant = {"name": "A", "text": "See rules.example and a.example", "buttons": buttons}
    task_id = await a_task(world, "First", content={"label": "A bot writes here", "variants": [variant]})
    post = await a_post(world)
    comment = await the_comment(world)
    assert (comment.task_id, comment.post_id, comment.n) == (task_id, post.id, 1)
    assert (comment.channel_id, comment.group_id) == (channel.id, world.places[0].group_id)
    assert (comment.state, comment.reason, comment.reason_data) == ("planned", None, {})
    assert (comment.bot_id, comment.text) == (
        world.bots[0].id,
        "See rules.example and a.example\n\nA bot writes here",
    )
    assert (comment.send_at, comment.expires_at) == (now + timedelta(seconds=60), now + timedelta(seconds=660))
    assert (comment.wait_until, comment.fence, comment.cared) == (None, 0, {})
    assert (comment.created_at, comment.changed_at) == (now, now)
    kept = {name: comment.decision[name] for name in ("label", "approval", "poll", "media", "buttons")}
    assert kept == {
        "label": "A bot writes here",
        "approval": {"mode": "none", "expire_s": 3600, "otherwise": "skip"},
        "poll": None,
        "media": None,
        "buttons": buttons,
    }
    assert comment.decision["allowed"] == sorted(comment.decision["allowed"])
    assert {"rules.example", "a.example"} <= set(comment.decision["allowed"])
    assert "llm" not in comment.decision


async def test_a_plan_says_until_when_it_waits_for_readers(world: World) -> None:
    now = world.clock.now()
    await a_task(world, "First", timing=SOON | {"wait_for": {"reader_comments": 2, "deadline_s": 900}})
    await a_post(world)
    assert (await the_comment(world)).wait_until == now + timedelta(seconds=960)


async def test_a_plan_keeps_the_poll_that_it_is(world: World) -> None:
    poll = {"options": ["Yes", "No"], "anonymous": False, "multiple": True}
    await a_task(world, "First", content={"variants": [{"text": "Well?", "poll": poll}]})
    await a_post(world)
    assert (await the_comment(world)).decision["poll"] == poll | {"about": ""}


async def test_a_plan_keeps_the_file_that_it_carries_and_its_name(world: World) -> None:
    async with world.tools.acting(world.anna, world.project_id) as act:
        media_id = (await add_media(act, "a.jpg", jpeg(64, 48), as_document=False)).id
    await a_task(world, "First", content={"variants": [{"text": "Look", "media": {"media_id": media_id}}]})
    await a_post(world)
    media = (await the_comment(world)).decision["media"]
    assert (media["id"], media["kind"], media["name"]) == (media_id, "photo", "a.jpg")


async def test_a_plan_is_told_and_its_comment_goes_out_when_it_is_due(world: World) -> None:
    due = world.clock.now() + timedelta(seconds=60)
    await a_task(world, "First")
    await a_post(world)
    comment = await the_comment(world)
    (event,) = await told(world, "comment_planned")
    assert event.data == {"send_at": due.isoformat()}
    assert whose(event) == (comment.post_id, comment.id, comment.task_id, comment.bot_id, comment.channel_id)
    (job,) = await jobs(world, "send_comment")
    assert job.payload == {"project_id": world.project_id, "comment_id": comment.id}
    assert (job.key, job.run_after) == (f"send:{comment.id}", due)


async def test_what_a_model_shall_write_is_told_and_the_model_is_asked_at_once(world: World) -> None:
    now = world.clock.now()
    await a_task(world, "First", content={"kind": "llm", "variants": [{"text": "Rules"}]})
    await world.post("Hello")
    await world.take_in()
    (post,) = await posts(world)
    await plan_post(world.tools, PlanPost(world.project_id, post.id))
    comment = await the_comment(world)
    assert comment.decision["llm"] == {"state": "wanted"}
    (event,) = await told(world, "comment_planned")
    assert event.data == {"send_at": (now + timedelta(seconds=60)).isoformat()}
    assert whose(event) == (post.id, comment.id, comment.task_id, comment.bot_id, comment.channel_id)
    (job,) = await jobs(world, "write_comment")
    assert job.payload == {"project_id": world.project_id, "comment_id": comment.id}
    assert (job.key, job.run_after) == (f"write:{comment.id}", now)
    assert await jobs(world, "send_comment") == []


async def test_what_somebody_has_to_approve_waits_and_no_job_sends_it(world: World) -> None:
    await a_task(world, "First", approval={"mode": "all", "expire_s": 120, "otherwise": "send"})
    await a_post(world)
    comment = await the_comment(world)
    assert (comment.state, comment.reason) == ("awaiting_approval", "needs_approval")
    assert comment.approve_by == world.clock.now() + timedelta(seconds=180)
    assert comment.decision["unanswered"] == "send"
    assert await told(world, "comment_planned") == []
    assert await jobs(world, "send_comment") == []


async def test_in_a_review_period_a_comment_waits_for_that_reason_whatever_its_task_says(
    database: str, tmp_path: Path
) -> None:
    async with a_world(database, tmp_path, review_days=3) as world:
        await a_task(world, "First", approval={"mode": "all", "expire_s": 120, "otherwise": "send"})
        await a_post(world)
        comment = await the_comment(world)
        assert (comment.state, comment.reason) == ("awaiting_approval", "in_review")
        assert comment.decision["unanswered"] == "skip"


async def test_what_is_skipped_is_written_down_and_told_with_its_reason(world: World) -> None:
    task_id = await a_task(world, "First", filter={"any_words": ["yes"]})
    post = await a_post(world, "No")
    comment = await the_comment(world)
    assert (comment.state, comment.reason, comment.text, comment.bot_id) == ("skipped", "filter_words", None, None)
    assert comment.decision["published_at"] == post.published_at.isoformat()
    assert "label" not in comment.decision
    (event,) = await told(world, "comment_skipped")
    assert event.data == comment.reason_data != {}
    assert whose(event) == (post.id, comment.id, task_id, None, world.places[0].row.id)
    assert await jobs(world, "send_comment") == []


async def test_a_task_gets_as_many_comments_as_it_wants_and_planning_again_changes_none(
    database: str, tmp_path: Path
) -> None:
    async with a_world(database, tmp_path, comment_collision_limit_per_post=3) as world:
        await a_task(world, "First", limits={"per_post": 2})
        await a_task(world, "Second", filter={"any_words": ["no"]})
        await a_task(world, "Third", limits={"per_post": 2})
        post = await a_post(world)
        before = await world.comments()
        assert [(one.n, one.state, one.reason) for one in before] == [
            (1, "planned", None),
            (2, "planned", None),
            (1, "skipped", "filter_words"),
            (1, "planned", None),
            (2, "skipped", "collision"),
        ]
        assert [one.decision["taken"] for one in before] == [0, 1, 2, 2, 3]
        assert len({one.decision["seed"] for one in before}) == 5
        assert all(0 <= one.decision["seed"] < 2**32 for one in before)
        await plan_again(world, post)
        after = await world.comments()
        assert [(one.id, one.decision, one.changed_at) for one in after] == [
            (one.id, one.decision, one.changed_at) for one in before
        ]


async def test_a_task_that_was_switched_on_later_gets_its_own_decision_beside_those_that_stand(world: World) -> None:
    await a_task(world, "First", filter={"any_words": ["yes"]})
    post = await a_post(world)
    second = await a_task(world, "Second")
    await plan_again(world, post)
    assert [one.reason for one in await world.comments() if one.task_id != second] == ["filter_words"]
    (late,) = [one for one in await world.comments() if one.task_id == second]
    assert (late.state, late.created_at) == ("planned", world.clock.now())


async def test_no_comment_repeats_the_one_before_it_in_its_channel(world: World) -> None:
    variants = [{"name": "A", "text": "One"}, {"name": "B", "text": "Two"}]
    await a_task(world, "First", content={"variants": variants})
    for _ in range(6):
        await a_post(world)
    texts = [one.text for one in await world.comments()]
    assert texts in (["One", "Two"] * 3, ["Two", "One"] * 3)


async def without_thread(world: World) -> Post:
    """A post that was planned before its thread was known."""
    await world.post("Hello")
    await world.take_in()
    (post,) = await posts(world)
    await change(world, Post, post.id, root_id=None)
    await plan_again(world, post)
    comment = await the_comment(world)
    assert (comment.state, comment.reason) == ("skipped", "no_thread")
    return post


async def test_without_a_thread_the_decision_stands_until_there_is_one(world: World) -> None:
    await a_task(world, "First")
    post = await without_thread(world)
    first = await the_comment(world)
    await plan_again(world, post)
    assert (await the_comment(world)).changed_at == first.changed_at
    await change(world, Post, post.id, root_id=post.root_id)
    await plan_again(world, post)
    comment = await the_comment(world)
    assert (comment.id, comment.state, comment.reason, comment.reason_data) == (first.id, "planned", None, {})
    assert (comment.created_at, comment.changed_at) == (first.created_at, world.clock.now())


async def test_what_a_person_cancelled_is_not_decided_again_when_a_thread_comes(world: World) -> None:
    await a_task(world, "First")
    post = await without_thread(world)
    await change(world, Comment, (await the_comment(world)).id, state="cancelled")
    await change(world, Post, post.id, root_id=post.root_id)
    await plan_again(world, post)
    assert (await the_comment(world)).state == "cancelled"


async def test_a_post_that_is_gone_from_its_group_gets_no_comment(world: World) -> None:
    await a_task(world, "First")
    await world.post("Hello")
    await world.take_in()
    (post,) = await posts(world)
    await change(world, Post, post.id, gone_at=world.clock.now())
    await plan_again(world, post)
    assert (await the_comment(world)).reason == "post_gone"


async def test_where_no_bot_of_the_task_may_write_that_is_the_reason(world: World) -> None:
    await a_task(world, "First")
    await world.post("Hello")
    await world.take_in()
    (post,) = await posts(world)
    await change(world, Bot, world.bots[0].id, status="paused")
    await plan_again(world, post)
    assert (await the_comment(world)).reason == "no_bot"


async def test_a_text_may_name_the_post_by_its_link(world: World) -> None:
    await a_task(world, "First", "{{ post.link }} in {{ channel.title }}, by {{ bot.name }}")
    post = await a_post(world)
    text = (await the_comment(world)).text
    assert text == f"{world.sandbox.url}/city_news/{post.message_id} in City news, by City"


async def test_each_task_is_decided_in_its_own_zone_or_in_its_projects(world: World) -> None:
    await change(world, Project, world.project_id, time_zone="Asia/Tokyo")
    await a_task(world, "First", filter={"any_words": ["no"]})
    await a_task(world, "Second", filter={"any_words": ["no"]}, timing=SOON | {"time_zone": "Europe/Oslo"})
    await a_post(world)
    assert [one.decision["time_zone"] for one in await world.comments()] == ["Asia/Tokyo", "Europe/Oslo"]


async def test_a_task_that_breaks_the_planner_has_that_as_its_outcome_and_the_log_says_which(world: World) -> None:
    await change(world, Project, world.project_id, time_zone="Moon/Base")
    broken = await a_task(world, "First")
    await a_task(world, "Second", timing=SOON | {"time_zone": "Europe/Oslo"})
    with capture_logs() as lines:
        post = await a_post(world)
    first, second = await world.comments()
    assert (first.task_id, first.state, first.reason, first.decision) == (broken, "skipped", "line_failed", {})
    assert second.state == "planned"
    (line,) = [one for one in lines if one["event"] == "task_not_decided"]
    assert (line["log_level"], line["task"], line["post"]) == ("error", broken, post.id)
    assert "Moon/Base" in str(line["exc_info"])


async def test_a_task_that_cannot_be_read_has_one_outcome_with_no_values(world: World) -> None:
    task_id = await a_task(world, "First", limits={"per_post": 3})
    async with world.tools.acting(None, world.project_id) as act:
        task = await act.session.get_one(Task, task_id)
        task.config = task.config | {"timing": {"moon": "full"}}
    await a_post(world)
    comment = await the_comment(world)
    assert (comment.n, comment.reason, comment.decision) == (1, "task_unreadable", {})


@pytest.mark.parametrize("what", ["installation", "project_stopped", "project_paused", "channel"])
async def test_where_everything_stands_still_no_task_is_asked_and_the_post_says_why(world: World, what: str) -> None:
    await a_task(world, "First")
    await world.post("Hello")
    await world.take_in()
    (post,) = await posts(world)
    if what == "channel":
        await change(world, Channel, world.places[0].row.id, state="suspended")
    else:
        async with world.tools.acting(world.anna, EVERYONE if what == "installation" else world.project_id) as act:
            verb = {"installation": stop_installation, "project_stopped": stop_project, "project_paused": pause_project}
            await verb[what](act)
    await plan_again(world, post)
    (event,) = await told(world, "post_left")
    assert (event.post_id, event.data) == (
        post.id,
        {
            "installation": {"installation": "stopped"},
            "project_stopped": {"state": "active", "project": "active"},
            "project_paused": {"state": "active", "project": "paused"},
            "channel": {"state": "suspended", "project": "active"},
        }[what],
    )
    assert await world.comments() == []


async def test_a_post_for_which_no_task_is_on_says_so_and_one_that_was_decided_about_does_not(world: World) -> None:
    task_id = await a_task(world, "First")
    await world.post("Hello")
    await world.take_in()
    await run_jobs(world)
    async with world.tools.acting(world.anna, world.project_id) as act:
        await toggle_task(act, task_id, "PAUSED")
    await world.post("Good evening")
    await world.take_in()
    await run_jobs(world)
    decided, silent = await posts(world)
    for post in (decided, silent):
        await plan_again(world, post)
    assert [(event.post_id, event.data) for event in await told(world, "post_left")] == [(silent.id, {"task": "none"})]
    assert [comment.post_id for comment in await world.comments()] == [decided.id]


async def test_a_post_that_went_away_before_it_was_planned_cancels_its_job_alone(world: World) -> None:
    await a_task(world, "First")
    for text in ("One", "Two"):
        await world.post(text)
    await world.take_in()
    one, two = [post.id for post in await posts(world)]
    outcomes = await plan_posts(world.tools, world.project_id, [two, two + 9, one])
    assert outcomes == [Done(), Cancel("the post was merged into another or deleted"), Done()]
    assert [(each.post_id, each.state) for each in await world.comments()] == [(one, "planned"), (two, "planned")]


async def test_a_post_that_went_away_is_not_told_of_when_its_planning_failed(world: World) -> None:
    post = await a_post(world)
    await plan_given_up(world.tools, PlanPost(world.project_id, post.id + 9))
    assert [event.post_id for event in await told(world, "post_left")] == [post.id], "for which no task is on"
