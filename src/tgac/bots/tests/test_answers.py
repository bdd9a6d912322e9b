import json

import pytest
from tests.support.world import World

from tgac.bots.service import mark_bot_refused
from tgac.bots.tests.front import Front


async def a_token(world: World, name: str = "second") -> str:
    made = await world.control("POST", "/bots", name=name.title(), username=f"{name}_bot")
    return str(made["token"])


async def test_the_api_tells_a_bot_and_never_its_token(world: World) -> None:
    front, token = Front(world), await a_token(world)
    answer = await front.ask("POST", "/api/bots", json={"token": token})
    assert answer.status_code == 201
    bot = answer.json()["data"]
    assert (bot["username"], bot["status"], bot["reason"]) == ("second_bot", "NEEDS_SETUP", None)
    assert bot["channels_in_use"] == {"used": 0, "limit": 50}
    base = world.tools.config.telegram_link_base
    assert bot["links"] == {
        "channel": f"{base}/second_bot?startchannel&admin=manage_chat",
        "group": f"{base}/second_bot?startgroup=comments&admin=delete_messages",
    }
    assert await front.data("GET", f"/bots/{bot['id']}") == bot
    assert token not in answer.text
    assert "token" not in bot


async def test_a_bot_goes_its_way_through_the_api(world: World) -> None:
    front, path = Front(world), f"/bots/{world.bots[0].id}"
    assert (await front.data("POST", f"{path}/pause"))["status"] == "PAUSED"
    assert (await front.data("POST", f"{path}/resume"))["status"] == "ACTIVE"
    assert (await front.data("POST", f"{path}/healthcheck"))["channels_in_use"]["used"] == 1
    assert (await front.data("POST", f"{path}/token", json={"token": world.tokens[0]}))["status"] == "ACTIVE"
    await front.data("DELETE", path)
    assert await front.error("GET", path) == (404, "not_found", None)


async def test_bots_come_in_pages_newest_first_and_are_searched_as_typed(world: World) -> None:
    for name in ("second", "third", "per_cent"):
        await world.add_bot(name)
    front = Front(world)
    first = await front.data("GET", "/bots", params={"limit": 3})
    assert [bot["username"] for bot in first["items"]] == ["per_cent_bot", "third_bot", "second_bot"]
    rest = await front.data("GET", "/bots", params={"limit": 3, "cursor": first["next"]})
    assert ([bot["username"] for bot in rest["items"]], rest["next"]) == (["city_bot"], None)
    for asked, found in (("%", []), ("r_c", ["per_cent_bot"]), ("@THIRD", ["third_bot"]), ("\0", 4)):
        items = (await front.data("GET", "/bots", params={"q": asked}))["items"]
        assert (len(items) if isinstance(found, int) else [bot["username"] for bot in items]) == found
    assert await front.data("GET", "/bots", params={"status": "PAUSED"}) == {"items": [], "next": None}


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "cursor=x", "cursor=0", "status=odd", "q=" + "a" * 101])
async def test_a_page_that_cannot_be_is_refused_with_the_field(world: World, query: str) -> None:
    status, _code, field = await Front(world).error("GET", f"/bots?{query}")
    assert (status, field) == (422, query.partition("=")[0])


@pytest.mark.parametrize(
    "body",
    [{}, {"token": None}, {"token": ["x"]}, {"token": "x" * 101}, {"token": "\ud800"}, {"token": "1", "more": 1}],
)
async def test_a_body_that_does_not_fit_is_refused_with_the_field(world: World, body: dict[str, object]) -> None:
    content = json.dumps(body)
    headers = {"content-type": "application/json"}
    status, _code, field = await Front(world).error("POST", "/bots", content=content, headers=headers)
    assert (status, field) == (422, "more" if "more" in body else "token")


async def test_boris_looks_and_changes_nothing_and_vera_sees_nothing(world: World) -> None:
    front, one = Front(world), f"/bots/{world.bots[0].id}"
    token = {"token": await a_token(world)}
    verbs = [("POST", "/bots", token), ("DELETE", one, None), ("POST", f"{one}/token", token)]
    verbs += [("POST", f"{one}/{verb}", None) for verb in ("pause", "resume", "healthcheck")]
    for method, path, body in verbs:
        assert (await front.error(method, path, "boris", json=body))[:2] == (403, "refused"), path
        assert (await front.error(method, path, "vera", json=body))[:2] == (404, "not_found"), path
        assert (await front.error(method, path, "nobody", json=body))[:2] == (401, "sign_in_needed"), path
    for path in ("/bots", one):
        assert (await front.ask("GET", f"/api{path}", "boris")).status_code == 200
        assert (await front.ask("GET", path, "boris")).status_code == 200
        assert (await front.ask("GET", f"/api{path}", "vera")).status_code == 404
        assert (await front.ask("GET", path, "vera")).status_code == 404


async def test_the_page_adds_a_bot_and_shows_it(world: World) -> None:
    front, token = Front(world), await a_token(world)
    answer = await front.ask("POST", "/bots", data={"token": token})
    assert answer.status_code == 303
    shown = await front.ask("GET", answer.headers["location"].removeprefix(f"/projects/{world.project_id}"))
    assert shown.status_code == 200
    for words in ("@second_bot", "0/50", "startchannel&amp;admin=manage_chat", "startgroup=comments"):
        assert words in shown.text
    assert token not in shown.text


async def test_a_wrong_token_is_told_on_the_page_beside_its_field_and_not_shown_again(world: World) -> None:
    answer = await Front(world).ask("POST", "/bots", data={"token": "123456789:wrong"})
    assert answer.status_code == 422
    assert 'id="f-token-error"' in answer.text
    assert "This is not a bot token." in answer.text
    assert "123456789:wrong" not in answer.text
    blank = await Front(world).ask("POST", "/bots", data={"token": " "})
    assert "Fill this in." in blank.text


async def test_the_list_shows_how_full_each_bot_is_and_those_who_look_no_buttons(world: World) -> None:
    front = Front(world)
    listed = (await front.ask("GET", "/bots")).text
    assert "1/50" in listed
    assert "Add bot" in listed
    assert "Add bot" not in (await front.ask("GET", "/bots", "boris")).text
    assert "Pause" not in (await front.ask("GET", f"/bots/{world.bots[0].id}", "boris")).text
    assert "No bot fits this search." in (await front.ask("GET", "/bots?q=zzz")).text


@pytest.mark.parametrize(("verb", "words"), [("pause", "Paused"), ("healthcheck", "Active"), ("token", "Active")])
async def test_the_buttons_of_the_page_do_what_they_say(world: World, verb: str, words: str) -> None:
    front, path = Front(world), f"/bots/{world.bots[0].id}"
    answer = await front.ask("POST", f"{path}/{verb}", data={"token": world.tokens[0]} if verb == "token" else None)
    assert answer.status_code == 303
    assert words in (await front.ask("GET", path)).text


async def test_a_bot_that_telegram_refuses_says_so_on_its_page(world: World) -> None:
    async with world.tools.acting(None, world.project_id) as act:
        await mark_bot_refused(act, world.bots[0].id, "Unauthorized")
    page = (await Front(world).ask("GET", f"/bots/{world.bots[0].id}")).text
    assert "Telegram refuses this bot: Unauthorized." in page


async def test_a_removed_bot_is_not_in_the_list(world: World) -> None:
    front = Front(world)
    answer = await front.ask("POST", f"/bots/{world.bots[0].id}/remove")
    assert answer.status_code == 303
    assert "There are no bots here yet." in (await front.ask("GET", "/bots")).text
