"""What a Postgres that restarts does to those who wait for it: they wait, and go on. Nothing dies for good."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from sqlalchemy import func, make_url, select
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection

from tests.support.clock import ManualClock
from tests.support.databases import fresh_url
from tests.support.world import World, a_world
from tests.test_queue_contract import until
from tgac.comments.arrive import take_updates
from tgac.comments.jobs import PlanPost
from tgac.comments.models import SeenUpdate
from tgac.comments.tests.hands import Between, send_through
from tgac.kit.clock import RealClock
from tgac.kit.config import _database
from tgac.kit.db.session import Database, DatabaseAway
from tgac.kit.queue.jobs import Done
from tgac.kit.queue.runner import Runner
from tgac.kit.queue.wake import Bell, listen
from tgac.kit.tenancy import EVERYONE, NO_PROJECT
from tgac.kit.tools import Tools
from tgac.people.models import Project
from tgac.people.service import create_api_token
from tgac.processes.bot import run_bots
from tgac.processes.work import run_everything, run_scheduler
from tgac.wiring import HANDLES, guarded, make_app


class Wire:
    """A TCP port before Postgres's socket, which can be cut and mended."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._socket = f"{parse_qs(parts.query)['host'][0]}/.s.PGSQL.5432"
        self._path, self._user = parts.path, parts.username
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()
        self._port = 0

    @property
    def url(self) -> str:
        return f"postgresql+asyncpg://{self._user}:@127.0.0.1:{self._port}{self._path}"

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    @property
    def is_cut(self) -> bool:
        return self._server is None or not self._server.is_serving()

    async def cut(self) -> None:
        assert self._server is not None
        self._server.close()
        for end in self._ends:
            end.transport.abort()
        self._ends.clear()
        await asyncio.sleep(0.05)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_unix_connection(self._socket)
        self._ends |= {writer, back}
        await asyncio.gather(_carry(reader, back), _carry(there, writer))


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while some := await reader.read(65536):
            writer.write(some)
            await writer.drain()
    except OSError:
        pass
    finally:
        writer.close()


@pytest.fixture
async def wire(tmp_path: Path) -> AsyncIterator[Wire]:
    """A wire to a fresh Postgres."""
    made = Wire(await fresh_url("postgres", tmp_path))
    await made.mend()
    yield made
    await made.cut()


async def test_a_database_that_cannot_be_reached_is_told_as_every_other_failure_of_it(wire: Wire) -> None:
    db = Database(wire.url)
    async with db.reading(EVERYONE) as session:
        await session.scalar(select(Project.id))
    await wire.cut()
    for _ in range(2):
        with pytest.raises(DatabaseAway):
            async with db.reading(EVERYONE) as session:
                await session.scalar(select(Project.id))
    await wire.mend()
    async with db.reading(EVERYONE) as session:
        assert await session.scalar(select(Project.id)) is None
    await db.aclose()


async def test_connections_that_a_restart_has_closed_fail_nobody_who_comes_after(wire: Wire) -> None:
    db = Database(wire.url)

    async def ask() -> None:
        async with db.reading(EVERYONE) as session:
            await session.scalar(select(Project.id))

    await asyncio.gather(ask(), ask(), ask())
    await wire.cut()
    await wire.mend()
    await asyncio.gather(ask(), ask(), ask())
    await db.aclose()


async def test_a_pool_without_a_free_connection_is_told_like_a_database_that_is_away(wire: Wire) -> None:
    db = Database(wire.url)
    for door in (db.reading, db.writing):
        with pytest.raises(DatabaseAway):
            async with door(EVERYONE):
                raise PoolTimeout
    await db.aclose()


@asynccontextmanager
async def behind_a_wire(world: World) -> AsyncIterator[tuple[Wire, Tools]]:
    """A process's tools, whose database can be cut off."""
    wire = Wire(world.tools.config.db_url)
    await wire.mend()
    db = Database(wire.url)
    yield wire, replace(world.tools, db=db, clock=RealClock(), bell=Bell())
    await db.aclose()
    await wire.cut()


async def test_updates_that_the_database_did_not_take_are_not_taken_for_taken(tmp_path: Path) -> None:
    async with a_world("postgres", tmp_path) as world, behind_a_wire(world) as (wire, tools):
        post = {"message_id": 9, "date": 1_790_000_000, "chat": {"id": -1001, "type": "channel", "title": "News"}}
        raw = [{"update_id": 1, "channel_post": post}]
        await wire.cut()
        with pytest.raises(DatabaseAway):
            await take_updates(tools, world.bots[0], raw)
        await wire.mend()
        await take_updates(tools, world.bots[0], raw)
        async with tools.reading(None, EVERYONE) as act:
            assert await act.session.scalar(select(SeenUpdate.update_id).where(SeenUpdate.update_id == 1)) == 1


