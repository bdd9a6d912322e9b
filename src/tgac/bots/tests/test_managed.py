"""Bots made through the service bot: asked for here, confirmed in Telegram, matched on the person alone."""

from typing import Any

import pytest
from sqlalchemy import select
from tests.support.world import World

from tgac.bots.managed import OPEN_FOR
from tgac.bots.models import Bot
from tgac.bots.queries import find_bot
from tgac.bots.service import connect_bot, remove_bot, token_of
from tgac.bots.tests.front import Front
from tgac.kit.queue.runner import Runner
from tgac.kit.tenancy import EVERYONE
from tgac.people.models import Member
from tgac.people.models import User as Person
from tgac.processes.bot import SERVICE_KINDS, take_service_update
from tgac.wiring import HANDLES
from tgsandbox.faults import read_fault


@pytest.fixture
async def desk(world: World) -> World:
    """The world whose service bot may make bots; Anna and Vera have written to it."""
    await world.control("PUT", f"/bots/{world.service_bot['id']}", can_manage_bots=True)
    for who in ("anna", "vera"):
        path = f"/private/{world.service_bot['id']}/{world.telegram_ids[who]}/messages"
        await world.control("POST", path, text="/help")
    return world


async def ask(world: World, **body: str) -> dict[str, Any]:
    told: dict[str, Any] = await Front(world).data("POST", "/bots/managed", json=body)
    return told


async def say_yes(world: World, username: str, who: str = "anna", name: str = "Helper") -> dict[str, Any]:
    """A person confirms a bot in Telegram, under the name that they like; the service bot hears of it."""
    made: dict[str, Any] = await world.control(
        "POST",
        "/managed",
        manager_id=world.service_bot["id"],
        owner_id=world.telegram_ids[who],
        name=name,
        username=username,
    )
    await hear(world)
    return made


async def hear(world: World) -> None:
    token = world.tools.config.telegram_bot_token
    raw = await world.tools.telegram.get_updates(token, offset=None, timeout_s=0, allowed=SERVICE_KINDS)
    for one in raw:
        await take_service_update(world.tools, one)
    if raw:
        last = raw[-1]["update_id"] + 1
        await world.tools.telegram.get_updates(token, offset=last, timeout_s=0, allowed=SERVICE_KINDS)
    await Runner(world.tools, HANDLES).run_due()


async def bots(world: World) -> list[Bot]:
    async with world.tools.reading(None, EVERYONE) as act:
        return list(await act.session.scalars(select(Bot).order_by(Bot.id)))


async def heard(world: World, who: str = "anna") -> str:
    """The last thing that the service bot said to a person."""
    path = f"/private/{world.service_bot['id']}/{world.telegram_ids[who]}/messages"
    return str((await world.control("GET", path))[-1]["text"])


async def test_one_yes_in_telegram_brings_the_bot_into_the_project(desk: World) -> None:
    asked = await ask(desk, name="City & more", username="city_more_bot")
    base = desk.tools.config.telegram_link_base
    assert asked["deeplink"] == f"{base}/newbot/desk_bot/city_more_bot?name=City%20%26%20more"
    made = await say_yes(desk, "city_more_bot", name="City <b>")
    _city, bot = await bots(desk)
    assert (bot.username, bot.name) == ("city_more_bot", "City <b>")
    assert (bot.project_id, bot.status) == (desk.project_id, "ACTIVE")
    assert token_of(desk.tools.keys, bot).reveal() == made["token"]
    assert "@city_more_bot is in the project “City”." in await heard(desk)
    (row,) = (await Front(desk).data("GET", "/bots/managed"))["items"]
    assert (row["outcome"], row["bot_id"]) == ("added", bot.id)


async def test_a_yes_that_telegram_tells_twice_adds_once(desk: World) -> None:
    await ask(desk, username="twice_bot")
    desk.sandbox.endpoint.faults.add(read_fault({"kind": "duplicate_update", "bot_id": desk.service_bot["id"]}))
    await say_yes(desk, "twice_bot")
    await hear(desk)
    assert len(await bots(desk)) == 2


async def test_the_suggested_name_is_matched_first_and_then_the_newest_request(desk: World) -> None:
    first, second = await ask(desk, username="first_bot"), await ask(desk, username="second_bot")
    assert (first["username"], second["username"]) == ("first_bot", "second_bot")
    await say_yes(desk, "first_bot")
    await say_yes(desk, "of_my_own_bot")
    told = (await Front(desk).data("GET", "/bots/managed"))["items"]
    names = {bot.id: bot.username for bot in await bots(desk)}
    matched = [(row["username"], names[row["bot_id"]]) for row in told]
    assert matched == [("second_bot", "of_my_own_bot"), ("first_bot", "first_bot")]


async def test_somebody_elses_yes_adds_nothing(desk: World) -> None:
    await ask(desk, username="wanted_bot")
    await say_yes(desk, "wanted_bot", who="vera")
    assert len(await bots(desk)) == 1
    assert "was not added" in await heard(desk, "vera")
    assert (await Front(desk).data("GET", "/bots/managed"))["items"][0]["outcome"] is None


