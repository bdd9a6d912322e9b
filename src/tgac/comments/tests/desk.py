"""The pages and the API over a real SQLite file, without Telegram: rows stand as the line would have written them.

Anna owns project 1, Boris may only look there; Vera is a stranger with a project of her own. Times are Moscow's.
"""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request
from sqlalchemy import event
from tests.support.clock import ManualClock
from tests.support.databases import fresh_url, remembering

from tgac.bots.models import Bot
from tgac.channels.models import Channel
from tgac.comments import api as comments_api
from tgac.comments import review_web
from tgac.comments import web as comments_web
from tgac.comments.models import Comment
from tgac.journal.models import Event
from tgac.kit.config import load_config
from tgac.kit.db.base import Base
from tgac.kit.db.session import Database
from tgac.kit.secrets import new_master_key
from tgac.kit.telegram.gateway import Gateway
from tgac.kit.tenancy import EVERYONE, Principal
from tgac.kit.tools import Tools
from tgac.kit.web.answers import install_answers
from tgac.kit.web.i18n import Languages
from tgac.panel import api as panel_api
from tgac.panel import web as panel_web
from tgac.panel.layout import dress
from tgac.people.models import Member, Project, User
from tgac.people.queries import find_role
from tgac.posts.models import Post
from tgac.tasks.models import Task
from tgac.wiring import include

PEOPLE = {
    name: Principal(number, name, is_admin=False, language=None)
    for number, name in ((1, "anna"), (2, "boris"), (3, "vera"))
}
HTMX = {"hx-request": "true", "hx-request-type": "partial"}
DECISION: dict[str, Any] = {
    "seed": 7,
    "published_at": "2026-11-22T11:50:00+00:00",
    "seen_at": "2026-11-22T11:50:01+00:00",
    "time_zone": "Europe/Moscow",
    "delay": {"min_s": 180, "max_s": 420},
    "quiet_hours": {"from": "23:00", "to": "08:00"},
    "bots": ["city_bot"],
    "taken": 0,
    "limit": 1,
    "bot": "city_bot",
    "send_at": "2026-11-22T11:55:20+00:00",
    "expires_at": "2026-11-22T12:57:00+00:00",
    "variant": "A",
    "allowed": [],
    "buttons": [],
}


@dataclass
class Desk:
    """What a test holds: tools, a browser for everybody, and hands to put rows into the database."""

    tools: Tools
    clock: ManualClock
    transport: httpx.ASGITransport
    statements: list[str] = field(default_factory=list)

    async def get(self, path: str, who: str = "anna", **headers: str) -> httpx.Response:
        return await self.ask("GET", path, who, headers=headers)

    async def data(self, path: str, who: str = "anna") -> Any:
        """What the API tells under `/api/v1/projects/1`."""
        answer = await self.get(f"/api/v1/projects/1{path}", who)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    async def ask(self, method: str, path: str, who: str = "anna", **options: Any) -> httpx.Response:
        headers = {"x-who": who} | options.pop("headers", {})
        async with httpx.AsyncClient(transport=self.transport, base_url="http://panel.test") as client:
            return await client.request(method, path, headers=headers, **options)

    async def put(self, *rows: Base) -> None:
        async with self.tools.acting(None, EVERYONE) as act:
            for row in rows:
                act.session.add(row)
                await act.flush()

    async def post(
        self, text: str = "Hello, city", *, minutes_ago: float = 10, project_id: int = 1, **values: Any
    ) -> Post:
        """A post of the project's channel, seen a second after it was published."""
        at = self.clock.now() - timedelta(minutes=minutes_ago)
        there = {"channel_id": project_id, "message_id": 40, "root_id": 140, "has_keyboard": False, "forwarded": False}
        seen = at + timedelta(seconds=1)
        row = Post(project_id=project_id, text=text, published_at=at, seen_at=seen, **(there | values))
        await self.put(row)
        return row

    async def comment(self, post: Post, state: str = "planned", **values: Any) -> Comment:
        """A comment of the project's task under a post."""
        now = self.clock.now()
        usual = {
            "task_id": post.project_id,
            "bot_id": post.project_id,
            "reason_data": {},
            "decision": DECISION,
            "text": "Rules are pinned.",
            "send_at": now + timedelta(minutes=4),
        }
        row = Comment(
            project_id=post.project_id,
            post_id=post.id,
            channel_id=post.channel_id,
            state=state,
            group_id=-1002,
            created_at=now,
            changed_at=now,
            **(usual | values),
        )
        await self.put(row)
        return row

    async def event(self, kind: str, post: Post, data: dict[str, Any] | None = None, **about: Any) -> None:
        at = self.clock.now()
        await self.put(Event(project_id=post.project_id, at=at, kind=kind, post_id=post.id, data=data or {}, **about))


