"""Proxies as rows: added, listed, changed, filled with bots, checked and replaced."""

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.support.world import World

from tgac.bots.models import Bot
from tgac.bots.service import assign_proxy
from tgac.journal.models import Event
from tgac.kit.errors import Conflict, Invalid, NotFound, Refused
from tgac.kit.queue.runner import Runner
from tgac.kit.tenancy import EVERYONE
from tgac.people.models import Project
from tgac.people.projects import create_project
from tgac.proxies.addresses import read_line
from tgac.proxies.forms import MAX_LINES, ProxyFields
from tgac.proxies.jobs import EVERY_S, CheckProxies
from tgac.proxies.models import Proxy, Route
from tgac.proxies.queries import bots_through, find_proxy, way_of
from tgac.proxies.service import Imported, add_proxy, change_proxy, import_proxies, remove_proxy
from tgac.proxies.tests.servers import RealProxy, free_port, microsocks, silent, tinyproxy
from tgac.proxies.verify import verify_proxy
from tgac.proxies.ways import FAILURES, FRESH_S, ProxyWays
from tgac.tables import METADATA
from tgac.wiring import HANDLES

PUBLIC = ProxyFields(scheme="socks5", host="198.51.100.7", port=1080, username="anna", password="s3cret")


async def add(world: World, fields: ProxyFields = PUBLIC) -> Proxy:
    async with world.tools.acting(world.anna, world.project_id) as act:
        return await add_proxy(act, fields)


async def assign(world: World, bot: Bot, proxy: Proxy | None) -> None:
    async with world.tools.acting(world.anna, world.project_id) as act:
        await assign_proxy(act, bot.id, proxy.id if proxy else None)


async def listed(world: World, text: str) -> Imported:
    async with world.tools.acting(world.anna, world.project_id) as act:
        return await import_proxies(act, text)


async def now(world: World, proxy: Proxy) -> Proxy:
    async with world.tools.reading(None, world.project_id) as act:
        return await find_proxy(act, proxy.id)


async def used(world: World, *proxies: Proxy) -> list[int]:
    async with world.tools.reading(None, world.project_id) as act:
        counted = await bots_through(act, [one.id for one in proxies])
    return [counted.get(one.id, 0) for one in proxies]


async def told(world: World, *kinds: str) -> list[tuple[str, dict[str, Any]]]:
    async with world.tools.reading(None, world.project_id) as act:
        events = await act.session.scalars(select(Event).where(Event.kind.in_(kinds)).order_by(Event.id))
        return [(one.kind, one.data) for one in events]


async def checked(world: World, proxy: Proxy) -> Proxy:
    return await verify_proxy(world.tools, project_id=world.project_id, proxy_id=proxy.id)


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("socks5://198.51.100.7:1080", ("socks5", "198.51.100.7", 1080, "", "")),
        (" SOCKS5H://u:p@Proxy.Example.com.:1080/ ", ("socks5", "proxy.example.com", 1080, "u", "p")),
        ("http://u:a%40b:c@[2001:db8::1]:8080", ("http", "2001:db8::1", 8080, "u", "a@b:c")),
        ("http://u:a@b@8.8.8.8:1", ("http", "8.8.8.8", 1, "u", "a@b")),
        ("http://прокси.рф:3128", ("http", "xn--h1adldfi.xn--p1ai", 3128, "", "")),
        ("http://0x08080808:80", ("http", "8.8.8.8", 80, "", "")),
    ],
)
def test_a_line_is_read_into_one_shape(line: str, shown: tuple[object, ...]) -> None:
    address = read_line(line, allow_private=True)
    assert (*address.key, address.password) == shown
    assert address.password not in repr(address) or not address.password.strip("p")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("198.51.100.7:1080", "Write it as"),
        ("https://8.8.8.8:443", "reached by https"),
        ("ftp://8.8.8.8:21", "Only http and socks5"),
        ("http://8.8.8.8:0", "1 to 65535"),
        ("http://8.8.8.8:65536", "1 to 65535"),
        ("http://8.8.8.8:٣", "Write it as"),
        ("http://8.8.8.8", "Write it as"),
        ("http://exa mple.com:80", "Write it as"),
        ("http://exa_mple.com:80", "neither a host name"),
        ("http://-x.com:80", "neither a host name"),
        (f"http://{'a' * 64}.com:80", "neither a host name"),
        ("http://u:%0d%0aX@8.8.8.8:80", "plain Latin"),
        ("http://:p@8.8.8.8:80", "username is needed"),
        ("http://u%3Ax:p@8.8.8.8:80", "holds no colon"),
        *((f"http://{host}:80", "private address") for host in ("127.1", "2130706433", "0x7f000001", "①②⑦.0.0.1")),
        *((f"http://{host}:80", "private address") for host in ("[::1]", "[::ffff:10.0.0.1]", "localhost", "a.local")),
    ],
)
def test_a_bad_line_is_told_in_words(line: str, words: str) -> None:
    with pytest.raises(Invalid, match=words):
        read_line(line, allow_private=False)


