"""A small world for tests: the sandbox as Telegram, a real database, and the cast.

Anna owns the project, Boris may only look, Vera is a stranger. Time stands still until a test moves it.
"""

import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import select

from tests.support.clock import ManualClock
from tests.support.databases import fresh_url, remembering
from tgac.bots.models import Bot
from tgac.bots.service import connect_bot, token_of
from tgac.channels.models import Channel
from tgac.channels.service import connect_channel
from tgac.comments.arrive import ALLOWED, take_updates
from tgac.comments.models import Comment
from tgac.kit.config import Config, load_config
from tgac.kit.db.session import Database
from tgac.kit.queue.runner import Runner
from tgac.kit.secrets import new_master_key
from tgac.kit.telegram.gateway import Gateway
from tgac.kit.tenancy import EVERYONE, Principal
from tgac.kit.tools import Tools
from tgac.people.models import Member, User
from tgac.people.projects import create_project
from tgac.people.queries import find_role
from tgac.tasks.service import assign_bots, create_task, toggle_task
from tgac.wiring import HANDLES
from tgsandbox import Sandbox, start

NAMES = ("anna", "boris", "vera")
CHANNEL_RIGHTS = {"can_post_messages": True}
GROUP_RIGHTS = {"can_delete_messages": True}


class Controls:
    """The sandbox's own controls, over HTTP as any script uses them."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url

    async def __call__(self, method: str, path: str, /, **body: Any) -> Any:
        async with self._session.request(method, f"{self._url}/sandbox{path}", json=body or None) as answer:
            told = await answer.json()
            assert told["ok"], (method, path, told)
            return told["result"]


@dataclass
class Place:
    """A channel with its group in Telegram, and as the project has it."""

    id: int
    group_id: int
    row: Channel


@dataclass
class World:
    """Everything that a test needs; made by `a_world`."""

    tools: Tools
    clock: ManualClock
    sandbox: Sandbox
    control: Controls
    people: dict[str, Principal]
    telegram_ids: dict[str, int]
    service_bot: dict[str, Any]
    project_id: int = 0
    bots: list[Bot] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    _offsets: dict[int, int] = field(default_factory=dict)

    @property
    def anna(self) -> Principal:
        return self.people["anna"]

    async def add_bot(self, name: str) -> Bot:
        """A bot of Anna's, in Telegram and in the project."""
        made = await self.control("POST", "/bots", name=name.title(), username=f"{name}_bot")
        bot = await connect_bot(self.tools, self.anna, project_id=self.project_id, token=made["token"])
        self.bots.append(bot)
        self.tokens.append(made["token"])
        return bot

    async def make_channel(self, title: str, owner: str = "anna") -> tuple[int, int]:
        """A channel with its group, in Telegram only."""
        username = title.lower().replace(" ", "_")
        owner_id = self.telegram_ids[owner]
        made = await self.control("POST", "/channels", title=title, username=username, owner_id=owner_id, group=True)
        return made["id"], made["group_id"]

    async def invite(self, bot: Bot, channel_id: int, group_id: int) -> None:
        """An admin adds the bot to the channel and to its group."""
        for chat_id, rights in ((channel_id, CHANNEL_RIGHTS), (group_id, GROUP_RIGHTS)):
            path = f"/chats/{chat_id}/members/{bot.telegram_id}"
            await self.control("PUT", path, status="administrator", rights=rights)

    async def add_channel(self, title: str = "City news") -> Place:
        """A channel of Anna's where every bot is invited, connected to the project."""
        channel_id, group_id = await self.make_channel(title)
        for bot in self.bots:
            await self.invite(bot, channel_id, group_id)
        connected = await connect_channel(self.tools, self.anna, project_id=self.project_id, ref=str(channel_id))
        place = Place(channel_id, group_id, connected.channel)
        self.places.append(place)
        return place

    async def add_task(self, text: str = "Rules: {{ channel.title }}", **config: Any) -> int:
        """A task for every channel and bot, switched on; without delay unless `timing` says so."""
        document = {
            "targets": {"channels": [place.row.id for place in self.places]},
            "content": {"variants": [{"name": "A", "text": text}]},
            "timing": {"delay": {"min_s": 0, "max_s": 0}},
        } | config
        async with self.tools.acting(self.anna, self.project_id) as act:
            task = await create_task(act, "Welcome", config=document)
            await assign_bots(act, task.id, [bot.id for bot in self.bots])
            await toggle_task(act, task.id, "ON")
            return task.id

    async def post(self, text: str = "Hello", place: Place | None = None, **post: Any) -> dict[str, Any]:
        """The owner publishes a post; gives `message_ids` and `thread_ids`."""
        where = place or self.places[0]
        published: dict[str, Any] = await self.control("POST", f"/channels/{where.id}/posts", text=text, **post)
        return published

    async def take_in(self) -> None:
        """Every bot asks for its updates once, as the bot process does."""
        for bot in self.bots:
            token = token_of(self.tools.keys, bot)
            offset = self._offsets.get(bot.id)
            raw = await self.tools.telegram.get_updates(token, offset=offset, timeout_s=0, allowed=ALLOWED)
            await take_updates(self.tools, bot, raw)
            if raw:
                self._offsets[bot.id] = max(one["update_id"] for one in raw) + 1

    async def work(self) -> None:
        """Take in what is there and run every job that is due at this moment."""
        await self.take_in()
        await Runner(self.tools, HANDLES).run_due()

    async def wait(self, seconds: float) -> None:
        """Let time pass, then work."""
        self.clock.advance(seconds)
        await self.work()

    async def comments(self) -> Sequence[Comment]:
        """Every comment of the project, oldest first."""
        async with self.tools.reading(None, self.project_id) as act:
            return list(await act.session.scalars(select(Comment).order_by(Comment.id)))

    async def said(self, place: Place | None = None) -> list[dict[str, Any]]:
        """What bots have written in the group, as Telegram has it; without what was deleted."""
        where = place or self.places[0]
        messages = await self.control("GET", f"/chats/{where.group_id}/messages")
        return [one for one in messages if one.get("from", {}).get("is_bot") and not one.get("deleted")]


