"""Every route, tried as everybody who has no business there. Routes and requests are generated: see support/routes.py.

Anna owns a project full of canaries, Boris may only look at it, Vera owns another one and is a stranger in Anna's.
"""

import re
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from sqlalchemy import Table, select

from tests.support.photos import jpeg
from tests.support.routes import NOBODYS_ID, Ids, Route, routes_of
from tests.support.world import World, an_empty_world
from tgac.bots.imports import begin_import
from tgac.bots.models import ManagedRequest
from tgac.channels.clients import make_connect_link
from tgac.channels.playlists import create_playlist
from tgac.kit.act import Act
from tgac.kit.tenancy import EVERYONE, NO_PROJECT, Role
from tgac.onboarding.models import Item, Run
from tgac.people.members import invite
from tgac.people.models import LoginSession, Member, User
from tgac.people.projects import create_project
from tgac.people.service import create_api_token
from tgac.profiles.forms import ProfileFields
from tgac.profiles.service import save_profile
from tgac.proxies.models import Proxy
from tgac.tables import METADATA
from tgac.wiring import guarded, make_app

PUBLIC = {
    "GET /api/v1/openapi.json",
    "GET /auth/telegram/poll",
    "GET /healthz",
    "GET /readyz",
    "GET /sign-in",
    "GET /sign-in/qr",
    "GET /sign-in/state",
    "POST /auth/logout",
    "POST /auth/telegram/exchange",
    "POST /auth/telegram/session",
    "POST /auth/telegram/token",
    "POST /language",
    "POST /sign-in",
}
"""What anybody may ask for. A route comes in here by somebody's decision only."""
LOOKS = {
    "POST /api/v1/projects/{project_id}/tasks/{task_id}/preview",
    "POST /projects/{project_id}/tasks/preview",
    "POST /api/v1/projects/{project_id}/dry-run",
    "POST /api/v1/projects/{project_id}/dry-run/import",
    "POST /projects/{project_id}/dry-run",
}
"""What is sent but changes nothing: viewers may."""
LEAVES = {
    "DELETE /api/v1/projects/{project_id}/members",
    "POST /projects/{project_id}/members/leave",
}
"""How everybody may give up their own role; tried in people/tests/test_members.py."""
BY_SECRET = {"GET /join/{secret}", "POST /api/v1/join", "POST /join/{secret}"}
"""What a secret opens, whoever brings it; tried in people/tests/test_members.py."""
AT_LEAST = 70
CANARY = "canary"


@dataclass
class Scene:
    """The application with two projects in it."""

    world: World
    app: FastAPI
    routes: list[Route]
    hers: int = 0
    ids: dict[str, dict[str, int]] = field(default_factory=dict)
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)

    def of(self, *kinds: str) -> Iterator[Route]:
        """The routes of these kinds."""
        return (route for route in self.routes if route.kind in kinds)

    async def ask(self, who: str, route: Route, ids: Ids, query: Ids | None = None) -> httpx.Response:
        client = self.clients[who]
        client.cookies.clear()  # programs ask here, and programs keep none
        return await client.send(route.request(client, ids, query=query))

    async def everything(self, project_id: int | None = None) -> dict[str, list[Any]]:
        """Every row of every table, or every one of a project."""
        async with self.world.tools.db.reading(EVERYONE) as session:
            return {
                table.name: [
                    tuple(row)
                    for row in await session.execute(select(table).order_by(*table.primary_key))
                    if project_id is None or getattr(row, "project_id", None) == project_id
                ]
                for table in METADATA.sorted_tables
            }

    def telegram_calls(self) -> int:
        return self.world.sandbox.endpoint.calls.count


async def _client(scene: Scene, name: str) -> None:
    async with scene.world.tools.acting(None, NO_PROJECT) as act:
        token = await create_api_token(act, name)
    scene.clients[name] = _made_client(scene.app, f"Bearer {token}")
    await scene.clients[name].get("/api/v1/me")  # the token's first use is written down, once a minute


def _made_client(app: FastAPI, authorization: str | None) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(guarded(app), raise_app_exceptions=False)
    headers = {"authorization": authorization} if authorization else {}
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080", headers=headers)


