"""`make screenshots`: the demo's pages into `docs/screenshots/`, to be looked at before they are committed."""

import asyncio
from pathlib import Path

from playwright.async_api import Browser, StorageState

from tests.support.browser import Installation, chromium
from tests.support.pages import DESK, PAGES, PHONE, a_demo, a_reader, signed_in_state

TO = Path(__file__).parents[1] / "docs" / "screenshots"
PHONES = (("en", "light"), ("ru", "dark"))
SHOWN = ("sign-in", "overview", "posts", "post", "task-editor", "channels", "bots")


async def main() -> None:
    """Each page in both languages, light and dark, and in two of the four on a phone."""
    TO.mkdir(parents=True, exist_ok=True)
    async with a_demo() as at, chromium() as browser:
        state = await signed_in_state(browser, at)
        for language in ("en", "ru"):
            for scheme in ("light", "dark"):
                await _shoot(browser, at, state, language=language, scheme=scheme)


async def _shoot(browser: Browser, at: Installation, state: StorageState, *, language: str, scheme: str) -> None:
    for name in SHOWN:
        for size, where in ((DESK, ""), (PHONE, "-phone")) if (language, scheme) in PHONES else ((DESK, ""),):
            async with a_reader(browser, state, language=language, scheme=scheme, size=size) as context:
                page = await context.new_page()
                await page.goto(f"{at.panel}{PAGES[name]}")
                await page.wait_for_timeout(300)
                await page.screenshot(path=TO / f"{name}-{language}-{scheme}{where}.png")


if __name__ == "__main__":
    asyncio.run(main())
