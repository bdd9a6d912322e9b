"""Many rows in one statement: keys that are noted once, lines of the log, one value for many."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from tests.support.world import World
from tgac.bots.models import Bot
from tgac.comments.models import SeenUpdate
from tgac.journal.models import Event
from tgac.journal.service import record
from tgac.kit.db.many import note_keys, set_all
from tgac.kit.tenancy import EVERYONE, NO_PROJECT, OutOfScope
from tgac.people.projects import create_project


async def note(world: World, *numbers: int) -> set[int]:
    async with world.tools.acting(None, NO_PROJECT) as act:
        lines = [{"bot_telegram_id": 7, "update_id": number, "seen_at": act.now} for number in numbers]
        return {number for _bot, number in await note_keys(act.session, SeenUpdate, lines)}


async def test_of_many_keys_those_are_given_that_were_not_there(world: World) -> None:
    many = range(3000)
    assert await note(world, *many) == set(many)
    assert await note(world, 5, 3000, 2999) == {3000}
    assert await note(world, 3000) == set()


async def test_a_line_of_the_log_is_written_with_the_act_and_not_without_it(world: World) -> None:
    async def count() -> int:
        async with world.tools.reading(None, world.project_id) as act:
            return int(await act.session.scalar(select(func.count(Event.id)).where(Event.kind == "seen")) or 0)

    async def fail() -> None:
        async with world.tools.acting(None, world.project_id) as act:
            record(act, "seen")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await count() == 0
    async with world.tools.acting(None, world.project_id) as act:
        record(act, "seen", bot_id=world.bots[0].id)
        record(act, "seen", {"of": "another"}, channel_id=1)
    assert await count() == 2


async def test_a_line_of_another_project_is_refused_with_all_that_the_act_did(world: World) -> None:
    async with world.tools.acting(world.anna, EVERYONE) as act:
        other = await create_project(act, "Elsewhere")

    async def reach_over() -> None:
        async with world.tools.acting(None, world.project_id) as act:
            (await act.session.get_one(Bot, world.bots[0].id)).note = "changed"
            record(act, "seen", project_id=other.id)

    with pytest.raises(OutOfScope):
        await reach_over()
    async with world.tools.reading(None, world.project_id) as act:
        assert (await act.session.get_one(Bot, world.bots[0].id)).note != "changed"


async def test_one_value_is_given_to_many_rows_and_what_else_was_changed_of_them_stays(world: World) -> None:
    second, third = await world.add_bot("second"), await world.add_bot("third")
    async with world.tools.acting(None, world.project_id) as act:
        moment = act.now + timedelta(days=1)
        chosen = [await act.session.get_one(Bot, bot.id) for bot in (world.bots[0], second)]
        chosen[0].note = "changed"
        await set_all(act.session, chosen, health_at=moment)
        assert [bot.health_at for bot in chosen] == [moment, moment]
    async with world.tools.reading(None, world.project_id) as act:
        found = {bot.id: bot for bot in await act.session.scalars(select(Bot))}
    assert [found[bot.id].health_at == moment for bot in (world.bots[0], second, third)] == [True, True, False]
    assert found[world.bots[0].id].note == "changed"
