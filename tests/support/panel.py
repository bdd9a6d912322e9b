"""The panel's sign-in for tests: the real application, the sandbox as Telegram, browsers, phones."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import httpx
from starlette.types import ASGIApp

from tests.support.clock import ManualClock
from tests.support.databases import fresh_url, remembering
from tgac.kit.config import load_config
from tgac.kit.db.session import Database
from tgac.kit.secrets import new_master_key
from tgac.kit.telegram.gateway import Gateway
from tgac.kit.telegram.types import Kind
from tgac.kit.telegram.updates import read_update
from tgac.kit.tenancy import NO_PROJECT
from tgac.kit.tools import Tools
from tgac.people.models import User
from tgac.people.queries import find_role
from tgac.people.service_bot import handle_service_update
from tgac.wiring import ANSWERS, guarded, make_app
from tgsandbox import start

BASE_URL = "https://panel.example.org"
CHROME = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0 Safari/537.36"
SAME_ORIGIN = {"sec-fetch-site": "same-origin"}


class Browser(httpx.AsyncClient):
    """A browser with its own cookies; it says of itself what browsers say, and knows its page's token."""

    started: dict[str, Any]

    def __init__(self, app: ASGIApp, address: str, *, user_agent: str = CHROME) -> None:
        super().__init__(
            transport=httpx.ASGITransport(app, client=(address, 40000)),
            base_url=BASE_URL,
            headers={"user-agent": user_agent, "accept-language": "en"},
        )

    async def begin(self) -> dict[str, Any]:
        """Start a sign-in."""
        answered = await self.send_form("/auth/telegram/token")
        assert answered.status_code == 200, answered.text
        self.started = answered.json()["data"]
        return self.started

    @property
    def payload(self) -> str:
        """What the deep link carries."""
        return str(self.started["deeplink"]).partition("start=")[2]

    async def standing(self, token: str | None = None) -> str:
        """How the sign-in stands, as far as this browser is told."""
        answered = await self.get("/auth/telegram/poll", params={"token": token or self.started["login_token"]})
        return str(answered.json()["data"]["status"])

    async def collect(self, code: str | None = None, token: str | None = None) -> httpx.Response:
        """Ask for the session."""
        return await self.send_form(
            "/auth/telegram/session", {"login_token": token or self.started["login_token"], "code": code}
        )

    async def send_form(self, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
        """A POST as the page's own script sends it."""
        return await self.post(path, json=body, headers=SAME_ORIGIN | await self._token())

    async def _token(self) -> dict[str, str]:
        if not any("session" in name for name in self.cookies):
            return {}
        page = await self.get("/sign-in", follow_redirects=False)
        page = page if page.status_code == 200 else await self.get("/projects")
        found = re.search(r'name="csrf" value="(\w+)"', page.text)
        return {"x-csrf-token": found[1]} if found else {}

    async def who(self) -> str | None:
        """The name under which this browser is signed in."""
        answered = await self.get("/api/v1/me")
        return str(answered.json()["data"]["username"]) if answered.status_code == 200 else None


@dataclass
class Panel:
    """The application, its world, and a service bot that hears only when told to."""

    tools: Tools
    clock: ManualClock
    app: ASGIApp
    bot: dict[str, Any]
    session: aiohttp.ClientSession
    sandbox_url: str
    offset: int | None = None
    browsers: list[Browser] = field(default_factory=list)

    def browser(self, address: str = "203.0.113.9", *, user_agent: str = CHROME) -> Browser:
        """A fresh browser."""
        made = Browser(self.app, address, user_agent=user_agent)
        self.browsers.append(made)
        return made

    async def control(self, method: str, path: str, **body: Any) -> Any:
        """The sandbox's own controls."""
        url = f"{self.sandbox_url}/sandbox{path}"
        async with self.session.request(method, url, json=body or None) as answered:
            told = await answered.json()
            assert told["ok"], told
            return told["result"]

    async def phone(self, name: str, **body: Any) -> "Phone":
        """A person with a Telegram account of this username."""
        made = await self.control("POST", "/users", first_name=name.title(), username=name, **body)
        return Phone(self, made["id"], name)

    async def hear(self) -> None:
        """The service bot takes in what waits for it."""
        token = self.tools.config.telegram_bot_token
        kinds: tuple[Kind, ...] = ("message", "callback_query")
        for raw in await self.tools.telegram.get_updates(token, offset=self.offset, timeout_s=0, allowed=kinds):
            self.offset = raw["update_id"] + 1
            update = read_update(raw)
            if update is not None:
                await handle_service_update(self.tools, update, answers=ANSWERS)

    async def hear_raw(self, **raw: Any) -> None:
        """The service bot takes in an update that the sandbox would not make."""
        update = read_update({"update_id": 1, **raw})
        assert update is not None
        await handle_service_update(self.tools, update, answers=ANSWERS)

    async def add_user(self, name: str, **values: Any) -> int:
        """A user as an admin has entered them."""
        async with self.tools.acting(None, NO_PROJECT) as act:
            user = User(username=name, **({"state": "invited", "created_at": act.now} | values))
            act.session.add(user)
            await act.flush()
            return user.id


@dataclass
class Phone:
    """A person's Telegram."""

    panel: Panel
    id: int
    name: str

    async def say(self, text: str) -> None:
        """Write to the service bot, which hears it."""
        await self.panel.control("POST", f"/private/{self.panel.bot['id']}/{self.id}/messages", text=text)
        await self.panel.hear()

    async def open(self, browser: Browser) -> None:
        """Open the deep link of a browser's sign-in and press start."""
        await self.say(f"/start {browser.payload}")

    async def read(self) -> dict[str, Any]:
        """The newest message of the chat."""
        return (await self.all())[-1]

    async def all(self) -> list[dict[str, Any]]:
        """Every message of the chat."""
        found: list[dict[str, Any]] = await self.panel.control(
            "GET", f"/private/{self.panel.bot['id']}/{self.id}/messages"
        )
        return found

    async def buttons(self) -> list[list[dict[str, str]]]:
        """The buttons under the newest message."""
        found: list[list[dict[str, str]]] = (await self.read()).get("reply_markup", {}).get("inline_keyboard", [])
        return found

    async def press(self, label: str) -> None:
        """Press a button of the newest message."""
        data = next(one["callback_data"] for row in await self.buttons() for one in row if one["text"] == label)
        body = {"user_id": self.id, "chat_id": self.panel.bot["id"], "message_id": (await self.read())["message_id"]}
        pressed = asyncio.create_task(self.panel.control("POST", "/callbacks", data=data, **body))
        while not pressed.done():
            await self.panel.hear()
            await asyncio.sleep(0.005)
        await pressed

    async def code(self) -> str | None:
        """The six digits that the bot has sent."""
        found = re.search(r"\b\d{6}\b", (await self.read())["text"])
        return found[0] if found else None

    async def confirm(self, browser: Browser) -> str | None:
        """Open the link of a browser's sign-in and press its number; gives the code to type there, if any."""
        await self.open(browser)
        await self.press(browser.started["number"])
        return await self.code()

    async def sign_in(self, browser: Browser) -> None:
        """The whole way."""
        await browser.begin()
        answered = await browser.collect(await self.confirm(browser))
        assert answered.status_code == 200, answered.text


@asynccontextmanager
async def a_panel(kind: str, folder: Path, **values: Any) -> AsyncIterator[Panel]:
    """A panel with nobody in it, on a database of this kind."""
    clock = ManualClock()
    sandbox = await start(clock=clock, limits=False)
    async with aiohttp.ClientSession() as session:
        async with session.post(
            f"{sandbox.url}/sandbox/bots", json={"name": "Desk", "username": "desk_bot"}
        ) as answered:
            bot = (await answered.json())["result"]
        given = {
            "admin_tg_username": "anna",
            "telegram_bot_token": bot["token"],
            "telegram_api_base": sandbox.url,
            "session_secret_key": new_master_key(),
            "base_url": BASE_URL,
            "db_url": await fresh_url(kind, folder),
        }
        config = load_config(None, **(given | values))
        db, telegram = remembering(Database(config.db_url)), Gateway(config.telegram_api_base, limit=0)
        tools = Tools(config, clock, db, config.keys, telegram, find_role)
        panel = Panel(tools, clock, guarded(make_app(tools)), bot, session, sandbox.url)
        try:
            yield panel
        finally:
            for browser in panel.browsers:
                await browser.aclose()
            await telegram.aclose()
            await db.aclose()
            await sandbox.stop()
