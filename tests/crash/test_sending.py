"""Workers are killed, held and ended around a send: nothing is doubled, nothing lost, and what is unknown had to be."""

import asyncio
import random
import signal
from pathlib import Path

import psutil
import pytest

from tests.crash.stage import Stage, Zygote, a_stage, a_zygote

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

KILLS = 50
POSTS_A_KILL = 3
POINTS = (
    *("call.before", "call.during", "call.after", ">planned.before", ">planned.after"),
    *("planned>sending.before", "planned>sending.after", "sending>sent.before", "sending>sent.after"),
    *("queue.before", "queue.after"),
)


SOON_S = 5.0
"""A busy machine takes two seconds to begin with the first comment; killed before, a worker would prove nothing."""


async def test_fifty_kills_double_nothing_and_lose_nothing(database: str, tmp_path: Path) -> None:
    async with a_stage(database, tmp_path, speed=10) as stage, a_zygote() as zygote:
        doubtful: set[int] = set()
        for seed in range(KILLS):
            dice = random.Random(seed)
            doom = {"point": POINTS[seed % len(POINTS)], "at": dice.randint(1, 3)}
            await stage.post(POSTS_A_KILL)
            await stage.world.take_in()
            code = await die(zygote, stage, seed, **doom)
            caught = {one.id for one in await stage.comments("sending")}
            print(f"seed {seed}: {doom['point']} #{doom['at']}: {code}, in the air: {len(caught)}")  # noqa: T201
            doubtful |= caught
        await stage.settle(zygote, among=KILLS * POSTS_A_KILL)
        await nothing_doubled_nothing_lost(stage, doubtful)
        assert 0 < len(doubtful) < KILLS * POSTS_A_KILL


async def die(zygote: Zygote, stage: Stage, seed: int, **doom: object) -> int:
    """Run a worker until it has met its doom; one that does not meet it soon is killed where it stands."""
    await zygote.begin(stage.order("worker", seed, **doom))
    dying = asyncio.create_task(zygote.ended())
    await asyncio.wait([dying], timeout=SOON_S)
    if not dying.done():
        zygote.signal(signal.SIGKILL)
    code = await dying
    assert code == -signal.SIGKILL
    return code


async def nothing_doubled_nothing_lost(stage: Stage, doubtful: set[int]) -> None:
    """Every post has one comment; only those that were in the air at a death are unknown; Telegram has what is sent."""
    comments = await stage.comments()
    assert sorted(await stage.roots()) == sorted(stage.posted)
    assert len({one.post_id for one in comments}) == len(comments) == len(stage.posted)
    assert {one.id for one in comments if one.state == "unknown"} == doubtful
    assert {one.state for one in comments if one.id not in doubtful} == {"sent"}
    delivered = await stage.delivered()
    assert set(delivered) <= set(stage.posted)
    assert max(delivered.values()) == 1
    there = {
        (place.group_id, message["message_id"])
        for place in stage.world.places
        for message in await stage.world.said(place)
    }
    assert {(one.group_id, one.message_id) for one in comments if one.state == "sent"} <= there
    assert len(there) <= len(comments)


@pytest.mark.parametrize("held_s", [1.5, 8.0], ids=["past the start", "past the deadline"])
async def test_a_worker_held_between_intent_and_call_doubles_nothing(
    database: str, tmp_path: Path, held_s: float
) -> None:
    async with a_stage(database, tmp_path, speed=10) as stage, a_zygote() as held, a_zygote() as other:
        await stage.post(8)
        await stage.world.take_in()
        await held.begin(stage.order("worker", 1, point="planned>sending.after", at=1, kind="stop"))
        await until_stopped(held.pid)
        await other.begin(stage.order("worker", 2))
        await asyncio.sleep(held_s)
        held.signal(signal.SIGCONT)
        await stage.until_settled(8)
        await asyncio.sleep(0.5)
        for zygote in (held, other):
            zygote.signal(signal.SIGTERM)
            assert await zygote.ended() == 0
        in_doubt = {one.id for one in await stage.comments("unknown")}
        await nothing_doubled_nothing_lost(stage, in_doubt)
        assert len(in_doubt) <= 3


async def until_stopped(pid: int) -> None:
    """Wait until the process holds still."""
    async with asyncio.timeout(20):
        while psutil.Process(pid).status() != psutil.STATUS_STOPPED:  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.02)


async def test_ending_workers_under_load_leaves_nothing_unknown(database: str, tmp_path: Path) -> None:
    async with a_stage(database, tmp_path, speed=10) as stage, a_zygote() as zygote:
        for seed in range(8):
            await stage.post(12)
            await stage.world.take_in()
            await zygote.begin(stage.order("worker", seed))
            await asyncio.sleep(random.Random(seed).uniform(0.05, 0.5))
            zygote.signal(signal.SIGTERM)
            assert await zygote.ended() == 0
            assert await stage.comments("sending", "unknown") == []
        await stage.settle(zygote, among=96)
        await nothing_doubled_nothing_lost(stage, set())
