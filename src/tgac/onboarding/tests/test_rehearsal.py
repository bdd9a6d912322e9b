"""The first dry run: what would happen in a channel that has become ready. It sends nothing and holds nothing up."""

from typing import Any

from tests.support.world import World

from tgac.onboarding.tests.desk import a_channel, begin, row, welcome
from tgac.tasks.service import change_task


async def ready(world: World, *, published: bool = True) -> int:
    """A channel that is set up in a run; gives the run's number."""
    tram = await a_channel(world, "tram")
    await welcome(world, tram, world.bots[0])
    if published:
        await world.control("POST", f"/channels/{tram.id}/posts", text="Hello")
    run_id = await begin(world, "tram")
    await world.work()
    await world.wait(75)
    return run_id


async def test_a_ready_channel_says_that_a_bot_may_comment_there(world: World) -> None:
    here = await row(world, await ready(world, published=False), "tram")
    assert here.state == "ready"
    assert here.item.dry_run is not None
    assert (here.item.dry_run["task"], here.item.dry_run["bot"]) == (None, "city_bot")
    assert here.sentence == "Dry run: @city_bot may comment here. No task is on for this channel yet."
    assert await world.control("GET", "/calls?method=sendMessage") == []


async def aim_at_tram(world: World, **config: Any) -> int:
    """A task that is on for the first channel and aimed at the newest one too; the run of that one."""
    task_id = await world.add_task(timing={"delay": {"min_s": 240, "max_s": 240}}, **config)
    tram = await a_channel(world, "tram")
    await welcome(world, tram, world.bots[0])
    await world.control("POST", f"/channels/{tram.id}/posts", text="Hello")
    run_id = await begin(world, "tram")
    here = (await row(world, run_id, "tram")).channel
    async with world.tools.acting(world.anna, world.project_id) as act:
        document = {
            "targets": {"channels": [world.places[0].row.id, here.id]},
            "content": {"variants": [{"name": "A", "text": "Rules"}]},
            "timing": {"delay": {"min_s": 240, "max_s": 240}},
        }
        await change_task(act, task_id, config=document | config)
    await world.work()
    await world.wait(75)
    return run_id


async def test_with_a_task_that_is_on_it_says_when_the_comment_would_come(world: World) -> None:
    here = await row(world, await aim_at_tram(world), "tram")
    assert here.item.dry_run == {"task": "Welcome", "bot": "city_bot", "after_s": 240}
    assert here.sentence == "Dry run: @city_bot would comment 4 minutes after the post."


async def test_and_why_none_would_come(world: World) -> None:
    here = await row(world, await aim_at_tram(world, filter={"min_length": 500}), "tram")
    assert here.state == "ready", "it holds nothing up"
    assert here.sentence.startswith("Dry run: no comment. ")
    assert "500" in here.sentence
