"""The sign-in page in a real browser: it follows what is done in Telegram by itself, and nothing on it is refused."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect
from tests.support.panel import Panel, Phone, a_panel

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@asynccontextmanager
async def served(folder: Path) -> AsyncIterator[Panel]:
    """The panel on a port of this machine, by plain http."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        async with a_panel("sqlite", folder, base_url=address) as panel:
            server = uvicorn.Server(uvicorn.Config(panel.app, log_level="warning", lifespan="off"))
            running = asyncio.create_task(server.serve([listening]))
            try:
                yield panel
            finally:
                server.should_exit = True
                await running


@asynccontextmanager
async def shown(browser: Browser, panel: Panel, **options: Any) -> AsyncIterator[tuple[Page, list[str]]]:
    """A browser without cookies, and what its console complains of."""
    address, complaints = panel.tools.config.base_url, list[str]()
    async with await browser.new_context(base_url=address, **options) as context:
        page = await context.new_page()
        page.on("console", lambda line: complaints.append(line.text) if line.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda ask: complaints.append(ask.url) if not ask.url.startswith(address) else None)
        yield page, complaints


async def confirm(page: Page, phone: Phone) -> str | None:
    """Do in Telegram what the page asks for; gives the code that the bot sends."""
    number = await page.locator(".text-6xl").inner_text()
    link = await page.get_by_role("link", name="Open Telegram").get_attribute("href")
    await phone.say(f"/start {str(link).partition('start=')[2]}")
    await phone.press(number)
    return await phone.code()


@pytest.mark.parametrize("width", [390, 1280])
async def test_the_page_follows_the_phone_and_lets_the_person_in(browser: Browser, tmp_path: Path, width: int) -> None:
    async with (
        served(tmp_path) as panel,
        shown(browser, panel, viewport={"width": width, "height": 900}) as (page, complaints),
    ):
        boris = await panel.phone("boris")
        await panel.add_user("boris")
        await page.goto("/sign-in")
        await page.screenshot(path=tmp_path / f"sign-in-{width}.png")
        drawn = await page.locator("img[src='/sign-in/qr']").evaluate("image => image.complete && image.naturalWidth")
        assert drawn > 100
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert (await Axe().run(page)).violations_count == 0
        code = await confirm(page, boris)
        await page.get_by_label("Code").fill(str(code))
        await page.screenshot(path=tmp_path / f"code-{width}.png")
        await page.get_by_role("button", name="Sign in").click()
        await expect(page).not_to_have_url("**/sign-in")
        await page.goto("/account")
        await expect(page.get_by_text("This browser")).to_be_visible()
        await page.screenshot(path=tmp_path / f"account-{width}.png", full_page=True)
        assert (await Axe().run(page)).violations_count == 0
        assert not complaints


async def test_a_known_browser_is_let_in_without_a_click(browser: Browser, tmp_path: Path) -> None:
    async with served(tmp_path) as panel, shown(browser, panel) as (page, complaints):
        boris = await panel.phone("boris")
        await panel.add_user("boris")
        await page.goto("/sign-in")
        await page.get_by_label("Code").fill(str(await confirm(page, boris)))
        await page.get_by_role("button", name="Sign in").click()
        await expect(page).not_to_have_url("**/sign-in")
        await page.context.clear_cookies(name="tgac_session")
        await page.goto("/sign-in")
        assert await confirm(page, boris) is None
        await expect(page.get_by_role("heading", name="Projects")).to_be_visible()
        assert not complaints


async def test_a_refusal_in_telegram_is_told_on_the_page(browser: Browser, tmp_path: Path) -> None:
    async with served(tmp_path) as panel, shown(browser, panel, locale="ru-RU") as (page, _complaints):
        boris = await panel.phone("boris")
        await panel.add_user("boris")
        await page.goto("/sign-in")
        link = await page.get_by_role("link", name="Открыть Telegram").get_attribute("href")
        await boris.say(f"/start {str(link).partition('start=')[2]}")
        await boris.press("Not me")
        await expect(page.get_by_role("link", name="Начать заново")).to_be_visible()
        await page.screenshot(path=tmp_path / "refused.png")