def config_for(sandbox_url: str, token: str, **values: Any) -> Config:
    """A configuration that reads nothing from outside."""
    given = {
        "admin_tg_username": "anna",
        "telegram_bot_token": token,
        "telegram_api_base": sandbox_url,
        "telegram_link_base": sandbox_url,
        "session_secret_key": new_master_key(),
        "review_days": 0,
    }
    return load_config(None, **(given | values))


@asynccontextmanager
async def an_empty_world(kind: str, folder: Path, **config: Any) -> AsyncIterator[World]:
    """The sandbox, the database and the cast; no project yet."""
    clock = ManualClock()
    sandbox = await start(clock=clock)
    async with aiohttp.ClientSession() as session:
        control = Controls(session, sandbox.url)
        service = await control("POST", "/bots", name="Desk", username="desk_bot")
        settings = config_for(sandbox.url, service["token"], db_url=await fresh_url(kind, folder), **config)
        db = remembering(Database(settings.db_url))
        telegram = Gateway(settings.telegram_api_base, limit=0)
        dice = random.Random(7)
        tools = Tools(settings, clock, db, settings.keys, telegram, find_role, dice)
        ids = {name: (await control("POST", "/users", first_name=name.title(), username=name))["id"] for name in NAMES}
        people = {name: await _user(tools, name, telegram_id=ids[name]) for name in NAMES}
        try:
            yield World(tools, clock, sandbox, control, people, ids, service)
        finally:
            await telegram.aclose()
            await db.aclose()
            await sandbox.stop()


async def _user(tools: Tools, name: str, *, telegram_id: int) -> Principal:
    async with tools.acting(None, EVERYONE) as act:
        is_admin = name == "anna"
        user = User(
            username=name, telegram_id=telegram_id, state="active", is_admin=is_admin, created_at=tools.clock.now()
        )
        act.session.add(user)
        await act.flush()
        return Principal(user.id, name, is_admin=is_admin, language="en")


@asynccontextmanager
async def a_world(kind: str, folder: Path, *, bots: int = 1, **config: Any) -> AsyncIterator[World]:
    """Anna's project with a bot and a channel where it is invited; Boris is a viewer in it."""
    async with an_empty_world(kind, folder, **config) as world:
        async with world.tools.acting(world.anna, EVERYONE) as act:
            project = await create_project(act, "City")
            boris = world.people["boris"].user_id
            act.session.add(Member(project_id=project.id, user_id=boris, role="viewer"))
        world.project_id = project.id
        for number in range(bots):
            await world.add_bot(f"city{number or ''}")
        await world.add_channel()
        yield world
