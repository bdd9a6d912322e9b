"""Setting up an agency's channels, as a person does it: 40 channels and 6 bots from nothing to ready, in the browser.

Some of them miss something; each says what, and what is mended in Telegram turns green without a reload.
"""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Locator, Page, expect

from tests.support.browser import Installation, an_installation, chromium, sign_in, watch
from tests.support.pages import PHONE

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(900)]

CHANNELS, BOTS = 40, 6
PATIENCE_MS = 120_000
"""Whatever is waited for comes by itself; on a machine that others keep busy it comes later, and that is no fault."""
KEYBOARD = [[{"text": "Buy", "url": "https://example.org"}]]


@dataclass
class Telegram:
    """What the test has made there: channels by name, bots by username."""

    at: Installation
    channels: dict[str, dict[str, Any]] = field(default_factory=dict)
    bots: dict[str, dict[str, Any]] = field(default_factory=dict)

    async def make(self) -> None:
        """Forty channels, most of them Anna's, and six bots."""
        stranger = await self.at.control("POST", "/users", first_name="Vera", username="vera")
        for number in range(CHANNELS):
            name = f"city_{number:02}"
            owner = stranger["id"] if name == "city_04" else self.at.anna_id
            body = {"title": f"City {number:02}", "username": name, "owner_id": owner, "group": name != "city_05"}
            self.channels[name] = await self.at.control("POST", "/channels", **body)
        for number in range(BOTS):
            made = await self.at.control("POST", "/bots", name=f"Helper {number}", username=f"helper{number}_bot")
            self.bots[made["username"]] = made

    async def admit(self, name: str, bot: str, chat: str, status: str = "administrator", **rights: bool) -> None:
        """Somebody gives the bot a standing in a channel (`id`) or in its group (`group_id`)."""
        path = f"/chats/{self.channels[name][chat]}/members/{self.bots[bot]['id']}"
        if status == "administrator" and not rights:
            rights = {"can_delete_messages": True}
        await self.at.control("PUT", path, status=status, rights=rights)

    async def welcome(self, name: str, bot: str) -> None:
        """Both places, with all that is asked for."""
        await self.admit(name, bot, "id", can_manage_chat=True)
        await self.admit(name, bot, "group_id")


async def test_forty_channels_and_six_bots_from_nothing_to_ready(tmp_path: Path) -> None:
    complaints: list[str] = []
    expect.set_options(timeout=PATIENCE_MS)
    async with an_installation(tmp_path) as at, chromium() as browser:
        context = await browser.new_context(locale="en-GB", viewport={"width": 1280, "height": 800})
        context.set_default_timeout(PATIENCE_MS)
        page = await context.new_page()
        watch(page, complaints)
        await sign_in(context, at, page)
        there = Telegram(at)
        await there.make()
        await _make_project(page, at)
        await _add_bots(page, there)
        await _begin(page)
        given = await _bots_given(page)
        await page.evaluate("window.loadedOnce = true")
        await _invite_them(there, given)
        await _see_what_is_missing(page, given)
        await _mend(page, there, given)
        await expect(page.get_by_text(f"{CHANNELS} of {CHANNELS} channels are ready")).to_be_visible()
        await expect(page.get_by_text("Every channel is ready.")).to_be_visible()
        assert await page.evaluate("window.loadedOnce") is True, "nothing was loaded again"
        await page.set_viewport_size(PHONE)
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert complaints == []


async def _make_project(page: Page, at: Installation) -> None:
    await page.goto(f"{at.panel}/projects")
    await page.get_by_label("Name").fill("City network")
    await page.get_by_role("button", name="Create").click()
    await expect(page.get_by_role("heading", name="First steps")).to_be_visible()


async def _add_bots(page: Page, there: Telegram) -> None:
    await page.get_by_role("link", name="Bots", exact=True).click()
    tokens = "\n".join(bot["token"] for bot in there.bots.values())
    await page.get_by_label(re.compile("one per line")).fill(tokens)
    await page.get_by_role("button", name=re.compile("Add the list")).click()
    await expect(page.get_by_text(f"Added: {BOTS}.")).to_be_visible()


async def _begin(page: Page) -> None:
    await page.get_by_role("link", name="Channels", exact=True).click()
    await page.get_by_role("link", name="Set up many").click()
    names = [f"@city_{number:02}" for number in range(CHANNELS - 1)] + [f"https://t.me/city_{CHANNELS - 1:02}"]
    await page.get_by_label("Channels, one per line").fill("\n".join(names))
    await page.get_by_role("button", name="Set up").click()
    await expect(page.get_by_text(f"0 of {CHANNELS} channels are ready")).to_be_visible()
    await expect(page.get_by_text(f"Waiting for you: {CHANNELS}.")).to_be_visible()


