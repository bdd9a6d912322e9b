"""Every point at which the state of a comment changes, and around the call: a process is killed there, held there, what
it does there fails, or its database is away. Nothing is doubled, nothing lost, and what is unknown had to be.

The points are not written down: a worker that nothing happens to tells which it passes. `make crash` runs this.
"""

import asyncio
import json
import signal
from collections import Counter
from pathlib import Path

import pytest

from tests.crash.stage import MOST_S, Stage, Zygote, a_stage, a_zygote
from tests.crash.test_sending import until_stopped
from tgac.comments.models import Comment

pytestmark = [pytest.mark.slow, pytest.mark.crash, pytest.mark.timeout(1800)]

KINDS = ("kill", "stop", "fail", "away")
HELD_S = 1.0
"""At twenty times the speed of clocks: longer than a process may wait between intent and call."""
PLACES = 5
STARTS = ("planned>sending.before", "planned>sending.after")
IN_DOUBT = ("call.", "planned>sending.after", "sending>")
"""Where Telegram may have what nobody has written down: only there a comment may end unknown.

From the moment the intent is committed; whoever is cut off in writing the answer down knew it alone.
"""


async def publish(stage: Stage) -> None:
    """A post in each channel; what becomes of them differs, so that every change of state happens."""
    _plain, slowed, lost, refused, _other = stage.world.places
    await stage.world.control("DELETE", "/faults")
    send = {"method": "sendMessage", "times": 1}
    await stage.world.control("POST", "/faults", kind="flood", chat_id=slowed.group_id, value=1, **send)
    await stage.world.control("POST", "/faults", kind="drop_after", chat_id=lost.group_id, **send)
    await stage.post(PLACES)
    await stage.world.take_in()
    group, root = next(key for key in reversed(stage.posted) if key[0] == refused.group_id)
    await stage.world.control("DELETE", f"/chats/{group}/messages/{root}")


async def meet(zygote: Zygote, stage: Stage, kind: str, point: str) -> set[int]:
    """Let a worker meet its doom at a point; whatever it has left is finished by it, or by another where it ended.
    Gives the comments that were in the air when it ended: it sends several at once."""
    await zygote.begin(stage.order("worker", 1, point=point, at=1, kind=kind))
    if kind == "stop":
        await until_stopped(zygote.pid)
        await asyncio.sleep(HELD_S)
        zygote.signal(signal.SIGCONT)
    ending = asyncio.create_task(zygote.ended())
    settling = asyncio.create_task(stage.until_settled(len(stage.posted)))
    await asyncio.wait([ending, settling], return_when=asyncio.FIRST_COMPLETED)
    if kind == "kill":  # what is committed is seen here before the process comes to the point behind it
        await asyncio.wait([ending], timeout=MOST_S)
    if ending.done():
        assert kind != "stop"
        settling.cancel()
        await asyncio.wait([settling])
        caught = {one.id for one in await stage.comments("sending")}
        await stage.settle(zygote, among=len(stage.posted))
        return caught
    assert kind != "kill", f"{point} is not reached"
    await settling
    zygote.signal(signal.SIGTERM)
    assert await ending == 0
    return set()


async def points_of(zygote: Zygote, stage: Stage, folder: Path) -> list[str]:
    """The points that a worker passes each time to whom nothing happens; the first one also does what is rare."""
    report = folder / "points.json"
    for _time in range(2):
        await publish(stage)
        await zygote.begin(stage.order("worker", 1, report=str(report)))
        await stage.until_settled(len(stage.posted))
        zygote.signal(signal.SIGTERM)
        await zygote.ends_well()
    return sorted(json.loads(report.read_text()))


def unknown_of(comments: list[Comment], since: int) -> list[Comment]:
    return [one for one in comments if one.id > since and one.state == "unknown"]


@pytest.mark.parametrize("kind", KINDS)
async def test_at_no_point_is_a_comment_doubled_or_lost(database: str, tmp_path: Path, kind: str) -> None:
    async with a_stage(database, tmp_path, speed=20, channels=PLACES) as stage, a_zygote() as zygote:
        points = await points_of(zygote, stage, tmp_path)
        assert {"call.before", "call.after", ">planned.before", *STARTS} <= set(points)
        assert {f"sending>{end}.before" for end in ("sent", "planned", "rejected", "unknown")} <= set(points)
        for point in points:
            last = max(one.id for one in await stage.comments())
            await publish(stage)
            caught = await meet(zygote, stage, kind, point)
            comments = await stage.comments()
            unknown = unknown_of(comments, last)
            print(f"{kind} at {point}: {dict(Counter(one.state for one in comments if one.id > last))}")  # noqa: T201
            assert len({one.post_id for one in comments}) == len(comments) == len(stage.posted), point
            assert len(unknown) >= 1, "one answer is always lost"
            beyond = [one for one in unknown if one.id not in caught]
            assert len(beyond) <= 1 or point.startswith(IN_DOUBT), point
            assert max((await stage.delivered()).values()) == 1, point
