"""Streams, through a real server: what they say, to whom, how often, and how they end."""

import asyncio
import re
from collections.abc import AsyncIterable, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import aiohttp
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse
from sqlalchemy import delete, event, update
from tests.support.browser import free_port
from tests.support.world import World

from tgac.kit.act import Act
from tgac.kit.tenancy import EVERYONE, NO_PROJECT, Right, require
from tgac.kit.web.stream import LOOK_ANYWAY_S, MOST_PER_USER, EventSourceResponse, LiveDep, ServerSentEvent
from tgac.people.models import Member, Project, User
from tgac.people.queries import the_project
from tgac.people.service import create_api_token
from tgac.processes.api import serving
from tgac.wiring import guarded, make_app


def app_with_a_name(world: World) -> FastAPI:
    """The application, and a page that shows the project's name over two lines."""
    app = make_app(world.tools)

    async def name(request: Request, act: Act) -> HTMLResponse:
        require(act, Right.LOOK)
        return HTMLResponse(f"<p>\n{(await the_project(act)).name}</p>")

    @app.get("/projects/{project_id}/name/live", response_class=EventSourceResponse)
    async def live_name(live: LiveDep) -> AsyncIterable[ServerSentEvent]:
        async for one in live.show(name):
            yield one

    return app


@dataclass
class Desk:
    """A server with the world behind it."""

    world: World
    app: FastAPI
    url: str
    session: aiohttp.ClientSession

    async def open(self, who: str = "anna", **headers: str) -> aiohttp.ClientResponse:
        async with self.world.tools.acting(None, NO_PROJECT) as act:
            token = await create_api_token(act, who)
        asked = {"Authorization": f"Bearer {token}", **headers}
        return await self.session.get(f"{self.url}/projects/{self.world.project_id}/name/live", headers=asked)

    async def rename(self, name: str) -> None:
        async with self.world.tools.acting(None, EVERYONE) as act:
            await act.session.execute(update(Project).values(name=name))

    async def read(self, answer: aiohttp.ClientResponse) -> dict[str, str]:
        """The next message; time passes until it comes. Empty when the stream has ended."""
        reading = asyncio.create_task(_message(answer))
        while not reading.done():
            self.world.clock.advance(1)
            await asyncio.wait([reading], timeout=0.02)
        return await reading

    async def pass_seconds(self, seconds: int) -> None:
        for _second in range(seconds):
            self.world.clock.advance(1)
            await asyncio.sleep(0.02)


async def _message(answer: aiohttp.ClientResponse) -> dict[str, str]:
    told: dict[str, str] = {}
    async for line in answer.content:
        field, _, value = line.decode().rstrip("\n").partition(": ")
        if not field and told:
            return told
        if field:
            told[field] = f"{told[field]}\n{value}" if field in told else value
    return told


@asynccontextmanager
async def a_desk(world: World) -> AsyncIterator[Desk]:
    app, port = app_with_a_name(world), free_port()
    async with serving(guarded(app), host="127.0.0.1", port=port), aiohttp.ClientSession() as session:
        yield Desk(world, app, f"http://127.0.0.1:{port}", session)
        app.state.streams.end()


async def test_a_stream_says_what_there_is_and_then_what_becomes_of_it(world: World) -> None:
    async with a_desk(world) as desk, await desk.open() as answer:
        assert answer.status == 200
        assert answer.headers["Content-Type"].startswith("text/event-stream")
        assert answer.headers["X-Accel-Buffering"] == "no", "nginx keeps nothing back"
        first = await desk.read(answer)
        assert first["data"] == "<p>\nCity</p>"
        await desk.rename("Town")
        second = await desk.read(answer)
        assert second["data"] == "<p>\nTown</p>"
        assert second["id"] != first["id"]


async def test_who_comes_back_is_told_only_what_they_have_not_seen(world: World) -> None:
    async with a_desk(world) as desk:
        async with await desk.open() as answer:
            first = await desk.read(answer)
        async with await desk.open(**{"Last-Event-ID": first["id"]}) as again:
            reading = asyncio.create_task(desk.read(again))
            await asyncio.wait([reading], timeout=0.2)
            assert not reading.done()
            await desk.rename("Town")
            assert (await reading)["data"] == "<p>\nTown</p>"


async def test_a_change_that_shows_nothing_else_says_nothing(world: World) -> None:
    async with a_desk(world) as desk, await desk.open() as answer:
        await desk.read(answer)
        async with world.tools.acting(None, EVERYONE) as act:
            await act.session.execute(update(User).values(language="en"))
        await desk.rename("City")
        reading = asyncio.create_task(desk.read(answer))
        await asyncio.wait([reading], timeout=0.2)
        assert not reading.done()
        await desk.rename("Town")
        assert (await reading)["data"] == "<p>\nTown</p>"


async def test_nothing_is_looked_at_while_nothing_is_committed(world: World) -> None:
    async with a_desk(world) as desk, await desk.open() as answer:
        await desk.read(answer)
        asked: list[str] = []
        engine = world.tools.db.engine.sync_engine
        event.listen(engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
        for _second in range(8):  # the token's use is noted, which is a commit too: until that has been looked at
            asked.clear()
            await desk.pass_seconds(1)
            await asyncio.sleep(0.3)
            if asked and not _looks(asked):
                break
        asked.clear()
        await desk.pass_seconds(round(LOOK_ANYWAY_S) - 12)
        assert asked
        assert _looks(asked) == set()


def _looks(asked: list[str]) -> set[str]:
    """What was asked besides whether anything was committed."""
    return {one for one in asked if not re.search("BEGIN|version|snapshot", one)}


async def test_a_stream_ends_when_its_reader_may_look_no_longer(world: World) -> None:
    async with a_desk(world) as desk, await desk.open("boris") as answer:
        assert await desk.read(answer)
        async with world.tools.acting(None, EVERYONE) as act:
            await act.session.execute(delete(Member).where(Member.user_id == world.people["boris"].user_id))
        assert await desk.read(answer) == {}


async def test_a_stream_ends_when_its_reader_is_blocked(world: World) -> None:
    async with a_desk(world) as desk, await desk.open("boris") as answer:
        assert await desk.read(answer)
        async with world.tools.acting(None, NO_PROJECT) as act:
            await act.session.execute(update(User).where(User.username == "boris").values(state="blocked"))
        assert await desk.read(answer) == {}


async def test_strangers_get_no_stream(world: World) -> None:
    async with a_desk(world) as desk, await desk.open("vera") as answer:
        assert await desk.read(answer) == {}
        async with desk.session.get(f"{desk.url}/projects/{world.project_id}/name/live") as nobody:
            assert nobody.url.path == "/sign-in"


async def test_a_user_has_so_many_streams_and_each_that_is_closed_gives_its_place_back(world: World) -> None:
    async with a_desk(world) as desk:
        held = [await desk.open() for _one in range(MOST_PER_USER)]
        for answer in held:
            assert await desk.read(answer)
        refused = await desk.open()
        assert refused.status == 429
        assert (await desk.open("boris")).status == 200, "others have their own"
        held[0].close()
        answers = [await desk.open() for _try in range(5)]  # the server hears of it a moment later
        assert 200 in [answer.status for answer in answers]


async def test_open_streams_hold_up_no_stop(world: World) -> None:
    loop = asyncio.get_running_loop()
    async with a_desk(world) as desk:
        answer = await desk.open()
        assert await desk.read(answer)
        began = loop.time()
    assert loop.time() - began < 2.0
