"""A bot whose comments fail too often is slowed down, then paused, and finds its way back. Every stop stops."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select
from tests.support.world import World

from tgac.bots.models import Bot
from tgac.bots.service import resume_bot
from tgac.comments.failing import judge
from tgac.comments.tests.hands import sends
from tgac.journal.models import Event
from tgac.kit.tenancy import EVERYONE
from tgac.settings.service import hold_stop, holding_here, resume_installation, stop_installation


@pytest.mark.parametrize(
    ("failures", "ended", "is_slow", "means"),
    [
        (1, 2, False, "well"),
        (2, 2, False, "well"),
        (3, 3, False, "slow"),
        (3, 60, False, "slow"),
        (3, 61, False, "well"),
        (3, 60, True, "pause"),
        (2, 30, True, "well"),
    ],
)
def test_five_in_a_hundred_are_too_many_and_three_at_least(
    failures: int, ended: int, is_slow: bool, means: str
) -> None:
    assert judge(failures, ended, percent=5, is_slow=is_slow) == means
    assert judge(failures, ended, percent=0, is_slow=is_slow) == "well"


async def the_bot(world: World) -> Bot:
    async with world.tools.reading(None, world.project_id) as act:
        return await act.session.get_one(Bot, world.bots[0].id)


async def told(world: World) -> list[str]:
    async with world.tools.reading(None, world.project_id) as act:
        kinds = await act.session.scalars(select(Event.kind).order_by(Event.id))
        return [kind for kind in kinds if kind.startswith(("bot_slowed", "bot_paused", "bot_quick", "bot_resumed"))]


async def lost_answers(world: World, count: int, *, every_s: float) -> None:
    """So many comments whose answers are lost, one after the other."""
    await world.control("POST", "/faults", kind="drop_after", method="sendMessage", times=count)
    for number in range(count):
        await world.post(f"Lost {number}")
        await world.wait(every_s)


async def test_a_bot_is_slowed_down_to_one_comment_a_minute_and_is_quick_again_after_an_hour(world: World) -> None:
    await world.add_task()
    await lost_answers(world, 2, every_s=5)
    assert (await the_bot(world)).slowed_at is None
    await lost_answers(world, 1, every_s=5)
    assert (await the_bot(world)).slowed_at is not None
    before = len(await sends(world))
    await world.post("One")
    await world.post("Two")
    await world.wait(30)
    assert {one.reason for one in await world.comments() if one.state == "planned"} == {"limit_errors"}
    await world.wait(30)
    assert len(await sends(world)) == before + 1
    await world.wait(60)
    assert len(await sends(world)) == before + 2
    world.clock.advance(3600)
    await world.post("Three")
    await world.post("Four")
    await world.work()
    assert len(await sends(world)) == before + 4
    assert await told(world) == ["bot_slowed", "bot_quick_again"]
    assert (await the_bot(world)).slowed_at is None


async def test_a_slowed_bot_that_goes_on_failing_is_paused_until_a_person_resumes_it(world: World) -> None:
    await world.add_task()
    await lost_answers(world, 3, every_s=5)
    await lost_answers(world, 3, every_s=61)
    await world.wait(61)
    bot = await the_bot(world)
    assert (bot.status, bot.is_paused, bot.errors) == ("PAUSED", True, {"failures": 3, "count": 3})
    async with world.tools.acting(world.anna, world.project_id) as act:
        await resume_bot(act, bot.id)
    bot = await the_bot(world)
    assert (bot.status, bot.errors, bot.slowed_at) == ("ACTIVE", None, None)
    before = len(await sends(world))
    await world.post("One")
    await world.post("Two")
    await world.work()
    assert len(await sends(world)) == before + 2
    assert await told(world) == ["bot_slowed", "bot_paused_for_errors", "bot_resumed"]


async def admin(world: World, verb: Any) -> None:
    async with world.tools.acting(world.anna, EVERYONE) as act:
        await verb(act)


async def test_the_very_first_stop_of_an_installation_waits_for_what_is_about_to_leave(world: World) -> None:
    async with world.tools.acting(None, world.project_id) as act:
        await hold_stop(act)
        assert (await holding_here(act)).stopped_at is None
        stopping = asyncio.create_task(admin(world, stop_installation))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(asyncio.shield(stopping), 0.3)
    await stopping
    async with world.tools.reading(None, world.project_id) as act:
        assert (await holding_here(act)).stopped_at == world.clock.now()


async def test_the_installations_stop_cancels_what_has_not_left_and_plans_nothing(world: World) -> None:
    await world.add_task(timing={"delay": {"min_s": 60, "max_s": 60}})
    await world.post("Planned")
    await world.work()
    await admin(world, stop_installation)
    await world.post("Later")
    await world.wait(60)
    (comment,) = await world.comments()
    assert (comment.state, comment.reason) == ("cancelled", "installation_stopped")
    assert await sends(world) == []
    await admin(world, resume_installation)
    await world.post("Again")
    await world.work()
    await world.wait(60)
    assert len(await sends(world)) == 1
