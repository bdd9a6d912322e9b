"""Limits of a task and its project: what meets one waits while it is in time, and says why."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.support.world import World, a_world

from tgac.bots.models import Bot
from tgac.channels.models import Channel
from tgac.comments.limits import share_of
from tgac.comments.tests.hands import sends
from tgac.settings.forms import ForProject
from tgac.settings.service import change_project_settings
from tgac.tasks.models import Task

GROWN = {"ramp_up_days": 0}
AT_ONCE = {"delay": {"min_s": 0, "max_s": 0}, "expire_after_s": 7200}


async def posts_there(world: World, count: int) -> None:
    for number in range(count):
        await world.post(f"Post {number}")
    await world.work()


async def states(world: World) -> list[str]:
    return sorted(comment.state for comment in await world.comments())


async def held_reasons(world: World) -> set[str | None]:
    return {comment.reason for comment in await world.comments() if comment.state == "planned"}


@pytest.mark.parametrize("cap", ["per_channel_hour", "per_bot_hour"])
async def test_a_cap_holds_the_next_comment_until_an_hour_after_the_first(world: World, cap: str) -> None:
    await world.add_task(limits={cap: 2} | GROWN, timing=AT_ONCE)
    await posts_there(world, 3)
    assert await states(world) == ["planned", "sent", "sent"]
    assert await held_reasons(world) == {f"limit_{cap.removeprefix('per_')}"}
    for _ in range(13):
        await world.wait(299 if _ == 0 else 275)
    assert await states(world) == ["planned", "sent", "sent"]
    await world.wait(10)
    assert await states(world) == ["sent", "sent", "sent"]


@pytest.mark.parametrize("cap", ["per_channel_day", "per_bot_day"])
async def test_what_meets_a_cap_for_too_long_expires_with_it_as_the_reason(world: World, cap: str) -> None:
    await world.add_task(limits={cap: 1} | GROWN, timing=AT_ONCE)
    await posts_there(world, 2)
    for _ in range(26):
        await world.wait(300)
    assert await states(world) == ["expired", "sent"]
    (expired,) = (comment for comment in await world.comments() if comment.state == "expired")
    assert expired.reason == f"limit_{cap.removeprefix('per_')}"
    assert expired.reason_data["values"] == {"taken": 1, "most": 1, "full": 1, "seconds": 86400}


async def test_a_cap_counts_what_other_tasks_have_written(tmp_path: Path) -> None:
    async with a_world("sqlite", tmp_path, comment_collision_limit_per_post=2) as world:
        await world.add_task("First", limits=GROWN, timing=AT_ONCE)
        async with world.tools.acting(world.anna, world.project_id) as act:
            (await act.session.get_one(Task, 1)).name = "First"
        await world.add_task("Second", limits={"per_channel_hour": 1} | GROWN, timing=AT_ONCE)
        await world.post("Hello")
        await world.work()
        assert [(one.task_id, one.state, one.reason) for one in await world.comments()] == [
            (1, "sent", "sent"),
            (2, "planned", "limit_channel_hour"),
        ]


async def test_a_channels_cap_leaves_other_channels_alone(tmp_path: Path) -> None:
    async with a_world("sqlite", tmp_path) as world:
        await world.add_channel("Sport")
        await world.add_task(limits={"per_channel_hour": 1} | GROWN, timing=AT_ONCE)
        for place in world.places:
            await world.post("One", place)
            await world.post("Two", place)
        await world.work()
        sent = {one.channel_id for one in await world.comments() if one.state == "sent"}
        assert sent == {place.row.id for place in world.places}
        assert await states(world) == ["planned", "planned", "sent", "sent"]


async def test_a_bot_pauses_between_two_comments_wherever_they_stand(tmp_path: Path) -> None:
    async with a_world("sqlite", tmp_path) as world:
        await world.add_channel("Sport")
        await world.add_task(limits={"pause_s": 90}, timing=AT_ONCE)
        for place in world.places:
            await world.post("Hello", place)
        await world.work()
        assert await held_reasons(world) == {"limit_pause"}
        await world.wait(89.9)
        assert len(await sends(world)) == 1
        await world.wait(0.1)
        assert await states(world) == ["sent", "sent"]


@pytest.mark.parametrize("window", ["hour", "day"])
async def test_a_projects_own_cap_holds_over_its_bots_and_channels(tmp_path: Path, window: str) -> None:
    async with a_world("sqlite", tmp_path, bots=2) as world:
        await world.add_channel("Sport")
        async with world.tools.acting(world.anna, world.project_id) as act:
            await change_project_settings(act, ForProject.model_validate({f"per_{window}": 3}))
        await world.add_task(timing=AT_ONCE)
        for place in world.places:
            await world.post("One", place)
            await world.post("Two", place)
        await world.work()
        assert await states(world) == ["planned", "sent", "sent", "sent"]
        assert await held_reasons(world) == {f"limit_project_{window}"}


async def test_a_bot_is_active_in_no_more_threads_than_it_may(tmp_path: Path) -> None:
    async with a_world("sqlite", tmp_path, max_active_threads_per_bot=2) as world:
        await world.add_task(timing=AT_ONCE)
        await posts_there(world, 3)
        assert await held_reasons(world) == {"limit_threads"}
        await world.wait(299)
        assert len(await sends(world)) == 2
        await world.wait(2)
        assert await states(world) == ["sent", "sent", "sent"]


async def test_a_limit_that_is_lifted_lets_the_comment_go_within_five_minutes(world: World) -> None:
    task_id = await world.add_task(limits={"per_channel_day": 1} | GROWN, timing=AT_ONCE)
    await posts_there(world, 2)
    async with world.tools.acting(world.anna, world.project_id) as act:
        task = await act.session.get_one(Task, task_id)
        task.config = task.config | {"limits": {}}
    await world.wait(300)
    assert await states(world) == ["sent", "sent"]


async def test_what_is_new_begins_with_a_part_of_its_caps(world: World) -> None:
    await world.add_task(limits={"per_channel_hour": 8, "ramp_up_days": 3}, timing=AT_ONCE)
    await posts_there(world, 4)
    sent = [one for one in await world.comments() if one.state == "sent"]
    held = [one for one in await world.comments() if one.state == "planned"]
    assert (len(sent), len(held)) == (2, 2)
    assert {(one.reason_data["values"]["most"], one.reason_data["values"]["full"]) for one in held} == {(2, 8)}
    assert "at the start" in held[0].reason_data["sentence"]


async def test_what_is_old_enough_has_all_of_them(world: World) -> None:
    await world.add_task(limits={"per_channel_hour": 8, "ramp_up_days": 3}, timing=AT_ONCE)
    async with world.tools.acting(world.anna, world.project_id) as act:
        long_ago = act.now - timedelta(days=3)
        (await act.session.get_one(Task, 1)).created_at = long_ago
        (await act.session.get_one(Bot, world.bots[0].id)).created_at = long_ago
        (await act.session.get_one(Channel, world.places[0].row.id)).confirmed_at = long_ago
    await posts_there(world, 4)
    await world.wait(3)
    assert await states(world) == ["sent"] * 4


def test_a_slow_start_gives_one_more_part_each_day() -> None:
    made, day = datetime(2026, 3, 1, tzinfo=UTC), timedelta(days=1)
    assert [share_of(3, made, made + number * day) for number in range(5)] == [0.25, 0.5, 0.75, 1.0, 1.0]
    assert share_of(0, made, made) == 1.0
    assert share_of(3, made, made - day) == 0.25


async def test_what_telegram_refused_takes_nobodys_place(world: World) -> None:
    await world.add_task(limits={"per_channel_hour": 1} | GROWN, timing=AT_ONCE)
    await world.control("POST", "/faults", kind="flood", method="sendMessage", times=1, value=7)
    await posts_there(world, 1)
    assert await states(world) == ["planned"]
    await world.wait(7)
    assert await states(world) == ["sent"]


async def one_more(world: World, number: int = 0) -> list[str]:
    """Ten seconds later there is another post: how the comments of the newest one stand."""
    world.clock.advance(10)
    await world.post("One more", world.places[number])
    await world.work()
    newest = (await world.comments())[-1].post_id
    return [one.reason or one.state for one in await world.comments() if one.post_id == newest]


async def test_what_was_begun_a_while_ago_counts_where_it_stands_and_nowhere_else(world: World) -> None:
    await world.add_channel("Sport")
    await world.add_task(limits={"per_channel_hour": 1} | GROWN, timing=AT_ONCE)
    assert await one_more(world, 1) == ["sent"]
    assert await one_more(world, 1) == ["limit_channel_hour"]
    assert await one_more(world, 0) == ["sent"]


async def test_what_is_older_than_an_hour_counts_for_the_day_alone(tmp_path: Path) -> None:
    async with a_world("sqlite", tmp_path) as world:
        await world.add_task(limits={"per_channel_hour": 1, "per_channel_day": 2} | GROWN, timing=AT_ONCE)
        assert await one_more(world) == ["sent"]
        await world.wait(3600)
        assert await one_more(world) == ["sent"]
        await world.wait(3600)
        assert await one_more(world) == ["limit_channel_day"]


async def test_two_comments_under_one_post_are_two_of_the_channels_and_one_thread(tmp_path: Path) -> None:
    config = {"comment_collision_limit_per_post": 2, "max_active_threads_per_bot": 2}
    async with a_world("sqlite", tmp_path, **config) as world:
        task_id = await world.add_task("{a|b|c|d|e}", limits={"per_post": 2} | GROWN, timing=AT_ONCE)
        assert await one_more(world) == ["sent", "sent"]
        assert await one_more(world) == ["sent", "limit_threads"]
        await world.wait(300)
        async with world.tools.acting(world.anna, world.project_id) as act:
            task = await act.session.get_one(Task, task_id)
            task.config = task.config | {"limits": {"per_post": 2, "per_channel_hour": 5} | GROWN}
        assert await one_more(world) == ["sent", "limit_channel_hour"]


@pytest.mark.parametrize(("back_s", "next_one"), [(60, "limit_channel_hour"), (3600, "sent")])
async def test_a_clock_that_is_set_right_by_seconds_lets_nothing_more_through(
    tmp_path: Path, back_s: int, next_one: str
) -> None:
    """By an hour: what lies ahead was begun before it, and would hold comments up for longer than any limit says."""
    async with a_world("sqlite", tmp_path) as world:
        await world.add_task(limits={"per_channel_hour": 1} | GROWN, timing=AT_ONCE)
        world.clock.advance(86_400)
        assert await one_more(world) == ["sent"]
        world.clock.set_back(back_s)
        assert await one_more(world) == [next_one]
