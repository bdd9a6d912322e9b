"""A small world for tests: the sandbox as Telegram, a real database, and the cast.

Anna owns the project, Boris may only look, Vera is a stranger. Time stands still until a test moves it.
"""

import copy
import itertools
import random
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
from sqlalchemy import select

from tests.support.clock import ManualClock
from tests.support.databases import fresh_url, keep, remembering
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
from tgsandbox.calls import CallLog

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


@dataclass(frozen=True)
class Memory:
    """A world as it was when it had just been made. It serves all tests of a process: making one takes 0.1 s."""

    world: World
    telegram: dict[str, Any]
    calls: CallLog
    chance: Any
    database: str
    passed_s: float

    def bring_back(self, sandbox: Sandbox) -> None:
        """Telegram is as it was."""
        vars(sandbox.world).update(_copied(self.telegram))
        sandbox.endpoint.calls = copy.deepcopy(self.calls)


_COUNTERS = ("person_ids", "bot_ids", "chat_ids", "private_ids", "serials")


def _copied(telegram: dict[str, Any]) -> dict[str, Any]:
    """The state of a sandbox's world, but for what ties it to the sandbox that it stands in."""
    counters = {name: telegram[name] for name in _COUNTERS}
    state = {name: value for name, value in telegram.items() if name not in ("clock", "on_update", "repeats_of")}
    made = copy.deepcopy({name: value for name, value in state.items() if name not in counters})
    return made | {name: itertools.count(_next(counter)) for name, counter in counters.items()}


def _next(counter: "itertools.count[int]") -> int:
    """Which number comes next, without taking it."""
    return int(repr(counter).removeprefix("count(").removesuffix(")"))


type Making = Callable[[str, Path], AbstractAsyncContextManager[World]]
"""Makes a world on a database of this kind, in this folder."""
_known: dict[tuple[Making, str], Memory] = {}


async def _memory_of(making: Making, kind: str) -> Memory:
    with tempfile.TemporaryDirectory() as folder:
        async with making(kind, Path(folder)) as world:
            telegram, calls = _copied(vars(world.sandbox.world)), copy.deepcopy(world.sandbox.endpoint.calls)
        chance, database = world.tools.dice.getstate(), keep(world.tools.db)
        return Memory(world, telegram, calls, chance, database, world.clock.monotonic())


@asynccontextmanager
async def _ground(kind: str, folder: Path, memory: Memory | None = None, **config: Any) -> AsyncIterator[World]:
    """The sandbox with the service bot, the database, and nobody that we know of; or all that is remembered."""
    clock = ManualClock()
    clock.advance(memory.passed_s if memory else 0)
    sandbox = await start(clock=clock)
    async with aiohttp.ClientSession() as session:
        control = Controls(session, sandbox.url)
        if memory:
            memory.bring_back(sandbox)
        known = dict(memory.world.service_bot) if memory else None
        service = known or await control("POST", "/bots", name="Desk", username="desk_bot")
        url = await fresh_url(kind, folder, like=memory.database if memory else None)
        settings = config_for(sandbox.url, service["token"], db_url=url, **config)
        db = remembering(Database(settings.db_url))
        telegram = Gateway(settings.telegram_api_base, limit=0)
        tools = Tools(settings, clock, db, settings.keys, telegram, find_role, random.Random(7))
        try:
            yield World(tools, clock, sandbox, control, {}, {}, service)
        finally:
            await telegram.aclose()
            await db.aclose()
            await sandbox.stop()


@asynccontextmanager
async def an_empty_world(kind: str, folder: Path, **config: Any) -> AsyncIterator[World]:
    """The sandbox, the database and the cast; no project yet."""
    async with _ground(kind, folder, **config) as world:
        for name in NAMES:
            told = await world.control("POST", "/users", first_name=name.title(), username=name)
            world.telegram_ids[name] = told["id"]
            world.people[name] = await _user(world.tools, name, telegram_id=told["id"])
        yield world


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
    if bots != 1 or config:
        async with _a_new_world(kind, folder, bots=bots, **config) as world:
            yield world
        return
    async with a_copy_of(_a_new_world, kind, folder) as world:
        yield world


@asynccontextmanager
async def a_copy_of(making: Making, kind: str, folder: Path) -> AsyncIterator[World]:
    """The world as `making` leaves it, in a sandbox and a database of its own: it is made once for each database."""
    if (making, kind) not in _known:
        _known[making, kind] = await _memory_of(making, kind)
    memory = _known[making, kind]
    key = memory.world.tools.config.session_secret_key
    async with _ground(kind, folder, memory, session_secret_key=key) as world:
        await _remember(world, memory)
        yield world


async def _remember(world: World, memory: Memory) -> None:
    was = memory.world
    world.people.update(was.people)
    world.telegram_ids.update(was.telegram_ids)
    world.tokens.extend(was.tokens)
    world.project_id = was.project_id
    world._offsets.update(was._offsets)
    async with world.tools.reading(None, world.project_id) as act:
        world.bots.extend([await act.session.get_one(Bot, bot.id) for bot in was.bots])
        for place in was.places:
            world.places.append(replace(place, row=await act.session.get_one(Channel, place.row.id)))
    world.tools.dice.setstate(memory.chance)


@asynccontextmanager
async def _a_new_world(kind: str, folder: Path, *, bots: int = 1, **config: Any) -> AsyncIterator[World]:
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
