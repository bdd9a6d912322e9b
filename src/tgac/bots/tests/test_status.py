"""How a bot stands: the function and the database agree on every mix of facts."""

import itertools
from datetime import timedelta

from sqlalchemy import select
from tests.support.clock import ManualClock
from tests.support.world import World

from tgac.bots.models import Bot, Seat
from tgac.bots.queries import standings
from tgac.bots.status import Places, Standing, standing_in_sql, standing_of
from tgac.bots.tests.front import Front

NOW = ManualClock().now()


def a_bot(*, status: str = "ACTIVE", gone: bool = False, failing_h: float | None = None) -> Bot:
    since = None if failing_h is None else NOW - timedelta(hours=failing_h)
    return Bot(status=status, is_paused=status == "PAUSED", is_gone=gone, failing_since=since)


def stands(bot: Bot, *, used: int = 1, slow_s: float | None = None) -> str:
    slow_until = None if slow_s is None else NOW + timedelta(seconds=slow_s)
    return standing_of(bot, Places(used, slow_until=slow_until), now=NOW)


def test_each_status_has_its_cause() -> None:
    assert stands(a_bot()) == "ACTIVE"
    assert stands(a_bot(), used=0) == "NEEDS_SETUP"
    assert stands(a_bot(), slow_s=5) == "FLOOD_WAIT"
    assert stands(a_bot(), slow_s=0) == "ACTIVE"
    assert stands(a_bot(status="PAUSED"), used=0) == "PAUSED"
    assert stands(a_bot(status="REVOKED", failing_h=30)) == "REVOKED"
    assert stands(a_bot(status="REVOKED", gone=True)) == "DEAD"
    assert stands(a_bot(failing_h=23.9)) == "ACTIVE"
    assert stands(a_bot(failing_h=24)) == "DEAD"
    assert stands(a_bot(status="PAUSED", failing_h=24)) == "DEAD"


async def test_the_database_says_the_same_of_every_mix_of_facts(world: World) -> None:
    mixes = list(
        itertools.product(
            ("ACTIVE", "PAUSED", "REVOKED"),
            (False, True),
            (None, 1.0, 24.0),
            (None, "active", "lost"),
            (None, 0.0, 9.0),
        )
    )
    async with world.tools.acting(None, world.project_id) as act:
        channel_id, now = world.places[0].row.id, act.now
        for number, (status, gone, failing_h, seat, slow_s) in enumerate(mixes):
            bot = a_bot(status=status, gone=gone)
            bot.failing_since = None if failing_h is None else now - timedelta(hours=failing_h)
            bot.telegram_id, bot.username, bot.name, bot.token_sealed = 10_000 + number, f"b{number}_bot", "B", "x"
            bot.created_at = now
            act.session.add(bot)
            await act.flush()
            if seat:
                slow_until = None if slow_s is None else now + timedelta(seconds=slow_s)
                act.session.add(
                    Seat(bot_id=bot.id, channel_id=channel_id, state=seat, slow_until=slow_until, since=now)
                )
    async with world.tools.reading(None, world.project_id) as act:
        told = {
            row.id: row.standing
            for row in await act.session.execute(select(Bot.id, standing_in_sql(act.now).label("standing")))
        }
        worked_out = await standings(act, list(await act.session.scalars(select(Bot))))
    assert len(told) == len(mixes) + 1
    assert told == worked_out
    assert set(told.values()) == set(Standing)


async def test_the_list_is_filtered_by_what_people_see(world: World) -> None:
    await world.add_bot("homeless")
    front = Front(world)

    async def found(**asked: str) -> list[str]:
        return [bot["username"] for bot in (await front.data("GET", "/bots", params=asked))["items"]]

    assert await found(status="NEEDS_SETUP") == ["homeless_bot"]
    assert await found(status="ACTIVE") == ["city_bot"]
    async with world.tools.acting(None, world.project_id) as act:
        seat = (await act.session.scalars(select(Seat))).one()
        seat.slow_until = act.now + timedelta(seconds=30)
    assert await found(status="FLOOD_WAIT") == ["city_bot"]
    told = (await front.data("GET", f"/bots/{world.bots[0].id}"))["slow_until"]
    assert told == "2026-11-22T12:00:30.000Z"
    world.clock.advance(30)
    assert await found(status="FLOOD_WAIT") == []
    assert await found(room="1") == ["homeless_bot", "city_bot"]
    assert await found(proxy="none", tag="none") == []
