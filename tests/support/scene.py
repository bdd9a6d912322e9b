"""The application with two projects: Anna owns one full of canaries, Vera another one; Boris may look at Anna's."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI
from sqlalchemy import Table, select

from tests.support.photos import jpeg
from tests.support.routes import Ids, Route, routes_of
from tests.support.world import World, a_copy_of, an_empty_world
from tgac.bots.imports import begin_import
from tgac.bots.models import ManagedRequest
from tgac.channels.clients import make_connect_link
from tgac.channels.playlists import create_playlist
from tgac.comments.models import Comment, Recall, RecallItem
from tgac.kit.act import Act
from tgac.kit.tenancy import EVERYONE, NO_PROJECT, Role
from tgac.notices.models import Notice, NoticeTold
from tgac.onboarding.models import Item, Run
from tgac.people.members import invite
from tgac.people.models import LoginSession, Member
from tgac.people.projects import create_project
from tgac.people.service import create_api_token
from tgac.profiles.forms import ProfileFields
from tgac.profiles.service import save_profile
from tgac.proxies.models import Proxy
from tgac.tables import METADATA
from tgac.tasks.media import add_media
from tgac.tasks.presets import create_preset
from tgac.wiring import guarded, make_app

CANARY = "canary"
FURNISHED = 20
"""Tables in which the scene has rows of each project, at least: less means that whoever looks sees too little."""

type Rows = dict[str, list[dict[str, Any]]]
"""Rows by table."""


@dataclass
class Scene:
    """The application with two projects in it."""

    world: World
    app: FastAPI
    routes: list[Route]
    hers: int = 0
    ids: dict[str, dict[str, int]] = field(default_factory=dict)
    clients: dict[str, httpx.AsyncClient] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    """The API token that each client brings, by its name."""

    def of(self, *kinds: str) -> Iterator[Route]:
        """The routes of these kinds."""
        return (route for route in self.routes if route.kind in kinds)

    async def ask(self, who: str, route: Route, ids: Ids, query: Ids | None = None) -> httpx.Response:
        client = self.clients[who]
        client.cookies.clear()  # programs ask here, and programs keep none
        return await client.send(route.request(client, ids, query=query))

    async def everything(self, project_id: int | None = None) -> Rows:
        """Every row of every table, or every one of a project. Fails where it sees none of either project's.

        Postgres shows a connection that has not said whose rows it wants none at all, which would pass for no change.
        """
        async with self.world.tools.db.reading(EVERYONE) as session:
            found = {
                table.name: [
                    dict(row._mapping) for row in await session.execute(select(table).order_by(*table.primary_key))
                ]
                for table in METADATA.sorted_tables
            }
        for ids in self.ids.values():
            seen = {name for name, rows in found.items() if any(_is_of(row, ids["project_id"]) for row in rows)}
            assert len(seen) >= FURNISHED, f"of project {ids['project_id']} only these are seen: {sorted(seen)}"
        return {
            name: [row for row in rows if project_id is None or _is_of(row, project_id)] for name, rows in found.items()
        }

    def telegram_calls(self) -> int:
        return self.world.sandbox.endpoint.calls.count


async def add_client(scene: Scene, name: str) -> None:
    async with scene.world.tools.acting(None, NO_PROJECT) as act:
        token = await create_api_token(act, name)
    scene.secrets[name] = token
    scene.clients[name] = make_client(scene.app, f"Bearer {token}")
    await scene.clients[name].get("/api/v1/me")  # the token's first use is written down, once a minute


def _is_of(row: Mapping[str, Any], project_id: int) -> bool:
    return bool(row.get("project_id") == project_id)


def make_client(app: FastAPI, authorization: str | None) -> httpx.AsyncClient:
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
        await _recall(act)
        await create_playlist(act, f"{name} playlist", [place.row.id])
        await _own_things(act, name)
        await begin_import(act, f"123456789:{'A' * 35}")
        act.session.add(a_request(act, name))
        act.session.add(Proxy(scheme="http", host="127.0.0.1", port=1, username=name, created_at=act.now))
    async with world.tools.acting(None, EVERYONE) as act:
        who = world.anna.user_id
        hashed = {"secret_hash": f"{name:x<64}", "browser": name, "address": "203.0.113.9"}
        times = {"created_at": act.now, "seen_at": act.now, "expires_at": act.now}
        act.session.add(LoginSession(user_id=who, **hashed, **times))
    return world.project_id


async def _own_things(act: Act, name: str) -> None:
    """A preset, a file and a notice, called `name`."""
    await create_preset(act, f"{name} preset", {"delay": {"min_s": 0, "max_s": 9}})
    await add_media(act, "rules.txt", name.encode())
    notice = Notice(kind="proxy_failing", subject_id=1, data={"name": name, "more": ""}, at=act.now)
    act.session.add(notice)
    await act.flush()
    assert act.principal is not None
    act.session.add(NoticeTold(notice_id=notice.id, user_id=act.principal.user_id, at=act.now))


async def _recall(act: Act) -> None:
    """Somebody took the comment back; no job is left of it."""
    sent = (await act.session.scalars(select(Comment))).first()
    assert sent is not None
    recall = Recall(task_id=sent.task_id, since=act.now, until=act.now)
    act.session.add(recall)
    await act.flush()
    act.session.add(RecallItem(recall_id=recall.id, comment_id=sent.id, reason_data={}))


def a_request(act: Act, name: str) -> ManagedRequest:
    """The act's author waits for a bot of this name."""
    assert act.principal is not None
    who = {"user_id": act.principal.user_id, "telegram_id": 1, "username": f"{name}2_bot", "name": name}
    return ManagedRequest(**who, manager="desk_bot", created_at=act.now, expires_at=act.now + timedelta(days=1))


