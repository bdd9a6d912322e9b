"""Runs over the API and on pages."""

import asyncio
import os
import re
import signal
from dataclasses import replace

import aiohttp
import httpx
import pytest
from tests.support.browser import free_port
from tests.support.world import World

from tgac.kit.tenancy import NO_PROJECT
from tgac.onboarding.tests.desk import a_channel, admit, begin, row, welcome
from tgac.people.service import create_api_token
from tgac.processes.api import run_api
from tgac.processes.shared import stop_on_signals
from tgac.wiring import guarded, make_app


class Front:
    """Anna's or Boris's program, before the whole application."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.app = make_app(world.tools)
        self.app.state.streams.end()

    async def ask(self, method: str, path: str, who: str = "anna", **options: object) -> httpx.Response:
        async with self.world.tools.acting(None, NO_PROJECT) as act:
            token = await create_api_token(act, who)
        root = f"/projects/{self.world.project_id}/onboarding"
        full = f"/api/v1{root}{path.removeprefix('/api')}" if path.startswith("/api") else f"{root}{path}"
        headers = {"authorization": f"Bearer {token}", "accept-language": "en"}
        transport = httpx.ASGITransport(guarded(self.app))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080") as client:
            return await client.request(method, full, headers=headers, **options)  # type: ignore[arg-type]


@pytest.fixture
def front(world: World) -> Front:
    return Front(world)


async def test_a_program_begins_a_run_follows_it_and_hurries_it(world: World, front: Front) -> None:
    tram = await a_channel(world, "tram")
    begun = await front.ask("POST", "/api", json={"channels": ["@tram", "what?"]})
    assert begun.status_code == 201, begun.text
    told = begun.json()["data"]
    assert told["progress"] == {"ready": 0, "waiting": 0, "checked": 1, "channels": 1}
    assert [(one["line"], one["ref"]) for one in told["left_out"]] == [(2, "what?")]
    await world.work()
    shown = (await front.ask("GET", f"/api/{told['id']}")).json()["data"]
    (item,) = shown["items"]
    assert (item["state"], item["step"], item["reason"]) == ("waiting", "channel", "bot_not_in_channel")
    assert item["mend"]["label"] == "Add to the channel"
    marks = {one["name"]: one["state"] for one in item["steps"]}
    assert marks["profile"] == "done"
    assert marks["channel"] == "here"
    assert marks["group"] == "todo"
    assert marks["trial"] == "left_out"
    assert [one["what"] for one in shown["missing"]] == ["Add @city_bot to the channel"]
    await welcome(world, tram, world.bots[0])
    hurried = await front.ask("POST", f"/api/{told['id']}/retry", json={"channel_ids": [item["channel"]["id"]]})
    assert hurried.json()["data"] == {"looked_at": 1}
    await world.work()
    (listed,) = (await front.ask("GET", "/api")).json()["data"]["items"]
    assert (listed["state"], listed["progress"]["ready"]) == ("done", 1)


async def test_each_refusal_has_its_code_and_its_field(world: World, front: Front) -> None:
    run_id = await begin(world, (await a_channel(world, "tram")).name)
    for method, path, body, expected in (
        ("POST", "/api", {"channels": ["?"]}, (422, "nothing_to_set_up", "channels")),
        ("POST", "/api", {}, (422, "nothing_to_set_up", "channels")),
        ("POST", "/api", {"channels": ["@tram"], "bot_ids": [999]}, (422, "no_such_bot", "bot_ids")),
        ("POST", "/api", {"channels": ["x"] * 501}, (422, "invalid", "channels")),
        ("POST", f"/api/{run_id}/retry", {"channel_ids": [999]}, (404, "not_found", None)),
        ("POST", f"/api/{run_id}/cancel", None, (200, None, None)),
        ("POST", f"/api/{run_id}/retry", None, (409, "run_over", None)),
        ("POST", f"/api/{run_id}/cancel", None, (409, "run_over", None)),
        ("GET", "/api/999", None, (404, "not_found", None)),
    ):
        answer = await front.ask(method, path, json=body) if body is not None else await front.ask(method, path)
        told = answer.json().get("error", {})
        assert (answer.status_code, told.get("code"), told.get("field")) == expected, (path, answer.text)


async def test_the_page_groups_what_is_missing_and_has_one_button_for_each_channel(world: World, front: Front) -> None:
    for name in ("tram1", "tram2"):
        await a_channel(world, name)
    run_id = await begin(world, "tram1", "tram2")
    await world.wait(1)
    shown = (await front.ask("GET", f"/{run_id}")).text
    assert "2 channels: <bdi>Add @city_bot to the channel</bdi>" in shown
    rows = re.findall(r'<tr id="item-\d+">.*?</tr>', shown, re.DOTALL)
    assert [len(re.findall(r'class="btn', one)) for one in rows] == [1, 1]
    assert "0 of 2 channels are ready" in shown


async def test_a_form_begins_a_run_and_says_what_it_left_out(world: World, front: Front) -> None:
    await a_channel(world, "tram")
    sent = await front.ask("POST", "", data={"channels": "@tram\n???"})
    assert sent.status_code == 303
    assert re.fullmatch(rf"/projects/{world.project_id}/onboarding/\d+", sent.headers["location"])
    again = await front.ask("POST", "", data={"channels": "@tram"})
    assert again.status_code == 422
    assert "It is being set up already." in again.text
    assert "@tram</textarea>" in again.text


async def test_who_may_only_look_sees_the_run_and_changes_nothing(world: World, front: Front) -> None:
    tram = await a_channel(world, "tram")
    await admit(world, tram.id, world.bots[0], can_manage_chat=True)
    run_id = await begin(world, "tram")
    await world.work()
    for path in ("", f"/{run_id}", f"/{run_id}/live"):
        assert (await front.ask("GET", path, "boris")).status_code == 200, path
    assert "Look again" not in (await front.ask("GET", f"/{run_id}", "boris")).text
    assert (await front.ask("POST", f"/{run_id}/cancel", "boris")).status_code == 403
    assert (await row(world, run_id, "tram")).state == "waiting"


async def test_an_open_page_has_its_run_looked_at_more_often(world: World, front: Front) -> None:
    tram = await a_channel(world, "tram", group=False)
    await admit(world, tram.id, world.bots[0], can_manage_chat=True)
    run_id = await begin(world, "tram")
    await world.work()
    first = (await row(world, run_id, "tram")).item.looked_at
    await world.wait(20)
    assert (await row(world, run_id, "tram")).item.looked_at == first
    streamed = await front.ask("GET", f"/{run_id}/live")
    assert streamed.headers["content-type"].startswith("text/event-stream")
    assert "data: " in streamed.text
    await world.work()
    assert (await row(world, run_id, "tram")).item.looked_at != first


@pytest.mark.timeout(60)
async def test_a_page_that_is_open_holds_up_no_stop_of_the_process(world: World) -> None:
    run_id = await begin(world, (await a_channel(world, "tram")).name)
    async with world.tools.acting(None, NO_PROJECT) as act:
        token = await create_api_token(act, "anna")
    config = world.tools.config.model_copy(update={"port": free_port()})
    loop, stopping = asyncio.get_running_loop(), stop_on_signals()
    panel = asyncio.create_task(run_api(replace(world.tools, config=config), stopping))
    path = f"http://127.0.0.1:{config.port}/projects/{world.project_id}/onboarding/{run_id}/live"
    async with aiohttp.ClientSession(headers={"authorization": f"Bearer {token}"}) as session:
        stream = await _opened(session, path)
        assert (await stream.content.readline()).startswith(b"data: ")
        began = loop.time()
        os.kill(os.getpid(), signal.SIGTERM)
        await panel
        assert loop.time() - began < 3.0, "uvicorn waits five seconds for open answers before it cuts them off"
        assert (await stream.content.read()).endswith(b"\n\n")
    loop.remove_signal_handler(signal.SIGTERM)
    loop.remove_signal_handler(signal.SIGINT)


async def _opened(session: aiohttp.ClientSession, path: str) -> aiohttp.ClientResponse:
    for _try in range(200):
        try:
            return await session.get(path)
        except aiohttp.ClientConnectorError:
            await asyncio.sleep(0.02)
    raise AssertionError("the panel does not listen")
