"""The layout and every macro in a real browser: nothing overflows, nothing is refused by the CSP, axe finds nothing.

Screenshots stand in pytest's temporary folder (`--basetemp` chooses one): look at them after a change of the look.
"""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from tgac.kit.web.tests.gallery import gallery

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SHOWN = "/projects/1/comments"
type Shown = Callable[..., AbstractAsyncContextManager[tuple[Page, list[str]]]]

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@asynccontextmanager
async def served() -> AsyncIterator[str]:
    config = uvicorn.Config(gallery("http://127.0.0.1"), log_level="warning", lifespan="off")
    server = uvicorn.Server(config)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        running = asyncio.create_task(server.serve([listening]))
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await running


@asynccontextmanager
async def seen(browser: Browser, path: str = SHOWN, **options: Any) -> AsyncIterator[tuple[Page, list[str]]]:
    """A page of the gallery, seen by a browser that is signed in, and what its console complains of."""
    complaints: list[str] = []
    async with served() as address, await browser.new_context(base_url=address, **options) as context:
        await context.add_cookies([{"name": "session", "value": "s1", "url": address}])
        page = await context.new_page()
        page.on("console", lambda line: complaints.append(line.text) if line.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda ask: complaints.append(ask.url) if not ask.url.startswith(address) else None)
        await page.goto(path)
        yield page, complaints


@pytest.fixture
def shown(browser: Browser) -> Shown:
    """`seen` by the browser that is there."""
    return partial(seen, browser)


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_the_gallery_is_whole(shown: Shown, scheme: Any, language: str, width: int, tmp_path: Path) -> None:
    look: dict[str, Any] = {"color_scheme": scheme, "viewport": {"width": width, "height": 900}}
    async with shown(**look, extra_http_headers={"accept-language": language}) as (page, complaints):
        await page.screenshot(path=tmp_path / f"{scheme}-{language}-{width}.png", full_page=True)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert await page.evaluate("document.documentElement.lang") == language
        found = await Axe().run(page, options={"runOnly": RULES})
        assert [(one["id"], one["nodes"][0]["html"]) for one in found.response["violations"]] == []
        if width == 390:
            await page.locator(".topbar [popovertarget]").click()
            await expect(page.locator("#sidebar")).to_be_visible()
            await page.screenshot(path=tmp_path / f"{scheme}-{language}-menu.png")
        assert complaints == []


async def test_a_live_region_asks_again_and_keeps_what_stands_beside_it(shown: Shown) -> None:
    async with shown() as (page, complaints):
        await page.locator("#f-name").fill("typed meanwhile")
        number = page.locator("#rows td.number").first
        before = int(await number.inner_text())
        await expect(number).not_to_have_text(str(before))
        await expect(number).not_to_have_text(str(before + 1))
        assert await page.locator("#f-name").input_value() == "typed meanwhile"
        assert "ago" in await page.evaluate("document.querySelector('relative-time').shadowRoot.textContent")
        assert complaints == []


async def test_htmx_carries_the_token_and_shows_notices(shown: Shown) -> None:
    async with shown() as (page, _complaints):
        await page.get_by_role("button", name="Say", exact=True).click()
        await expect(page.locator("#notices .notice-ok")).to_have_text("It was said.")
        await page.get_by_role("button", name="Fail").click()
        await expect(page.locator("#notices .notice")).to_have_count(1)
        await expect(page.locator("#notices .notice-bad")).to_have_text("It was refused.")
        await expect(page.get_by_role("button", name="Fail")).to_be_visible()
        await page.locator("#notices [data-close]").click()
        await expect(page.locator("#notices .notice")).to_have_count(0)
        await page.get_by_role("button", name="Go", exact=True).click()
        await page.wait_for_url("**/comments?moved=1")
        await expect(page.locator("#notices")).to_contain_text("It went on.")


async def test_forms_work_without_scripts(shown: Shown) -> None:
    async with shown(java_script_enabled=False) as (page, _complaints):
        await page.locator("#f-name").fill("Anna")
        await page.locator("#f-token").fill("t")
        await page.get_by_role("button", name="Save").click()
        await expect(page.locator("#notices")).to_contain_text("Saved Anna.")
        await expect(page.locator("#rows time").first).to_have_text("29 Jul 2026, 15:05")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
async def test_what_cannot_be_taken_back_is_asked_in_a_dialog(shown: Shown, scripts: bool) -> None:
    async with shown(java_script_enabled=scripts) as (page, complaints):
        dialog, opener = page.get_by_role("dialog"), page.locator("main").get_by_role("button", name="Delete it")
        await expect(dialog).to_have_count(0)
        await opener.click()
        await expect(dialog).to_have_accessible_name("Delete “Anna”?")
        await expect(dialog.get_by_role("button", name="Do nothing")).to_be_focused()
        assert await dialog.evaluate("one => one.matches(':modal')")
        if scripts:
            assert (await Axe().run(page, options={"runOnly": RULES})).response["violations"] == []
        await page.keyboard.press("Escape")
        await expect(dialog).to_have_count(0)
        await expect(opener).to_be_focused()
        await opener.click()
        await dialog.get_by_role("button", name="Do nothing").click()
        await expect(dialog).to_have_count(0)
        await opener.click()
        await dialog.get_by_role("button", name="Delete it").click()
        await expect(page.locator("#notices")).to_contain_text("Saved Anna.")
        assert complaints == []


async def test_hands_stay_on_the_keyboard(shown: Shown) -> None:
    async with shown() as (page, complaints):
        await page.keyboard.press("j")
        await page.keyboard.press("j")
        await page.keyboard.press("k")
        await expect(page.locator("#rows tbody tr a").first).to_be_focused()
        await page.keyboard.press("?")
        await expect(page.get_by_role("dialog")).to_have_accessible_name("Keys")
        await page.keyboard.press("Escape")
        await page.keyboard.press("Control+k")
        palette = page.get_by_role("dialog")
        await expect(palette.get_by_role("searchbox")).to_be_focused()
        await palette.get_by_role("searchbox").press_sequentially("prox")
        await expect(palette.get_by_role("link")).to_have_text(["Proxies"])
        await page.keyboard.press("Enter")
        await page.wait_for_url("**/projects/1/proxies")
        assert [line for line in complaints if "404" not in line] == []


async def test_g_and_a_letter_goes_there_but_not_out_of_a_field(shown: Shown) -> None:
    async with shown() as (page, _complaints):
        await page.locator("#f-name").press_sequentially("gb")
        assert page.url.endswith(SHOWN)
        await page.locator("#f-name").blur()
        await page.evaluate("window.heard = ''; document.addEventListener('keydown', e => window.heard += e.key)")
        await page.keyboard.press("g")
        await page.keyboard.press("q")
        assert await page.evaluate("window.heard") == "g", "what follows is no order to the page"
        await page.keyboard.press("g")
        await page.keyboard.press("b")
        await page.wait_for_url("**/projects/1/bots")


async def test_copying_says_that_it_was_done(shown: Shown) -> None:
    async with shown(permissions=["clipboard-read", "clipboard-write"]) as (page, complaints):
        await page.get_by_role("button", name="Copy the id").click()
        await expect(page.locator("copy-button [role=status]")).to_have_text("Copied")
        assert await page.evaluate("navigator.clipboard.readText()") == "-1001234567890"
        assert complaints == []


async def test_a_lost_server_is_told(shown: Shown) -> None:
    async with shown() as (page, _complaints):
        await page.context.set_offline(True)
        await expect(page.locator("#offline")).to_be_visible()
        await page.context.set_offline(False)
        await expect(page.locator("#offline")).to_be_hidden()
