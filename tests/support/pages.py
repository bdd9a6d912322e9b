"""The demo's pages, signed in: for the test that looks at each of them, and for the screenshots in `docs/`."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aiohttp
from playwright.async_api import Browser, BrowserContext, StorageState, ViewportSize

from tests.support.browser import Installation, free_port, sign_in
from tests.support.world import Controls
from tgac.demo import run_demo

PAGES = {
    "sign-in": "/sign-in",
    "projects": "/projects",
    "overview": "/projects/1",
    "posts": "/projects/1/posts",
    "post": "/projects/1/posts/2",
    "review": "/projects/1/review",
    "comments": "/projects/1/comments",
    "tasks": "/projects/1/tasks",
    "task": "/projects/1/tasks/1",
    "task-editor": "/projects/1/tasks/1/edit",
    "task-stats": "/projects/1/tasks/1/stats",
    "task-versions": "/projects/1/tasks/1/versions",
    "dry-run": "/projects/1/dry-run?task_id=1",
    "channels": "/projects/1/channels",
    "channel": "/projects/1/channels/1",
    "connect-links": "/projects/1/channels/connect-links",
    "playlists": "/projects/1/playlists",
    "onboarding": "/projects/1/onboarding",
    "bots": "/projects/1/bots",
    "bot": "/projects/1/bots/1",
    "profile": "/projects/1/bots/1/profile",
    "profiles": "/projects/1/bots/profiles",
    "proxies": "/projects/1/proxies",
    "settings": "/projects/1/settings",
    "members": "/projects/1/members",
    "audit": "/projects/1/audit",
    "delete": "/projects/1/delete",
    "users": "/admin/users",
    "installation": "/admin/settings",
    "status": "/admin/status",
    "panel-audit": "/admin/audit",
    "account": "/account",
}
DESK: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 800}


@asynccontextmanager
async def a_demo() -> AsyncIterator[Installation]:
    """`tgac demo` with posts arriving quickly, until a first comment was sent and a post was skipped."""
    port, sandbox_port = free_port(), free_port()
    running = asyncio.create_task(run_demo(port=port, sandbox_port=sandbox_port, post_every_s=1.0))
    telegram = f"http://127.0.0.1:{sandbox_port}"
    async with aiohttp.ClientSession() as session:
        await _until_commented(session, telegram, running)
        try:
            yield Installation(f"http://127.0.0.1:{port}", telegram, Controls(session, telegram), 0)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)  # as an owner stops it: the demo listens for this
            await running


async def _until_commented(session: aiohttp.ClientSession, telegram: str, running: asyncio.Task[None]) -> None:
    sent = 0
    while sent < 6 and not running.done():
        await asyncio.sleep(0.3)
        try:
            async with session.get(f"{telegram}/sandbox/calls?method=sendMessage") as answer:
                sent = len((await answer.json())["result"])
        except aiohttp.ClientConnectorError:
            continue
    if running.done():
        await running


async def signed_in_state(browser: Browser, at: Installation) -> StorageState:
    """Sign in once; gives the cookies for other contexts."""
    context = await browser.new_context(locale="en-GB")
    await sign_in(context, at, await context.new_page())
    state = await context.storage_state()
    await context.close()
    return state


@asynccontextmanager
async def a_reader(
    browser: Browser, state: StorageState, *, language: str, scheme: str, size: ViewportSize
) -> AsyncIterator[BrowserContext]:
    """A signed-in browser with this language, colour scheme and size."""
    context = await browser.new_context(
        storage_state=state,
        locale={"ru": "ru-RU", "en": "en-GB"}[language],
        color_scheme=scheme,  # type: ignore[arg-type]
        viewport=size,
    )
    try:
        yield context
    finally:
        await context.close()