async def test_good_lines_are_kept_bad_ones_told_by_number_and_a_repeat_changes_nothing(world: World) -> None:
    text = "# mine\nsocks5://u:secret@8.8.8.8:1080\n\nrubbish secret\nhttp://8.8.4.4:8080\r\nsocks5h://u:other@8.8.8.8:1080"
    report = await listed(world, text)
    assert [one.address for one in report.added] == ["socks5://8.8.8.8:1080", "http://8.8.4.4:8080"]
    assert [one.line for one in report.bad] == [4]
    assert [one.line for one in report.known] == [6]
    assert "secret" not in str(report.bad)
    again = await listed(world, text)
    assert (again.added, [one.line for one in again.known]) == ([], [2, 5, 6])
    assert await told(world, "proxies_imported") == [("proxies_imported", {"count": 2})]


async def test_a_list_holds_a_thousand_lines_and_not_one_more(world: World) -> None:
    lines = [f"http://8.8.{number // 250}.{number % 250}:80" for number in range(MAX_LINES)]
    assert len((await listed(world, "\n".join(lines))).added) == MAX_LINES
    with pytest.raises(Invalid, match="at most 1000"):
        await listed(world, "\n".join([*lines, "x"]))


async def test_the_password_is_sealed_for_its_row(world: World) -> None:
    one = await add(world)
    other = await add(world, PUBLIC.model_copy(update={"port": 1081}))
    assert "s3cret" not in str(vars(one))
    password = way_of(world.tools.keys, one).password
    assert password is not None
    assert password.reveal() == "s3cret"
    one.password_sealed = other.password_sealed
    with pytest.raises(ValueError, match="does not belong here"):
        way_of(world.tools.keys, one)


async def test_a_stored_password_never_goes_to_another_place(world: World) -> None:
    proxy = await add(world)
    elsewhere = ProxyFields(scheme="socks5", host="203.0.113.9", port=1080, username="anna")
    async with world.tools.acting(world.anna, world.project_id) as act:
        with pytest.raises(Invalid, match="Write the password again"):
            await change_proxy(act, proxy.id, elsewhere)
        await change_proxy(act, proxy.id, PUBLIC.model_copy(update={"password": None}))
    password = way_of(world.tools.keys, await now(world, proxy)).password
    assert password is not None
    assert password.reveal() == "s3cret"
    async with world.tools.acting(world.anna, world.project_id) as act:
        moved = await change_proxy(act, proxy.id, elsewhere.model_copy(update={"username": ""}))
    assert moved.password_sealed is None


async def test_boris_changes_nothing_and_no_proxy_leaves_its_project(world: World) -> None:
    proxy = await add(world)
    async with world.tools.acting(world.people["boris"], world.project_id) as act:
        for verb in (add_proxy(act, PUBLIC), import_proxies(act, ""), remove_proxy(act, proxy.id)):
            with pytest.raises(Refused):
                await verb
        with pytest.raises(Refused):
            await assign_proxy(act, world.bots[0].id, proxy.id)
    async with world.tools.acting(world.anna, EVERYONE) as act:
        other = await create_project(act, "Other")
    async with world.tools.acting(world.anna, other.id) as act:
        for verb in (change_proxy(act, proxy.id, PUBLIC), remove_proxy(act, proxy.id)):
            with pytest.raises(NotFound):
                await verb
        foreign = await add_proxy(act, PUBLIC)
    with pytest.raises(NotFound):
        await assign(world, world.bots[0], foreign)
    with pytest.raises(NotFound):
        await verify_proxy(world.tools, project_id=other.id, proxy_id=proxy.id)


async def test_of_many_at_once_only_three_bots_get_in(world: World) -> None:
    proxy = await add(world)
    bots = [world.bots[0], *[await world.add_bot(f"more{number}") for number in range(7)]]
    results = await asyncio.gather(*(assign(world, bot, proxy) for bot in bots), return_exceptions=True)
    refused = [one for one in results if one is not None]
    assert len(refused) == len(bots) - 3
    assert {(type(one), str(one)) for one in refused} == {(Conflict, "This proxy serves 3 of at most 3 bots.")}
    assert await used(world, proxy) == [3]


async def test_a_bot_has_one_proxy_and_leaves_it_again(world: World) -> None:
    one, other = await add(world), await add(world, PUBLIC.model_copy(update={"port": 1081}))
    for proxy, expected in ((one, [1, 0]), (other, [0, 1]), (other, [0, 1]), (None, [0, 0])):
        await assign(world, world.bots[0], proxy)
        assert await used(world, one, other) == expected


