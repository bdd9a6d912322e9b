"""Pollers that meet what they cannot mend: one bot's trouble is nobody else's."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import aiohttp

from tests.support.world import World
from tgac.bots.models import Bot
from tgac.kit.clock import RealClock
from tgac.kit.secrets import Secret
from tgac.processes.bot import run_bots
from tgsandbox.faults import read_fault


async def give_token(world: World, token: str) -> None:
    """Anna puts another token in the place of the bot's; that opens it again where it was shut out already."""
    async with world.tools.acting(None, world.project_id) as act:
        bot = await act.session.get_one(Bot, world.bots[0].id, with_for_update=True)
        bot.token_sealed = act.keys.seal(Secret(token), f"bots.token_sealed:{bot.project_id}:{bot.telegram_id}")
        bot.status = "ACTIVE"


async def status(world: World) -> str:
    async with world.tools.reading(None, world.project_id) as act:
        return (await act.session.get_one(Bot, world.bots[0].id)).status


@asynccontextmanager
async def polling(world: World) -> AsyncIterator[asyncio.Task[None]]:
    """The bot process, on the machine's clock."""
    stopping = asyncio.Event()
    running = asyncio.create_task(run_bots(replace(world.tools, clock=RealClock()), stopping))
    yield running
    stopping.set()
    await running


async def test_a_webhook_is_not_put_away_again_before_telegram_allows_it(world: World) -> None:
    path = f"{world.sandbox.url}/bot{world.tokens[0]}/setWebhook?url=https://example.org/hook"
    async with aiohttp.ClientSession() as session, session.get(path) as answer:
        assert (await answer.json())["ok"]
    before = len(await world.control("GET", "/calls?method=deleteWebhook"))
    world.sandbox.endpoint.faults.add(read_fault({"kind": "flood", "method": "deleteWebhook", "value": 60}))
    async with polling(world) as running:
        await asyncio.sleep(3.5)
        assert not running.done()
    assert len(await world.control("GET", "/calls?method=deleteWebhook")) == before + 1


async def test_a_token_that_cannot_be_opened_breaks_nobody(world: World) -> None:
    other = await world.add_bot("other")
    async with world.tools.acting(None, world.project_id) as act:
        (await act.session.get_one(Bot, other.id)).token_sealed = "sealed with a key that is gone"
    async with polling(world) as running:
        await asyncio.sleep(1.5)
        assert not running.done()
    calls = await world.control("GET", "/calls?method=getUpdates")
    assert calls


async def test_another_token_is_polled_with_at_once_and_the_old_ones_refusal_means_nothing(world: World) -> None:
    async with polling(world):
        await asyncio.sleep(0.5)
        told = await world.control("POST", f"/bots/{world.bots[0].telegram_id}/revoke")
        await give_token(world, told["token"])
        await asyncio.sleep(2.5)
        assert await status(world) == "ACTIVE"
