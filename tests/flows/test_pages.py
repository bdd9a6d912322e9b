"""Every page of the demo, in both languages, light and dark, on a desk and on a phone: nothing broken to look at."""

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, StorageState, ViewportSize

from tests.support.browser import Installation, chromium, watch
from tests.support.pages import DESK, PAGES, PHONE, a_demo, a_reader, signed_in_state

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]

LOOKS: tuple[tuple[str, str, ViewportSize], ...] = (
    ("en", "light", DESK),
    ("ru", "dark", DESK),
    ("ru", "light", PHONE),
    ("en", "dark", PHONE),
)


async def test_every_page_is_whole_for_every_reader() -> None:
    async with a_demo() as at, chromium() as browser:
        state = await signed_in_state(browser, at)
        faults = [fault for look in LOOKS for fault in await _look_through(browser, at, state, look)]
    assert faults == []


async def _look_through(
    browser: Browser, at: Installation, state: StorageState, look: tuple[str, str, ViewportSize]
) -> list[str]:
    language, scheme, size = look
    faults: list[str] = []
    async with a_reader(browser, state, language=language, scheme=scheme, size=size) as context:
        page = await context.new_page()
        watch(page, faults)
        for name, path in PAGES.items():
            answer = await page.goto(f"{at.panel}{path}")
            assert answer is not None
            faults += [f"{name} {look}: {fault}" for fault in await _faults_of(page, answer.status, language)]
    return faults


async def _faults_of(page: Page, status: int, language: str) -> list[str]:
    faults = [] if status == 200 else [f"status {status}"]
    if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
        faults.append("wider than the screen")
    if await page.evaluate("document.documentElement.lang") != language:
        faults.append("in another language")
    found = (await Axe().run(page)).response["violations"]
    return faults + [f"{one['id']}: {one['nodes'][0]['html'][:120]}" for one in found]
