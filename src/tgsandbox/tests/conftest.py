"""A running sandbox for each test, with a clock that stands still."""

from collections.abc import AsyncIterator

import aiohttp
import pytest

from tgsandbox import start
from tgsandbox.clock import ManualClock
from tgsandbox.tests.hands import Hands, Scene, promote


@pytest.fixture
async def hands() -> AsyncIterator[Hands]:
    clock = ManualClock()
    sandbox = await start(clock=clock)
    async with aiohttp.ClientSession() as session:
        yield Hands(sandbox, session, clock)
    await sandbox.stop()


@pytest.fixture
async def scene(hands: Hands) -> Scene:
    anna = await hands.do("POST", "/users", first_name="Anna", username="anna")
    vera = await hands.do("POST", "/users", first_name="Vera", username="vera")
    bot = await hands.do("POST", "/bots", name="Helper", username="helper_bot", owner_id=anna["id"])
    made = await hands.do("POST", "/channels", title="News", owner_id=anna["id"], group=True)
    found = Scene(anna["id"], vera["id"], bot["id"], bot["token"], made["id"], made["group_id"])
    await promote(hands, found.channel, found.bot)
    await promote(hands, found.group, found.bot)
    await hands.updates(found.token)
    return found