async def _bots_given(page: Page) -> dict[str, str]:
    """Which bot was chosen for which channel, as the page tells."""
    rows = page.locator("tr[id^=item-]")
    await expect(rows).to_have_count(CHANNELS)
    given: dict[str, str] = {}
    for text in await rows.all_inner_texts():
        name, bot = re.search(r"City (\d\d)|@city_(\d\d)", text), re.search(r"@(helper\d_bot)", text)
        assert name is not None, text
        assert bot is not None, text
        given[f"city_{name[1] or name[2]}"] = bot[1]
    shares = [list(given.values()).count(bot) for bot in set(given.values())]
    assert max(shares) - min(shares) <= 1, "divided evenly"
    return given


async def _invite_them(there: Telegram, given: dict[str, str]) -> None:
    """The whole evening's work in Telegram, with what people forget."""
    for name, bot in given.items():
        match name:
            case "city_01":  # in the channel, but no admin
                await there.admit(name, bot, "id", status="member")
                await there.admit(name, bot, "group_id")
            case "city_02":  # not in the group
                await there.admit(name, bot, "id", can_manage_chat=True)
            case "city_03":
                await there.admit(name, bot, "id", can_manage_chat=True)
                await there.admit(name, bot, "group_id", is_anonymous=True, can_delete_messages=True)
            case "city_05":  # no group is linked
                await there.admit(name, bot, "id", can_manage_chat=True)
            case "city_06":
                await there.admit(name, bot, "id", can_manage_chat=True)
                channel = there.channels[name]["id"]
                await there.at.control("POST", f"/channels/{channel}/posts", text="Sale", keyboard=KEYBOARD)
                await there.admit(name, bot, "group_id")
            case _:
                await there.welcome(name, bot)


async def _see_what_is_missing(page: Page, given: dict[str, str]) -> None:
    await expect(page.get_by_text(f"{CHANNELS - 6} of {CHANNELS} channels are ready")).to_be_visible()
    for name, words, button in (
        ("01", f"@{given['city_01']} is not an admin of this channel", "Add to the channel"),
        ("02", f"@{given['city_02']} is not an admin of the channel's discussion group", "Add to the group"),
        ("03", f"@{given['city_03']} is an anonymous admin", "Add to the group"),
        ("04", "is not its admin in Telegram", "Open the channel"),
        ("05", "No discussion group is linked", "How to link a group"),
        ("06", "The newest post has buttons", "Open in Telegram"),
    ):
        row = _row(page, name)
        await expect(row).to_contain_text(words)
        await expect(row.locator("a.btn, button.btn")).to_have_count(1)
        await expect(row.locator("a.btn, button.btn")).to_contain_text(button)
    await expect(page.get_by_text(re.compile("1 channel: Link a discussion group"))).to_be_visible()


async def _mend(page: Page, there: Telegram, given: dict[str, str]) -> None:
    """One after the other; each turns green by itself."""
    await there.admit("city_01", given["city_01"], "id", can_manage_chat=True)
    await _turns_green(page, "01")
    await there.admit("city_02", given["city_02"], "group_id")
    await _turns_green(page, "02")
    await there.admit("city_03", given["city_03"], "group_id")
    await _turns_green(page, "03")
    path = f"/chats/{there.channels['city_04']['id']}/members/{there.at.anna_id}"
    await there.at.control("PUT", path, status="administrator", rights={"can_manage_chat": True})
    await _turns_green(page, "04")
    spare = await there.at.control("POST", "/channels", title="Spare", owner_id=there.at.anna_id, group=True)
    await there.at.control("PUT", f"/channels/{spare['id']}/group", group_id=None)
    await there.at.control("PUT", f"/channels/{there.channels['city_05']['id']}/group", group_id=spare["group_id"])
    there.channels["city_05"]["group_id"] = spare["group_id"]
    await there.admit("city_05", given["city_05"], "group_id")
    await _turns_green(page, "05")
    await there.at.control("POST", f"/channels/{there.channels['city_06']['id']}/posts", text="News")
    await _turns_green(page, "06")


async def _turns_green(page: Page, name: str) -> None:
    await expect(_row(page, name).get_by_text("Ready", exact=True)).to_be_visible()


def _row(page: Page, name: str) -> Locator:
    return page.locator("tr[id^=item-]").filter(has_text=re.compile(rf"City {name}\b"))
