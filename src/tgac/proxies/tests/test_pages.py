"""Proxies over the API and on pages."""

from pathlib import Path

from tests.support.world import World

from tgac.bots.tests.front import Front
from tgac.proxies.tests.servers import free_port, microsocks

BODY = {"scheme": "socks5", "host": "198.51.100.7", "port": 1080, "username": "anna", "password": "s3cret"}


async def test_the_api_adds_shows_changes_and_removes_and_never_tells_the_password(world: World) -> None:
    front = Front(world)
    made = await front.data("POST", "/proxies", json=BODY)
    assert made.pop("created_at")
    assert made == {
        "id": made["id"],
        "scheme": "socks5",
        "host": "198.51.100.7",
        "port": 1080,
        "username": "anna",
        "has_password": True,
        "state": "unchecked",
        "reason": None,
        "latency_ms": None,
        "checked_at": None,
        "bots": {"used": 0, "limit": 3},
    }
    listed = await front.data("GET", "/proxies", params={"q": "51.100", "state": "unchecked"})
    assert [one["id"] for one in listed["items"]] == [made["id"]]
    changed = await front.data("PUT", f"/proxies/{made['id']}", json=BODY | {"port": 1081})
    assert changed["port"] == 1081
    await front.data("DELETE", f"/proxies/{made['id']}")
    assert (await front.data("GET", "/proxies"))["items"] == []


async def test_each_refusal_has_its_code_and_its_field(world: World) -> None:
    front = Front(world)
    await front.data("POST", "/proxies", json=BODY)
    for changes, status, code, field in (
        ({}, 409, "proxy_known", "host"),
        ({"scheme": "https"}, 422, "invalid", "scheme"),
        ({"host": "not a host"}, 422, "bad_host", "host"),
        ({"port": 70000}, 422, "invalid", "port"),
        ({"username": "", "port": 2}, 422, "invalid", "username"),
        ({"password": "й"}, 422, "invalid", "password"),
        ({"colour": "red"}, 422, "invalid", "colour"),
    ):
        assert await front.error("POST", "/proxies", json=BODY | changes) == (status, code, field), changes


async def test_the_api_tells_what_became_of_a_list(world: World) -> None:
    front, text = Front(world), "http://8.8.8.8:80\nnonsense\nhttp://8.8.8.8:80"
    told = await front.data("POST", "/proxies/import", json={"text": text})
    assert (told["added"], [one["line"] for one in told["bad"]], [one["line"] for one in told["known"]]) == (
        1,
        [2],
        [3],
    )


async def test_a_bot_is_sent_through_a_proxy_and_shows_it(world: World) -> None:
    front, bot = Front(world), world.bots[0]
    one = await front.data("POST", "/proxies", json=BODY)
    path = f"/bots/{bot.id}"
    shown = await front.data("POST", f"{path}/proxy", json={"proxy_id": one["id"]})
    assert shown["proxy"] == {"id": one["id"], "address": "socks5://198.51.100.7:1080", "state": "unchecked"}
    assert "socks5://198.51.100.7:1080" in (await front.ask("GET", path)).text
    assert await front.error("DELETE", f"/proxies/{one['id']}") == (409, "proxy_in_use", None)
    assert await front.error("POST", f"{path}/proxy", json={}) == (422, "invalid", "proxy_id")
    assert (await front.data("POST", f"{path}/proxy", json={"proxy_id": None}))["proxy"] is None


async def test_a_full_proxy_is_a_conflict_with_the_numbers(world: World) -> None:
    front = Front(world)
    one = await front.data("POST", "/proxies", json=BODY)
    bots = [world.bots[0], *[await world.add_bot(f"more{number}") for number in range(3)]]
    for bot in bots[:3]:
        await front.data("POST", f"/bots/{bot.id}/proxy", json={"proxy_id": one["id"]})
    answer = await front.ask("POST", f"/api/bots/{bots[3].id}/proxy", json={"proxy_id": one["id"]})
    assert answer.status_code == 409
    assert answer.json()["error"] | {"field": None} == {
        "code": "proxy_full",
        "message": "This proxy serves 3 of at most 3 bots.",
        "field": None,
    }
    page = await front.ask("POST", f"/bots/{bots[3].id}/proxy", data={"proxy_id": str(one["id"])})
    assert page.status_code == 409
    assert "This proxy serves 3 of at most 3 bots." in page.text