def _vera_as_owner(world: World) -> World:
    """The same world with Vera in the place of the one who owns things."""
    people = world.people | {"anna": world.people["vera"]}
    ids = world.telegram_ids | {"anna": world.telegram_ids["vera"]}
    return replace(world, people=people, telegram_ids=ids, bots=[], tokens=[], places=[], _offsets={})


async def _furnish(world: World, name: str) -> int:
    """A project with a bot, a proxy, a channel, a task, a post, a sent comment and a setup, all called `name`."""
    async with world.tools.acting(world.anna, EVERYONE) as act:
        world.project_id = (await create_project(act, f"{name} project")).id
    bot = await world.add_bot(name)
    place = await world.add_channel(f"{name} news")
    await world.add_task(f"{name}: {{{{ channel.title }}}}")
    await world.post(f"{name} post", place)
    await world.work()
    await world.work()
    async with world.tools.acting(world.anna, world.project_id) as act:
        await invite(act, Role.VIEWER)
        run = Run(bot_ids=[], started_by=world.anna.user_id, created_at=act.now)
        act.session.add(run)
        await act.flush()
        act.session.add(Item(run_id=run.id, channel_id=place.row.id, changed_at=act.now))
        texts = {"": {"description": name}}
        wish = ProfileFields.model_validate({"languages": texts})
        await save_profile(act, bot.id, wish, apply=False, photo=jpeg(200, 200, mark=name.encode()))
        await make_connect_link(act, f"{name} client")
        await create_playlist(act, f"{name} playlist", [place.row.id])
        await begin_import(act, f"123456789:{'A' * 35}")
        act.session.add(a_request(act, name))
        act.session.add(Proxy(scheme="http", host="127.0.0.1", port=1, username=name, created_at=act.now))
    async with world.tools.acting(None, EVERYONE) as act:
        who = world.anna.user_id
        hashed = {"secret_hash": f"{name:x<64}", "browser": name, "address": "203.0.113.9"}
        times = {"created_at": act.now, "seen_at": act.now, "expires_at": act.now}
        act.session.add(LoginSession(user_id=who, **hashed, **times))
    return world.project_id


def a_request(act: Act, name: str) -> ManagedRequest:
    """The act's author waits for a bot of this name."""
    assert act.principal is not None
    who = {"user_id": act.principal.user_id, "telegram_id": 1, "username": f"{name}2_bot", "name": name}
    return ManagedRequest(**who, manager="desk_bot", created_at=act.now, expires_at=act.now + timedelta(days=1))


def _table_of(slot: str) -> Table:
    """`bot_id` is a row of bots, `proxy_id` of proxies, `session_id` of sessions, `token_id` of api_tokens."""
    word = slot.removesuffix("_id")
    rows = f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"
    exact = [table for table in METADATA.sorted_tables if table.name == rows]
    near = [table for table in METADATA.sorted_tables if table.name.endswith(rows)]
    assert exact or near, f"which table is {slot} of?"
    return (exact or near)[0]


async def _ids_of(scene: Scene, user_id: int, project_id: int) -> dict[str, int]:
    """An id for every slot of every path and body, of things that belong to this user and project."""
    slots = {slot for route in scene.routes for slot in (*route.slots, *route.query_ids) if slot.endswith("_id")}
    slots |= {"bot_id", "channel_id"}
    found = {"project_id": project_id, "version": 1}
    async with scene.world.tools.db.reading(EVERYONE) as session:
        for slot in sorted(slots - {"project_id"}):
            table = _table_of(slot)
            own = next(table.c[name] for name in ("project_id", "user_id", "id") if name in table.c)
            owner = project_id if own.name == "project_id" else user_id
            row = await session.scalar(select(table.c.id).where(own == owner).limit(1))
            assert row is not None, f"the scene has no {slot}: give it one, so that the routes are really tried"
            found[slot] = row
    return found


