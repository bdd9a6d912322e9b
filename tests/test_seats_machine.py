"""However many things happen at once, a bot serves no more channels and a proxy no more bots than they may.

A machine of rules: each lets several acts begin at the same moment, after which the limits are looked at, with
everything that goes with them. Which acts, how many, and in which order the rounds come is Hypothesis' choice.
"""

import asyncio
import tempfile
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select, update

from tests.support.world import CHANNEL_RIGHTS, World, a_world
from tgac.bots.bulk import order_bots
from tgac.bots.forms import BotOrder
from tgac.bots.models import Bot, Seat, SeatState
from tgac.bots.service import assign_proxy, connect_bot, remove_bot
from tgac.channels.bulk import order_channels
from tgac.channels.change import change_channel, propose_channel, remove_channel
from tgac.channels.connect import connect_channel
from tgac.channels.forms import ChannelOrder
from tgac.channels.importing import import_channels
from tgac.channels.models import Channel, ChannelState
from tgac.channels.verify import verify_channel
from tgac.kit.errors import AppError, Conflict
from tgac.kit.queue.runner import Runner
from tgac.kit.tenancy import EVERYONE
from tgac.onboarding.service import start_run
from tgac.proxies.forms import ProxyFields
from tgac.proxies.models import Proxy, ProxyState, Route
from tgac.proxies.service import add_proxy, remove_proxy
from tgac.proxies.verify import verify_proxy
from tgac.wiring import HANDLES

CHANNELS, BOTS, PROXIES, SEATS, PER_PROXY = 5, 4, 2, 2, 1
LIMITS: Mapping[str, Any] = {
    "max_channels_per_bot": SEATS,
    "max_bots_per_proxy": PER_PROXY,
    "allow_private_hosts": True,
}
GONE = 999_999