async def test_the_pages_add_check_assign_and_remove(world: World) -> None:
    front = Front(world)
    async with microsocks("anna", "s3cret") as real:
        sent = {"scheme": "socks5", "host": "127.0.0.1", "port": str(real.fields.port)}
        assert (await front.ask("POST", "/proxies", data=sent | {"username": "anna", "password": "s3cret"})).is_redirect
        (one,) = (await front.data("GET", "/proxies"))["items"]
        path = f"/proxies/{one['id']}"
        assert (await front.ask("POST", f"{path}/check")).is_redirect
        page = (await front.ask("GET", "/proxies")).text
        assert "badge-ok" in page
        assert " ms</td>" in page
        assert "s3cret" not in page + (await front.ask("GET", path)).text
        bot = f"/bots/{world.bots[0].id}"
        assert (await front.ask("POST", f"{bot}/proxy", data={"proxy_id": str(one["id"])})).is_redirect
        assert "selected" in (await front.ask("GET", bot)).text
        assert (await front.ask("POST", f"{bot}/proxy", data={"proxy_id": ""})).is_redirect
    assert (await front.ask("POST", f"{path}/remove")).is_redirect
    assert "There are no proxies here" in (await front.ask("GET", "/proxies")).text


async def test_a_failed_check_shows_the_real_error(world: World) -> None:
    front = Front(world)
    dead = {"scheme": "http", "host": "127.0.0.1", "port": free_port()}
    one = await front.data("POST", "/proxies", json=dead)
    failed = await front.data("POST", f"/proxies/{one['id']}/check")
    assert failed["state"] == "failing"
    assert "connect to proxy" in failed["reason"]
    assert "connect to proxy" in (await front.ask("GET", f"/proxies/{one['id']}")).text
    await front.data("POST", f"/bots/{world.bots[0].id}/proxy", json={"proxy_id": one["id"]})
    world.clock.advance(5)
    assert (await front.error("POST", f"/bots/{world.bots[0].id}/healthcheck"))[:2] == (503, "proxy_failed")


async def test_the_page_reports_each_bad_line_and_shows_no_password_again(world: World) -> None:
    front = Front(world)
    answer = await front.ask(
        "POST", "/proxies/import", data={"text": "http://u:s3cret@8.8.8.8:80\nhttps://u:s3cret@x:1"}
    )
    assert answer.status_code == 200
    assert "Added: 1. Already there: 0. Not understood: 1." in answer.text
    assert 'class="number">2</td>' in answer.text
    assert "s3cret" not in answer.text
    wrong = await front.ask("POST", "/proxies", data=BODY | {"port": "1", "host": "a b"})
    assert wrong.status_code == 422
    assert 'id="f-host-error"' in wrong.text
    assert "s3cret" not in wrong.text


async def test_boris_looks_and_changes_nothing_and_vera_sees_nothing(world: World, tmp_path: Path) -> None:
    front = Front(world)
    one = await front.data("POST", "/proxies", json=BODY)
    path = f"/proxies/{one['id']}"
    for method, place, body in (
        ("POST", "/proxies", BODY),
        ("POST", "/proxies/import", {"text": "x"}),
        ("PUT", path, BODY),
        ("DELETE", path, None),
        ("POST", f"{path}/check", None),
        ("POST", f"/bots/{world.bots[0].id}/proxy", {"proxy_id": one["id"]}),
    ):
        assert (await front.error(method, place, "boris", json=body))[:2] == (403, "refused"), place
        assert (await front.error(method, place, "vera", json=body))[:2] == (404, "not_found"), place
    for place in ("/proxies", path):
        assert (await front.ask("GET", place, "boris")).status_code == 200
        assert (await front.ask("GET", place, "vera")).status_code == 404
    assert "Add proxy" not in (await front.ask("GET", "/proxies", "boris")).text
