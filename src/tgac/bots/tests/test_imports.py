"""A list of tokens: told line by line, paced, resumed after a crash, and a repeat changes nothing."""

from typing import Any

import pytest
from sqlalchemy import select
from tests.support.world import World

from tgac.bots.imports import import_bots
from tgac.bots.jobs import ImportBots
from tgac.bots.models import Bot, BotImportLine
from tgac.bots.service import connect_bot
from tgac.bots.tests.front import Front
from tgac.kit.queue.runner import Runner
from tgac.kit.tenancy import EVERYONE
from tgac.people.models import Member
from tgac.people.projects import create_project
from tgac.wiring import HANDLES
from tgsandbox.faults import read_fault

UNKNOWN = "123456789:AAE" + "x" * 32


async def tokens(world: World, *names: str) -> list[str]:
    made = [await world.control("POST", "/bots", name=name.title(), username=f"{name}_bot") for name in names]
    return [one["token"] for one in made]


async def send(world: World, *lines: str) -> dict[str, Any]:
    told: dict[str, Any] = await Front(world).data("POST", "/bots/import", json={"text": "\n".join(lines)})
    return told


async def work(world: World, steps: int) -> None:
    """Let the job ask so many times."""
    runner = Runner(world.tools, HANDLES)
    for _step in range(steps):
        await runner.run_due()
        world.clock.advance(3)


async def outcomes(world: World, began: dict[str, Any]) -> list[tuple[int, str | None]]:
    told = await Front(world).data("GET", f"/bots/imports/{began['id']}")
    return [(line["line"], line["outcome"]) for line in told["lines"]]


async def sealed(world: World) -> list[str]:
    async with world.tools.reading(None, world.project_id) as act:
        rows = await act.session.scalars(select(BotImportLine.token_sealed))
        return [one for one in rows if one is not None]


async def usernames(world: World) -> list[str]:
    async with world.tools.reading(None, world.project_id) as act:
        return list(await act.session.scalars(select(Bot.username).order_by(Bot.id)))


async def test_every_line_gets_its_outcome_and_a_repeat_changes_nothing(world: World) -> None:
    one, two, hers = await tokens(world, "one", "two", "hers")
    async with world.tools.acting(world.people["vera"], EVERYONE) as act:
        elsewhere = (await create_project(act, "Vera's")).id
    await connect_bot(world.tools, world.people["vera"], project_id=elsewhere, token=hers)
    lines = ("# ours", "", f"  {one} ", world.tokens[0], "hello", one, two, hers, UNKNOWN, world.service_bot["token"])
    began = await send(world, *lines)
    known, bad, repeated = (4, "known"), (5, "bad_token"), (6, "repeated")
    waits = [(number, None) for number in (7, 8, 9, 10)]
    assert await outcomes(world, began) == [(3, None), known, bad, repeated, *waits]
    await work(world, 6)
    told = [(7, "added"), (8, "bot_taken"), (9, "token_refused"), (10, "service_bot")]
    assert await outcomes(world, began) == [(3, "added"), known, bad, repeated, *told]
    assert await usernames(world) == ["city_bot", "one_bot", "two_bot"]
    assert await sealed(world) == []
    again = await send(world, *lines)
    await work(world, 4)
    assert [outcome for _line, outcome in await outcomes(world, again)].count("known") == 3
    assert await usernames(world) == ["city_bot", "one_bot", "two_bot"]


async def test_telegram_is_asked_for_twenty_tokens_a_minute_at_most(world: World) -> None:
    began = await send(world, *await tokens(world, "one", "two", "three"))
    runner = Runner(world.tools, HANDLES)
    added = []
    for _second in range(8):
        await runner.run_due()
        added.append(len(await usernames(world)) - 1)
        world.clock.advance(1)
    assert added == [1, 1, 1, 2, 2, 2, 3, 3]
    told = await Front(world).data("GET", f"/bots/imports/{began['id']}")
    assert (told["state"], told["asked"], told["total"]) == ("done", 3, 3)


