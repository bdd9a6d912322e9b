"""The measurements."""

import asyncio
import statistics
import time
from datetime import timedelta
from typing import Any

import psutil
from aiogram import Bot
from aiogram.client.session.aiohttp import AiohttpSession
from aiogram.client.telegram import TelegramAPIServer
from aiogram.types import LinkPreviewOptions, ReplyParameters
from sqlalchemy import select

from bench.stage import BOTS, PROJECT, Place, Stage
from tgac.channels.models import Channel
from tgac.comments.jobs import SendComment
from tgac.comments.models import Comment
from tgac.kit.act import Act
from tgac.kit.tools import Tools
from tgac.posts.models import Post

TEXT = "Rules of Channel 1"
MEGABYTE = 1_000_000


async def post_to_comment(stage: Stage, *, per_s: int, seconds: float) -> dict[str, float]:
    """Seconds from publishing a post to its comment's request at Telegram, at so many posts a second."""
    before = await stage.last_call()
    posted: dict[tuple[int, int], float] = {}
    started = time.perf_counter()

    async def publish(number: int) -> None:
        place = stage.places[number % len(stage.places)]
        moment = time.time()  # noqa: TID251  the sandbox records wall time
        thread = await stage.post(place, f"Post {number}")
        posted[place.group_id, thread] = moment

    running: set[asyncio.Task[None]] = set()
    for number in range(int(per_s * seconds)):
        await asyncio.sleep(max(0.0, started + number / per_s - time.perf_counter()))  # noqa: TID251
        running.add(asyncio.create_task(publish(number)))
    await asyncio.gather(*running)
    published_s = time.perf_counter() - started
    calls = await _until_commented(stage, before, len(posted), seconds=30)
    waits = [
        call["at"] - posted[key]
        for call in calls
        if (key := (call["chat_id"], call["params"]["reply_parameters"]["message_id"])) in posted
    ]
    cuts = statistics.quantiles(waits, n=100) if len(waits) > 2 else [0.0] * 99
    return {
        "posts": len(posted),
        "posts_per_s": round(len(posted) / published_s, 1),
        "comments": len(waits),
        "p50_s": round(cuts[49], 3),
        "p99_s": round(cuts[98], 3),
        "most_s": round(max(waits, default=0.0), 3),
    }


async def _until_commented(stage: Stage, before: int, wanted: int, *, seconds: float) -> list[dict[str, Any]]:
    deadline = time.perf_counter() + seconds
    while True:
        calls = await stage.sends(before)
        if len(calls) >= wanted or time.perf_counter() > deadline:
            return calls
        await asyncio.sleep(0.3)  # noqa: TID251


async def at_rest(process: psutil.Process, seconds: float) -> dict[str, float]:
    """Memory, and the processor's time that doing nothing costs."""
    before = sum(process.cpu_times()[:2])
    await asyncio.sleep(seconds)  # noqa: TID251
    used = sum(process.cpu_times()[:2]) - before
    return {
        "rss_mb": round(process.memory_info().rss / MEGABYTE, 1),
        "idle_cpu_percent": round(100 * used / seconds, 2),
    }


async def backlog(stage: Stage, tools: Tools, n: int) -> int:
    """Plan `n` comments that are all due, spread over bots and channels. Gives the number of the last call."""
    threads = await _threads(stage, n)
    async with tools.acting(None, PROJECT) as act:
        channels = {one.group_id: one for one in await act.session.scalars(select(Channel))}
        for place, thread in threads:
            await _plan(act, channels[place.group_id], thread)
    await stage.forget_updates()
    return await stage.last_call()


async def _threads(stage: Stage, n: int) -> list[tuple[Place, int]]:
    """So many posts, spread over the channels, with the threads where their comments go."""
    return [(place, await stage.post(place)) for place in (stage.places * (n // len(stage.places) + 1))[:n]]


async def _plan(act: Act, channel: Channel, thread: int) -> None:
    moments = {"published_at": act.now, "seen_at": act.now}
    post = Post(channel_id=channel.id, message_id=10**6 + thread, root_id=thread, text="Hello", **moments)
    act.session.add(post)
    await act.flush()
    comment = Comment(
        task_id=1,
        post_id=post.id,
        channel_id=channel.id,
        group_id=channel.group_id,
        bot_id=(channel.id - 1) % BOTS + 1,
        state="planned",
        reason_data={},
        decision={"allowed": [], "seed": 1},
        text=TEXT,
        send_at=act.now,
        expires_at=act.now + timedelta(days=1),
        created_at=act.now,
        changed_at=act.now,
    )
    act.session.add(comment)
    await act.flush()
    act.enqueue(SendComment(act.project_id, comment.id), key=f"send:{comment.id}")


async def drained(stage: Stage, before: int, n: int) -> dict[str, float]:
    """How fast the backlog went out: from the first to the last request at Telegram."""
    calls = await _until_commented(stage, before, n, seconds=60)
    took = calls[-1]["at"] - calls[0]["at"]
    return {"comments": len(calls), "seconds": round(took, 2), "per_s": round(len(calls) / took, 1)}


async def bare_loop(stage: Stage, n: int, *, at_once: int) -> dict[str, float]:
    """The same messages by a bare loop: `asyncio.gather` over aiogram's `send_message`, as many at once."""
    server = TelegramAPIServer.from_base(stage.url)
    bots = {place.token: Bot(place.token, AiohttpSession(api=server)) for place in stage.places}
    threads = await _threads(stage, n)
    before = await stage.last_call()
    free = asyncio.Semaphore(at_once)

    async def send(place: Place, thread: int) -> None:
        async with free:
            await bots[place.token].send_message(
                place.group_id,
                TEXT,
                parse_mode="HTML",
                reply_parameters=ReplyParameters(message_id=thread, allow_sending_without_reply=False),
                link_preview_options=LinkPreviewOptions(is_disabled=True),
                disable_notification=True,
            )

    await asyncio.gather(*(send(place, thread) for place, thread in threads))
    result = await drained(stage, before, n)
    for bot in bots.values():
        await bot.session.close()
    await stage.forget_updates()
    return result


async def until_it_works(stage: Stage) -> None:
    """A post into a channel of every bot gets its comment."""
    before = await stage.last_call()
    for place in stage.places[:BOTS]:
        await stage.post(place)
    await _until_commented(stage, before, BOTS, seconds=60)
