"""Telegram and tgac side by side on a clock that jumps: projects, bots, channels and tasks, and one tick of all."""

import asyncio
import gc
import logging
import random
from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.simulation.database import Machine
from tests.simulation.life import births, unheard
from tests.simulation.orders import EVERY, Order, orders
from tests.simulation.processes import Ground, Intake, Worker
from tests.simulation.telegram import Network, OurClock, TrueClock
from tests.support.databases import fresh_url
from tests.support.photos import jpeg
from tests.support.world import config_for
from tgac.bots.models import Bot, Seat, SeatState
from tgac.bots.service import connect_bot, token_of
from tgac.channels.models import Channel, ChannelState
from tgac.channels.service import connect_channel
from tgac.comments.review import ask_in_telegram
from tgac.kit.act import Act
from tgac.kit.queue.jobs import Lane
from tgac.kit.queue.runner import LEASE_S
from tgac.kit.queue.store import moment_of, release_lost
from tgac.kit.secrets import Secret
from tgac.kit.tenancy import EVERYONE, Principal
from tgac.kit.tools import Tools
from tgac.people.models import User
from tgac.people.projects import create_project
from tgac.tasks.media import add_media
from tgac.tasks.service import assign_bots, create_task, toggle_task
from tgac.wiring import PERIODIC
from tgsandbox.calls import CallLog
from tgsandbox.endpoint import Endpoint
from tgsandbox.faults import Faults
from tgsandbox.limits import Limits
from tgsandbox.members import set_member
from tgsandbox.messages import add_message, text_content
from tgsandbox.model import Chat, Person, Stored
from tgsandbox.world import World

