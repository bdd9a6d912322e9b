import pytest
from tests.support.world import CHANNEL_RIGHTS, World

from tgac.bots.tests.front import Front


async def put(world: World, chat_id: int, member_id: int, *, status: str, **rights: bool) -> None:
    await world.control("PUT", f"/chats/{chat_id}/members/{member_id}", status=status, rights=rights)


async def test_the_api_connects_a_channel_and_tells_all_of_it(world: World) -> None:
    front = Front(world)
    channel_id, group_id = await world.make_channel("Sport")
    await world.invite(world.bots[0], channel_id, group_id)
    channel = await front.data("POST", "/channels", json={"ref": "t.me/sport"})
    assert (channel["telegram_id"], channel["title"], channel["username"]) == (channel_id, "Sport", "sport")
    assert (channel["state"], channel["reason"], channel["message"]) == ("active", None, None)
    assert channel["group"] == {"id": group_id, "title": "Sport chat", "username": None}
    assert channel["seats"] == [{"bot_id": world.bots[0].id, "username": "city_bot", "state": "active", "reason": None}]
    assert channel.pop("left_out") == []
    assert await front.data("GET", f"/channels/{channel['id']}") == channel
    listed = await front.data("GET", "/channels", params={"limit": 1})
    assert listed == {"items": [channel], "next": channel["id"]}


async def test_each_refusal_has_its_code_and_its_field(world: World) -> None:
    front = Front(world)
    await world.make_channel("Sport")
    for ref, status, code in (
        ("no channel", 422, "bad_ref"),
        ("@nowhere_at_all", 422, "chat_not_found"),
        (str(world.places[0].group_id), 422, "not_a_channel"),
        ("@sport", 422, "bot_not_in_channel"),
        ("@city_news", 409, "channel_known"),
    ):
        assert await front.error("POST", "/channels", json={"ref": ref}) == (status, code, "ref")
    assert await front.error("POST", "/channels", json={"ref": "a" * 201}) == (422, "invalid", "ref")


async def test_a_check_suspends_and_reopens_and_says_why(world: World) -> None:
    front, place = Front(world), world.places[0]
    path = f"/channels/{place.row.id}"
    await put(world, place.id, world.bots[0].telegram_id, status="left")
    lost = await front.data("POST", f"{path}/check")
    assert (lost["state"], lost["reason"]) == ("suspended", "bot_not_in_channel")
    assert lost["message"] == "@city_bot is not an admin of this channel. Add it."
    assert lost["seats"][0]["state"] == "lost"
    page = await front.ask("GET", path)
    assert "@city_bot is not an admin of this channel. Add it." in page.text
    await put(world, place.id, world.bots[0].telegram_id, status="administrator", **CHANNEL_RIGHTS)
    assert (await front.data("POST", f"{path}/check"))["state"] == "active"


async def test_the_links_add_every_active_bot(world: World) -> None:
    told = await Front(world).data("GET", f"/channels/{world.places[0].row.id}/links")
    (only,) = told["items"]
    assert only["username"] == "city_bot"
    assert only["links"]["channel"].endswith("/city_bot?startchannel&admin=manage_chat")
    assert "anonymous" not in str(told)


async def test_boris_looks_and_changes_nothing_and_vera_sees_nothing(world: World) -> None:
    front, one = Front(world), f"/channels/{world.places[0].row.id}"
    for method, path in (("POST", "/channels"), ("DELETE", one), ("POST", f"{one}/check")):
        body = {"ref": "@sport"} if path == "/channels" else None
        assert (await front.error(method, path, "boris", json=body))[:2] == (403, "refused"), path
        assert (await front.error(method, path, "vera", json=body))[:2] == (404, "not_found"), path
    for path in ("/channels", one):
        assert (await front.ask("GET", path, "boris")).status_code == 200
        assert (await front.ask("GET", f"/api{path}", "boris")).status_code == 200
        assert (await front.ask("GET", path, "vera")).status_code == 404
        assert (await front.ask("GET", f"/api{path}", "vera")).status_code == 404
    assert (await front.ask("GET", f"/api{one}/links", "boris")).status_code == 200
    assert "Add channel" not in (await front.ask("GET", "/channels", "boris")).text
    assert "Check now" not in (await front.ask("GET", one, "boris")).text


