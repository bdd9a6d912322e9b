"""The list with its filters, one thing done with many, links for clients: pages and API."""

import re
from pathlib import Path

from tests.support.world import CHANNEL_RIGHTS, GROUP_RIGHTS, World, a_world

from tgac.bots.models import Bot
from tgac.bots.tests.front import Front
from tgac.channels.tests.test_pending import named, put
from tgac.channels.web import INVITED


async def titles(front: Front, **asked: object) -> list[str]:
    return [one["title"] for one in (await front.data("GET", "/channels", params=asked))["items"]]


async def test_the_list_is_found_by_state_by_what_is_missing_and_by_bot(world: World) -> None:
    front, bot = Front(world), world.bots[0]
    other = await world.add_bot("other")
    channel = await named(world, "@nowhere_at_all")
    await front.data("POST", f"/channels/{channel.id}/check")
    assert await titles(front, state="pending") == ["@nowhere_at_all"]
    assert await titles(front, reason="chat_not_found") == ["@nowhere_at_all"]
    assert await titles(front, bot_id=bot.id) == ["City news"]
    assert await titles(front, bot_id=other.id) == []
    shown = (await front.ask("GET", "/channels", params={"reason": "chat_not_found"})).text
    assert "nowhere_at_all" in shown
    assert "City news" not in shown
    assert "city_bot?startchannel" in shown, "the button that mends it"


async def test_many_are_archived_taken_out_checked_and_removed(world: World) -> None:
    front, one = Front(world), world.places[0].row
    waiting = await named(world, "@nowhere_at_all")
    told = await front.data("POST", "/channels/bulk", json={"action": "archive", "ids": [one.id, 9999]})
    assert (told["done"], [item["code"] for item in told["items"]]) == (1, [None, "not_found"])
    told = await front.data("POST", "/channels/bulk", json={"action": "unarchive", "filter": {}})
    assert (told["done"], sorted(str(item["code"]) for item in told["items"])) == (1, ["None", "not_archived"])
    told = await front.data("POST", "/channels/bulk", json={"action": "check", "filter": {"q": "city"}})
    assert told["done"] == 1
    await world.wait(1)
    assert await titles(front, state="active") == ["City news"]
    told = await front.data("POST", "/channels/bulk", json={"action": "remove", "filter": {"state": "pending"}})
    assert [item["channel_id"] for item in told["items"]] == [waiting.id]
    assert await titles(front) == ["City news"]
    both = {"action": "check", "ids": [one.id], "filter": {}}
    assert await front.error("POST", "/channels/bulk", json=both) == (422, "invalid", "ids")


async def test_the_page_asks_before_it_removes_many(world: World) -> None:
    front = Front(world)
    asked = await front.ask("POST", "/channels/bulk?state=active", data={"action": "remove", "whole": "true"})
    assert "Channels to be removed: 1." in asked.text
    assert await titles(front) == ["City news"]
    form = {"action": "remove", "whole": "true", "sure": "true"}
    done = await front.ask("POST", "/channels/bulk?state=active", data=form)
    assert done.status_code == 303
    assert await titles(front) == []


async def test_the_page_tells_what_became_of_a_list(world: World) -> None:
    told = (await Front(world).ask("POST", "/channels/import", data={"text": "@sport\nwhat is this\n@city_news"})).text
    assert "Added: 1. Already there: 1. Twice in the list: 0. Not understood: 1." in told
    assert "what is this" in told


async def test_a_link_for_a_client_is_shown_once_and_revoked(world: World) -> None:
    front = Front(world)
    made = await front.ask("POST", "/channels/connect-links", data={"name": "Vera's shop"})
    assert re.search(r"desk_bot\?start=channel_[\w-]{43}<", made.text)
    listed = await front.ask("GET", "/channels/connect-links")
    assert "channel_" not in listed.text
    (link,) = (await front.data("GET", "/channels/connect-links"))["items"]
    assert (link["name"], link["works"], link["clients"]) == ("Vera's shop", True, 0)
    assert (await front.ask("POST", f"/channels/connect-links/{link['id']}/revoke")).status_code == 303
    (link,) = (await front.data("GET", "/channels/connect-links"))["items"]
    assert link["works"] is False
    again = await front.data("POST", "/channels/connect-links", json={"name": "Another"})
    assert "?start=channel_" in again["url"]
    assert (await front.error("POST", "/channels/connect-links", "boris", json={"name": "Mine"}))[:2] == (
        403,
        "refused",
    )


