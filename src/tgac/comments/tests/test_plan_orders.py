"""By what the planner goes: the presets of the project, how many comments the task wants by now, its own number."""

from pathlib import Path

from tests.support.world import World, a_world

from tgac.comments.tests.test_plan import a_post, a_task, plan_again
from tgac.tasks.filters import share_of
from tgac.tasks.models import Task
from tgac.tasks.presets import create_preset

HALF_AN_HOUR = 1800


async def test_a_task_is_planned_by_the_preset_of_its_project(world: World) -> None:
    async with world.tools.acting(world.anna, world.project_id) as act:
        await create_preset(act, "Slow", {"delay": {"min_s": HALF_AN_HOUR, "max_s": HALF_AN_HOUR}})
    await a_task(world, "First", timing={"preset": "Slow"})
    post = await a_post(world)
    (comment,) = await world.comments()
    assert comment.send_at is not None
    assert (comment.send_at - post.published_at).total_seconds() == HALF_AN_HOUR


async def test_a_task_that_wants_more_comments_by_now_gets_those_that_are_missing(
    database: str, tmp_path: Path
) -> None:
    async with a_world(database, tmp_path, comment_collision_limit_per_post=3) as world:
        task_id = await a_task(world, "First")
        post = await a_post(world)
        (first,) = await world.comments()
        async with world.tools.acting(world.anna, world.project_id) as act:
            task = await act.session.get_one(Task, task_id)
            task.config = task.config | {"limits": task.config["limits"] | {"per_post": 2}}
        await plan_again(world, post)
        again, second = await world.comments()
        assert (again.id, again.created_at, second.n, second.state) == (first.id, first.created_at, 2, "planned")


async def test_which_posts_are_in_a_tasks_share_hangs_on_its_number(world: World) -> None:
    first, second = [await a_task(world, name, filter={"share": 0.5}) for name in ("First", "Second")]
    for number in range(6):
        await a_post(world, f"Post {number}")
    comments = await world.comments()
    left = {(one.task_id, one.post_id) for one in comments if one.reason == "filter_share"}
    everything = {(one.task_id, one.post_id) for one in comments}
    assert {task_id for task_id, _ in everything} == {first, second}
    assert 0 < len(left) < len(everything)
    assert left == {(task_id, post_id) for task_id, post_id in everything if share_of(task_id, post_id) >= 0.5}