@pytest.mark.parametrize("missing", ["channel", "group"])
async def test_the_page_gives_the_button_that_mends_a_missing_invitation(world: World, missing: str) -> None:
    channel_id, _group_id = await world.make_channel("Sport")
    if missing == "group":
        await put(world, channel_id, world.bots[0].telegram_id, status="administrator", **CHANNEL_RIGHTS)
    answer = await Front(world).ask("POST", "/channels", data={"ref": "@sport"})
    assert answer.status_code == 422
    assert 'id="f-ref-error"' in answer.text
    assert 'value="@sport"' in answer.text
    assert f"Add @city_bot to the {missing}" in answer.text
    assert f"city_bot?start{missing}" in answer.text


async def test_a_project_without_bots_is_led_to_them(world: World) -> None:
    front = Front(world)
    await front.data("DELETE", f"/bots/{world.bots[0].id}")
    answer = await front.ask("POST", "/channels", data={"ref": "@sport"})
    assert "There is no active bot in this project. Connect one first." in answer.text
    assert f'href="/projects/{world.project_id}/bots" class="btn' in answer.text


async def test_the_page_connects_checks_and_removes(world: World) -> None:
    front = Front(world)
    channel_id, group_id = await world.make_channel("Sport")
    await world.invite(world.bots[0], channel_id, group_id)
    added = await front.ask("POST", "/channels", data={"ref": str(channel_id)})
    assert added.status_code == 303
    path = added.headers["location"].removeprefix(f"/projects/{world.project_id}")
    assert (await front.ask("POST", f"{path}/check")).status_code == 303
    shown = (await front.ask("GET", path)).text
    assert "Sport chat" in shown
    assert "May write" in shown
    assert "Sport" in (await front.ask("GET", "/channels")).text
    assert (await front.ask("POST", f"{path}/remove")).status_code == 303
    assert (await front.ask("GET", path)).status_code == 404


async def test_titles_are_searched_in_any_case_and_shown_escaped(world: World) -> None:
    world.sandbox.world.chats[world.places[0].id].brief["title"] = "<i>Новости</i> 100%"
    front = Front(world)
    await front.data("POST", f"/channels/{world.places[0].row.id}/check")
    for asked, found in (("новости", 1), ("НОВОСТИ", 1), ("0%", 1), ("1%0", 0), ("@city", 1)):
        assert len((await front.data("GET", "/channels", params={"q": asked}))["items"]) == found, asked
    page = (await front.ask("GET", "/channels")).text
    assert "&lt;i&gt;Новости" in page
    assert "<i>" not in page


async def test_silence_of_telegram_is_told_as_such(world: World) -> None:
    await world.control("POST", "/faults", kind="http", value=502, times=1)
    status, code, _field = await Front(world).error("POST", "/channels", json={"ref": "@sport"})
    assert (status, code) == (503, "telegram_unavailable")


async def test_a_channel_that_is_there_already_is_what_one_is_led_to(world: World) -> None:
    """It may have opened by itself a moment before, when its admin added the bot."""
    front, place = Front(world), world.places[0]
    refused = await front.ask("POST", "/api/channels", json={"ref": "@city_news"})
    assert refused.json()["error"]["channel_id"] == place.row.id
    led = await front.ask("POST", "/channels", data={"ref": "@city_news"})
    assert (led.status_code, led.headers["location"]) == (303, f"/projects/{world.project_id}/channels/{place.row.id}")
    assert "notice=" in led.headers["set-cookie"]
