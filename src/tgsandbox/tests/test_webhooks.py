"""Webhooks: updates are posted in order, with the secret, until they are taken."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web

from tgsandbox.tests.hands import Hands, Scene, post


@dataclass
class Receiver:
    """A bot's own server; it answers with `statuses` one after another, then 200."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    came: "asyncio.Queue[tuple[str | None, dict[str, Any]]]" = field(default_factory=asyncio.Queue)

    async def take(self, request: web.Request) -> web.Response:
        secret = request.headers.get("X-Telegram-Bot-Api-Secret-Token")
        self.came.put_nowait((secret, await request.json()))
        return web.Response(status=self.statuses.pop(0) if self.statuses else 200)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    app = web.Application()
    app.router.add_post("/hook", made.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield made
    await runner.cleanup()


async def test_updates_are_posted_in_order_with_the_secret(hands: Hands, scene: Scene, receiver: Receiver) -> None:
    await hands.call(scene.token, "setWebhook", url=receiver.url, secret_token="a-secret_1")
    await post(hands, scene)
    first, second = await receiver.came.get(), await receiver.came.get()
    assert (first[0], list(first[1])[1]) == ("a-secret_1", "channel_post")
    assert list(second[1])[1] == "message"


async def test_a_webhook_that_fails_is_tried_again(hands: Hands, scene: Scene, receiver: Receiver) -> None:
    receiver.statuses = [500]
    await hands.call(scene.token, "setWebhook", url=receiver.url, allowed_updates=["channel_post"])
    await post(hands, scene)
    _, first = await receiver.came.get()
    await asyncio.sleep(0.05)
    info = await hands.call(scene.token, "getWebhookInfo")
    assert info["pending_update_count"] == 1
    assert info["last_error_message"].startswith("Wrong response from the webhook: 500")
    hands.clock.advance(1)
    _, again = await receiver.came.get()
    assert again == first


async def test_a_duplicated_update_is_posted_twice(hands: Hands, scene: Scene, receiver: Receiver) -> None:
    await hands.do("POST", "/faults", kind="duplicate_update", bot_id=scene.bot, times=1)
    await hands.call(scene.token, "setWebhook", url=receiver.url)
    await post(hands, scene)
    _, first = await receiver.came.get()
    _, again = await receiver.came.get()
    assert again == first


async def test_a_deleted_webhook_leaves_the_updates_to_polling(hands: Hands, scene: Scene, receiver: Receiver) -> None:
    await hands.call(scene.token, "setWebhook", url=receiver.url)
    await hands.call(scene.token, "deleteWebhook")
    assert (await hands.call(scene.token, "getWebhookInfo"))["url"] == ""
    await post(hands, scene)
    assert len(await hands.updates(scene.token)) == 2


async def test_pending_updates_can_be_dropped(hands: Hands, scene: Scene) -> None:
    await post(hands, scene)
    await hands.call(scene.token, "deleteWebhook", drop_pending_updates=True)
    assert await hands.updates(scene.token) == []


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"url": "ftp://example.org"}, "Bad Request: bad webhook: invalid URL specified"),
        (
            {"url": "https://example.org", "secret_token": "not allowed!"},
            "Bad Request: secret token contains unallowed characters",
        ),
    ],
)
async def test_a_webhook_that_cannot_be(hands: Hands, scene: Scene, params: dict[str, str], said: str) -> None:
    assert await hands.refusal(scene.token, "setWebhook", **params) == said