class KilledOnce(Database):
    """Its first connection is ended by the server, as at a restart, in the moment in which somebody has taken it."""

    is_killed = False

    @asynccontextmanager
    async def looking(self) -> AsyncIterator[AsyncConnection]:
        async with super().looking() as connection:
            if not self.is_killed:
                self.is_killed = True
                raw = (await connection.get_raw_connection()).driver_connection
                assert raw is not None
                number = raw.get_server_pid()  # a statement would begin a transaction, whose end tells of the loss
                async with self.reading(EVERYONE) as session:
                    await session.execute(select(func.pg_terminate_backend(number)))
                await asyncio.sleep(0.1)
            yield connection


async def test_who_listens_outlives_a_connection_that_is_lost_before_it_listens(tmp_path: Path) -> None:
    db, bell, clock = KilledOnce(_database(await fresh_url("postgres", tmp_path))), Bell(), ManualClock()
    listening = asyncio.create_task(listen(db, clock, bell))
    await until(lambda: clock.somebody_sleeps or listening.done())
    assert db.is_killed
    assert not listening.done()
    listening.cancel()
    await asyncio.wait([listening])
    await db.aclose()


def put_aside(url: str) -> tuple[Path, Path]:
    """In the place of a database's file stands what is none; gives that place, and where the file is now."""
    file = Path(make_url(url).database or "")
    aside = file.rename(file.with_suffix(".aside"))
    file.mkdir()
    return file, aside


def put_back(file: Path, aside: Path) -> None:
    file.rmdir()
    aside.rename(file)


async def test_who_listens_opens_a_file_again_that_could_not_be_read(tmp_path: Path) -> None:
    url = _database(await fresh_url("sqlite", tmp_path))
    file, aside = put_aside(url)
    db, bell, clock = Database(url), Bell(), ManualClock()
    listening = asyncio.create_task(listen(db, clock, bell))
    await until(lambda: clock.somebody_sleeps or listening.done())
    assert not listening.done()
    put_back(file, aside)
    clock.advance(1)
    await asyncio.wait_for(bell.wait(30), 30)
    listening.cancel()
    await asyncio.wait([listening])
    await db.aclose()


async def test_every_process_outlives_a_restart_of_the_database(tmp_path: Path) -> None:
    async with a_world("postgres", tmp_path) as world, behind_a_wire(world) as (wire, tools):
        await world.add_task()
        stopping = asyncio.Event()
        parts = [asyncio.create_task(run(tools, stopping)) for run in (run_bots, run_everything, run_scheduler)]
        await asyncio.sleep(0.5)
        await wire.cut()
        await asyncio.sleep(2.5)
        assert not [part for part in parts if part.done()]
        await wire.mend()
        await world.post("Hello")
        while not (comments := await world.comments()):  # noqa: ASYNC110  its processes tell nobody
            await asyncio.sleep(0.1)
        assert len(comments) == 1
        stopping.set()
        await asyncio.gather(*parts)


async def test_a_sent_comment_is_written_down_when_the_database_is_back(tmp_path: Path) -> None:
    async with a_world("postgres", tmp_path) as world, behind_a_wire(world) as (wire, tools):
        await world.add_task("Rules")
        await world.post("Hello")
        await world.take_in()
        await Runner(world.tools, [one for one in HANDLES if one.job is PlanPost]).run_due()
        (comment,) = await world.comments()
        near = replace(world, tools=replace(tools, clock=world.clock))
        sending = asyncio.create_task(send_through(near, Between(world, after=wire.cut), comment))
        while not (wire.is_cut and world.clock.somebody_sleeps):  # noqa: ASYNC110  neither tells
            await asyncio.sleep(0.02)
        await wire.mend()
        while not sending.done():
            world.clock.advance(0.2)
            await asyncio.sleep(0.05)
        assert await sending == Done()
        assert [one.state for one in await world.comments()] == ["sent"]


@pytest.mark.parametrize("path", ["/api/v1/me", "/"])
async def test_the_panel_says_that_the_database_does_not_answer(tmp_path: Path, path: str) -> None:
    async with a_world("postgres", tmp_path) as world, behind_a_wire(world) as (wire, tools):
        async with world.tools.acting(None, NO_PROJECT) as act:
            token = await create_api_token(act, "anna")
        transport = httpx.ASGITransport(guarded(make_app(tools)), raise_app_exceptions=False)
        headers = {"authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080", headers=headers) as client:
            assert (await client.get(path)).status_code in (200, 303)
            await wire.cut()
            for _ in range(2):
                answer = await client.get(path)
                assert answer.status_code == 503
                assert "The database does not answer." in answer.text
            await wire.mend()
            assert (await client.get(path)).status_code in (200, 303)