@asynccontextmanager
async def a_scene(kind: str, folder: Path) -> AsyncIterator[Scene]:
    async with an_empty_world(kind, folder) as world:
        app = make_app(world.tools)
        app.state.streams.end()  # each shows what is there, and ends
        scene = Scene(world, app, routes_of(app))
        anna, boris, vera = (world.people[name] for name in ("anna", "boris", "vera"))
        mine = await _furnish(world, CANARY)
        scene.hers = await _furnish(_vera_as_owner(world), "vera")
        async with world.tools.acting(None, EVERYONE) as act:
            act.session.add(Member(project_id=mine, user_id=boris.user_id, role="viewer"))
        for name in ("anna", "boris", "vera"):
            await _client(scene, name)
        scene.clients["nobody"] = _made_client(app, None)
        scene.clients["a forger"] = _made_client(app, "Bearer tgac_" + "A" * 43)
        scene.ids["anna"] = await _ids_of(scene, anna.user_id, mine)
        scene.ids["vera"] = await _ids_of(scene, vera.user_id, scene.hers)
        yield scene
        for client in scene.clients.values():
            await client.aclose()


@pytest.fixture
async def scene(database: str, tmp_path: Path) -> AsyncIterator[Scene]:
    """Anna's and Vera's projects, on each database."""
    async with a_scene(database, tmp_path) as made:
        yield made


def _faults(route: Route, answer: httpx.Response, *statuses: int) -> Iterator[str]:
    if answer.status_code not in statuses:
        yield f"{route}: {answer.status_code}, not {' or '.join(map(str, statuses))}: {answer.text[:200]}"
    if CANARY in answer.text.lower():
        yield f"{route}: shows what is Anna's"


def _same(one: httpx.Response, other: httpx.Response) -> bool:
    """Whether two answers are the same but for the ids that were asked for."""
    return (one.status_code, _without_ids(one.text)) == (other.status_code, _without_ids(other.text))


def _without_ids(text: str) -> str:
    return re.sub(r"/\d+", "/0", text)


async def test_every_route_is_known_and_has_its_guard(scene: Scene) -> None:
    assert len(scene.routes) >= AT_LEAST, "the walk over the routes sees too few of them"
    assert {str(route) for route in scene.of("public")} <= PUBLIC, "a route that asks nobody to sign in"
    assert {str(route) for route in scene.routes} >= PUBLIC | LOOKS | LEAVES | BY_SECRET, (
        "a list here names a route that is gone"
    )
    unguarded = [str(route) for route in scene.routes if "{project_id}" in route.path and route.kind != "project"]
    assert unguarded == []
    admin = [str(route) for route in scene.routes if "/admin" in route.path and route.kind != "admin"]
    assert admin == []


@pytest.mark.parametrize("who", ["nobody", "a forger", "the blocked"])
async def test_who_is_not_signed_in_gets_nowhere(scene: Scene, who: str) -> None:
    if who == "the blocked":
        async with scene.world.tools.acting(None, NO_PROJECT) as act:
            (await act.session.get_one(User, scene.world.people["vera"].user_id)).state = "blocked"
        scene.clients[who] = scene.clients["vera"]
    before, calls = await scene.everything(), scene.telegram_calls()
    faults: list[str] = []
    for route in scene.of("signed_in", "project", "admin"):
        answer = await scene.ask(who, route, scene.ids["anna"])
        faults += _faults(route, answer, 401 if route.is_api or route.is_unsafe else 303)
        if answer.status_code == 303 and answer.headers["location"] != "/sign-in":
            faults.append(f"{route}: sent to {answer.headers['location']}")
    assert not faults, "\n".join(faults)
    assert await scene.everything() == before
    assert scene.telegram_calls() == calls


@pytest.mark.parametrize("is_admin", [False, True], ids=["a user", "an admin"])
async def test_to_a_stranger_a_project_is_not_there(scene: Scene, is_admin: bool) -> None:
    async with scene.world.tools.acting(None, NO_PROJECT) as act:
        (await act.session.get_one(User, scene.world.people["vera"].user_id)).is_admin = is_admin
    before, calls = await scene.everything(), scene.telegram_calls()
    faults: list[str] = []
    for route in scene.of("project"):
        answer = await scene.ask("vera", route, scene.ids["anna"])
        faults += _faults(route, answer, 404)
        if not _same(answer, await scene.ask("vera", route, scene.ids["anna"] | {"project_id": NOBODYS_ID})):
            faults.append(f"{route}: differs from what a project that never was answers")
    assert not faults, "\n".join(faults)
    assert await scene.everything() == before
    assert scene.telegram_calls() == calls


