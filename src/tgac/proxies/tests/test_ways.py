"""Calls of bots through real proxies, and what is known when one does not let them through."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from tests.support.world import World

from tgac.bots.models import Bot
from tgac.bots.service import assign_proxy, token_of
from tgac.kit.secrets import Secret
from tgac.kit.telegram.faults import Ambiguous, Fault, NotSent, nothing_was_sent
from tgac.kit.telegram.gateway import Gateway
from tgac.kit.telegram.tests.scripted import HANG, Server, serving, yes
from tgac.kit.telegram.types import Way
from tgac.kit.telegram.ways import NoWay
from tgac.proxies.forms import ProxyFields
from tgac.proxies.models import Proxy
from tgac.proxies.service import add_proxy
from tgac.proxies.tests.servers import RealProxy, free_port, microsocks, silent, tinyproxy
from tgac.proxies.ways import FRESH_S

type Made = Callable[[Path], AbstractAsyncContextManager[RealProxy]]
TOKEN = Secret("123456789:AAFakeFakeFakeFakeFakeFakeFakeFake12")
KINDS: dict[str, Made] = {
    "socks5": lambda folder: microsocks(),
    "socks5 with password": lambda folder: microsocks("anna", "p:@ss%20"),
    "http": tinyproxy,
    "http with password": lambda folder: tinyproxy(folder, "anna", "s3cret"),
}


@asynccontextmanager
async def relayed(upstream: RealProxy) -> AsyncIterator[tuple[ProxyFields, list[int]]]:
    """A port before the proxy that counts the connections made to it."""
    seen: list[int] = []

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(1)
        further, back = await asyncio.open_connection("127.0.0.1", upstream.fields.port)
        await asyncio.gather(pump(reader, back), pump(further, writer), return_exceptions=True)

    listening = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    yield upstream.fields.model_copy(update={"port": port}), seen
    listening.close()


async def given(world: World, bot: Bot, fields: ProxyFields) -> Proxy:
    """The bot's proxy, in force."""
    async with world.tools.acting(world.anna, world.project_id) as act:
        proxy = await add_proxy(act, fields)
        await assign_proxy(act, bot.id, proxy.id)
    world.clock.advance(FRESH_S)
    return proxy


async def fault_of(world: World, bot: Bot) -> Fault:
    with pytest.raises(Fault) as caught:
        await world.tools.telegram.get_me(token_of(world.tools.keys, bot))
    return caught.value


@pytest.mark.parametrize("kind", KINDS)
async def test_every_call_of_the_bot_goes_through_its_proxy_and_only_its(
    world: World, kind: str, tmp_path: Path
) -> None:
    other = await world.add_bot("other")
    async with KINDS[kind](tmp_path) as proxy, relayed(proxy) as (fields, seen):
        bot = world.bots[0]
        await given(world, bot, fields)
        assert (await world.tools.telegram.get_me(token_of(world.tools.keys, other))).username == "other_bot"
        assert not seen
        token = token_of(world.tools.keys, bot)
        assert (await world.tools.telegram.get_me(token)).username == "city_bot"
        assert len(seen) == 1
        await world.tools.telegram.get_updates(token, offset=None, timeout_s=0, allowed=("message",))
        await world.tools.telegram.aclose()  # type: ignore[attr-defined]


async def test_a_comment_is_written_through_a_proxy(world: World, tmp_path: Path) -> None:
    async with tinyproxy(tmp_path) as proxy, relayed(proxy) as (fields, seen):
        await world.add_task()
        await given(world, world.bots[0], fields)
        await world.post()
        await world.work()
        await world.work()
        assert [one["text"] for one in await world.said()] == ["Rules: City news"]
        assert seen
        await world.tools.telegram.aclose()  # type: ignore[attr-defined]


async def test_a_dead_proxy_means_that_nothing_was_sent_and_the_bot_is_well(world: World) -> None:
    bot = world.bots[0]
    await given(world, bot, ProxyFields(scheme="socks5", host="127.0.0.1", port=free_port()))
    before = world.sandbox.endpoint.calls.count
    fault = await fault_of(world, bot)
    assert (type(fault), fault.reason) == (NotSent, "proxy")
    assert "Couldn't connect to proxy" in fault.description
    assert world.sandbox.endpoint.calls.count == before, "it must not go straight instead"