async def test_a_proxy_in_use_stays_and_goes_when_its_bot_has_gone(world: World) -> None:
    proxy = await add(world)
    await assign(world, world.bots[0], proxy)
    async with world.tools.acting(world.anna, world.project_id) as act:
        with pytest.raises(Conflict, match="go through this proxy: 1"):
            await remove_proxy(act, proxy.id)
        await act.session.delete(await act.session.get_one(Bot, world.bots[0].id))
        await act.flush()
        await remove_proxy(act, proxy.id)
    async with world.tools.reading(None, world.project_id) as act:
        assert (await act.session.scalars(select(Route))).all() == []


async def test_a_check_shows_how_fast_or_the_real_error(world: World, tmp_path: Path) -> None:
    async with tinyproxy(tmp_path, "anna", "s3cret") as real:
        good = await checked(world, await add(world, real.fields))
        assert (good.state, good.reason, good.checked_at) == ("working", None, world.clock.now())
        assert good.latency_ms is not None
        bad = await add(world, ProxyFields(scheme="http", host="127.0.0.1", port=real.fields.port))
        failed = await checked(world, bad)
    assert (failed.state, failed.latency_ms) == ("failing", None)
    assert failed.reason is not None
    assert "407" in failed.reason


async def working(world: World, *real: RealProxy) -> list[Proxy]:
    return [await checked(world, await add(world, one.fields)) for one in real]


async def test_when_a_proxy_fails_its_bots_go_through_one_with_room(world: World, tmp_path: Path) -> None:
    bots = [world.bots[0], await world.add_bot("second"), await world.add_bot("third"), await world.add_bot("fourth")]
    async with microsocks() as first, tinyproxy(tmp_path) as second:
        failing, other = await working(world, first, second)
        for bot in bots[:2]:
            await assign(world, bot, failing)
        for bot in bots[2:]:
            await assign(world, bot, other)
        await first.stop()
        await checked(world, failing)
        assert await used(world, failing, other) == [1, 3]
        await checked(world, failing)
    replaced = {"proxy": failing.address, "by": other.address}
    events = await told(world, "proxy_failed", "proxy_replaced")
    assert [kind for kind, _data in events] == ["proxy_failed", "proxy_replaced"], "the second check tells nothing more"
    assert events[1][1] == replaced


async def test_three_calls_in_a_row_that_fail_by_the_proxy_move_the_bot(world: World, tmp_path: Path) -> None:
    bot, ways = world.bots[0], world.tools.telegram.ways  # type: ignore[attr-defined]
    async with microsocks() as first, tinyproxy(tmp_path) as second:
        failing, other = await working(world, first, second)
        await assign(world, bot, failing)
        await Runner(world.tools, HANDLES).run_due()
        world.clock.advance(FRESH_S)
        await first.stop()
        for number in range(1, FAILURES + 1):
            with pytest.raises(Exception, match="not_sent"):
                await world.take_in()
            await Runner(world.tools, HANDLES).run_due()
            assert await used(world, failing, other) == ([1, 0] if number < FAILURES else [0, 1])
        world.clock.advance(FRESH_S)
        await world.take_in()
        assert isinstance(ways, ProxyWays)
        await world.tools.telegram.aclose()  # type: ignore[attr-defined]


async def test_every_proxy_is_looked_at_again_within_the_round(world: World) -> None:
    proxy = await add(world, ProxyFields(scheme="socks5", host="127.0.0.1", port=free_port()))
    await Runner(world.tools, HANDLES).run_due()
    first = (await now(world, proxy)).checked_at
    async with world.tools.acting(None, world.project_id) as act:
        act.enqueue(CheckProxies())
    await Runner(world.tools, HANDLES).run_due()
    assert (await now(world, proxy)).checked_at == first
    world.clock.advance(EVERY_S)
    await Runner(world.tools, HANDLES).run_due()
    assert (await now(world, proxy)).checked_at == world.clock.now()


async def test_a_proxy_changed_during_its_check_is_not_judged_by_the_old_answer(world: World) -> None:
    async with silent() as port:
        proxy = await add(world, ProxyFields(scheme="socks5", host="127.0.0.1", port=port))
        checking = asyncio.create_task(checked(world, proxy))
        await asyncio.sleep(0.2)
        async with world.tools.acting(world.anna, world.project_id) as act:
            await change_proxy(act, proxy.id, ProxyFields(scheme="http", host="127.0.0.1", port=port))
        await checking
    assert (await now(world, proxy)).state == "unchecked"


async def test_a_project_with_proxies_in_use_can_be_deleted(world: World) -> None:
    await assign(world, world.bots[0], await add(world))
    async with world.tools.acting(None, EVERYONE) as act:
        await act.session.delete(await act.session.get_one(Project, world.project_id))
    async with world.tools.db.reading(EVERYONE) as session:
        assert (await session.execute(select(METADATA.tables["proxies"]))).all() == []


def test_the_example_of_a_line_is_itself_taken() -> None:
    with pytest.raises(Invalid) as refused:
        read_line("nonsense", allow_private=False)
    example = re.search(r"for example (\S+)\.$", str(refused.value.message))
    assert example is not None
    assert read_line(example[1], allow_private=False).port == 1080
