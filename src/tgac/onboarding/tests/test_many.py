"""Runs with many channels: divided evenly, within the limits, a few at a time, through silence and sudden death."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import select
from tests.support.world import World, a_world

from tgac.kit.errors import Conflict, Invalid
from tgac.kit.queue import store
from tgac.kit.queue.jobs import Done, Snooze
from tgac.kit.queue.runner import LEASE_S, Runner
from tgac.kit.tenancy import EVERYONE
from tgac.onboarding.jobs import LookAtItem
from tgac.onboarding.looks import BUSY_S, Looks, pace_s
from tgac.onboarding.models import Item, RunState
from tgac.onboarding.service import cancel_run, look_again, start_run
from tgac.onboarding.tests.desk import a_channel, begin, row, seen, welcome
from tgac.wiring import HANDLES


@pytest.fixture
async def pair(database: str, tmp_path: Path) -> AsyncIterator[World]:
    """Two bots that may serve four channels each; both sit in the first one."""
    async with a_world(database, tmp_path, bots=2, max_channels_per_bot=4) as made:
        yield made


async def test_channels_are_divided_evenly_and_no_bot_is_promised_more_than_it_may_serve(pair: World) -> None:
    names = [f"tram{number}" for number in range(8)]
    for name in names:
        await a_channel(pair, name)
    run_id = await begin(pair, *names)
    view = await seen(pair, run_id)
    given = Counter(one.item.bot_id for one in view.rows)
    assert given == {pair.bots[0].id: 3, pair.bots[1].id: 3, None: 2}
    await pair.wait(1)
    assert Counter(one.item.reason for one in (await seen(pair, run_id)).rows)["no_bot_with_room"] == 2
    await pair.add_bot("third")
    await pair.wait(75)
    given = Counter(one.item.bot_id for one in (await seen(pair, run_id)).rows)
    assert given == {pair.bots[0].id: 3, pair.bots[1].id: 3, pair.bots[2].id: 2}


async def test_only_the_chosen_bots_are_given_channels(pair: World) -> None:
    for name in ("tram1", "tram2"):
        await a_channel(pair, name)
    run_id = await begin(pair, "tram1", "tram2", bot_ids=[pair.bots[1].id])
    assert {one.item.bot_id for one in (await seen(pair, run_id)).rows} == {pair.bots[1].id}


async def test_a_bot_that_people_added_instead_of_the_proposed_one_is_taken(pair: World) -> None:
    tram = await a_channel(pair, "tram")
    run_id = await begin(pair, "tram")
    await pair.work()
    proposed = (await row(pair, run_id, "tram")).item.bot_id
    other = next(bot for bot in pair.bots if bot.id != proposed)
    await welcome(pair, tram, other)
    await pair.work()
    here = await row(pair, run_id, "tram")
    assert (here.state, here.item.bot_id) == ("ready", other.id)


async def test_lines_that_name_nothing_are_told_and_the_others_are_taken(world: World) -> None:
    await a_channel(world, "tram")
    lines = ["@tram", "", "no channel!", "t.me/tram", "@city_news"]
    async with world.tools.acting(world.anna, world.project_id) as act:
        started = await start_run(act, lines)
    assert started.channels == 1
    assert [(one.line, one.ref) for one in started.left_out] == [
        (3, "no channel!"),
        (4, "t.me/tram"),
        (5, "@city_news"),
    ]
    with pytest.raises(Invalid) as refused:
        await begin(world, "tram")
    assert refused.value.field == "channels"
    assert "is being set up already" in refused.value.message


async def test_without_names_everything_that_waits_is_taken(world: World) -> None:
    await a_channel(world, "tram")
    async with world.tools.acting(world.anna, world.project_id) as act:
        first = await start_run(act, ["@tram"])
        await cancel_run(act, first.run.id)
        again = await start_run(act)
    assert [one.channel.ref for one in (await seen(world, again.run.id)).rows] == ["@tram"]


async def test_silence_of_telegram_is_no_failure(world: World) -> None:
    tram = await a_channel(world, "tram")
    await welcome(world, tram, world.bots[0])
    await world.control("POST", "/faults", kind="drop_before", chat_id="@tram")
    run_id = await begin(world, "tram")
    await world.work()
    here = await row(world, run_id, "tram")
    assert (here.state, here.item.is_silent, here.item.reason) == ("checked", True, None)
    await world.control("DELETE", "/faults")
    await world.wait(120)
    assert (await row(world, run_id, "tram")).state == "ready"


async def test_a_run_goes_on_after_its_worker_was_killed(world: World) -> None:
    names = [f"tram{number}" for number in range(6)]
    for name in names:
        await welcome(world, await a_channel(world, name), world.bots[0])
    await world.take_in()
    run_id = await begin(world, *names)
    world.clock.advance(1)
    await world.control("POST", "/faults", kind="delay", method="getChatMember", value=30)
    dying = asyncio.create_task(Runner(world.tools, HANDLES).run_due())
    while await _running(world) < len(names):
        await asyncio.wait([dying], timeout=0.02)
    killed = [dying, *(task for task in asyncio.all_tasks() if "_run_one" in repr(task))]
    for task in killed:
        task.cancel()
    await asyncio.wait(killed)
    await world.control("DELETE", "/faults")
    assert await _running(world) >= len(names)
    world.clock.advance(LEASE_S + 1)
    await world.tools.db.queueing(partial(store.release_lost, now=world.clock.now()))
    await world.work()
    view = await seen(world, run_id)
    assert [one.state for one in view.rows] == ["ready"] * 6
    assert view.run.state == RunState.DONE


async def _running(world: World) -> int:
    async with world.tools.reading(None, EVERYONE) as act:
        return (await store.count(act.session)).get("running", 0)


async def test_so_many_look_at_once_and_the_others_wait(world: World) -> None:
    for name in ("tram1", "tram2"):
        await a_channel(world, name)
    run_id = await begin(world, "tram1", "tram2")
    one, two = [LookAtItem(world.project_id, row.item.id, once=True) for row in (await seen(world, run_id)).rows]
    looks = Looks(at_once=1)
    first, second = await asyncio.gather(looks.look(world.tools, one), looks.look(world.tools, two))
    assert (first, second) == (Done(), Snooze(BUSY_S))
    assert await looks.look(world.tools, two) == Done()


async def test_the_longer_nothing_moves_the_seldomer_it_is_looked_at(world: World) -> None:
    await a_channel(world, "tram")
    run_id = await begin(world, "tram")
    await world.work()
    item = (await row(world, run_id, "tram")).item
    paces = [pace_s(world.tools.clock.now() - item.changed_at)]
    for hours in (2, 30, 200):
        world.clock.advance(hours * 3600)
        paces.append(pace_s(world.tools.clock.now() - item.changed_at))
    assert paces == [60.0, 900.0, 3600.0, 86_400.0]


async def test_an_ended_run_looks_no_more_and_leaves_its_channels(world: World) -> None:
    tram = await a_channel(world, "tram")
    run_id = await begin(world, "tram")
    await world.work()
    async with world.tools.acting(world.anna, world.project_id) as act:
        await cancel_run(act, run_id)
    await welcome(world, tram, world.bots[0])
    await world.wait(75)
    here = await row(world, run_id, "tram")
    assert here.item.step == "channel"
    assert here.channel.state == "active", "the channel's own checks go on"
    with pytest.raises(Conflict):
        async with world.tools.acting(world.anna, world.project_id) as act:
            await look_again(act, run_id)


async def test_a_channel_named_twice_in_different_ways_is_one(world: World) -> None:
    tram = await a_channel(world, "tram")
    async with world.tools.acting(world.anna, world.project_id) as act:
        run_id = (await start_run(act, ["@tram", str(tram.id)])).run.id
    await welcome(world, tram, world.bots[0])
    await world.work()
    await world.wait(75)
    view = await seen(world, run_id)
    assert [(one.channel.username, one.state) for one in view.rows] == [("tram", "ready")]
    async with world.tools.reading(None, world.project_id) as act:
        assert len(list(await act.session.scalars(select(Item)))) == 1
