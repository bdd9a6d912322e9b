"""However many things happen at once, a bot serves no more channels and a proxy no more bots than they may."""

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from tests.support.world import CHANNEL_RIGHTS, World, a_world
from tgac.bots.models import Seat
from tgac.bots.service import assign_proxy
from tgac.channels.change import change_channel, propose_channel, remove_channel
from tgac.channels.connect import connect_channel
from tgac.channels.importing import import_channels
from tgac.channels.models import Channel
from tgac.channels.verify import verify_channel
from tgac.kit.errors import AppError
from tgac.kit.tenancy import EVERYONE
from tgac.proxies.forms import ProxyFields
from tgac.proxies.models import Route
from tgac.proxies.service import add_proxy

CHANNELS, BOTS, SEATS, PER_PROXY = 6, 3, 2, 1
VERBS = (
    *("connect", "verify", "verify_alone", "import", "name", "remove"),
    *("archive", "wake", "proxy", "put_out", "put_in"),
)
ORDERS = st.lists(
    st.lists(
        st.tuples(st.sampled_from(VERBS), st.integers(0, CHANNELS - 1), st.integers(0, BOTS - 1)),
        min_size=2,
        max_size=20,
    ),
    min_size=1,
    max_size=4,
)
"""Rounds of things that happen at once: a verb, a channel, a bot."""


class Crowd:
    """Everybody does something at once, in one world."""

    def __init__(self, world: World, channels: list[tuple[int, int]], proxies: list[int]) -> None:
        self.world, self.channels, self.proxies = world, channels, proxies

    async def do(self, verb: str, n: int, b: int) -> None:
        """One thing; that something was refused, is gone or was overtaken is no failure."""
        try:
            await self._way(verb, n, b)
        except AppError:
            return

    def _way(self, verb: str, n: int, b: int) -> Coroutine[Any, Any, object]:
        ways = {
            "connect": self._connect,
            "verify": self._verify,
            "verify_alone": self._verify_alone,
            "import": self._import,
            "name": self._name,
            "remove": self._remove,
            "archive": self._archive,
            "wake": self._wake,
            "proxy": self._proxy,
            "put_out": self._put_out,
            "put_in": self._put_in,
        }
        return ways[verb](n, b)

    async def _row(self, n: int) -> int:
        async with self.world.tools.reading(None, self.world.project_id) as act:
            known = select(Channel.id).where(Channel.telegram_id == self.channels[n][0])
            return await act.session.scalar(known) or 999_999

    async def _connect(self, n: int, b: int) -> None:
        ref = str(self.channels[n][0])
        await connect_channel(self.world.tools, self.world.anna, project_id=self.world.project_id, ref=ref)

    async def _verify(self, n: int, b: int) -> None:
        project_id = self.world.project_id
        await verify_channel(self.world.tools, project_id=project_id, channel_id=await self._row(n))

    async def _verify_alone(self, n: int, b: int) -> None:
        only, row = [self.world.bots[b].id], await self._row(n)
        await verify_channel(self.world.tools, project_id=self.world.project_id, channel_id=row, bot_ids=only)

    async def _import(self, n: int, b: int) -> None:
        async with self.world.tools.acting(self.world.anna, self.world.project_id) as act:
            await import_channels(act, "\n".join(str(one) for one, _ in self.channels[n:]))

    async def _name(self, n: int, b: int) -> None:
        async with self.world.tools.acting(self.world.anna, self.world.project_id) as act:
            await propose_channel(act, str(self.channels[n][0]))

    async def _remove(self, n: int, b: int) -> None:
        row = await self._row(n)
        async with self.world.tools.acting(self.world.anna, self.world.project_id) as act:
            await remove_channel(act, row)

    async def _archive(self, n: int, b: int) -> None:
        row = await self._row(n)
        async with self.world.tools.acting(self.world.anna, self.world.project_id) as act:
            await change_channel(act, row, state="archived")

    async def _wake(self, n: int, b: int) -> None:
        row = await self._row(n)
        async with self.world.tools.acting(self.world.anna, self.world.project_id) as act:
            await change_channel(act, row, state="active")

    async def _proxy(self, n: int, b: int) -> None:
        async with self.world.tools.acting(self.world.anna, self.world.project_id) as act:
            await assign_proxy(act, self.world.bots[b].id, None if n == 0 else self.proxies[n % len(self.proxies)])

    async def _put_out(self, n: int, b: int) -> None:
        path = f"/chats/{self.channels[n][0]}/members/{self.world.bots[b].telegram_id}"
        await self.world.control("PUT", path, status="left")

    async def _put_in(self, n: int, b: int) -> None:
        path = f"/chats/{self.channels[n][0]}/members/{self.world.bots[b].telegram_id}"
        await self.world.control("PUT", path, status="administrator", rights=CHANNEL_RIGHTS)

    async def counts(self) -> tuple[int, int]:
        """The most seats that a bot has, and the most bots that a proxy has."""
        async with self.world.tools.reading(None, EVERYONE) as act:
            seats = select(func.count(Seat.id).label("n")).where(Seat.state == "active").group_by(Seat.bot_id)
            routes = select(func.count(Route.id).label("n")).group_by(Route.proxy_id)
            found = [list(await act.session.scalars(one)) for one in (seats, routes)]
            return max(found[0], default=0), max(found[1], default=0)