async def test_a_foreign_id_in_a_path_is_not_there(scene: Scene) -> None:
    before, calls = await scene.everything(), scene.telegram_calls()
    faults: list[str] = []
    tried = 0
    for route in scene.of("project", "signed_in"):
        for slot in route.slots:
            if slot in ("project_id", "secret", "version"):
                continue
            tried += 1
            answer = await scene.ask("vera", route, scene.ids["vera"] | {slot: scene.ids["anna"][slot]})
            faults += _faults(route, answer, 404)
            if not _same(answer, await scene.ask("vera", route, scene.ids["vera"] | {slot: NOBODYS_ID})):
                faults.append(f"{route}: {slot} differs from one that never was")
    assert not faults, "\n".join(faults)
    assert tried >= 20
    assert await scene.everything() == before
    assert scene.telegram_calls() == calls


async def test_a_foreign_id_in_a_query_or_a_body_reaches_nothing(scene: Scene) -> None:
    before = await scene.everything(scene.ids["anna"]["project_id"])
    faults: list[str] = []
    tried: list[str] = []
    for route in scene.of("project"):
        own = {slot: scene.ids["vera"][slot] for slot in route.slots}
        foreign = {name: id_ for name, id_ in scene.ids["anna"].items() if name not in own}
        if route.query_ids or (route.is_api and route.body_ids(foreign)):
            tried.append(str(route))
            query = {name: scene.ids["anna"][name] for name in route.query_ids}
            answer = await scene.ask("vera", route, foreign | own, query)
            faults += _faults(route, answer, 200, 201, 404, 409, 422)
    assert not faults, "\n".join(faults)
    assert len(tried) >= 4, tried
    assert await scene.everything(scene.ids["anna"]["project_id"]) == before


async def test_who_may_only_look_changes_nothing(scene: Scene) -> None:
    before = await scene.everything()
    faults: list[str] = []
    for route in scene.of("project"):
        if str(route) in LEAVES:
            continue
        answer = await scene.ask("boris", route, scene.ids["anna"])
        if str(route) in LOOKS and answer.status_code not in (200, 422):
            faults.append(f"{route}: may be looked at, and gives {answer.status_code}")
        elif route.is_unsafe and str(route) not in LOOKS and answer.status_code != 403:
            faults.append(f"{route}: {answer.status_code}, not 403")
        elif not route.is_unsafe and answer.status_code not in (200, 303, 403):
            faults.append(f"{route}: {answer.status_code}")
    assert not faults, "\n".join(faults)
    assert await scene.everything() == before


async def test_only_admins_administer(scene: Scene) -> None:
    before = await scene.everything()
    for who in ("boris", "vera"):
        for route in scene.of("admin"):
            assert (await scene.ask(who, route, scene.ids["anna"])).status_code == 403, str(route)
    assert await scene.everything() == before


async def test_nothing_of_annas_is_shown_to_vera_elsewhere(scene: Scene) -> None:
    faults: list[str] = []
    for route in scene.of("signed_in", "public"):
        if not route.is_unsafe and not route.slots:
            faults += _faults(route, await scene.ask("vera", route, {}), 200, 303, 404, 422, 503)
    assert not faults, "\n".join(faults)


async def test_the_owner_is_let_in_everywhere(tmp_path: Path) -> None:
    """Without this, a route that is broken would pass for one that is guarded."""
    async with a_scene("sqlite", tmp_path) as scene:
        db = scene.world.tools.db
        assert db.url.database is not None
        there, copy = Path(db.url.database), tmp_path / "copy"
        await db.aclose()
        shutil.copy(there, copy)
        faults: list[str] = []
        for route in scene.of("project", "signed_in", "admin"):
            if str(route) in BY_SECRET:
                continue
            answer = await scene.ask("anna", route, scene.ids["anna"])
            if answer.status_code not in (200, 201, 303, 409, 422):
                faults.append(f"{route}: {answer.status_code}: {answer.text[:200]}")
            if route.is_unsafe:
                await db.aclose()
                shutil.copy(copy, there)
        assert not faults, "\n".join(faults)
