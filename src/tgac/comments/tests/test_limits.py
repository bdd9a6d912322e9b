"""Telegram's limits are kept before Telegram has to."""

from pathlib import Path

from tests.support.world import World, a_world

from tgac.comments.tests.hands import sends


async def test_forty_posts_at_once_are_commented_without_a_single_429(world: World) -> None:
    await world.add_task("Rules")
    for number in range(40):
        await world.post(f"Post {number}")
    await world.work()
    for _ in range(140):
        await world.wait(1)
    calls = await sends(world)
    assert [call["status"] for call in calls] == [200] * 40
    times = sorted(call["at"] for call in calls)
    assert all(later - earlier >= 60 for earlier, later in zip(times, times[20:], strict=False))
    assert times[-1] - times[0] < 130
    assert len(await world.said()) == 40


async def test_a_bot_with_many_groups_keeps_to_thirty_a_second(tmp_path: Path) -> None:
    async with a_world("sqlite", tmp_path) as world:
        for number in range(39):
            await world.add_channel(f"Channel {number}")
        await world.add_task("Rules", timing={"delay": {"min_s": 60, "max_s": 60}})
        for place in world.places:
            await world.post("Hello", place)
        await world.work()
        world.clock.advance(60)
        await world.work()
        assert len(await sends(world)) == 30
        await world.wait(1)
        assert [call["status"] for call in await sends(world)] == [200] * 40
