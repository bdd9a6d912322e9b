"""Tags, notes, filters, and one thing done with many bots."""

from typing import Any

import pytest
from sqlalchemy import select
from tests.support.world import World

from tgac.bots.service import mark_bot_refused, remove_bot
from tgac.bots.tests.front import Front
from tgac.journal.models import Event
from tgac.proxies.models import Proxy


async def three_bots(world: World) -> list[int]:
    for name in ("second", "third"):
        await world.add_bot(name)
    return [bot.id for bot in world.bots]


async def a_proxy(world: World) -> int:
    async with world.tools.acting(world.anna, world.project_id) as act:
        proxy = Proxy(scheme="socks5", host="198.51.100.7", port=1080, created_at=act.now)
        act.session.add(proxy)
        await act.flush()
        return proxy.id


async def names(front: Front, **asked: Any) -> list[str]:
    return [bot["username"] for bot in (await front.data("GET", "/bots", params=asked))["items"]]


async def order(front: Front, **body: Any) -> tuple[int, dict[int, str]]:
    """How many it was done with, and the codes of those that were left out."""
    told = await front.data("POST", "/bots/bulk", json=body)
    return told["done"], {one["bot_id"]: one["code"] for one in told["items"] if not one["ok"]}


async def test_tags_are_kept_in_one_spelling_and_a_note_as_it_is(world: World) -> None:
    front, path = Front(world), f"/bots/{world.bots[0].id}"
    told = await front.data("PUT", path, json={"tags": ["#News", "night shift", "news", " "], "note": " Asks Petya. "})
    assert (told["tags"], told["note"]) == (["news", "night-shift"], "Asks Petya.")
    assert (await front.data("PUT", path, json={"note": ""}))["tags"] == ["news", "night-shift"]
    async with world.tools.reading(None, world.project_id) as act:
        events = list(await act.session.scalars(select(Event).where(Event.kind == "bot_changed").order_by(Event.id)))
    assert events[0].data["changes"] == {"tags": ["", "news night-shift"], "note": ["", "Asks Petya."]}
    assert len(events) == 2


@pytest.mark.parametrize("tags", [["a b,c"], ["x" * 33], [f"t{n}" for n in range(21)], ["🙂"], ["a\0b"]])
async def test_what_is_no_tag_is_told_with_its_field(world: World, tags: list[str]) -> None:
    path = f"/bots/{world.bots[0].id}"
    status, _code, field = await Front(world).error("PUT", path, json={"tags": tags})
    assert (status, field) == (422, "tags")


async def test_bots_are_found_by_tag_proxy_and_words(world: World) -> None:
    front, (one, two, _three) = Front(world), await three_bots(world)
    proxy_id = await a_proxy(world)
    assert await order(front, action="tag", ids=[one, two], tags=["город", "a_b"]) == (2, {})
    assert await order(front, action="untag", ids=[two], tags=["Город"]) == (1, {})
    assert await order(front, action="proxy", ids=[two], proxy_id=proxy_id) == (1, {})
    assert await names(front, tag="ГОРОД") == ["city_bot"]
    assert await names(front, tag="a_b") == ["second_bot", "city_bot"]
    assert await names(front, tag="a") == []
    assert await names(front, proxy=proxy_id) == ["second_bot"]
    assert await names(front, proxy="none") == ["third_bot", "city_bot"]
    await front.data("PUT", f"/bots/{one}", json={"note": "Needs a photo"})
    assert await names(front, q="photo") == ["city_bot"]


async def test_an_order_for_all_that_match_says_what_came_of_each(world: World) -> None:
    front, (one, two, three) = Front(world), await three_bots(world)
    async with world.tools.acting(None, world.project_id) as act:
        await mark_bot_refused(act, two, "Unauthorized")
    assert await order(front, action="pause", filter={}) == (2, {two: "bot_refused"})
    assert await names(front, status="PAUSED") == ["third_bot", "city_bot"]
    assert await order(front, action="resume", filter={"status": "PAUSED", "q": "third"}) == (1, {})
    assert await order(front, action="remove", ids=[three, 987654]) == (1, {987654: "not_found"})
    assert await names(front) == ["second_bot", "city_bot"]
    assert await order(front, action="check", ids=[one, one]) == (1, {})


