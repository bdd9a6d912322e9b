"""Telegram and tgac side by side on a clock that jumps: projects, bots, channels and tasks, and one tick of all."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from tests.simulation.life import Died, Life, Mortal, mortal
from tests.simulation.telegram import InProcess, OurClock, TrueClock
from tests.support.databases import fresh_url
from tests.support.world import config_for
from tgac.bots.models import Bot
from tgac.bots.service import connect_bot, token_of
from tgac.channels.service import connect_channel
from tgac.comments.arrive import ALLOWED, take_updates
from tgac.kit.act import Act
from tgac.kit.db.session import Database
from tgac.kit.queue.jobs import Lane
from tgac.kit.queue.runner import LEASE_S, Runner
from tgac.kit.queue.store import next_moment, release_lost
from tgac.kit.telegram.faults import Fault
from tgac.kit.tenancy import EVERYONE, Principal
from tgac.kit.tools import Tools
from tgac.people.models import User
from tgac.people.projects import create_project
from tgac.people.queries import find_role
from tgac.tasks.service import assign_bots, create_task, toggle_task
from tgac.wiring import HANDLES, PERIODIC
from tgsandbox.calls import CallLog
from tgsandbox.endpoint import Endpoint
from tgsandbox.faults import Faults
from tgsandbox.limits import Limits
from tgsandbox.members import set_member
from tgsandbox.model import Chat, Person
from tgsandbox.world import World

START = datetime(2026, 10, 10, 6, 0, tzinfo=UTC)
"""Two weeks before the clocks of Europe go back."""
CHANNELS_A_PROJECT = 25
ZONES = ("Europe/Berlin", "Europe/Moscow", "America/New_York", "Asia/Kolkata")
TALK = {"reader_comments": 2, "silence_s": 300, "deadline_s": 3600, "otherwise": "skip"}
EVERY = ((2, 0), (3, 0), (2, 1), (2, 1), (1, 0))
"""Each task's channels: every so many, beginning with which. The third and fourth wait for readers."""
ADMIN = {"can_post_messages": True, "can_delete_messages": True}


@dataclass
class Place:
    """A channel and its group in Telegram, and the number of the channel's row. `bots` are those invited there."""

    project_id: int
    owner: Person
    channel: Chat
    group: Chat
    bots: list[Bot]
    row_id: int = 0


@dataclass
class Stage:
    """Everything that lives in a simulation."""

    tools: Tools
    clock: TrueClock
    ours: OurClock
    telegram: InProcess
    world: World
    endpoint: Endpoint
    dice: random.Random
    places: list[Place] = field(default_factory=list)
    bots: dict[int, Bot] = field(default_factory=dict)
    anna: dict[int, Principal] = field(default_factory=dict)
    tasks: dict[int, dict[str, Any]] = field(default_factory=dict)
    deadly: float = 0.0
    deaths: int = 0
    ticks: int = 0
    _offsets: dict[int, int] = field(default_factory=dict)
    _held_until: datetime | None = None

    @asynccontextmanager
    async def acting(self, project_id: int) -> AsyncIterator[Act]:
        """An act of the project's owner."""
        async with self.tools.acting(self.anna[project_id], project_id) as act:
            yield act

    async def tick(self) -> None:
        """Take in what has come and do what is due; each process may die of it, and another takes its place."""
        self.ticks += 1
        if self._held_until and self.clock.now() >= self._held_until:
            async with self.tools.acting(None, EVERYONE) as act:
                await release_lost(act.session, act.now)
            self._held_until = None
        await self._take_in()
        while not await self._survived(self._work):
            pass

    async def next_due(self) -> datetime | None:
        """When there is something to do next, by Telegram's clock."""
        async with self.tools.reading(None, EVERYONE) as act:
            moment = await next_moment(act.session, tuple(Lane))
        known = [moment - timedelta(seconds=self.ours.skew_s)] if moment else []
        return min([*known, *([self._held_until] if self._held_until else [])], default=None)

    async def enqueue_periodic(self) -> None:
        """What the scheduler enqueues again and again."""
        async with self.tools.acting(None, EVERYONE) as act:
            for one in PERIODIC:
                act.enqueue(one.job, key=f"periodic:{one.job.kind}")

    def is_heard(self, place: Place) -> bool:
        """Whether every bot of the place has taken in what Telegram has told it."""
        return not any(self.world.bots[bot.telegram_id].pending for bot in place.bots)

    def invite(self, place: Place, bot: Bot) -> None:
        """The owner makes the bot an administrator of the channel and of the group."""
        for chat in (place.channel, place.group):
            owner = place.owner.id
            set_member(self.world, chat, bot.telegram_id, status="administrator", rights=dict(ADMIN), actor_id=owner)

    async def _take_in(self) -> None:
        for bot in self.bots.values():
            if self.world.bots[bot.telegram_id].pending:
                await self._survived(lambda life, bot=bot: self._poll(life, bot))  # type: ignore[misc]

    async def _poll(self, life: Life, bot: Bot) -> None:
        token = token_of(self.tools.keys, bot)
        try:
            raw = await self.tools.telegram.get_updates(
                token, offset=self._offsets.get(bot.id), timeout_s=0, allowed=ALLOWED
            )
        except Fault:
            return
        await Mortal(life, take_updates(self.tools, bot, raw))
        if raw:
            self._offsets[bot.id] = max(one["update_id"] for one in raw) + 1

    async def _work(self, life: Life) -> None:
        runner = Runner(self.tools, [mortal(life, one) for one in HANDLES])
        try:
            await Mortal(life, runner.run_due())
        finally:
            await asyncio.gather(*runner._running, return_exceptions=True)

    async def _survived(self, process: Callable[[Life], Awaitable[None]]) -> bool:
        """Whether the process came to its end in peace. What a dead one held is open again when its lease ends."""
        dies = self.dice.random() < self.deadly
        try:
            await process(Life(self.dice.randrange(1, 120) if dies else None))
        except Died:
            self.deaths += 1
            self._held_until = self.clock.now() + timedelta(seconds=LEASE_S + 0.1)
            return False
        return True


