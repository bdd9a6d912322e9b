"""When a comment leaves, and what stops it on the way."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from tests.support.world import World, a_world

from tgac.bots.service import pause_bot, remove_bot
from tgac.channels.models import Channel
from tgac.comments.service import cancel_comment
from tgac.comments.tests.hands import sends, switch, the_comment
from tgac.kit.act import Act
from tgac.kit.tenancy import EVERYONE
from tgac.people.projects import archive_project, pause_project, resume_project, stop_project
from tgac.settings.service import resume_installation, stop_installation
from tgac.tasks.models import Task
from tgac.tasks.service import assign_bots, create_task, toggle_task

IN_TEN_MINUTES = {"delay": {"min_s": 600, "max_s": 600}}


async def planned_in_ten_minutes(world: World) -> int:
    """A post whose comment is due in ten minutes; gives the task."""
    task_id = await world.add_task("Rules", timing=IN_TEN_MINUTES)
    await world.post("Hello")
    await world.work()
    assert (await the_comment(world)).state == "planned"
    return task_id


async def anna_does(world: World, verb: Callable[[Act], Awaitable[object]]) -> None:
    async with world.tools.acting(world.anna, world.project_id) as act:
        await verb(act)


async def ends_as(world: World, state: str, reason: str) -> None:
    """Long after it was due the comment is in this state, and nothing was ever asked of Telegram."""
    for _ in range(5):
        await world.wait(1800)
    comment = await the_comment(world)
    assert (comment.state, comment.reason) == (state, reason)
    assert comment.reason_data["sentence"]
    assert await sends(world) == []


async def test_a_comment_leaves_when_its_delay_is_over_and_not_before(world: World) -> None:
    await planned_in_ten_minutes(world)
    await world.wait(599.9)
    assert await sends(world) == []
    await world.wait(0.1)
    assert len(await world.said()) == 1


async def test_every_comment_falls_into_its_window(database: str, tmp_path: Path) -> None:
    async with a_world(database, tmp_path) as world:
        await world.add_task("Rules", timing={"delay": {"min_s": 300, "max_s": 900}})
        for number in range(12):
            await world.post(f"Post {number}")
        await world.work()
        comments = await world.comments()
        waits = [one.send_at - world.clock.now() for one in comments if one.send_at]
        assert len(waits) == 12
        assert all(timedelta(seconds=299) <= wait <= timedelta(seconds=900) for wait in waits)
        assert len(set(waits)) > 6
        due = sorted(waits)
        world.clock.advance(due[5].total_seconds())
        await world.work()
        assert 3 <= len(await world.said()) <= 6


async def test_the_emergency_stop_cancels_what_is_planned(world: World) -> None:
    await planned_in_ten_minutes(world)
    await anna_does(world, stop_project)
    await ends_as(world, "cancelled", "project_stopped")


async def test_nothing_is_planned_while_the_project_is_stopped(world: World) -> None:
    await world.add_task("Rules")
    await anna_does(world, stop_project)
    await world.post("Hello")
    await world.work()
    assert await world.comments() == []


async def test_an_archived_project_sends_nothing(world: World) -> None:
    await planned_in_ten_minutes(world)
    await anna_does(world, archive_project)
    await ends_as(world, "cancelled", "project_not_active")


async def test_a_task_that_is_switched_off_takes_its_plans_back(world: World) -> None:
    await switch(world, await planned_in_ten_minutes(world), "OFF")
    await ends_as(world, "cancelled", "task_off")


async def test_what_was_planned_stays_cancelled_when_its_task_is_switched_on_again_in_time(world: World) -> None:
    task_id = await planned_in_ten_minutes(world)
    await switch(world, task_id, "OFF")
    await switch(world, task_id, "ON")
    await world.work()
    await ends_as(world, "cancelled", "task_off")
    await world.post("Hello again")
    await world.wait(600)
    assert len(await world.said()) == 1


async def test_of_another_task_nothing_is_cancelled(world: World) -> None:
    await planned_in_ten_minutes(world)
    async with world.tools.acting(world.anna, world.project_id) as act:
        other = await create_task(act, "Other", config=(await act.session.get_one(Task, 1)).config)
        await assign_bots(act, other.id, [world.bots[0].id])
    await switch(world, other.id, "ON")
    await switch(world, other.id, "OFF")
    await world.work()
    await world.wait(600)
    assert len(await world.said()) == 1


async def test_what_was_planned_stays_cancelled_when_the_project_goes_on_in_time(world: World) -> None:
    await planned_in_ten_minutes(world)
    await anna_does(world, stop_project)
    await anna_does(world, resume_project)
    await world.work()
    await ends_as(world, "cancelled", "project_stopped")


async def test_what_was_planned_stays_cancelled_when_the_installation_goes_on_in_time(world: World) -> None:
    await planned_in_ten_minutes(world)
    for verb in (stop_installation, resume_installation):
        async with world.tools.acting(world.anna, EVERYONE) as act:
            await verb(act)
    await world.work()
    await ends_as(world, "cancelled", "installation_stopped")


async def test_a_paused_task_that_goes_on_in_time_sends(world: World) -> None:
    task_id = await planned_in_ten_minutes(world)
    await switch(world, task_id, "PAUSED")
    await world.wait(1290)
    assert await sends(world) == []
    await switch(world, task_id, "ON")
    await world.wait(1)
    assert len(await world.said()) == 1


async def test_a_paused_task_that_is_switched_off_ends_at_once_what_it_held_back(world: World) -> None:
    task_id = await planned_in_ten_minutes(world)
    await switch(world, task_id, "PAUSED")
    await world.wait(1290)
    await switch(world, task_id, "OFF")
    await world.wait(1)
    assert (await the_comment(world)).state == "cancelled"


async def test_a_paused_task_that_does_not_go_on_lets_its_comment_expire(world: World) -> None:
    await switch(world, await planned_in_ten_minutes(world), "PAUSED")
    await ends_as(world, "expired", "paused")


async def test_a_paused_project_that_is_resumed_in_time_sends(world: World) -> None:
    await planned_in_ten_minutes(world)
    await anna_does(world, pause_project)
    await world.wait(1290)
    assert await sends(world) == []
    await anna_does(world, resume_project)
    await world.wait(1)
    assert len(await world.said()) == 1


async def test_a_worker_that_comes_back_after_hours_sends_nothing_late(world: World) -> None:
    await planned_in_ten_minutes(world)
    world.clock.advance(600 + 3601)
    await ends_as(world, "expired", "expired")


async def test_a_comment_that_a_person_cancelled_is_not_sent(world: World) -> None:
    await planned_in_ten_minutes(world)
    comment_id = (await the_comment(world)).id
    await anna_does(world, lambda act: cancel_comment(act, comment_id))
    await ends_as(world, "cancelled", "cancelled_by_person")


async def test_a_paused_bot_sends_nothing(world: World) -> None:
    await planned_in_ten_minutes(world)
    await anna_does(world, lambda act: pause_bot(act, world.bots[0].id))
    await ends_as(world, "cancelled", "bot_not_active")


@pytest.mark.parametrize("status", ["left", "kicked", "member"])
async def test_a_bot_that_lost_its_place_in_the_group_sends_nothing(world: World, status: str) -> None:
    await planned_in_ten_minutes(world)
    place = world.places[0]
    path = f"/chats/{place.group_id}/members/{world.bots[0].telegram_id}"
    await world.control("PUT", path, status=status)
    await ends_as(world, "cancelled", "channel_suspended")
    async with world.tools.reading(None, world.project_id) as act:
        channel = await act.session.get_one(Channel, place.row.id)
        assert channel.state == "suspended"
        assert channel.reason


async def test_a_post_that_was_edited_before_its_comment_is_answered_as_it_reads_then(world: World) -> None:
    await world.add_task("You wrote: {{ post.text }}", timing=IN_TEN_MINUTES)
    post = await world.post("Wrong")
    await world.work()
    path = f"/chats/{world.places[0].id}/messages/{post['message_ids'][0]}"
    world.clock.advance(60)
    await world.control("PUT", path, text="Right")
    await world.wait(1)
    await world.wait(600)
    (said,) = await world.said()
    assert said["text"] == "You wrote: Right"
    assert (await the_comment(world)).text == "You wrote: Right"


async def test_two_tasks_do_not_both_comment_one_post(world: World) -> None:
    await world.add_task("First")
    async with world.tools.acting(world.anna, world.project_id) as act:
        first = await act.session.get_one(Task, 1)
        second = await create_task(act, "Second", config=first.config)
        await assign_bots(act, second.id, [world.bots[0].id])
        await toggle_task(act, second.id, "ON")
    await world.post("Hello")
    await world.work()
    told = {one.task_id: (one.state, one.reason) for one in await world.comments()}
    assert told == {first.id: ("sent", "sent"), second.id: ("skipped", "collision")}
    assert len(await world.said()) == 1


@pytest.mark.parametrize(("limit", "expected"), [(1, 1), (2, 2), (5, 2)])
async def test_a_task_may_write_twice_under_a_post_as_far_as_the_installation_allows(
    database: str, tmp_path: Path, limit: int, expected: int
) -> None:
    async with a_world(database, tmp_path, comment_collision_limit_per_post=limit) as world:
        await world.add_task("{One|Two|Three|Four|Five} of many", limits={"per_post": 2})
        await world.post("Hello")
        await world.wait(5)
        assert len(await world.said()) == expected
        assert [one.n for one in await world.comments()] == [1, 2]


async def test_a_bot_that_was_taken_out_of_the_project_sends_nothing(world: World) -> None:
    await planned_in_ten_minutes(world)
    await anna_does(world, lambda act: remove_bot(act, world.bots[0].id))
    await ends_as(world, "cancelled", "bot_not_active")