@asynccontextmanager
async def a_desk(folder: Path, *, furnished: bool = True) -> AsyncIterator[Desk]:
    """Two projects; with a bot, a channel and a task that is on in each, if `furnished`."""
    config = load_config(
        None,
        admin_tg_username="anna",
        telegram_bot_token="123456789:AAE" + "x" * 32,
        session_secret_key=new_master_key(),
        db_url=await fresh_url("sqlite", folder),
    )
    clock, db, telegram = ManualClock(), remembering(Database(config.db_url)), Gateway("http://127.0.0.1:1", limit=0)
    tools = Tools(config, clock, db, config.keys, telegram, find_role, random.Random(7))
    desk = Desk(tools, clock, httpx.ASGITransport(app=Languages(app_of(tools))))
    event.listen(db.engine.sync_engine, "before_cursor_execute", lambda *told: desk.statements.append(told[2]))
    await desk.put(*_everybody(desk))
    if furnished:
        await desk.put(*_furniture(desk))
    try:
        yield desk
    finally:
        await telegram.aclose()
        await db.aclose()


def app_of(tools: Tools) -> FastAPI:
    app = FastAPI()
    app.state.tools, app.state.authenticate, app.state.dress = tools, who_asks, dress
    include(app, comments_api.router, panel_api.router, review_web.router, comments_web.router, panel_web.router)
    install_answers(app)
    return app


async def who_asks(request: Request) -> Principal | None:
    """The header says it: sign-in has tests of its own."""
    request.state.principal = PEOPLE.get(request.headers.get("x-who", ""))
    principal: Principal | None = request.state.principal
    return principal


def _everybody(desk: Desk) -> list[Base]:
    now = desk.clock.now()
    rows: list[Base] = [
        User(id=one.user_id, username=name, state="active", created_at=now) for name, one in PEOPLE.items()
    ]
    rows += [Project(id=1, user_id=1, name="City", time_zone="Europe/Moscow", created_at=now)]
    rows += [Project(id=2, user_id=3, name="Vera's", time_zone="UTC", created_at=now)]
    roles = ((1, 1, "owner"), (1, 2, "viewer"), (2, 3, "owner"))
    return rows + [Member(project_id=project, user_id=user, role=role) for project, user, role in roles]


def _furniture(desk: Desk) -> list[Base]:
    now, rows = desk.clock.now(), list[Base]()
    for number, name in ((1, "city"), (2, "vera")):
        own = {"id": number, "project_id": number, "created_at": now}
        rows.append(Bot(**own, telegram_id=500 + number, username=f"{name}_bot", name=name, token_sealed="-"))
        rows.append(
            Channel(
                **own,
                telegram_id=-1001000 - number,
                title=f"{name.title()} news",
                username=f"{name}_news",
                group_id=-1002,
                group_title="Talk",
                claimed_by=1,
                checked_at=now,
            )
        )
        rows.append(Task(**own, name=f"Rules of {name}", status="ON", config={}, created_by=1, updated_at=now))
    return rows


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """A furnished desk."""
    async with a_desk(tmp_path) as made:
        yield made


@pytest.fixture
async def bare_desk(tmp_path: Path) -> AsyncIterator[Desk]:
    """Projects in which nothing has been done yet."""
    async with a_desk(tmp_path, furnished=False) as made:
        yield made
