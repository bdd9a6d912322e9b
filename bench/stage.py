"""What is measured: the emulated Telegram and tgac, each in a process of its own, on SQLite."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import psutil

from tgac.bots.models import Bot, Seat
from tgac.bots.service import connect_bot
from tgac.channels.models import Channel
from tgac.kit.config import Config, load_config
from tgac.kit.db import schema
from tgac.kit.secrets import new_master_key
from tgac.kit.tenancy import EVERYONE, Principal
from tgac.kit.tools import Tools
from tgac.people.models import User
from tgac.people.projects import create_project
from tgac.processes.shared import tools_for
from tgac.tasks.service import assign_bots, create_task, toggle_task

BOTS = 40
CHANNELS = 400
"""So many that Telegram's limits (three at once in a group, 30 a second by a bot) are not what is measured."""
PROJECT = 1
ROOT = Path(__file__).parents[1]
DOCUMENT = {
    "content": {"variants": [{"name": "A", "text": "Rules of {{ channel.title }}"}]},
    "timing": {"delay": {"min_s": 0, "max_s": 0}, "expire_after_s": 86_400},
}


@dataclass(frozen=True)
class Place:
    """A channel with its group, and the bot that serves it."""

    channel_id: int
    group_id: int
    token: str


@dataclass
class Stage:
    """The running sandbox and the database with bots, channels and a task."""

    url: str
    environment: dict[str, str]
    session: aiohttp.ClientSession
    places: list[Place] = field(default_factory=list)

    @property
    def config(self) -> Config:
        """What tgac is set to."""
        return load_config(None, **{name.lower(): value for name, value in self.environment.items()})

    async def control(self, method: str, path: str, **body: Any) -> Any:
        """One use of the sandbox's controls."""
        async with self.session.request(method, f"{self.url}/sandbox{path}", json=body or None) as answer:
            told = await answer.json()
            assert told["ok"], (path, told)
            return told["result"]

    async def post(self, place: Place, text: str = "Hello") -> int:
        """Publish a post; gives the thread's id."""
        published = await self.control("POST", f"/channels/{place.channel_id}/posts", text=text)
        return int(published["thread_ids"][0])

    async def forget_updates(self) -> None:
        """Confirm for every bot what waits for it, so that nobody takes it in later."""
        for token in {place.token for place in self.places}:
            for offset in (-1, 2**40):
                async with self.session.post(f"{self.url}/bot{token}/getUpdates", json={"offset": offset}) as answer:
                    await answer.read()

    async def sends(self, after: int = 0) -> list[dict[str, Any]]:
        """The sendMessage calls that were carried out, above a number."""
        calls = await self.control("GET", f"/calls?method=sendMessage&after={after}")
        return [call for call in calls if call["executed"]]

    async def last_call(self) -> int:
        """The number of the latest sendMessage call."""
        calls = await self.control("GET", "/calls?method=sendMessage")
        return int(calls[-1]["n"]) if calls else 0


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@asynccontextmanager
async def a_process(
    *command: str, until: str | None = None, environment: dict[str, str] | None = None, folder: Path | None = None
) -> AsyncIterator[psutil.Process]:
    """A child, ended at the end; when the block begins, a line with `until` has come."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, *command, cwd=folder or ROOT, env=environment, stdout=asyncio.subprocess.PIPE
    )
    try:
        assert child.stdout
        while until and until not in (await asyncio.wait_for(child.stdout.readline(), 30)).decode():
            assert child.returncode is None, command
        yield psutil.Process(child.pid)
    finally:
        if child.returncode is None:
            child.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(child.wait(), 15)
            except TimeoutError:
                child.kill()


@asynccontextmanager
async def a_stage(folder: Path, db_url: str | None = None) -> AsyncIterator[Stage]:
    """Telegram with bots and channels, and a database that knows them (an SQLite of its own unless told); tgac does
    not run yet."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(
            a_process("-m", "tgsandbox", "--port", str(port), "--no-limits", until="listens")
        )
        session = await stack.enter_async_context(aiohttp.ClientSession())
        values = {
            "ADMIN_TG_USERNAME": "anna",
            "SESSION_SECRET_KEY": new_master_key(),
            "TELEGRAM_API_BASE": url,
            "DB_URL": db_url or f"sqlite:///{folder}/bench.sqlite3",
            "PORT": str(free_port()),
            "LOG_LEVEL": "ERROR",
            "MAX_ACTIVE_THREADS_PER_BOT": "10000",
            "BOT_ERROR_PERCENT": "0",
        }
        stage = Stage(url, values, session)
        service = await stage.control("POST", "/bots", name="Desk", username="desk_bot")
        values["TELEGRAM_BOT_TOKEN"] = service["token"]
        async with tools_for(stage.config) as tools:
            await _furnish(stage, tools)
        yield stage


