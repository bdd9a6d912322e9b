"""A whole installation on free ports, and a headless Chromium to use it with."""

import asyncio
import re
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright

from tests.support.world import Controls, config_for
from tgac.kit.db import schema
from tgac.kit.tenancy import EVERYONE
from tgac.people.service import bind_user, ensure_first_admin
from tgac.processes.all_in_one import run_all
from tgac.processes.shared import tools_for
from tgsandbox import Sandbox, start

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Debian's Chromium, driven by Playwright."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        try:
            yield browser
        finally:
            await browser.close()


@dataclass
class Installation:
    """`tgac up` against the sandbox: where it is, the sandbox's controls, and what a test has made there."""

    panel: str
    telegram: str
    control: Controls
    anna_id: int
    bot: dict[str, Any] = field(default_factory=dict)
    channel_id: int = 0


@asynccontextmanager
async def an_installation(folder: Path) -> AsyncIterator[Installation]:
    """Everything in one process, as an owner starts it; Anna is its first admin, and nothing is set up yet."""
    async with _telegram() as sandbox, aiohttp.ClientSession() as session:
        control = Controls(session, sandbox.url)
        service = await control("POST", "/bots", name="Desk", username="desk_bot")
        anna = await control("POST", "/users", first_name="Anna", username="anna")
        port = free_port()
        values = {"db_url": f"sqlite:///{folder}/up.sqlite3", "port": port, "base_url": f"http://127.0.0.1:{port}"}
        config = config_for(sandbox.url, service["token"], **values)
        async with tools_for(config) as tools:
            await schema.upgrade(tools.db)
            async with tools.acting(None, EVERYONE) as act:
                await ensure_first_admin(act)
                await bind_user(act, "anna", telegram_id=anna["id"])
            stopping = asyncio.Event()
            running = asyncio.create_task(run_all(tools, stopping))
            await _until_it_answers(session, config.base_url, running)
            try:
                yield Installation(config.base_url, sandbox.url, control, anna["id"])
            finally:
                stopping.set()
                await running


@asynccontextmanager
async def _telegram() -> AsyncIterator[Sandbox]:
    """The sandbox, stopped whatever happens."""
    sandbox = await start()
    try:
        yield sandbox
    finally:
        await sandbox.stop()


async def _until_it_answers(session: aiohttp.ClientSession, panel: str, running: asyncio.Task[None]) -> None:
    while not running.done():
        try:
            async with session.get(f"{panel}/healthz") as answer:
                if answer.status == 200:
                    return
        except aiohttp.ClientConnectorError:
            await asyncio.sleep(0.05)
    await running


def free_port() -> int:
    """A port on loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def watch(page: Page, seen: list[str]) -> None:
    """Write down whatever the browser complains of, and every host that is not ours."""

    def complaint(message: ConsoleMessage) -> None:
        if message.type == "error":
            seen.append(f"{page.url}: {message.text}")

    page.on("console", complaint)
    page.on("pageerror", lambda error: seen.append(f"{page.url}: {error}"))
    page.on("request", lambda request: None if "127.0.0.1" in request.url else seen.append(f"foreign: {request.url}"))


async def sign_in(context: BrowserContext, at: Installation, page: Page) -> None:
    """Sign in as Anna: the panel's page in one tab, the sandbox's page in another."""
    await page.goto(f"{at.panel}/sign-in")
    link = await page.locator("a[href*='start=']").first.get_attribute("href")
    assert link is not None
    found = re.search(r"^(\d\d)$", await page.locator("main").inner_text(), re.MULTILINE)
    assert found is not None
    telegram = await context.new_page()
    await telegram.goto(link)
    await telegram.get_by_test_id("start-button").click()
    await telegram.get_by_test_id("inline-button").get_by_text(found[1], exact=True).click()
    text = telegram.get_by_test_id("message-text").filter(has_text=re.compile(r"\b\d{6}\b"))
    code = re.search(r"\b\d{6}\b", await text.last.inner_text())
    assert code is not None
    await page.locator("input[name=code]").fill(code[0])
    await page.get_by_role("button", name=re.compile("Sign in|Войти")).click()
    await page.wait_for_url(re.compile(r"/projects"))
    await telegram.close()