async def a_crowd(world: World) -> Crowd:
    """As many channels as bots may not serve, with every bot in each; one of them is connected already."""
    channels = [(world.places[0].id, world.places[0].group_id)]
    for n in range(1, CHANNELS):
        channel_id, group_id = await world.make_channel(f"Number {n}")
        for bot in world.bots:
            await world.invite(bot, channel_id, group_id)
        channels.append((channel_id, group_id))
    proxies = []
    for n in range(2):
        async with world.tools.acting(world.anna, world.project_id) as act:
            fields = ProxyFields(scheme="http", host=f"127.0.0.{n + 1}", port=1)
            proxies.append((await add_proxy(act, fields)).id)
    return Crowd(world, channels, proxies)


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck))
@given(orders=ORDERS)
def test_no_order_of_things_gives_a_bot_too_many_channels_or_a_proxy_too_many_bots(
    database: str, tmp_path_factory: pytest.TempPathFactory, orders: list[list[tuple[str, int, int]]]
) -> None:
    asyncio.run(_lived_through(database, tmp_path_factory.mktemp("seats"), orders))


async def _lived_through(database: str, folder: Path, orders: list[list[tuple[str, int, int]]]) -> None:
    limits = {"max_channels_per_bot": SEATS, "max_bots_per_proxy": PER_PROXY, "allow_private_hosts": True}
    async with a_world(database, folder, bots=BOTS, **limits) as world:
        crowd = await a_crowd(world)
        for order in orders:
            world.clock.advance(1)
            await asyncio.gather(*(crowd.do(*one) for one in order))
            await world.take_in()
            seats, bots = await crowd.counts()
            assert seats <= SEATS
            assert bots <= PER_PROXY


async def test_fifty_at_once_leave_no_bot_with_more_than_it_may(database: str, tmp_path: Path) -> None:
    limits = {"max_channels_per_bot": SEATS, "max_bots_per_proxy": PER_PROXY, "allow_private_hosts": True}
    async with a_world(database, tmp_path, bots=BOTS, **limits) as world:
        crowd = await a_crowd(world)
        await crowd.do("import", 0, 0)
        world.clock.advance(1)
        verbs = ("connect", "verify", "verify_alone", "proxy", "name")
        await asyncio.gather(*(crowd.do(verbs[n % 5], n % CHANNELS, n % BOTS) for n in range(50)))
        assert await crowd.counts() == (SEATS, PER_PROXY), "all that there is was given away, and no more"