class Crowd:
    """Everybody does something at once, in one world. Channels, bots and proxies are told by their place in a list."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.channels: list[tuple[int, int]] = []
        self.proxies: list[int] = []
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()

    async def gather(self) -> None:
        """As many channels as bots may not serve, every bot in each; fewer places at proxies than there are bots."""
        self.channels = [(self.world.places[0].id, self.world.places[0].group_id)]
        for n in range(1, CHANNELS):
            self.channels.append(await self.world.make_channel(f"Number {n}"))
            for bot in self.world.bots:
                await self.world.invite(bot, *self.channels[n])
        for n in range(PROXIES):
            async with self.world.tools.acting(self.world.anna, self.world.project_id) as act:
                fields = ProxyFields(scheme="http", host=f"127.0.0.{n + 1}", port=1)
                self.proxies.append((await add_proxy(act, fields)).id)

    async def all_at_once(self, acts: Iterable[tuple[str, int, int]]) -> None:
        """All of these begin at the same moment."""
        self.world.clock.advance(1)
        await asyncio.gather(*(self.do(*one) for one in acts))

    async def do(self, verb: str, n: int, b: int) -> None:
        """One act; that something was refused, is gone or was overtaken is no failure."""
        try:
            await VERBS[verb](self, n % CHANNELS, b % BOTS)
        except AppError as error:
            self.refused[f"{verb}: {error.code}"] += 1
        else:
            self.done[verb] += 1

    async def _row(self, n: int) -> int:
        async with self.world.tools.reading(None, self.world.project_id) as act:
            known = select(Channel.id).where(Channel.telegram_id == self.channels[n][0])
            return await act.session.scalar(known) or GONE

    async def _bot(self, b: int) -> int:
        async with self.world.tools.reading(None, self.world.project_id) as act:
            known = select(Bot.id).where(Bot.telegram_id == self.world.bots[b].telegram_id)
            return await act.session.scalar(known) or GONE

    def _acting(self) -> Any:
        return self.world.tools.acting(self.world.anna, self.world.project_id)

    async def connect(self, n: int, b: int) -> None:
        ref = str(self.channels[n][0])
        await connect_channel(self.world.tools, self.world.anna, project_id=self.world.project_id, ref=ref)

    async def verify(self, n: int, b: int) -> None:
        await verify_channel(self.world.tools, project_id=self.world.project_id, channel_id=await self._row(n))

    async def verify_for_one_bot(self, n: int, b: int) -> None:
        row, only = await self._row(n), [await self._bot(b)]
        await verify_channel(self.world.tools, project_id=self.world.project_id, channel_id=row, bot_ids=only)

    async def import_list(self, n: int, b: int) -> None:
        async with self._acting() as act:
            await import_channels(act, "\n".join(str(one) for one, _ in self.channels[n:]))

    async def name(self, n: int, b: int) -> None:
        async with self._acting() as act:
            await propose_channel(act, str(self.channels[n][0]))

    async def set_up(self, n: int, b: int) -> None:
        async with self._acting() as act:
            await start_run(act, [str(one) for one, _ in self.channels[n:]])

    async def drop(self, n: int, b: int) -> None:
        row = await self._row(n)
        async with self._acting() as act:
            await remove_channel(act, row)

    async def archive(self, n: int, b: int) -> None:
        row = await self._row(n)
        async with self._acting() as act:
            await change_channel(act, row, state="archived")

    async def wake(self, n: int, b: int) -> None:
        row = await self._row(n)
        async with self._acting() as act:
            await change_channel(act, row, state="active")

    async def archive_many(self, n: int, b: int) -> None:
        rows = [await self._row(one) for one in range(n + 1)]
        async with self._acting() as act:
            await order_channels(act, ChannelOrder(action="archive" if b % 2 else "unarchive", ids=rows))

    async def put_out(self, n: int, b: int) -> None:
        path = f"/chats/{self.channels[n][0]}/members/{self.world.bots[b].telegram_id}"
        await self.world.control("PUT", path, status="left")

    async def put_in(self, n: int, b: int) -> None:
        path = f"/chats/{self.channels[n][0]}/members/{self.world.bots[b].telegram_id}"
        await self.world.control("PUT", path, status="administrator", rights=CHANNEL_RIGHTS)

    async def delete_bot(self, n: int, b: int) -> None:
        row = await self._bot(b)
        async with self._acting() as act:
            await remove_bot(act, row)

    async def add_bot(self, n: int, b: int) -> None:
        token = self.world.tokens[b]
        await connect_bot(self.world.tools, self.world.anna, project_id=self.world.project_id, token=token)

    async def take_proxy(self, n: int, b: int) -> None:
        row = await self._bot(b)
        async with self._acting() as act:
            await assign_proxy(act, row, self.proxies[n % PROXIES])

    async def go_straight(self, n: int, b: int) -> None:
        row = await self._bot(b)
        async with self._acting() as act:
            await assign_proxy(act, row, None)

    async def give_many_a_proxy(self, n: int, b: int) -> None:
        rows = [await self._bot(one) for one in range(b + 1)]
        async with self._acting() as act:
            await order_bots(act, BotOrder(action="proxy", ids=rows, proxy_id=self.proxies[n % PROXIES]))

    async def proxy_fails(self, n: int, b: int) -> None:
        """It is looked at and does not answer (none of these does): its bots go where there is room."""
        other = self.proxies[(n + 1) % PROXIES]
        async with self.world.tools.acting(None, self.world.project_id) as act:
            await act.session.execute(update(Proxy).where(Proxy.id == other).values(state=ProxyState.WORKING))
        await verify_proxy(self.world.tools, project_id=self.world.project_id, proxy_id=self.proxies[n % PROXIES])

    async def remove_proxy(self, n: int, b: int) -> None:
        async with self._acting() as act:
            await remove_proxy(act, self.proxies[n % PROXIES])
        async with self._acting() as act:
            fields = ProxyFields(scheme="http", host=f"127.0.0.{n % PROXIES + 1}", port=1)
            self.proxies[n % PROXIES] = (await add_proxy(act, fields)).id

    async def work(self, n: int, b: int) -> None:
        """Whatever waits is done: looks at channels, at proxies, steps of setting up."""
        await Runner(self.world.tools, HANDLES).run_due()

    async def seats(self) -> Counter[int]:
        """How many seats each bot has."""
        async with self.world.tools.reading(None, EVERYONE) as act:
            asked = select(Seat.bot_id, func.count()).where(Seat.state == SeatState.ACTIVE).group_by(Seat.bot_id)
            return Counter({row[0]: row[1] for row in await act.session.execute(asked)})

    async def through(self) -> Counter[int]:
        """How many bots go through each proxy."""
        async with self.world.tools.reading(None, EVERYONE) as act:
            asked = select(Route.proxy_id, func.count()).group_by(Route.proxy_id)
            return Counter({row[0]: row[1] for row in await act.session.execute(asked)})

    async def faults(self) -> list[str]:
        """Whatever must never be."""
        seats, through = await self.seats(), await self.through()
        found = [f"bot {bot} has {n} seats" for bot, n in seats.items() if n > SEATS]
        found += [f"proxy {proxy} has {n} bots" for proxy, n in through.items() if n > PER_PROXY]
        async with self.world.tools.reading(None, EVERYONE) as act:
            shut = (ChannelState.ARCHIVED, ChannelState.PENDING)
            idle = select(Seat.id).join(Channel, Channel.id == Seat.channel_id)
            taken = await act.session.scalars(idle.where(Seat.state == SeatState.ACTIVE, Channel.state.in_(shut)))
            found += [f"seat {seat} is taken in a channel that is not served" for seat in taken]
        return found


VERBS: Mapping[str, Callable[[Crowd, int, int], Coroutine[Any, Any, None]]] = {
    name: getattr(Crowd, name)
    for name in (
        *("connect", "verify", "verify_for_one_bot", "import_list", "name", "set_up", "drop", "archive", "wake"),
        *("archive_many", "put_out", "put_in", "delete_bot", "add_bot", "take_proxy", "go_straight"),
        *("give_many_a_proxy", "proxy_fails", "remove_proxy", "work"),
    )
}
COMPANY = st.lists(
    st.tuples(st.sampled_from(sorted(VERBS)), st.integers(0, CHANNELS - 1), st.integers(0, BOTS - 1)), max_size=6
)
"""Who happens to do something else at the same moment."""
NUMBERS = st.integers(0, CHANNELS - 1)


class Seats(RuleBasedStateMachine):
    """One database, one project; each rule is a moment at which many things begin."""

    kind: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.Runner()
        self.open = AsyncExitStack()
        self.folder = tempfile.TemporaryDirectory()
        self.crowd: Crowd

    def teardown(self) -> None:
        self.loop.run(self.open.aclose())
        self.loop.close()
        self.folder.cleanup()

    @initialize()
    def move_in(self) -> None:
        self.loop.run(self._move_in())

    async def _move_in(self) -> None:
        world = await self.open.enter_async_context(a_world(self.kind, Path(self.folder.name), bots=BOTS, **LIMITS))
        self.crowd = Crowd(world)
        await self.crowd.gather()

    def at_once(self, *acts: tuple[str, int, int]) -> None:
        self.loop.run(self.crowd.all_at_once(acts))

    @rule(company=COMPANY)
    def anything(self, company: list[tuple[str, int, int]]) -> None:
        """Whoever happens to be there."""
        self.at_once(*company)

    @rule(company=COMPANY)
    def all_channels_are_looked_at(self, company: list[tuple[str, int, int]]) -> None:
        """A list comes in, and every channel of it wants every bot."""
        self.at_once(("import_list", 0, 0))
        self.at_once(*(("verify", n, 0) for n in range(CHANNELS)), *company)

    @rule(company=COMPANY, n=NUMBERS)
    def all_bots_want_one_proxy(self, company: list[tuple[str, int, int]], n: int) -> None:
        self.at_once(*(("take_proxy", n, b) for b in range(BOTS)), ("give_many_a_proxy", n, BOTS - 1), *company)

    @rule(company=COMPANY, n=NUMBERS, b=st.integers(0, BOTS - 1))
    def a_proxy_fails(self, company: list[tuple[str, int, int]], n: int, b: int) -> None:
        """While its bots are moved, another bot wants the place."""
        self.at_once(("take_proxy", n, b))
        self.at_once(("proxy_fails", n, 0), ("take_proxy", n + 1, b + 1), ("remove_proxy", n + 1, 0), *company)

    @rule(company=COMPANY, b=st.integers(0, BOTS - 1))
    def a_bot_comes_and_goes(self, company: list[tuple[str, int, int]], b: int) -> None:
        self.at_once(("delete_bot", 0, b), *(("verify", n, 0) for n in range(CHANNELS)), *company)
        self.at_once(("add_bot", 0, b), ("add_bot", 0, b), *(("verify", n, 0) for n in range(CHANNELS)))

    @rule(company=COMPANY)
    def channels_go_and_come(self, company: list[tuple[str, int, int]]) -> None:
        """What one channel gives back, the others want."""
        self.at_once(("archive_many", 1, 1), *(("verify", n, 0) for n in range(CHANNELS)), *company)
        self.at_once(("archive_many", 1, 0), *(("verify_for_one_bot", n, n) for n in range(CHANNELS)))

    @rule(n=NUMBERS)
    def a_setup_begins(self, n: int) -> None:
        """Places are promised to channels on their way, by two people at once, while others are connected."""
        self.at_once(("set_up", 0, 0), ("set_up", 0, 0), ("connect", n, 0))
        self.at_once(("work", 0, 0), ("work", 0, 0), ("connect", n + 1, 0))

    @invariant()
    def nothing_is_passed(self) -> None:
        if hasattr(self, "crowd"):
            assert self.loop.run(self.crowd.faults()) == []


def machine(kind: str) -> type[Seats]:
    """The machine on a database."""
    return type(f"SeatsOn{kind.title()}", (Seats,), {"kind": kind})


def _tried(kind: str, *, examples: int, steps: int, same_each_time: bool) -> None:
    """What ran at the same moment may run in another order the next time: a fault is shown as it was, not shrunk."""
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        phases=[Phase.generate],
        derandomize=same_each_time,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(machine(kind), settings=chosen)  # type: ignore[no-untyped-call]


def test_no_order_of_things_passes_a_limit(database: str) -> None:
    _tried(database, examples=8, steps=5, same_each_time=True)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_no_long_order_of_things_does(database: str) -> None:
    _tried(database, examples=40, steps=20, same_each_time=False)


async def test_fifty_at_once_leave_no_bot_with_more_than_it_may(database: str, tmp_path: Path) -> None:
    async with a_world(database, tmp_path, bots=BOTS, **LIMITS) as world:
        crowd = Crowd(world)
        await crowd.gather()
        await crowd.do("import_list", 0, 0)
        verbs = ("connect", "verify", "verify_for_one_bot", "take_proxy", "name")
        await crowd.all_at_once((verbs[n % 5], n // 5, n // 5) for n in range(50))
        assert await crowd.faults() == []
        assert (await crowd.seats()).total() == BOTS * SEATS, "all that there is was given away, and no more"
        assert (await crowd.through()).total() == PROXIES * PER_PROXY


async def test_who_is_overtaken_is_told_so_and_nothing_is_half_done(tmp_path: Path) -> None:
    """SQLite has one writer at a time; on Postgres a row may be gone that was read a moment ago."""
    async with a_world("postgres", tmp_path) as world:
        with pytest.raises(Conflict):
            await _write_of_a_bot_that_is_deleted_meanwhile(Crowd(world))


async def _write_of_a_bot_that_is_deleted_meanwhile(crowd: Crowd) -> None:
    async with crowd.world.tools.acting(crowd.world.anna, crowd.world.project_id) as act:
        seat = (await act.session.scalars(select(Seat))).one()
        await crowd.delete_bot(0, 0)
        seat.reason = "touched"
        await act.session.scalars(select(Channel))


async def test_a_place_that_is_given_back_is_given_away_again(database: str, tmp_path: Path) -> None:
    """A limit that only ever refuses would be kept as well."""
    async with a_world(database, tmp_path, bots=BOTS, **LIMITS) as world:
        crowd = Crowd(world)
        await crowd.gather()
        await crowd.do("import_list", 0, 0)
        await crowd.all_at_once(("verify", n, 0) for n in range(CHANNELS))
        assert (await crowd.seats()).total() == BOTS * SEATS
        await crowd.all_at_once([("archive_many", CHANNELS - SEATS - 1, 1)])
        await crowd.all_at_once(("verify", n, 0) for n in range(CHANNELS))
        assert (await crowd.seats()).total() == BOTS * SEATS, "two channels are left, and every bot serves both"
        await crowd.all_at_once(("take_proxy", 0, b) for b in range(BOTS))
        await crowd.all_at_once([("proxy_fails", 0, 0)])
        assert (await crowd.through()) == {crowd.proxies[1]: PER_PROXY}, (
            "the bot of the one that failed goes the other way"
        )
