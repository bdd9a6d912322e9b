"""A repeated POST with the same key does nothing and says the same."""

from collections.abc import AsyncIterator

import httpx
import pytest
from tests.support.world import World

from tgac.kit.tenancy import EVERYONE
from tgac.people.service import create_api_token
from tgac.wiring import guarded, make_app


@pytest.fixture
async def anna(world: World) -> AsyncIterator[httpx.AsyncClient]:
    async with world.tools.acting(None, EVERYONE) as act:
        token = await create_api_token(act, "anna")
    app = guarded(make_app(world.tools))
    headers = {"Authorization": f"Bearer {token}"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://panel", headers=headers) as client:
        yield client


async def _make(anna: httpx.AsyncClient, name: str, key: str) -> httpx.Response:
    return await anna.post("/api/v1/projects", json={"name": name}, headers={"Idempotency-Key": key})


async def test_a_repeated_request_gets_the_first_answer_and_makes_nothing(anna: httpx.AsyncClient) -> None:
    first = await _make(anna, "North", "k1")
    second = await _make(anna, "North", "k1")
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert second.headers["Idempotency-Replayed"] == "true"
    names = [one["name"] for one in (await anna.get("/api/v1/projects")).json()["data"]["items"]]
    assert names.count("North") == 1


async def test_a_refusal_is_repeated_too(anna: httpx.AsyncClient) -> None:
    assert (await _make(anna, "", "k2")).status_code == 422
    again = await _make(anna, "", "k2")
    assert again.status_code == 422
    assert again.headers["Idempotency-Replayed"] == "true"


async def test_a_key_is_for_one_request_only(anna: httpx.AsyncClient) -> None:
    await _make(anna, "North", "k3")
    other = await _make(anna, "South", "k3")
    assert (other.status_code, other.json()["error"]["code"]) == (409, "key_reused")


async def test_the_same_key_of_somebody_else_is_another_key(anna: httpx.AsyncClient, world: World) -> None:
    await _make(anna, "North", "k4")
    async with world.tools.acting(None, EVERYONE) as act:
        token = await create_api_token(act, "vera")
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "k4"}
    vera = await anna.post("/api/v1/projects", json={"name": "North"}, headers=headers)
    assert vera.status_code == 201
    assert "Idempotency-Replayed" not in vera.headers


async def test_a_key_that_is_too_long_is_refused_by_name(anna: httpx.AsyncClient) -> None:
    refused = await _make(anna, "North", "k" * 129)
    assert (refused.status_code, refused.json()["error"]["field"]) == (422, "Idempotency-Key")


async def test_a_day_later_the_key_is_free_again(anna: httpx.AsyncClient, world: World) -> None:
    await _make(anna, "North", "k5")
    world.clock.advance(86_401)
    assert (await _make(anna, "North", "k5")).status_code == 409