STARTS = (
    datetime(2026, 10, 10, 6, 0, tzinfo=UTC),
    datetime(2026, 10, 24, 12, 0, tzinfo=UTC),
    datetime(2027, 3, 27, 20, 0, tzinfo=UTC),
)
"""Two weeks before the clocks of Europe go back, the day before that, and the day before they go forward."""
CHANNELS_A_PROJECT = 50
ZONES = ("Europe/Berlin", "Europe/Moscow", "America/New_York", "Asia/Kolkata")
ADMIN = {"can_post_messages": True, "can_delete_messages": True, "can_pin_messages": True}
PICTURE = jpeg(64, 64)
_SEATED = (
    select(Channel.id, Seat.bot_id)
    .join(Seat, Seat.channel_id == Channel.id)
    .where(Channel.state == ChannelState.ACTIVE, Seat.state == SeatState.ACTIVE)
    .where(Channel.id.in_(bindparam("channels", expanding=True)))
)


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

    ground: Ground
    tools: Tools
    queue: AsyncConnection
    """To look at the queue with: it is asked at every step."""
    clock: TrueClock
    world: World
    endpoint: Endpoint
    service_id: int
    turn: int
    """Which of the tasks comes to the first channel: every seed has another."""
    places: list[Place] = field(default_factory=list)
    bots: dict[int, Bot] = field(default_factory=dict)
    anna: dict[int, Principal] = field(default_factory=dict)
    tasks: dict[int, Order] = field(default_factory=dict)
    deadly: float = 0.0
    """The share of looks of a process that it dies of."""
    deaths: int = 0
    ticks: int = 0
    _tokens: dict[int, Secret] = field(default_factory=dict)
    _workers: list[Worker] = field(default_factory=list)
    _intakes: list[Intake] = field(default_factory=list)
    _held_until: datetime | None = None
    _again_at: datetime | None = None

    def __post_init__(self) -> None:
        self._workers = [Worker(self.ground) for _ in range(2)]
        self._intakes = [Intake(self.ground) for _ in range(2)]

    @property
    def dice(self) -> random.Random:
        """All chance of the simulation."""
        return self.ground.dice

    @property
    def ours(self) -> OurClock:
        """The clock of our processes."""
        return self.ground.clock

    @asynccontextmanager
    async def acting(self, project_id: int) -> AsyncIterator[Act]:
        """An act of the project's owner."""
        async with self.tools.acting(self.anna[project_id], project_id) as act:
            yield act

    async def tick(self) -> None:
        """Take in what has come and do what is due; each process may die of it, and another takes its place."""
        self.ticks += 1
        if self._held_until and self.clock.now() >= self._held_until:
            await self.tools.db.queueing(partial(release_lost, now=self.tools.clock.now()))
            self._held_until = None
        self._again_at = None
        failed = self.ground.machine.failed
        await self._take_in()
        await self._work()
        if self.ground.machine.failed > failed:  # a claim may stand of which nobody was told
            self._held_until = self.clock.now() + timedelta(seconds=LEASE_S + 0.1)

    async def next_due(self) -> datetime | None:
        """When there is something to do next, by Telegram's clock."""
        moment = await self.queue.run_sync(_next_moment)
        known = [moment - timedelta(seconds=self.ours.skew_s)] if moment else []
        return min([*known, *(one for one in (self._held_until, self._again_at) if one)], default=None)

    async def enqueue_periodic(self, hour: int) -> None:
        """What the scheduler enqueues again and again, each hour at most."""
        async with self.tools.acting(None, EVERYONE) as act:
            for one in PERIODIC:
                if hour * 3600 % max(3600, one.every_s) == 0:
                    act.enqueue(one.job, key=f"periodic:{one.job.kind}")

    def is_heard(self, place: Place) -> bool:
        """Whether every bot of the place has taken in what Telegram has told it."""
        return not any(self.world.bots[bot.telegram_id].pending for bot in place.bots)

    def is_changing(self, place: Place) -> bool:
        """Whether one of the place's bots has yet to take in that somebody's standing has changed somewhere."""
        pending = (entry.body for bot in place.bots for entry in self.world.bots[bot.telegram_id].pending)
        return any(body.keys() & {"my_chat_member", "chat_member"} for body in pending)

    def is_told_of(self, bot: Bot, post: Stored) -> bool:
        """Whether Telegram still has this post for the bot: it was not taken in, or nobody has said so yet."""
        pending = (entry.body.get("channel_post") for entry in self.world.bots[bot.telegram_id].pending)
        return any(body and (body["chat"]["id"], body["message_id"]) == (post.chat.id, post.id) for body in pending)

    async def seated(self, channel_ids: Collection[int]) -> set[tuple[int, int]]:
        """Those of the channels that are open, each with every bot that has an active seat there."""
        async with self.tools.reading(None, EVERYONE) as act:
            found = await act.session.execute(_SEATED, {"channels": list(channel_ids)})
            return {(row.id, row.bot_id) for row in found}

    def invite(self, place: Place, bot: Bot) -> None:
        """The owner makes the bot an administrator of the channel and of the group."""
        for chat in (place.channel, place.group):
            owner = place.owner.id
            set_member(self.world, chat, bot.telegram_id, status="administrator", rights=dict(ADMIN), actor_id=owner)

    async def _take_in(self) -> None:
        """Two processes share the bots of every second project: they bring the same post at the same moment. Of the
        other projects one process asks for all bots: what they bring at once is taken in at once."""
        waiting = [bot for bot in self.bots.values() if self.world.bots[bot.telegram_id].pending]
        if waiting:
            await asyncio.gather(*(self._take_in_share(number, waiting) for number in range(len(self._intakes))))

    async def _take_in_share(self, number: int, waiting: Sequence[Bot]) -> None:
        share = [(bot, self._token(bot)) for bot in waiting if self._intake_of(bot) == number]
        intake = self._intakes[number]
        if share and not await intake.run(lambda: intake.take_in(share), dies_in=self._doom()):
            self.deaths += 1
            self._intakes[number] = Intake(self.ground)
            self._again_at = self.clock.now() + timedelta(seconds=1)
        elif intake.failed:
            self._again_at = self.clock.now() + timedelta(seconds=2)

    def _intake_of(self, bot: Bot) -> int:
        is_shared = (bot.project_id // 2 + self.turn) % 2 == 0
        return (bot.id if is_shared else bot.project_id) % len(self._intakes)

    def _token(self, bot: Bot) -> Secret:
        if bot.id not in self._tokens:
            self._tokens[bot.id] = token_of(self.tools.keys, bot)
        return self._tokens[bot.id]

    async def _work(self) -> None:
        """One of the workers looks, or both do."""
        at_work = self.dice.choice(((0,), (1,), (0, 1)))
        numbers = [one for one, worker in enumerate(self._workers) if one in at_work or worker.has_unwritten]
        await asyncio.gather(*(self._work_one(number) for number in numbers))

    async def _work_one(self, number: int) -> None:
        """What a dead worker held is open again when its lease ends; another takes its place at once."""
        while True:
            worker = self._workers[number]
            if await worker.run(worker.work, dies_in=self._doom()):
                if worker.has_unwritten:
                    self._again_at = self.clock.now() + timedelta(seconds=1)
                return
            self.deaths += 1
            self._workers[number] = Worker(self.ground)
            self._held_until = self.clock.now() + timedelta(seconds=LEASE_S + 0.1)

    def _doom(self) -> int | None:
        return self.dice.randrange(1, 80) if self.dice.random() < self.deadly else None


def _next_moment(queue: Connection) -> datetime | None:
    moment = moment_of(queue, tuple(Lane))
    queue.rollback()
    return moment


@asynccontextmanager
async def a_stage(kind: str, folder: Path, *, seed: int, channels: int) -> AsyncIterator[Stage]:
    """Channels of several owners, each project with two bots and five tasks of its own time zone."""
    dice = random.Random(seed)
    true = TrueClock(STARTS[seed % len(STARTS)])
    ours = OurClock(true)
    world = World(true)
    endpoint = Endpoint(world, limits=Limits(true), faults=Faults(), calls=CallLog(cap=50_000))
    service = world.add_bot("Desk", "desk_bot")
    config = config_for("http://telegram.invalid", service.token, db_url=await fresh_url(kind, folder))
    ground = Ground(config, ours, Network(endpoint, dice), Machine(), dice)
    tools, cut = ground.tools()
    queue = await tools.db.engine.connect()
    stage = Stage(ground, tools, queue, true, world, endpoint, service.id, seed)
    loop = asyncio.get_running_loop()
    loop.set_task_factory(births)
    loop.set_exception_handler(unheard)
    logging.getLogger("sqlalchemy.pool").setLevel(logging.CRITICAL)  # the dead leave connections behind
    try:
        for first in range(0, channels, CHANNELS_A_PROJECT):
            await _furnish(stage, first // CHANNELS_A_PROJECT, min(CHANNELS_A_PROJECT, channels - first))
        yield stage
    finally:
        loop.set_task_factory(None)
        await queue.close()
        cut()
        for process in (*stage._workers, *stage._intakes):
            process.end()
        gc.collect()  # what the dead have left is to be found while it is known whose it is


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
    stage.world.bots[bots[1].telegram_id].hears_bots = number % 2 == 0  # a witness of what the other writes
    if number == 0:
        await _ask_in_telegram(stage, owner, project.id)
    places = [_add_channel(stage, owner, bots, project.id, f"news{number}x{n}") for n in range(channels)]
    for place in places:
        ref = str(place.channel.id)
        connected = await connect_channel(stage.tools, anna, project_id=project.id, ref=ref)
        place.row_id = connected.channel.id
    stage.places += places
    await _add_tasks(stage, project.id, [place.row_id for place in places], [bot.id for bot in bots])


async def _ask_in_telegram(stage: Stage, owner: Person, project_id: int) -> None:
    """Anna is shown what waits for her by the service bot, to which she has spoken before."""
    desk = stage.world.private_chat(stage.world.bots[stage.service_id], owner)
    add_message(stage.world, desk, owner.id, text_content("/start"))
    async with stage.acting(project_id) as act:
        await ask_in_telegram(act, True)


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
    async with stage.acting(project_id) as act:
        picture = await add_media(act, "town.jpg", PICTURE)
    for number, order in enumerate(orders(picture.id)):
        every, rest = EVERY[number]
        aimed = [one for at, one in enumerate(channel_ids, stage.turn) if at % every == rest] or channel_ids[-1:]
        async with stage.acting(project_id) as act:
            task = await create_task(act, f"Task {number}", config={"targets": {"channels": aimed}} | order)
            await assign_bots(act, task.id, bot_ids)
            await toggle_task(act, task.id, "ON")
            stage.tasks[task.id] = order


async def rows[T](stage: Stage, table: type[T]) -> list[T]:
    """Every row of a table, oldest first."""
    async with stage.tools.reading(None, EVERYONE) as act:
        return list(await act.session.scalars(select(table).order_by(table.id)))  # type: ignore[attr-defined]