async def _furnish(stage: Stage, tools: Tools) -> None:
    """The cast: Anna, her bots and channels, a task for all of them that is switched on."""
    await schema.upgrade(tools.db)
    anna, project_id = await _project(tools)
    owner = (await stage.control("POST", "/users", first_name="Anna", username="anna"))["id"]
    bots: list[tuple[Bot, str]] = []
    for number in range(BOTS):
        made = await stage.control("POST", "/bots", name=f"Bot {number}", username=f"bench{number}_bot")
        bot = await connect_bot(tools, anna, project_id=project_id, token=made["token"])
        bots.append((bot, made["token"]))
    channels = [await _channel(stage, owner, number, bots[number % BOTS]) for number in range(CHANNELS)]
    async with tools.acting(anna, project_id) as act:
        for (channel, bot), place in zip(channels, stage.places, strict=True):
            act.session.add(channel)
            await act.flush()
            act.session.add(Seat(bot_id=bot.id, channel_id=channel.id, state="active", since=act.now))
            assert place.group_id == channel.group_id
        await act.flush()
        targets = {"targets": {"channels": [channel.id for channel, _ in channels]}}
        task = await create_task(act, "Bench", config=DOCUMENT | targets)
        await assign_bots(act, task.id, [bot.id for bot, _ in bots])
        await toggle_task(act, task.id, "ON")


async def _project(tools: Tools) -> tuple[Principal, int]:
    async with tools.acting(None, EVERYONE) as act:
        user = User(username="anna", telegram_id=1, state="active", is_admin=True, created_at=act.now)
        act.session.add(user)
        await act.flush()
        anna = Principal(user.id, "anna", is_admin=True, language="en")
    async with tools.acting(anna, EVERYONE) as act:
        return anna, (await create_project(act, "Bench")).id


async def _channel(stage: Stage, owner: int, number: int, served: tuple[Bot, str]) -> tuple[Channel, Bot]:
    bot, token = served
    title = f"Channel {number}"
    made = await stage.control("POST", "/channels", title=title, owner_id=owner, group=True)
    for chat_id, right in ((made["id"], "can_post_messages"), (made["group_id"], "can_delete_messages")):
        path = f"/chats/{chat_id}/members/{bot.telegram_id}"
        await stage.control("PUT", path, status="administrator", rights={right: True})
    stage.places.append(Place(made["id"], made["group_id"], token))
    moment = bot.created_at
    channel = Channel(
        telegram_id=made["id"],
        title=title,
        group_id=made["group_id"],
        group_title=title,
        claimed_by=1,
        state="active",
        checked_at=moment,
        created_at=moment,
    )
    return channel, bot


@asynccontextmanager
async def tgac_up(stage: Stage, folder: Path) -> AsyncIterator[psutil.Process]:
    """`tgac up`."""
    here = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}  # noqa: TID251  a child's
    environment = here | stage.environment
    async with a_process("-m", "tgac", "up", environment=environment, folder=folder) as process:
        yield process
