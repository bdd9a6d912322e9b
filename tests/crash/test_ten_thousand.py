"""Ten thousand posts among two hundred kills, twenty stops and faults in every twentieth call: none lost, none doubled.

`make crash` runs this and prints the figures that stand in docs/crash.md.
"""

import asyncio
import random
import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.crash.stage import Stage, Zygote, a_stage, a_zygote
from tests.crash.test_sending import POINTS
from tests.crash.test_sending import die as die_at

pytestmark = [pytest.mark.slow, pytest.mark.crash, pytest.mark.timeout(7200)]

POSTS = 10_000
KILLS = 200
STOPS = 20
FAULTS = ("drop_before", "drop_after", "bad_json", "http", "flood")
SHARE = 0.01
"""Of each fault among the calls that send."""
HELD_S = 1.0
TO_THE_END_S = 1800.0
AT_ONCE = 32
CHANNELS = 20


async def hold(zygote: Zygote, stage: Stage, dice: random.Random) -> None:
    """A worker is held in the middle of its work for longer than it may wait before a call, goes on, and is killed."""
    await zygote.begin(stage.order("worker", 0))
    await asyncio.sleep(dice.uniform(0.3, 0.8))
    zygote.signal(signal.SIGSTOP)
    await asyncio.sleep(HELD_S)
    zygote.signal(signal.SIGCONT)
    await asyncio.sleep(dice.uniform(0.1, 0.5))
    zygote.signal(signal.SIGKILL)
    assert await zygote.ended() == -signal.SIGKILL


async def test_ten_thousand_posts_among_two_hundred_kills(database: str, tmp_path: Path) -> None:
    dice = random.Random(1)
    rounds = ["kill"] * (KILLS - STOPS) + ["stop"] * STOPS
    dice.shuffle(rounds)
    doubtful: set[int] = set()
    async with a_stage(database, tmp_path, speed=10, channels=CHANNELS) as stage, a_zygote() as zygote:
        stage.at_once = AT_ONCE
        for kind in FAULTS:
            more = {"value": 502} if kind == "http" else {"value": 1} if kind == "flood" else {}
            fault = {"method": "sendMessage", "probability": SHARE, "seed": len(kind)}
            await stage.world.control("POST", "/faults", kind=kind, **fault, **more)
        for number, kind in enumerate(rounds):
            await stage.post(POSTS // len(rounds))
            await stage.world.take_in()
            if kind == "stop":
                await hold(zygote, stage, dice)
            else:
                await die_at(zygote, stage, number, point=dice.choice(POINTS), at=dice.randint(1, 20))
            doubtful |= {one.id for one in await stage.comments("sending")}
            if number % 20 == 19:
                print(f"{database}: {number + 1} deaths, {len(stage.posted)} posts, {await stage.ended()} ended")  # noqa: T201
        await stage.settle(zygote, among=POSTS, within_s=TO_THE_END_S)
        await tell_and_hold_to_it(stage, doubtful, database)


async def tell_and_hold_to_it(stage: Stage, doubtful: set[int], database: str) -> None:
    """The figures, by the sandbox's own record; and what must hold of them."""
    comments, delivered = await stage.comments(), await stage.delivered()
    by_thread = dict.fromkeys(stage.posted, 0) | delivered
    unknown = [one for one in comments if one.state == "unknown"]
    lost = [one for one in comments if one.state not in ("sent", "unknown")]
    told = {
        "posts": len(stage.posted),
        "kills": KILLS,
        "of them after a stop": STOPS,
        "states": dict(Counter(one.state for one in comments)),
        "delivered": sum(delivered.values()),
        "doubled": sum(count > 1 for count in by_thread.values()),
        "lost": len(lost),
        "unknown by a lost answer": sum(one.reason == "answer_lost" for one in unknown),
        "unknown by a death": sum(one.id in doubtful for one in unknown),
    }
    print(f"{database}: {told}")  # noqa: T201
    assert sorted(await stage.roots()) == sorted(stage.posted)
    assert len({one.post_id for one in comments}) == len(comments) == len(stage.posted) == POSTS
    assert told["doubled"] == 0
    assert not lost
    assert not [one for one in unknown if one.reason != "answer_lost" and one.id not in doubtful]
    sent = sum(one.state == "sent" for one in comments)
    assert sent <= sum(delivered.values()) <= sent + len(unknown)
