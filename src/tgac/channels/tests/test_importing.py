import asyncio

import pytest
from sqlalchemy import func, select
from tests.support.world import World

from tgac.bots.tests.front import Front
from tgac.channels.importing import APART, import_channels
from tgac.channels.models import Channel
from tgac.kit.errors import Invalid, Refused
from tgac.kit.tenancy import EVERYONE

LIST = """# ours
@sport

t.me/Sport
nonsense here
@city_news
-1009999999999
"""


async def imported(world: World, text: str) -> list[tuple[int, str]]:
    async with world.tools.acting(world.anna, world.project_id) as act:
        return [(one.line, one.outcome) for one in await import_channels(act, text)]


async def states(world: World) -> dict[str, tuple[str, str | None]]:
    async with world.tools.reading(None, EVERYONE) as act:
        rows = await act.session.scalars(select(Channel).order_by(Channel.id))
        return {row.title: (row.state, row.reason) for row in rows}


async def test_every_line_is_told_by_its_number_and_a_repeat_changes_nothing(world: World) -> None:
    told = [(2, "added"), (4, "duplicate"), (5, "bad"), (6, "known"), (7, "added")]
    assert await imported(world, LIST) == told
    before = await states(world)
    assert await imported(world, LIST) == [(n, "known" if was != "bad" else "bad") for n, was in told]
    assert await states(world) == before


async def test_what_was_added_is_looked_at_in_jobs_and_opens_where_all_is_well(world: World) -> None:
    sport, group = await world.make_channel("Sport")
    await world.invite(world.bots[0], sport, group)
    await imported(world, LIST)
    assert (await states(world))["@sport"] == ("pending", None)
    await world.wait(2 * APART.total_seconds())
    assert await states(world) == {
        "City news": ("active", None),
        "Sport": ("active", None),
        "-1009999999999": ("pending", "chat_not_found"),
    }


async def test_a_list_of_five_thousand_is_taken_and_one_more_line_is_too_many(world: World) -> None:
    text = "\n".join(f"@channel_{n}" for n in range(5000))
    assert {outcome for _, outcome in await imported(world, text)} == {"added"}
    async with world.tools.reading(None, EVERYONE) as act:
        assert await act.session.scalar(select(func.count(Channel.id))) == 5001
    with pytest.raises(Invalid) as refused:
        await imported(world, text + "\n@one_more")
    assert (refused.value.code, refused.value.field) == ("too_many_lines", "text")


async def test_the_api_tells_the_counts_and_the_lines(world: World) -> None:
    told = await Front(world).data("POST", "/channels/import", json={"text": LIST})
    assert {name: told[name] for name in ("added", "known", "duplicate", "bad")} == {
        "added": 2, "known": 1, "duplicate": 1, "bad": 1,
    }  # fmt: skip
    assert told["lines"][1]["message"] == "The same as line 2."
    async with world.tools.acting(world.people["boris"], world.project_id) as act:
        with pytest.raises(Refused):
            await import_channels(act, LIST)


async def test_two_lists_of_the_same_channels_in_another_order_at_once_add_each_once(world: World) -> None:
    names = [f"@channel_{n:03}" for n in range(300)]
    both = await asyncio.gather(imported(world, "\n".join(names)), imported(world, "\n".join(reversed(names))))
    assert sorted(sorted({outcome for _line, outcome in told}) for told in both) == [["added"], ["known"]]
