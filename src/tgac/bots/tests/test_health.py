"""Health: looked at every hour and on demand; what fails is told once, and only when it fails twice."""

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import select
from tests.support.world import World

from tgac.bots.health import check_bot, look_at_bots
from tgac.bots.jobs import TOGETHER, CheckBot, CheckBots
from tgac.bots.models import Bot
from tgac.bots.queries import find_bot
from tgac.bots.service import pause_bot, replace_token
from tgac.bots.tests.front import Front
from tgac.journal.models import Event
from tgac.kit.errors import Conflict
from tgac.kit.queue.runner import Runner
from tgac.kit.secrets import Keys, Secret, new_master_key
from tgac.kit.tenancy import EVERYONE
from tgac.wiring import HANDLES
from tgsandbox.faults import read_fault


def fail(world: World, **fault: Any) -> None:
    """From now on Telegram does not answer health checks as it should."""
    world.sandbox.endpoint.faults.add(read_fault({"method": "getMe", **fault}))


async def the_bot(world: World) -> Bot:
    async with world.tools.reading(None, world.project_id) as act:
        return await find_bot(act, world.bots[0].id)


async def told(world: World) -> list[str]:
    async with world.tools.reading(None, world.project_id) as act:
        kinds = await act.session.scalars(select(Event.kind).order_by(Event.id))
        return [kind for kind in kinds if kind in ("bot_failing", "bot_well", "bot_refused")]


async def look(world: World) -> None:
    """A scheduled look, and what it leaves due."""
    async with world.tools.acting(None, world.project_id) as act:
        act.enqueue(CheckBot(world.project_id, world.bots[0].id), key="look")
    await Runner(world.tools, HANDLES).run_due()


async def test_every_bot_is_looked_at_within_the_hour_and_not_all_at_once(world: World) -> None:
    for number in range(2 * TOGETHER):
        await world.add_bot(f"more{number}")
    before = {bot.id: bot.health_at for bot in world.bots}
    async with world.tools.acting(None, EVERYONE) as act:
        act.enqueue(CheckBots(), key="round")
    runner = Runner(world.tools, HANDLES)
    await runner.run_due()
    moments: dict[int, Any] = {}
    for _minute in range(60):
        world.clock.advance(60)
        await runner.run_due()
        async with world.tools.reading(None, world.project_id) as act:
            bots = await act.session.scalars(select(Bot).order_by(Bot.id))
            moments |= {bot.id: bot.health_at for bot in bots if bot.health_at != before[bot.id]}
    assert sorted(Counter(moments.values()).values()) == [1, TOGETHER, TOGETHER], "a few at a time"


async def test_one_failure_is_written_down_and_the_second_is_told_once(world: World) -> None:
    fail(world, kind="http", value=502)
    await look(world)
    first = await the_bot(world)
    assert (first.failing_since, first.health_at, await told(world)) == (world.clock.now(), world.clock.now(), [])
    world.clock.advance(60)
    await Runner(world.tools, HANDLES).run_due()
    assert await told(world) == ["bot_failing"]
    world.clock.advance(60)
    await look(world)
    bot = await the_bot(world)
    assert (await told(world), bot.status, bot.failing_since) == (["bot_failing"], "ACTIVE", first.failing_since)
    await world.control("DELETE", "/faults")
    await look(world)
    well = await the_bot(world)
    assert (await told(world), well.failing_since, well.reason) == (["bot_failing", "bot_well"], None, None)


async def test_a_bot_that_is_not_reached_for_a_day_is_dead_until_it_answers(world: World) -> None:
    front, path = Front(world), f"/bots/{world.bots[0].id}"
    fail(world, kind="http", value=502)
    await look(world)
    world.clock.advance(24 * 3600)
    assert (await front.data("GET", path))["status"] == "DEAD"
    assert "The health check fails" in (await front.ask("GET", path)).text
    await world.control("DELETE", "/faults")
    assert (await front.data("POST", f"{path}/healthcheck"))["status"] == "ACTIVE"


async def test_a_frozen_account_is_dead_and_no_token_is_asked_for(world: World) -> None:
    await world.control("PUT", f"/bots/{world.bots[0].telegram_id}", frozen=True)
    await look(world)
    front, path = Front(world), f"/bots/{world.bots[0].id}"
    told = await front.data("GET", path)
    assert (told["status"], told["health"]) == ("DEAD", "refused")
    assert "has frozen this bot" in (await front.ask("GET", path)).text
    await world.control("PUT", f"/bots/{world.bots[0].telegram_id}", frozen=False)
    await look(world)
    assert (await front.data("GET", path))["status"] == "ACTIVE"


async def test_telegrams_wish_for_rest_is_no_illness(world: World) -> None:
    fail(world, kind="flood", value=30, times=1)
    await look(world)
    assert (await the_bot(world)).failing_since is None
    before = (await the_bot(world)).health_at
    world.clock.advance(30)
    await Runner(world.tools, HANDLES).run_due()
    assert (await the_bot(world)).health_at != before


async def test_a_bot_that_was_paused_when_it_was_shut_out_comes_back_paused(world: World) -> None:
    async with world.tools.acting(world.anna, world.project_id) as act:
        await pause_bot(act, world.bots[0].id)
    fresh = await world.control("POST", f"/bots/{world.bots[0].telegram_id}/revoke")
    await look(world)
    assert ((await the_bot(world)).status, await told(world)) == ("REVOKED", ["bot_refused"])
    bot = await replace_token(
        world.tools, world.anna, project_id=world.project_id, bot_id=world.bots[0].id, token=fresh["token"]
    )
    assert bot.status == "PAUSED"


async def test_a_token_whose_key_is_gone_is_told_and_nothing_breaks(world: World) -> None:
    tools = replace(world.tools, keys=Keys([Secret(new_master_key())]))
    with pytest.raises(Conflict) as caught:
        await check_bot(tools, world.anna, project_id=world.project_id, bot_id=world.bots[0].id)
    assert caught.value.code == "token_not_opened"
    assert (await the_bot(world)).failing_since is not None


async def test_on_demand_its_channels_are_looked_at_too(world: World) -> None:
    channel_id, bot = world.places[0].id, world.bots[0]
    await world.control("PUT", f"/chats/{channel_id}/members/{bot.telegram_id}", status="left")
    assert (await Front(world).data("GET", f"/bots/{bot.id}"))["channels_in_use"]["used"] == 1
    await Front(world).data("POST", f"/bots/{bot.id}/healthcheck")
    await Runner(world.tools, HANDLES).run_due()
    told = await Front(world).data("GET", f"/bots/{bot.id}")
    assert (told["status"], told["channels_in_use"]["used"], told["channels_lost"]) == ("NEEDS_SETUP", 0, 1)


async def test_a_round_forgets_nothing_that_is_under_way(world: World) -> None:
    await look_at_bots(world.tools, CheckBots())
    await look_at_bots(world.tools, CheckBots())
    async with world.tools.reading(None, world.project_id) as act:
        assert [bot.id for bot in await act.session.scalars(select(Bot))] == [world.bots[0].id]