async def test_a_list_goes_on_after_a_crash_and_adds_nothing_twice(world: World) -> None:
    began = await send(world, *await tokens(world, "one", "two"))
    job = ImportBots(world.project_id, began["id"])
    await import_bots(world.tools, job)
    world.clock.advance(3)
    await import_bots(world.tools, job)
    world.clock.advance(3)
    await import_bots(world.tools, job)
    await work(world, 3)
    assert await outcomes(world, began) == [(1, "added"), (2, "added")]
    assert await usernames(world) == ["city_bot", "one_bot", "two_bot"]


async def test_a_wish_for_rest_is_waited_out(world: World) -> None:
    world.sandbox.endpoint.faults.add(read_fault({"kind": "flood", "method": "getMe", "value": 40, "times": 1}))
    began = await send(world, *await tokens(world, "one"))
    await work(world, 2)
    assert await outcomes(world, began) == [(1, None)]
    world.clock.advance(40)
    await work(world, 2)
    assert await outcomes(world, began) == [(1, "added")]


async def test_where_telegram_stays_silent_the_rest_is_told_and_nothing_is_kept(world: World) -> None:
    world.sandbox.endpoint.faults.add(read_fault({"kind": "http", "method": "getMe", "value": 502}))
    began = await send(world, *await tokens(world, "one", "two"))
    await work(world, 16)
    assert await outcomes(world, began) == [(1, "unreached"), (2, "unreached")]
    assert await sealed(world) == []


async def test_whoever_loses_the_right_to_edit_adds_no_more(world: World) -> None:
    began = await send(world, *await tokens(world, "one", "two"))
    await work(world, 1)
    async with world.tools.acting(None, world.project_id) as act:
        mine = await act.session.scalar(select(Member).where(Member.user_id == world.anna.user_id))
        assert mine is not None
        mine.role = "viewer"
    await work(world, 3)
    assert await outcomes(world, began) == [(1, "added"), (2, "refused")]
    assert await sealed(world) == []


async def test_a_list_is_stopped_and_another_waits_for_its_end(world: World) -> None:
    began = await send(world, *await tokens(world, "one", "two"))
    assert (await Front(world).error("POST", "/bots/import", json={"text": "x"}))[1] == "import_under_way"
    await work(world, 1)
    told = await Front(world).data("POST", f"/bots/imports/{began['id']}/stop")
    assert [line["outcome"] for line in told["lines"]] == ["added", "unreached"]
    await work(world, 2)
    assert await usernames(world) == ["city_bot", "one_bot"]
    assert (await send(world, "hello"))["state"] == "done"


@pytest.mark.parametrize("text", ["", "\n# nothing\n", "x\n" * 501, "x" * 200_001])
async def test_a_list_that_cannot_be_is_refused_with_its_field(world: World, text: str) -> None:
    assert (await Front(world).error("POST", "/bots/import", json={"text": text}))[::2] == (422, "text")


async def test_the_page_takes_a_list_and_shows_how_far_it_is_and_no_token(world: World) -> None:
    front, (one,) = Front(world), await tokens(world, "one")
    answer = await front.ask("POST", "/bots/import", data={"text": f"{one}\nhello"})
    assert answer.status_code == 303
    path = answer.headers["location"].removeprefix(f"/projects/{world.project_id}")
    assert "A list of bots is being worked through." in (await front.ask("GET", "/bots")).text
    before = (await front.ask("GET", path)).text
    await work(world, 2)
    after = (await front.ask("GET", path)).text
    assert ("Waits" in before, "Waits" in after) == (True, False)
    assert ("Not a token." in after, "@one_bot" in after) == (True, True)
    assert one not in before + after
    wrong = await front.ask("POST", "/bots/import", data={"text": "x\n" * 501})
    assert (wrong.status_code, "at most 500 lines" in wrong.text) == (422, True)