async def test_a_request_is_over_after_an_hour_or_when_it_is_withdrawn(desk: World) -> None:
    await ask(desk, username="late_bot")
    desk.clock.advance(OPEN_FOR.total_seconds())
    await say_yes(desk, "late_bot")
    row = await ask(desk, username="unwanted_bot")
    await Front(desk).data("DELETE", f"/bots/managed/{row['id']}")
    await say_yes(desk, "unwanted_bot")
    assert len(await bots(desk)) == 1


async def test_telegrams_silence_is_waited_out(desk: World) -> None:
    await ask(desk, username="slow_bot")
    desk.sandbox.endpoint.faults.add(
        read_fault({"kind": "http", "method": "getManagedBotToken", "value": 502, "times": 2})
    )
    await say_yes(desk, "slow_bot")
    assert len(await bots(desk)) == 1
    for _try in range(2):
        desk.clock.advance(30)
        await Runner(desk.tools, HANDLES).run_due()
    assert len(await bots(desk)) == 2


async def test_another_token_of_its_owner_is_put_in_by_itself(desk: World) -> None:
    await ask(desk, username="helper_bot")
    made = await say_yes(desk, "helper_bot")
    fresh = await desk.control("POST", f"/bots/{made['id']}/revoke")
    await hear(desk)
    bot = (await bots(desk))[1]
    assert fresh["token"] != made["token"]
    assert token_of(desk.tools.keys, bot).reveal() == fresh["token"]
    assert "goes on with its other token" in await heard(desk)


async def test_an_owner_who_left_the_project_takes_the_bot_along(desk: World) -> None:
    await ask(desk, username="helper_bot")
    made = await say_yes(desk, "helper_bot")
    async with desk.tools.acting(None, desk.project_id) as act:
        await act.session.delete(
            (await act.session.scalars(select(Member).where(Member.user_id == desk.anna.user_id))).one()
        )
    await desk.control("POST", f"/bots/{made['id']}/revoke")
    await hear(desk)
    bot = (await bots(desk))[1]
    assert (bot.status, token_of(desk.tools.keys, bot).reveal()) == ("REVOKED", made["token"])


async def test_a_token_taken_back_from_where_it_was_pasted_is_not_put_in_again(desk: World) -> None:
    await ask(desk, username="lent_bot")
    made = await say_yes(desk, "lent_bot")
    async with desk.tools.acting(desk.anna, desk.project_id) as act:
        await remove_bot(act, (await bots(desk))[1].id)
    pasted = await connect_bot(desk.tools, desk.anna, project_id=desk.project_id, token=made["token"])
    await desk.control("POST", f"/bots/{made['id']}/revoke")
    await hear(desk)
    async with desk.tools.reading(None, desk.project_id) as act:
        assert token_of(desk.tools.keys, await find_bot(act, pasted.id)).reveal() == made["token"]


async def test_a_service_bot_that_may_not_make_bots_says_what_to_switch_on(world: World) -> None:
    status, code, _field = await Front(world).error("POST", "/bots/managed", json={})
    assert (status, code) == (409, "management_off")
    page = await Front(world).ask("POST", "/bots/managed", data={})
    assert (page.status_code, "switch on Bot Management Mode" in page.text) == (409, True)


async def test_who_never_signed_in_with_telegram_is_asked_to(desk: World) -> None:
    async with desk.tools.acting(None, EVERYONE) as act:
        (await act.session.get_one(Person, desk.anna.user_id)).telegram_id = None
    assert (await Front(desk).error("POST", "/bots/managed", json={}))[1] == "telegram_unknown"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"username": "nobody"}, "username"),
        ({"username": "1_bot"}, "username"),
        ({"name": "\u200b"}, "name"),
        ({"x": 1}, "x"),
    ],
)
async def test_names_that_telegram_would_not_take_are_told_with_their_field(
    desk: World, body: dict[str, Any], field: str
) -> None:
    assert (await Front(desk).error("POST", "/bots/managed", json=body))[::2] == (422, field)


async def test_the_page_shows_the_link_and_then_the_bot(desk: World) -> None:
    front = Front(desk)
    answer = await front.ask("POST", "/bots/managed", data={"username": "paged_bot"})
    assert (answer.status_code, answer.headers["location"]) == (303, f"/projects/{desk.project_id}/bots/managed")
    waiting = (await front.ask("GET", "/bots/managed")).text
    assert "/newbot/desk_bot/paged_bot?name=City" in waiting
    assert "Waiting for your yes: 1" in (await front.ask("GET", "/bots")).text
    await say_yes(desk, "paged_bot")
    assert "Show the bot" in (await front.ask("GET", "/bots/managed")).text


async def test_twenty_wait_at_most_and_the_same_name_waits_once(desk: World) -> None:
    for number in range(20):
        await ask(desk, username=f"b{number:02}_bot")
    again = await ask(desk, username="B00_bot", name="Another name")
    assert again["name"] == "Another name"
    assert (await Front(desk).error("POST", "/bots/managed", json={"username": "b20_bot"}))[1] == "too_many_open"
