"""Pictures of an agency's panel, empty, filled and failing: `python -m tests.look FOLDER [name…]`, to be looked at."""

import asyncio
import sys
import tempfile
from pathlib import Path

from playwright.async_api import Browser, ViewportSize

from tests.support.agency import EMPTY, FULL, Agency, an_agency
from tests.support.browser import chromium
from tests.support.pages import DESK, PAGES, PHONE, a_reader

LOOKS: tuple[tuple[str, str, ViewportSize], ...] = (("en", "light", DESK), ("ru", "dark", DESK), ("ru", "light", PHONE))
FRESH = (
    "",
    "/posts",
    "/comments",
    "/tasks",
    "/tasks/new",
    "/channels",
    "/playlists",
    "/onboarding",
    "/bots",
    "/bots/managed",
    "/bots/profiles",
    "/proxies",
    "/settings",
    "/members",
    "/audit",
    "/delete",
)
FILLED = (*FRESH, "/posts/2", "/comments?state=planned", "/tasks/1", "/tasks/1/edit", "/tasks/1/versions",
          "/channels?state=suspended", "/channels?q=nothing", "/channels/1", "/channels/4", "/channels/8",
          "/playlists/1", "/onboarding/1", "/bots/1", "/bots/2", "/bots/3", "/bots/4", "/bots/1/profile",
          "/bots/imports/1", "/proxies/2")  # fmt: skip
PAGES_TO_SEE = {
    **{f"empty{path.replace('/', '-')}": f"/projects/{EMPTY}{path}" for path in FRESH},
    **{f"full{path.replace('/', '-')}": f"/projects/{FULL}{path}" for path in FILLED},
    **{name: path for name, path in PAGES.items() if not path.startswith("/projects/1")},
    "gone": "/projects/2/bots/999",
    "stranger": "/projects/999",
}


async def main(to: Path, wanted: list[str]) -> None:
    """Each page whole, from top to bottom, for three readers."""
    with tempfile.TemporaryDirectory() as folder:
        async with an_agency(Path(folder)) as at, chromium() as browser:
            for language, scheme, size in LOOKS:
                await _shoot(browser, at, to, wanted=wanted, look=(language, scheme, size))


async def _shoot(
    browser: Browser, at: Agency, to: Path, *, wanted: list[str], look: tuple[str, str, ViewportSize]
) -> None:
    language, scheme, size = look
    async with a_reader(browser, at.state, language=language, scheme=scheme, size=size) as context:
        page = await context.new_page()
        for name, path in PAGES_TO_SEE.items():
            if wanted and not any(name.startswith(one) for one in wanted):
                continue
            await page.goto(f"{at.panel}{path}")
            await page.wait_for_timeout(150)
            await page.screenshot(path=to / f"{name}-{language}-{size['width']}.png", full_page=True)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(folder, sys.argv[2:]))
