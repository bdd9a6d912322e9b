"""Trouble on demand: what the caller sees, and whether it was done."""

import asyncio
from typing import Any

import aiohttp
import pytest

from tgsandbox.tests.hands import Hands, Scene


async def send(hands: Hands, scene: Scene) -> aiohttp.ClientResponse:
    url = f"{hands.sandbox.url}/bot{scene.token}/sendMessage"
    return await hands.session.post(url, json={"chat_id": scene.group, "text": "x"})


async def sent_texts(hands: Hands, scene: Scene) -> list[str]:
    return [message["text"] for message in await hands.do("GET", f"/chats/{scene.group}/messages") if "text" in message]


async def last_call(hands: Hands) -> dict[str, Any]:
    calls: list[dict[str, Any]] = await hands.do("GET", "/calls")
    return calls[-1]


@pytest.mark.parametrize(("kind", "executed"), [("drop_before", False), ("drop_after", True), ("refuse", False)])
async def test_a_dropped_connection(hands: Hands, scene: Scene, kind: str, executed: bool) -> None:
    await hands.do("POST", "/faults", kind=kind, method="sendMessage", times=1)
    with pytest.raises(aiohttp.ClientConnectionError):
        await send(hands, scene)
    assert await sent_texts(hands, scene) == (["x"] if executed else [])
    call = await last_call(hands)
    assert (call["fault"], call["executed"]) == (kind, executed)
    assert (await send(hands, scene)).status == 200


@pytest.mark.parametrize(("value", "content_type"), [(500, "application/json"), (502, "text/html"), (504, "text/html")])
async def test_an_http_error_is_not_executed(hands: Hands, scene: Scene, value: int, content_type: str) -> None:
    await hands.do("POST", "/faults", kind="http", value=value, times=1)
    answer = await send(hands, scene)
    assert (answer.status, answer.content_type) == (value, content_type)
    assert await sent_texts(hands, scene) == []


async def test_a_broken_answer_is_executed(hands: Hands, scene: Scene) -> None:
    await hands.do("POST", "/faults", kind="bad_json", times=1)
    answer = await send(hands, scene)
    with pytest.raises(ValueError, match=r"Unterminated|Expecting|delimiter"):
        await answer.json()
    assert await sent_texts(hands, scene) == ["x"]


async def test_a_flood_says_how_long_to_wait(hands: Hands, scene: Scene) -> None:
    await hands.do("POST", "/faults", kind="flood", value=7, times=1)
    body = await (await send(hands, scene)).json()
    assert (body["error_code"], body["parameters"]) == (429, {"retry_after": 7})
    assert await sent_texts(hands, scene) == []


async def test_a_delay_holds_the_call_on_the_sandboxes_clock(hands: Hands, scene: Scene) -> None:
    await hands.do("POST", "/faults", kind="delay", value=3)
    waiting = asyncio.create_task(send(hands, scene))
    while not (await last_call(hands))["fault"]:
        pass
    assert not waiting.done()
    hands.clock.advance(3)
    assert (await waiting).status == 200
    assert (await last_call(hands))["ms"] == 3000


async def test_filters_choose_whom_a_fault_hits(hands: Hands, scene: Scene) -> None:
    await hands.do("POST", "/faults", kind="flood", bot_id=1)
    await hands.do("POST", "/faults", kind="flood", chat_id=scene.channel)
    await hands.do("POST", "/faults", kind="flood", method="sendPhoto")
    assert (await send(hands, scene)).status == 200
    assert (await hands.ask(scene.token, "sendMessage", chat_id=scene.channel, text="x"))["error_code"] == 429
    await hands.do("DELETE", "/faults")
    assert (await hands.ask(scene.token, "sendMessage", chat_id=scene.channel, text="x"))["ok"]


async def test_a_seed_makes_chance_repeatable(hands: Hands, scene: Scene) -> None:
    async def run() -> list[bool]:
        await hands.do("DELETE", "/faults")
        await hands.do("POST", "/faults", kind="flood", probability=0.5, seed=7, method="getMe")
        return [(await hands.ask(scene.token, "getMe"))["ok"] for _ in range(20)]

    first = await run()
    assert first == await run()
    assert 3 < sum(first) < 17


async def test_a_closed_port_refuses_connections_and_opens_again(hands: Hands, scene: Scene) -> None:
    await hands.do("POST", "/faults", kind="refuse", value=5)
    await asyncio.sleep(0.05)
    with pytest.raises(aiohttp.ClientConnectorError):
        await send(hands, scene)
    hands.clock.advance(5)
    await asyncio.sleep(0.05)
    assert (await send(hands, scene)).status == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "earthquake"}, "kind"),
        ({}, "kind"),
        ({"kind": "flood", "often": 3}, "often"),
        ({"kind": "flood", "times": "3"}, "times"),
        ({"kind": "flood", "times": 0}, "times"),
        ({"kind": "flood", "probability": 2}, "probability"),
        ({"kind": "delay"}, "value"),
        ({"kind": "http"}, "value"),
        ({"kind": "http", "value": 200}, "value"),
        ({"kind": "delay", "value": -1}, "value"),
        ({"kind": "flood", "bot_id": True}, "bot_id"),
    ],
)
async def test_a_fault_that_makes_no_sense_names_the_field(hands: Hands, body: dict[str, Any], field: str) -> None:
    status, answer = await hands.raw("POST", "/faults", body)
    assert (status, answer["ok"], answer["error"]["field"]) == (400, False, field)