async def test_a_channels_page_claims_archives_and_keeps_a_note(world: World) -> None:
    front = Front(world)
    sport, group = await world.make_channel("Sport", owner="vera")
    await put(world, sport, world.bots[0].telegram_id, CHANNEL_RIGHTS)
    await put(world, group, world.bots[0].telegram_id, GROUP_RIGHTS)
    await world.work()
    (channel,) = [one for one in (await front.data("GET", "/channels"))["items"] if one["title"] == "Sport"]
    assert (channel["state"], channel["reason"]) == ("pending", "unclaimed")
    path = f"/channels/{channel['id']}"
    assert "It is my channel" in (await front.ask("GET", path)).text
    assert (await front.ask("POST", f"{path}/claim")).status_code == 303
    assert (await front.data("GET", path))["state"] == "pending"
    await put(world, sport, world.telegram_ids["anna"], CHANNEL_RIGHTS)
    await front.ask("POST", f"{path}/claim")
    assert (await front.data("GET", path))["state"] == "active"
    await front.ask("POST", f"{path}/note", data={"note": "Vera's, since May"})
    await front.ask("POST", f"{path}/archive")
    there = await front.data("GET", path)
    assert (there["state"], there["note"]) == ("archived", "Vera's, since May")
    await front.ask("POST", f"{path}/unarchive")
    await world.wait(1)
    assert (await front.data("GET", path))["state"] == "active"


async def test_a_group_that_was_changed_is_told_on_the_page(world: World) -> None:
    front, place = Front(world), world.places[0]
    other, group = await world.make_channel("Other")
    await world.control("PUT", f"/channels/{other}/group", group_id=None)
    await world.control("PUT", f"/channels/{place.id}/group", group_id=group)
    told = await front.data("POST", f"/channels/{place.row.id}/check")
    assert (told["state"], told["reason"], told["former_group"]) == (
        "suspended",
        "bot_not_in_group",
        "City news chat",
    )
    shown = (await front.ask("GET", f"/channels/{place.row.id}")).text
    assert "Another discussion group was linked; before it was “City news chat”." in shown


async def test_a_new_channel_says_until_when_it_is_in_review(database: str, tmp_path: Path) -> None:
    async with a_world(database, tmp_path, review_days=3) as young:
        path = f"/channels/{young.places[0].row.id}"
        told = (await Front(young).ask("GET", path)).text
        assert "In its review period until 25 Nov 2026" in told
        young.clock.advance(3 * 86_400)
        assert "In its review period" not in (await Front(young).ask("GET", path)).text


async def test_a_channel_offers_a_few_of_many_bots_the_idle_ones_first_and_finds_the_others(world: World) -> None:
    front, channel = Front(world), world.places[0].row.id
    idle = [f"idle{number}_bot" for number in range(INVITED)]
    async with world.tools.acting(world.anna, world.project_id) as act:
        for number, username in enumerate(idle):
            sealed = {"token_sealed": "-", "created_at": act.now}
            act.session.add(Bot(telegram_id=900 + number, username=username, name="Idle", **sealed))

    async def offered(query: str = "") -> list[str]:
        page = (await front.ask("GET", f"/channels/{channel}{query}")).text
        return re.findall(r"<h3><bdi>@(\w+)</bdi></h3>", page)

    busy = world.bots[0].username
    assert await offered() == idle
    assert await offered(f"?bot=@{idle[3]}") == [idle[3]]
    assert await offered("?bot=nobody") == await offered(f"?bot=@{busy}") == []