@pytest.mark.parametrize("kind", ["socks5 with password", "http with password"])
async def test_a_wrong_password_is_the_proxys_fault_not_the_bots(world: World, kind: str, tmp_path: Path) -> None:
    async with KINDS[kind](tmp_path) as proxy:
        await given(world, world.bots[0], proxy.fields.model_copy(update={"password": "wrong"}))
        fault = await fault_of(world, world.bots[0])
        assert (type(fault), fault.reason) == (NotSent, "proxy")
        assert "wrong" not in str(fault)


GARBAGE = [
    b"",
    b"\0",
    b"\5\xff",
    b"\5\0",
    b"HTTP/1.1 200\r\n",
    b"HTTP/1.1 502 Bad gateway\r\n\r\n",
    b"\xff" * 5000,
    b" ",
]


@pytest.mark.parametrize("scheme", ["http", "socks5"])
@pytest.mark.parametrize("answer", GARBAGE)
async def test_whatever_a_broken_proxy_says_the_bot_is_not_to_blame(server: Server, scheme: str, answer: bytes) -> None:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1000)
        writer.write(answer)
        writer.close()

    listening = await asyncio.start_server(talk, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    gateway = going(server, Way("http" if scheme == "http" else "socks5", "127.0.0.1", port))
    with pytest.raises((NotSent, Ambiguous)) as caught:
        await gateway.get_me(TOKEN)
    assert caught.value.reason in ("proxy", "")
    assert not server.seen
    await gateway.aclose()
    listening.close()


async def test_an_answer_that_is_lost_behind_a_proxy_stays_ambiguous(server: Server) -> None:
    server.answers(HANG)
    async with microsocks() as proxy:
        gateway = going(server, Way("socks5", "127.0.0.1", proxy.fields.port))
        asking = asyncio.create_task(gateway.get_me(TOKEN))
        await server.asked.wait()
        await proxy.stop()
        with pytest.raises(Ambiguous):
            await asking
        await gateway.aclose()


async def test_a_private_proxy_is_not_connected_to_unless_the_installation_allows_it(server: Server) -> None:
    async with microsocks() as proxy:
        gateway = going(server, Way("socks5", "localhost", proxy.fields.port), allow_private=False)
        with pytest.raises(NotSent) as caught:
            await gateway.get_me(TOKEN)
        assert caught.value.reason == "proxy"
        assert "localhost is a private address (127.0.0.1)" in caught.value.description
        await gateway.aclose()


async def test_a_bot_whose_way_is_unknown_goes_nowhere(server: Server) -> None:
    gateway = going(server, NoWay("its password is lost"))
    with pytest.raises(NotSent) as caught:
        await gateway.get_me(TOKEN)
    assert (caught.value.reason, caught.value.description) == ("proxy", "its password is lost")
    assert not server.seen


async def test_a_call_cancelled_while_its_proxy_connects_sent_nothing(server: Server) -> None:
    async with silent() as port:
        gateway = going(server, Way("socks5", "127.0.0.1", port))
        asking = asyncio.create_task(gateway.get_me(TOKEN))
        await asyncio.sleep(0.1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await asking
        assert nothing_was_sent(caught.value)
        await gateway.aclose()


async def test_a_check_measures_and_asks_for_no_bot(server: Server, tmp_path: Path) -> None:
    server.answers(yes(True))
    async with tinyproxy(tmp_path) as proxy:
        gateway = Gateway(server.base, allow_private=True)
        assert 0 < await gateway.reach(Way("http", "127.0.0.1", proxy.fields.port)) < 5
    assert [path for path, _body, _number in server.seen] == ["/"]


class OneWay:
    """Everybody goes this way."""

    def __init__(self, way: Way | NoWay) -> None:
        self._way = way

    async def find(self, bot_id: int) -> Way:
        if isinstance(self._way, NoWay):
            raise self._way
        return self._way

    async def failed(self, bot_id: int) -> None: ...

    def worked(self, bot_id: int) -> None: ...


def going(server: Server, way: Way | NoWay, *, allow_private: bool = True) -> Gateway:
    gateway = Gateway(server.base, connect_timeout_s=2.0, call_timeout_s=5.0, allow_private=allow_private)
    gateway.ways = OneWay(way)
    return gateway


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as made:
        yield made
