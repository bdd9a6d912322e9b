"""Pictures of an agency's panel, empty, filled and failing: `python -m tests.look FOLDER [name…]`, to be looked at."""

import asyncio
import re
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from playwright.async_api import Browser, ViewportSize

from tests.support.agency import EMPTY, FULL, STOPPED, Agency, an_agency
from tests.support.browser import chromium
from tests.support.deeds import DEEDS, Deed, asked
from tests.support.pages import DESK, PAGES, PHONE, a_reader

LOOKS: tuple[tuple[str, str, ViewportSize], ...] = (("en", "light", DESK), ("ru", "dark", DESK), ("ru", "light", PHONE))
FRESH = (
    "",
    "/notices",
    "/posts",
    "/review",
    "/comments",
    "/tasks",
    "/tasks/new",
    "/channels",
    "/channels/connect-links",
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
FILLED = (*FRESH, "/posts/2", "/comments?state=planned", "/tasks/1", "/tasks/1/edit", "/tasks/1/stats",
          "/tasks/1/versions", "/dry-run?task_id=1", "/channels?state=suspended", "/channels?q=nothing", "/channels/1",
          "/channels/4", "/channels/8", "/channels/11", "/playlists/1", "/playlists/1?show=out", "/onboarding/1",
          "/onboarding/2", "/onboarding/3", "/onboarding/4", "/bots?status=REVOKED", "/bots/1", "/bots/2", "/bots/3",
          "/bots/4", "/bots/1/profile", "/bots/imports/1", "/proxies/2", "/proxies?state=failing")  # fmt: skip
_NAMED = re.compile(r"[^a-zA-Z0-9_]")
LOOKING = ("", "/channels", "/channels/4", "/bots/1", "/tasks/1", "/onboarding/2", "/proxies", "/members", "/settings")
"""What somebody sees who may only look."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A page, who looks at it, and what is done there before."""

    path: str
    who: str = "anna"
    deed: Deed | None = None


SHOTS: dict[str, Shot] = {
    **{f"empty{_NAMED.sub('-', path)}": Shot(f"/projects/{EMPTY}{path}") for path in FRESH},
    **{f"full{_NAMED.sub('-', path)}": Shot(f"/projects/{FULL}{path}") for path in FILLED},
    **{f"viewer{_NAMED.sub('-', path)}": Shot(f"/projects/{FULL}{path}", "boris") for path in LOOKING},
    **{name: Shot(path) for name, path in PAGES.items() if not path.startswith("/projects/1")},
    **{name: Shot(path, deed=deed) for name, (path, deed) in DEEDS.items()},
    "viewer-ask-leave": Shot(f"/projects/{FULL}/members", "boris", asked("leave")),
    "stopped": Shot(f"/projects/{STOPPED}"),
    "stopped-settings": Shot(f"/projects/{STOPPED}/settings"),
    "not-there": Shot(f"/projects/{FULL}/bots/999"),
    "no-such-project": Shot("/projects/999"),
    "nowhere": Shot("/nowhere"),
    "not-allowed": Shot("/admin/users", "boris"),
    "not-allowed-here": Shot(f"/projects/{FULL}/tasks/1/edit", "boris"),
}


async def main(to: Path, wanted: list[str]) -> None:
    """Each page whole, from top to bottom, for three readers."""
    with tempfile.TemporaryDirectory() as folder:
        async with an_agency(Path(folder)) as at, chromium() as browser:
            for look in LOOKS:
                for who in at.states:
                    await _shoot(browser, at, to, wanted=wanted, look=look, who=who)


async def _shoot(
    browser: Browser, at: Agency, to: Path, *, wanted: list[str], look: tuple[str, str, ViewportSize], who: str
) -> None:
    language, scheme, size = look
    async with a_reader(browser, at.states[who], language=language, scheme=scheme, size=size) as context:
        page = await context.new_page()
        for name, shot in SHOTS.items():
            if shot.who != who or (wanted and not any(name.startswith(one) for one in wanted)):
                continue
            await page.goto(f"{at.panel}{shot.path}")
            if shot.deed is not None:
                await shot.deed(page)
            await page.wait_for_timeout(100)
            if await page.evaluate("document.documentElement.scrollWidth > innerWidth"):
                print(f"wider than the screen: {name} {look}")  # noqa: T201
            whole = not await page.locator("dialog[open]").count()
            await page.screenshot(path=to / f"{name}-{language}-{size['width']}.png", full_page=whole)


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    asyncio.run(main(folder, sys.argv[2:]))