def _table_of(slot: str) -> Table:
    """`bot_id` is a row of bots, `proxy_id` of proxies, `session_id` of sessions, `token_id` of api_tokens."""
    word = slot.removesuffix("_id")
    rows = f"{word[:-1]}ies" if word.endswith("y") else f"{word}s"
    rows = {"medias": "media_files"}.get(rows, rows)
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
    """The scene is furnished once for each database: that takes a third of a second, and a copy of it a tenth."""
    async with a_copy_of(_a_furnished_world, kind, folder) as world:
        was = _furnished_once[kind]
        scene = Scene(world, _app_over(world), was.routes)
        scene.hers, scene.ids = was.hers, {name: dict(ids) for name, ids in was.ids.items()}
        scene.secrets = dict(was.secrets)
        for name, secret in was.secrets.items():
            scene.clients[name] = make_client(scene.app, f"Bearer {secret}")
        scene.clients["nobody"] = make_client(scene.app, None)
        scene.clients["a forger"] = make_client(scene.app, "Bearer tgac_" + "A" * 43)
        yield scene
        await _close(scene)


_furnished_once: dict[str, Scene] = {}
"""What is known of the scene that the others are copies of."""


@asynccontextmanager
async def _a_furnished_world(kind: str, folder: Path) -> AsyncIterator[World]:
    async with an_empty_world(kind, folder) as world:
        scene = _furnished_once[kind] = await _furnished(world)
        yield world
        await _close(scene)


def _app_over(world: World) -> FastAPI:
    app = make_app(world.tools)
    app.state.streams.end()  # each shows what is there, and ends
    return app


async def _furnished(world: World) -> Scene:
    app = _app_over(world)
    scene = Scene(world, app, routes_of(app))
    anna, boris, vera = (world.people[name] for name in ("anna", "boris", "vera"))
    mine = await _furnish(world, CANARY)
    scene.hers = await _furnish(_vera_as_owner(world), "vera")
    async with world.tools.acting(None, EVERYONE) as act:
        act.session.add(Member(project_id=mine, user_id=boris.user_id, role="viewer"))
    for name in ("anna", "boris", "vera"):
        await add_client(scene, name)
    scene.ids["anna"] = await _ids_of(scene, anna.user_id, mine)
    scene.ids["vera"] = await _ids_of(scene, vera.user_id, scene.hers)
    return scene


async def _close(scene: Scene) -> None:
    for client in scene.clients.values():
        await client.aclose()
