"""The stage of the crash tests: the sandbox and the database live on, the processes of tgac come and go."""

import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

from sqlalchemy import func, select

from tests.crash.child import FastClock
from tests.support.world import World, a_world
from tgac.comments.models import Comment
from tgac.kit.queue.store import count
from tgac.kit.tenancy import EVERYONE
from tgac.posts.models import Post

ROOT = Path(__file__).parents[2]
MOST_S = 60.0
A_WEEK = 7 * 86_400
AT_ONCE = 3
"""How many jobs a process runs at once: so many comments may be in the air when it dies."""


class Zygote:
    """A process that forks doomed processes, one at a time."""

    def __init__(self, process: asyncio.subprocess.Process, log: IO[bytes]) -> None:
        self._process = process
        self._log = log
        self.pid = 0

    async def begin(self, order: dict[str, Any]) -> None:
        """Start a process."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        self.pid = (await self._told())["pid"]

    async def ended(self) -> int:
        """How the process ended: its exit code, or the signal's number below zero."""
        code = (await self._told())["code"]
        self.pid = 0
        return int(code)

    async def ends_well(self) -> None:
        """It ends by itself, and without a fault."""
        code = await self.ended()
        self._log.seek(0)
        assert code == 0, f"ended with {code}: {self._log.read()[-3000:].decode()}"

    async def _told(self) -> dict[str, int]:
        assert self._process.stdout
        told: dict[str, int] = json.loads(await asyncio.wait_for(self._process.stdout.readline(), MOST_S))
        return told

    def signal(self, number: signal.Signals) -> None:
        """Send it; the process may have met its doom in this very moment."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    async def close(self) -> None:
        if self.pid:
            for number in (signal.SIGCONT, signal.SIGKILL):
                self.signal(number)
        assert self._process.stdin
        self._process.stdin.close()
        await self._process.wait()


@asynccontextmanager
async def a_zygote() -> AsyncIterator[Zygote]:
    """A zygote that has imported everything."""
    with tempfile.TemporaryFile() as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.crash.child", cwd=ROOT, stdin=-1, stdout=-1, stderr=log
        )
        zygote = Zygote(process, log)
        await zygote._told()
        try:
            yield zygote
        finally:
            await zygote.close()


@dataclass
class Stage:
    """A world whose time runs fast, and in which processes die."""

    world: World
    clock: FastClock
    at_once: int = AT_ONCE
    posted: dict[tuple[int, int], str] = field(default_factory=dict)

    def order(self, role: str, seed: int, **doom: Any) -> dict[str, Any]:
        """What a zygote is told to start."""
        config = self.world.tools.config
        values = {
            "admin_tg_username": config.admin_tg_username,
            "telegram_bot_token": config.telegram_bot_token.reveal(),
            "telegram_api_base": config.telegram_api_base,
            "session_secret_key": ",".join(key.reveal() for key in config.session_secret_key),
            "db_url": config.db_url,
            "max_concurrency": self.at_once,
            "review_days": config.review_days,
            "max_active_threads_per_bot": config.max_active_threads_per_bot,
            "bot_error_percent": config.bot_error_percent,
        }
        time_told = {"start": self.clock.start.isoformat(), "began": self.clock.began, "speed": self.clock.speed}
        return {"role": role, "seed": seed, "config": values, **time_told, **doom}

    async def post(self, number: int) -> None:
        """Publish so many posts, spread over the channels, at this moment."""
        behind = self.clock.now() - self.world.clock.now()
        self.world.clock.advance(behind.total_seconds())
        for _ in range(number):
            place = self.world.places[len(self.posted) % len(self.world.places)]
            published = await self.world.post(f"Post {len(self.posted)}", place)
            self.posted[place.group_id, published["thread_ids"][0]] = place.row.title

    async def comments(self, *states: str) -> list[Comment]:
        async with self.world.tools.reading(None, self.world.project_id) as act:
            asked = select(Comment).where(Comment.state.in_(states)) if states else select(Comment)
            return list(await act.session.scalars(asked.order_by(Comment.id)))

    async def roots(self) -> list[tuple[int, int | None]]:
        """Group and thread of every post that tgac knows."""
        groups = {place.row.id: place.group_id for place in self.world.places}
        async with self.world.tools.reading(None, self.world.project_id) as act:
            return [(groups[post.channel_id], post.root_id) for post in await act.session.scalars(select(Post))]

    async def settle(self, zygote: Zygote, *, among: int, within_s: float = MOST_S) -> None:
        """Let an unharmed worker finish everything, then end it in peace."""
        await zygote.begin(self.order("worker", 0))
        await self.until_settled(among, within_s=within_s)
        zygote.signal(signal.SIGTERM)
        await zygote.ends_well()

    async def until_settled(self, among: int, *, within_s: float = MOST_S) -> None:
        """Wait until every post has a comment that has come to its end."""
        deadline = time.monotonic() + within_s
        while time.monotonic() < deadline:
            if await self.ended() >= among:
                return
            await asyncio.sleep(0.1)
        raise AssertionError(f"not settled: {Counter(one.state for one in await self.comments())} {await self.jobs()}")

    async def ended(self) -> int:
        """How many comments have come to their end."""
        async with self.world.tools.reading(None, self.world.project_id) as act:
            asked = select(func.count(Comment.id)).where(Comment.state.not_in(("planned", "sending")))
            return (await act.session.execute(asked)).scalar_one()

    async def jobs(self) -> dict[str, int]:
        async with self.world.tools.reading(None, EVERYONE) as act:
            return await count(act.session)

    async def delivered(self) -> Counter[tuple[int, int]]:
        """How many comments stand under each thread in Telegram."""
        said: Counter[tuple[int, int]] = Counter()
        for place in self.world.places:
            for message in await self.world.said(place):
                if "reply_to_message" in message:
                    said[place.group_id, message["reply_to_message"]["message_id"]] += 1
        return said


@asynccontextmanager
async def a_stage(kind: str, folder: Path, *, speed: float, channels: int = 5, bots: int = 1) -> AsyncIterator[Stage]:
    """A project with a bot, channels and a task that comments at once; Telegram keeps no limits of its own."""
    async with a_world(kind, folder, bots=bots, max_active_threads_per_bot=10_000, bot_error_percent=0) as world:
        for number in range(channels - 1):
            await world.add_channel(f"Channel {number}")
        await world.control("POST", "/limits", enabled=False)
        await world.add_task("Rules", timing={"delay": {"min_s": 0, "max_s": 0}, "expire_after_s": A_WEEK})
        await world.take_in()
        clock = FastClock(world.clock.now() + timedelta(seconds=1), time.monotonic(), speed)
        yield Stage(world, clock)
