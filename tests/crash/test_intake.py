"""The bot process is killed while it takes in updates: no post is lost, none is there twice."""

import asyncio
import random
import signal
from pathlib import Path

import pytest

from tests.crash.stage import Stage, Zygote, a_stage, a_zygote

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

POINTS = {
    "updates.came": (1, 2),
    "work.before": (1, 3),
    "work.after": (1, 3),
    "queue.before": (15, 60),
    "queue.after": (15, 60),
}
"""Where the process dies, and at the how manieth time: its leases are renewed thirty times a second."""
KILLS = 20
POSTS_A_KILL = 6


async def test_killing_the_bot_process_loses_no_post_and_doubles_none(database: str, tmp_path: Path) -> None:
    async with a_stage(database, tmp_path, speed=30, bots=2) as stage, a_zygote() as zygote:
        for seed in range(KILLS):
            dice = random.Random(seed)
            point = list(POINTS)[seed % len(POINTS)]
            doom = {"point": point, "at": dice.randint(*POINTS[point])}
            await zygote.begin(stage.order("bots", seed, **doom))
            dying = asyncio.create_task(zygote.ended())
            for _ in range(POSTS_A_KILL):
                await stage.post(1)
                await asyncio.sleep(dice.uniform(0, 0.05))
            await asyncio.wait([dying], timeout=2.0)
            if not dying.done():
                zygote.signal(signal.SIGKILL)
            code = await dying
            print(f"seed {seed}: {doom['point']} #{doom['at']}: {code}, posts known: {len(await stage.roots())}")  # noqa: T201
            assert code == -signal.SIGKILL
        await zygote.begin(stage.order("bots", 0))
        await until_all_known(stage)
        await asyncio.sleep(0.3)
        await end(zygote)
        assert sorted(await stage.roots()) == sorted(stage.posted)
        await stage.settle(zygote, among=KILLS * POSTS_A_KILL)
        assert {one.state for one in await stage.comments()} == {"sent"}
        assert await stage.delivered() == dict.fromkeys(stage.posted, 1)


async def until_all_known(stage: Stage) -> None:
    """Wait until every post has come in with its thread."""
    async with asyncio.timeout(60):
        while set(await stage.roots()) != set(stage.posted):  # noqa: ASYNC110  the database tells nobody
            await asyncio.sleep(0.1)


async def end(zygote: Zygote) -> None:
    """End the process in peace. Its polls wait at a Telegram whose time stands still, so they are cut."""
    zygote.signal(signal.SIGTERM)
    assert await zygote.ended() == 0