@asynccontextmanager
async def a_stage(kind: str, folder: Path, *, seed: int, channels: int) -> AsyncIterator[Stage]:
    """Channels of several owners, each project with two bots and five tasks of its own time zone."""
    dice = random.Random(seed)
    true = TrueClock(START)
    ours = OurClock(true)
    world = World(true)
    endpoint = Endpoint(world, limits=Limits(true), faults=Faults(), calls=CallLog(cap=50_000))
    service = world.add_bot("Desk", "desk_bot")
    config = config_for("http://telegram.invalid", service.token, db_url=await fresh_url(kind, folder))
    db = Database(config.db_url)
    telegram = InProcess(endpoint, dice)
    tools = Tools(config, ours, db, config.keys, telegram, find_role, dice)
    stage = Stage(tools, true, ours, telegram, world, endpoint, dice)
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)  # the dead leave connections behind
    try:
        for first in range(0, channels, CHANNELS_A_PROJECT):
            await _furnish(stage, first // CHANNELS_A_PROJECT, min(CHANNELS_A_PROJECT, channels - first))
        yield stage
    finally:
        await db.aclose()


async def _furnish(stage: Stage, number: int, channels: int) -> None:
    owner = stage.world.add_person("Anna", f"anna{number}")
    async with stage.tools.acting(None, EVERYONE) as act:
        user = User(username=f"anna{number}", telegram_id=owner.id, state="active", created_at=act.now)
        act.session.add(user)
        await act.flush()
        anna = Principal(user.id, user.username, is_admin=False, language="en")
    async with stage.tools.acting(anna, EVERYONE) as act:
        project = await create_project(act, "City")
        project.time_zone = ZONES[number % len(ZONES)]
    stage.anna[project.id] = anna
    bots = [await _add_bot(stage, anna, project.id, f"city{number}x{n}_bot") for n in range(2)]
    places = [_add_channel(stage, owner, bots, project.id, f"news{number}x{n}") for n in range(channels)]
    for place in places:
        ref = str(place.channel.id)
        connected = await connect_channel(stage.tools, anna, project_id=project.id, ref=ref)
        place.row_id = connected.channel.id
    stage.places += places
    await _add_tasks(stage, project.id, [place.row_id for place in places], [bot.id for bot in bots])


async def _add_bot(stage: Stage, anna: Principal, project_id: int, username: str) -> Bot:
    made = stage.world.add_bot("City", username)
    bot = await connect_bot(stage.tools, anna, project_id=project_id, token=made.token)
    stage.bots[bot.telegram_id] = bot
    return bot


def _add_channel(stage: Stage, owner: Person, bots: list[Bot], project_id: int, name: str) -> Place:
    channel = stage.world.add_chat("channel", name.title(), owner_id=owner.id, username=name)
    group = stage.world.add_chat("supergroup", f"{name.title()} chat", owner_id=owner.id)
    channel.linked_id, group.linked_id = group.id, channel.id
    place = Place(project_id, owner, channel, group, bots)
    for bot in bots:
        stage.invite(place, bot)
    return place


async def _add_tasks(stage: Stage, project_id: int, channel_ids: list[int], bot_ids: list[int]) -> None:
    orders: list[dict[str, Any]] = [
        {
            "timing": {"delay": {"min_s": 180, "max_s": 420}, "quiet_hours": {"from": "23:00", "to": "08:00"}},
            "limits": {"per_channel_hour": 1, "per_bot_day": 12, "pause_s": 200, "ramp_up_days": 0},
        },
        {"timing": {"delay": {"min_s": 0, "max_s": 30}, "expire_after_s": 600}, "filter": {"any_words": ["sale"]}},
        {"timing": {"delay": {"min_s": 60, "max_s": 300}, "wait_for": TALK}, "filter": {"no_words": ["sale"]}},
        {"timing": {"delay": {"min_s": 0, "max_s": 60}, "wait_for": {"question": True, "deadline_s": 900}}},
        {
            "timing": {"delay": {"min_s": 3600, "max_s": 7200}, "quiet_hours": {"from": "01:30", "to": "03:30"}},
            "filter": {"share": 0.5},
        },
    ]
    for number, order in enumerate(orders):
        variants = [{"name": name, "text": f"{{Hello|Hi}} from {name}{number}"} for name in ("A", "B")]
        every, rest = EVERY[number]
        targets = {"channels": [one for at, one in enumerate(channel_ids) if at % every == rest]}
        async with stage.acting(project_id) as act:
            task = await create_task(
                act, f"Task {number}", config={"targets": targets, "content": {"variants": variants}} | order
            )
            await assign_bots(act, task.id, bot_ids)
            await toggle_task(act, task.id, "ON")
            stage.tasks[task.id] = order


async def rows[T](stage: Stage, table: type[T]) -> list[T]:
    """Every row of a table, oldest first."""
    async with stage.tools.reading(None, EVERYONE) as act:
        return list(await act.session.scalars(select(table).order_by(table.id)))  # type: ignore[attr-defined]
