"""The main job, as a newcomer does it: from the sign-in page to the comment under the post, all in the browser."""

import asyncio
import re
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Error, Page, Route, ViewportSize, expect

from tests.support.browser import Installation, an_installation, sign_in, watch

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240), pytest.mark.asyncio(loop_scope="session")]


async def test_a_newcomer_gets_from_sign_in_to_the_first_comment(browser: Browser, tmp_path: Path) -> None:
    complaints: list[str] = []
    size: ViewportSize = {"width": 1280, "height": 800}
    async with (
        an_installation(tmp_path) as at,
        await browser.new_context(locale="en-GB", viewport=size) as context,
    ):
        page = await context.new_page()
        watch(page, complaints)
        await sign_in(context, at, page)
        await _make_project(page, at)
        await _add_bot(page, at)
        await _refuse_channel_without_invitation(page, at)
        await _see_the_channel_open(page)
        await _make_task(page)
        await _publish_and_see_the_comment(context, page, at)
        await _it_fits_a_phone_in_russian(page)
    refused = [one for one in complaints if "422" in one]
    assert refused
    assert complaints == refused


async def _make_project(page: Page, at: Installation) -> None:
    await page.goto(f"{at.panel}/projects")
    await page.get_by_label("Name").fill("City network")
    await page.get_by_role("button", name="Create").click()
    await expect(page.get_by_role("heading", name="First steps")).to_be_visible()


async def _add_bot(page: Page, at: Installation) -> None:
    made = await at.control("POST", "/bots", name="City helper", username="city_helper_bot")
    at.bot = made
    await page.get_by_role("link", name="Bots", exact=True).click()
    await page.get_by_label("Token", exact=True).fill("123456:wrong")
    await page.get_by_role("button", name="Add bot").click()
    await expect(page.get_by_text("This is not a bot token")).to_be_visible()
    await page.get_by_label("Token", exact=True).fill(made["token"])
    await page.get_by_role("button", name="Add bot").click()
    await expect(page.get_by_text("@city_helper_bot").first).to_be_visible()


async def _refuse_channel_without_invitation(page: Page, at: Installation) -> None:
    place = await at.control(
        "POST", "/channels", title="City news", username="city_news", owner_id=at.anna_id, group=True
    )
    at.channel_id = place["id"]
    await page.get_by_role("link", name="Channels", exact=True).click()
    await page.get_by_label("Channel", exact=True).fill("@city_news")
    await page.get_by_role("button", name="Add channel").click()
    await expect(page.get_by_text(re.compile("not an admin of this channel"))).to_be_visible()
    for chat_id, right in ((place["id"], "can_post_messages"), (place["group_id"], "can_delete_messages")):
        path = f"/chats/{chat_id}/members/{at.bot['id']}"
        await at.control("PUT", path, status="administrator", rights={right: True})


async def _see_the_channel_open(page: Page) -> None:
    """She has added the bot herself: the channel is hers, appears, and is served without another word."""
    async with asyncio.timeout(60):
        while not await page.get_by_role("cell", name="Active", exact=True).is_visible():
            await page.get_by_role("link", name="Channels", exact=True).click()
            await page.wait_for_timeout(300)


async def _make_task(page: Page) -> None:
    await page.get_by_role("link", name="Tasks", exact=True).click()
    await page.get_by_role("link", name="New task").first.click()
    await page.get_by_label("Name", exact=True).fill("Rules under every post")
    await page.get_by_role("checkbox", name=re.compile("^City news")).check()
    await page.get_by_role("checkbox", name=re.compile("^@city_helper_bot")).check()
    await _see_the_preview_follow(page)
    await page.get_by_label("Text of the comment").fill("{Welcome|Welcome} to {{ channel.title }} {unbalanced")
    delay = page.get_by_role("group", name="How long after the post")
    await delay.get_by_label("From", exact=True).fill("0")
    await delay.get_by_label("To", exact=True).fill("1")
    await delay.get_by_label("Unit", exact=True).select_option(label="seconds")
    await page.get_by_role("button", name="Save and switch on").click()
    await expect(page.locator(".field-error, [role=alert]").first).to_be_visible()
    await page.get_by_label("Text of the comment").fill("{Welcome|Welcome} to <b>{{ channel.title }}</b>")
    await page.get_by_role("button", name="Save and switch on").click()
    await expect(page.get_by_text(re.compile("Under every post of"))).to_be_visible()


async def _see_the_preview_follow(page: Page) -> None:
    """It shows what was typed last, also where the answer to what was typed before was still on its way."""
    asked, may_answer = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        asked.set()
        await may_answer.wait()
        with suppress(Error):  # given up meanwhile
            await route.continue_()

    await page.route("**/tasks/preview", hold)
    await page.get_by_label("Text of the comment").fill("First words")
    await asked.wait()
    await page.get_by_label("Text of the comment").fill("Other words")
    may_answer.set()
    await expect(page.locator("#preview")).to_contain_text("Other words", timeout=30_000)
    await page.unroute("**/tasks/preview")


async def _publish_and_see_the_comment(context: BrowserContext, page: Page, at: Installation) -> None:
    telegram = await context.new_page()
    await telegram.goto(at.telegram)
    await telegram.get_by_test_id("who-am-i").select_option(str(at.anna_id))
    await telegram.get_by_test_id(f"chat-item-{at.channel_id}").click()
    await telegram.get_by_test_id("composer-text").fill("The new tram line opens on Monday")
    await telegram.get_by_test_id("composer-send").click()
    await page.get_by_role("link", name="Posts", exact=True).click()
    await expect(page.get_by_text("Sent", exact=True).first).to_be_visible(timeout=30_000)
    await page.get_by_role("link", name=re.compile("The new tram line")).click()
    await expect(page.get_by_text("Welcome to City news").first).to_be_visible()
    await expect(page.get_by_text(re.compile("Sent as message"))).to_be_visible()
    await expect(page.get_by_role("heading", name="Why")).to_be_visible()
    await telegram.get_by_test_id(re.compile(r"comments-\d+")).last.click()
    await expect(telegram.get_by_text("Welcome to City news").last).to_be_visible()
    await telegram.close()


async def _it_fits_a_phone_in_russian(page: Page) -> None:
    await page.set_viewport_size({"width": 390, "height": 800})
    await page.get_by_role("button", name="Menu").click()
    await page.get_by_role("button", name="Русский").click()
    await expect(page.get_by_role("heading", name="Почему")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