async def test_a_proxy_takes_only_as_many_as_it_may_and_the_rest_is_told(world: World) -> None:
    front, ids = Front(world), await three_bots(world)
    await world.add_bot("fourth")
    proxy_id = await a_proxy(world)
    done, left_out = await order(front, action="proxy", filter={}, proxy_id=proxy_id)
    assert (done, left_out) == (3, {world.bots[3].id: "proxy_full"})
    assert await order(front, action="proxy", ids=ids, proxy_id=None) == (3, {})


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "dance", "ids": [1]}, "action"),
        ({"action": "pause"}, "ids"),
        ({"action": "pause", "ids": []}, "ids"),
        ({"action": "pause", "ids": [1], "filter": {}}, "ids"),
        ({"action": "tag", "ids": [1]}, "tags"),
        ({"action": "pause", "ids": [2**63]}, "ids.0"),
        ({"action": "pause", "filter": {"status": "odd"}}, "filter.status"),
    ],
)
async def test_an_order_that_makes_no_sense_is_refused_with_its_field(
    world: World, body: dict[str, Any], field: str
) -> None:
    assert (await Front(world).error("POST", "/bots/bulk", json=body))[::2] == (422, field)
    assert await names(Front(world)) == ["city_bot"]


async def test_a_proxy_that_is_not_there_stops_the_order(world: World) -> None:
    body = {"action": "proxy", "ids": [world.bots[0].id], "proxy_id": 987654}
    assert (await Front(world).error("POST", "/bots/bulk", json=body))[0] == 404


async def test_boris_orders_nothing(world: World) -> None:
    body = {"action": "remove", "filter": {}}
    assert (await Front(world).error("POST", "/bots/bulk", "boris", json=body))[:2] == (403, "refused")
    data = {"action": "remove", "whole": "true"}
    assert (await Front(world).ask("POST", "/bots/bulk", "boris", data=data)).status_code == 403
    assert await names(Front(world)) == ["city_bot"]


async def test_the_page_does_it_with_the_ticked_ones_and_keeps_the_filter(world: World) -> None:
    front, (one, two, _three) = Front(world), await three_bots(world)
    answer = await front.ask("POST", "/bots/bulk?status=NEEDS_SETUP", data={"action": "pause", "ids": [two]})
    assert answer.status_code == 303
    assert answer.headers["location"].endswith("/bots?status=NEEDS_SETUP")
    assert await names(front, status="PAUSED") == ["second_bot"]
    answer = await front.ask("POST", "/bots/bulk?q=city", data={"action": "tag", "whole": "true", "tags": "news, day"})
    assert answer.status_code == 303
    assert await names(front, tag="day") == ["city_bot"]
    nothing = await front.ask("POST", "/bots/bulk", data={"action": "pause"})
    assert (nothing.status_code, "Tick some bots first." in nothing.text) == (422, True)
    page = (await front.ask("GET", "/bots?tag=news")).text
    assert "@city_bot" in page
    assert "@second_bot" not in page
    everything = (await front.ask("GET", "/bots?q=&status=&tag=&proxy=&room=")).text
    assert "@second_bot" in everything
    assert one


async def test_the_page_asks_before_it_removes_and_tells_what_was_left_out(world: World) -> None:
    front, (_one, two, three) = Front(world), await three_bots(world)
    asked = await front.ask("POST", "/bots/bulk", data={"action": "remove", "ids": [two, three]})
    assert "Bots to be removed: 2." in asked.text
    assert len(await names(front)) == 3
    await front.ask("POST", "/bots/bulk", data={"action": "remove", "ids": [two], "sure": "true"})
    assert await names(front) == ["third_bot", "city_bot"]
    async with world.tools.acting(None, world.project_id) as act:
        await mark_bot_refused(act, three, "Unauthorized")
    told = await front.ask("POST", "/bots/bulk", data={"action": "pause", "whole": "true"})
    assert "Paused: 1." in told.text
    assert "Put in a working token first." in told.text


async def test_what_a_removed_bot_did_stays_in_the_history(world: World) -> None:
    await world.add_task()
    await world.post("Hello")
    await world.work()
    bot = world.bots[0]
    async with world.tools.acting(world.anna, world.project_id) as act:
        await remove_bot(act, bot.id)
    (comment,) = await world.comments()
    assert (comment.state, comment.bot_id) == ("sent", bot.id)
    async with world.tools.reading(None, world.project_id) as act:
        kinds = set(await act.session.scalars(select(Event.kind).where(Event.bot_id == bot.id)))
        removed = await act.session.scalar(select(Event).where(Event.kind == "bot_removed"))
    assert {"bot_connected", "comment_sent", "bot_removed"} <= kinds
    assert removed is not None
    assert (removed.bot_id, removed.data["username"]) == (bot.id, "city_bot")
