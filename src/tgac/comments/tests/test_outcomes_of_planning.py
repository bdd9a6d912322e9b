"""Every task has an outcome with its reason for every post, whatever goes wrong with the others."""

from typing import Any

from sqlalchemy import select
from tests.support.world import World

from tgac.comments.jobs import PlanPost
from tgac.comments.plan import plan_given_up
from tgac.comments.tests.hands import posts, run_jobs, sends, the_comment
from tgac.journal.models import Event
from tgac.tasks.models import Task

SOON = {"delay": {"min_s": 60, "max_s": 60}}


async def spoil(world: World, task_id: int, **parts: Any) -> None:
    """The stored document is one that this release does not know."""
    async with world.tools.acting(None, world.project_id) as act:
        task = await act.session.get_one(Task, task_id)
        task.config = task.config | parts


async def test_a_task_that_cannot_be_read_any_more_says_so_and_stops_no_other(world: World) -> None:
    spoilt = await world.add_task("Rules")
    async with world.tools.acting(world.anna, world.project_id) as act:
        (await act.session.get_one(Task, spoilt)).name = "Old"
    await world.add_task("Rules")
    await spoil(world, spoilt, timing={"moon": "full"})
    await world.post("Hello")
    await world.work()
    first, second = await world.comments()
    assert (first.task_id, first.state, first.reason) == (spoilt, "skipped", "task_unreadable")
    assert (second.state, second.reason) == ("sent", "sent")


async def test_a_comment_whose_task_cannot_be_read_any_more_is_not_sent(world: World) -> None:
    task_id = await world.add_task("Rules", timing=SOON)
    await world.post("Hello")
    await world.work()
    await spoil(world, task_id, timing={"moon": "full"})
    await world.wait(60)
    comment = await the_comment(world)
    assert (comment.state, comment.reason) == ("cancelled", "task_unreadable")
    assert await sends(world) == []


async def test_a_post_that_could_not_be_planned_says_so(world: World) -> None:
    await world.post("Hello")
    await world.take_in()
    (post,) = await posts(world)
    await plan_given_up(world.tools, PlanPost(world.project_id, post.id))
    async with world.tools.reading(None, world.project_id) as act:
        left = (await act.session.scalars(select(Event).where(Event.kind == "post_left"))).one()
    assert (left.post_id, left.data) == (post.id, {"failed": True})


async def test_posts_that_are_planned_together_each_get_what_they_get_alone(world: World) -> None:
    await world.add_task("Rules", filter={"any_words": ["yes"]}, timing=SOON)
    for text in ("yes, the first", "no, the second", "yes, the third"):
        await world.post(text)
    await world.take_in()
    await run_jobs(world)
    assert [(one.state, one.reason) for one in await world.comments()] == [
        ("planned", None),
        ("skipped", "filter_words"),
        ("planned", None),
    ]
