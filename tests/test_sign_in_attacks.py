"""Every attack on the sign-in that SECURITY.md names, on the real application. Vera is the attacker."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select

from tests.support.panel import SAME_ORIGIN, Browser, Panel, Phone, a_panel
from tgac.kit.secrets import hash_secret, new_secret
from tgac.kit.tenancy import NO_PROJECT
from tgac.people.exchange import service_signature
from tgac.people.models import LoginSession, User
from tgac.people.queries import user_named
from tgac.people.service import bind_user, block_user, create_api_token, ensure_first_admin, make_bind_link


@pytest.fixture
async def panel(database: str, tmp_path: Path) -> AsyncIterator[Panel]:
    async with a_panel(database, tmp_path) as made:
        yield made


@pytest.fixture
async def panel_in_a_file(tmp_path: Path) -> AsyncIterator[Panel]:
    async with a_panel("sqlite", tmp_path) as made:
        yield made


@pytest.fixture
async def anna(panel: Panel) -> Phone:
    """The admin, bound to her Telegram account."""
    phone = await panel.phone("anna")
    await panel.add_user("anna", telegram_id=phone.id, state="active", is_admin=True)
    return phone


@pytest.fixture
async def boris(panel: Panel) -> Phone:
    """A user, bound to his Telegram account."""
    phone = await panel.phone("boris")
    await panel.add_user("boris", telegram_id=phone.id, state="active")
    return phone


@pytest.fixture
async def vera(panel: Panel) -> Phone:
    """Somebody who is no user."""
    return await panel.phone("vera")


async def sessions(panel: Panel) -> int:
    async with panel.tools.reading(None, NO_PROJECT) as act:
        return (await act.session.scalars(select(func.count(LoginSession.id)))).one()


async def user(panel: Panel, name: str) -> User:
    async with panel.tools.reading(None, NO_PROJECT) as act:
        return (await act.session.scalars(select(User).where(User.username == name))).one()


async def call_exchange(
    panel: Panel, browser: Browser, *, headers: dict[str, str] | None = None, **body: Any
) -> httpx.Response:
    """What a bot elsewhere sends, rightly signed but for `headers`."""
    content = json.dumps(body).encode()
    timestamp, nonce = str(int(panel.clock.now().timestamp())), new_secret(16)
    signature = service_signature(panel.tools.config, panel.tools.keys, timestamp=timestamp, nonce=nonce, body=content)
    signed = {"x-tgac-timestamp": timestamp, "x-tgac-nonce": nonce, "x-tgac-signature": signature}
    signed |= {"content-type": "application/json"} | (headers or {})
    return await browser.post("/auth/telegram/exchange", content=content, headers=signed)


def heard(browser: Browser, person: Phone, **more: Any) -> dict[str, Any]:
    body = {"login_token": browser.payload, "telegram_id": person.id, "chat_id": person.id, "update_id": 7}
    return body | {"username": person.name} | more


# --- The honest way. ---


async def test_who_confirms_is_signed_in_where_he_began(panel: Panel, boris: Phone) -> None:
    browser = panel.browser()
    await browser.begin()
    assert await browser.standing() == "pending"
    code = await boris.confirm(browser)
    assert await browser.standing() == "code"
    assert (await browser.collect(code)).status_code == 200
    assert await browser.who() == "boris"
    assert await browser.standing() == "expired"


async def test_the_bot_says_where_it_comes_from_and_shows_nine_numbers_below_not_me(panel: Panel, boris: Phone) -> None:
    browser = panel.browser()
    await browser.begin()
    await boris.open(browser)
    text = (await boris.read())["text"]
    assert "Sign in to panel.example.org?" in text
    assert "Chrome · Windows · 203.0.113.9 · just now" in text
    assert "Nobody will ever send you such a link" in text
    first, *rows = [[one["text"] for one in row] for row in await boris.buttons()]
    assert first == ["Not me"]
    assert [len(row) for row in rows] == [3, 3, 3]
    numbers = [number for row in rows for number in row]
    assert len(set(numbers)) == 9
    assert browser.started["number"] in numbers


async def test_a_known_browser_needs_no_code_the_second_time_unless_for_an_admin(
    panel: Panel, boris: Phone, anna: Phone
) -> None:
    for phone, second in ((boris, "confirmed"), (anna, "code")):
        browser = panel.browser()
        await phone.sign_in(browser)
        await browser.send_form("/auth/logout")
        await browser.begin()
        await phone.confirm(browser)
        assert await browser.standing() == second


async def test_a_known_browser_of_one_user_is_not_known_for_another(panel: Panel, boris: Phone, vera: Phone) -> None:
    await panel.add_user("vera", telegram_id=vera.id, state="active")
    browser = panel.browser()
    await boris.sign_in(browser)
    await browser.begin()
    await vera.confirm(browser)
    assert await browser.standing() == "code"


async def test_a_bot_elsewhere_does_the_same_but_makes_no_session(panel: Panel, boris: Phone) -> None:
    browser, there = panel.browser(), panel.browser("127.0.0.1")
    await browser.begin()
    asked = (await call_exchange(panel, there, **heard(browser, boris))).json()["data"]
    assert browser.started["number"] in asked["numbers"]
    told = await call_exchange(panel, there, **heard(browser, boris, number=browser.started["number"]))
    assert "set-cookie" not in told.headers
    assert await sessions(panel) == 0
    assert (await browser.collect(told.json()["data"]["code"])).status_code == 200
    assert await browser.who() == "boris"
    assert await there.who() is None


# --- The attacks. ---


async def test_the_exchange_believes_no_unsigned_call(panel: Panel, anna: Phone) -> None:
    vera, script, there = panel.browser("198.51.100.7"), panel.browser("198.51.100.7"), panel.browser("127.0.0.1")
    await vera.begin()
    body = heard(vera, anna, number=vera.started["number"])
    for browser, status in ((script, 404), (there, 403)):
        answered = await browser.post("/auth/telegram/exchange", json=body)
        assert answered.status_code == status
    assert await vera.standing() == "pending"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"x-tgac-signature": "0" * 64}, 403),
        ({"x-tgac-timestamp": "1"}, 403),
        ({"x-tgac-nonce": "a" * 20}, 403),
        ({"x-forwarded-for": "127.0.0.1"}, 404),
        ({"forwarded": "for=127.0.0.1"}, 404),
    ],
)
async def test_the_exchange_believes_nothing_that_was_touched(
    panel: Panel, boris: Phone, headers: dict[str, str], status: int
) -> None:
    browser, there = panel.browser(), panel.browser("127.0.0.1")
    await browser.begin()
    assert (await call_exchange(panel, there, headers=headers, **heard(browser, boris))).status_code == status


async def test_a_signed_call_counts_once_and_for_thirty_seconds(panel: Panel, boris: Phone) -> None:
    browser, there = panel.browser(), panel.browser("127.0.0.1")
    await browser.begin()
    sent = (await call_exchange(panel, there, **heard(browser, boris))).request
    signed = {name: value for name, value in sent.headers.items() if name.startswith(("x-", "content-type"))}
    again = await there.post("/auth/telegram/exchange", content=sent.content, headers=signed)
    assert again.status_code == 403
    panel.clock.advance(31)
    timestamp = {"x-tgac-timestamp": str(int(panel.clock.now().timestamp()) - 31)}
    assert (await call_exchange(panel, there, headers=timestamp, **heard(browser, boris))).status_code == 403


async def test_a_call_signed_too_early_or_too_late_is_refused(panel: Panel, boris: Phone) -> None:
    browser, there = panel.browser(), panel.browser("127.0.0.1")
    await browser.begin()
    for off, status in ((-31, 403), (31, 403), (-29, 200)):
        content = json.dumps(heard(browser, boris)).encode()
        timestamp, nonce = str(int(panel.clock.now().timestamp()) + off), new_secret(16)
        config, keys = panel.tools.config, panel.tools.keys
        signature = service_signature(config, keys, timestamp=timestamp, nonce=nonce, body=content)
        signed = {"x-tgac-timestamp": timestamp, "x-tgac-nonce": nonce, "x-tgac-signature": signature}
        signed |= {"content-type": "application/json"}
        assert (await there.post("/auth/telegram/exchange", content=content, headers=signed)).status_code == status


async def test_the_exchange_names_the_admin_by_number_never_by_name(panel: Panel, vera: Phone) -> None:
    await panel.add_user("anna", is_admin=True)
    browser, there = panel.browser(), panel.browser("127.0.0.1")
    await browser.begin()
    told = await call_exchange(panel, there, **heard(browser, vera, username="anna"))
    assert told.json()["data"] == {"status": "refused", "reason": "stranger"}
    assert (await user(panel, "anna")).telegram_id is None


async def test_a_link_that_was_sent_to_a_victim_signs_the_sender_in_nowhere(panel: Panel, boris: Phone) -> None:
    vera, victim = panel.browser("198.51.100.7"), panel.browser()
    await vera.begin()
    await boris.open(vera)
    assert "198.51.100.7" in (await boris.read())["text"]
    wrong = next(
        one["text"] for row in (await boris.buttons())[1:] for one in row if one["text"] != vera.started["number"]
    )
    await boris.press(wrong)
    assert await vera.standing() == "denied"
    assert (await vera.collect()).status_code == 409
    assert await victim.who() is None


async def test_even_a_victim_who_was_told_the_number_keeps_the_code(panel: Panel, boris: Phone) -> None:
    vera = panel.browser("198.51.100.7")
    await vera.begin()
    assert await boris.confirm(vera) is not None
    assert await vera.standing() == "code"
    assert (await vera.collect()).json()["error"]["code"] == "code_needed"
    assert await sessions(panel) == 0


async def test_not_me_burns_the_sign_in_even_after_the_number(panel: Panel, boris: Phone) -> None:
    browser = panel.browser()
    await browser.begin()
    await boris.open(browser)
    await boris.press("Not me")
    assert await browser.standing() == "denied"
    await boris.open(browser)
    assert "not good any more" in (await boris.read())["text"]


async def test_polling_with_what_the_link_carries_tells_nothing(panel: Panel, boris: Phone) -> None:
    browser, vera = panel.browser(), panel.browser("198.51.100.7")
    await browser.begin()
    await vera.begin()
    await boris.confirm(browser)
    assert await vera.standing(browser.payload) == "expired"
    assert await vera.standing(browser.started["login_token"]) == "expired"
    assert await vera.standing("never-was") == "expired"
    assert await browser.standing(browser.payload) == "expired"
    assert (await vera.collect(token=browser.payload)).status_code == 404


async def test_knowing_everything_but_the_cookie_collects_nothing(panel: Panel, boris: Phone) -> None:
    browser, vera = panel.browser(), panel.browser("198.51.100.7")
    await browser.begin()
    code = await boris.confirm(browser)
    assert (await vera.collect(code, token=browser.started["login_token"])).status_code == 404
    await vera.begin()
    assert (await vera.collect(code, token=browser.started["login_token"])).status_code == 404
    assert await sessions(panel) == 0


async def test_no_get_sets_a_session(panel: Panel, boris: Phone) -> None:
    browser = panel.browser()
    await boris.sign_in(browser)
    await browser.send_form("/auth/logout")
    await browser.begin()
    await boris.confirm(browser)
    for path in ("/auth/telegram/poll?token=" + browser.started["login_token"], "/sign-in", "/sign-in/state"):
        assert "session" not in (await browser.get(path)).headers.get("set-cookie", "")
    assert await sessions(panel) == 0


async def test_another_site_cannot_sign_a_browser_in(panel: Panel, vera: Phone) -> None:
    await panel.add_user("vera", telegram_id=vera.id, state="active")
    browser = panel.browser()
    await browser.begin()
    code = await vera.confirm(browser)
    body = {"login_token": browser.started["login_token"], "code": code}
    for headers in (
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
    ):
        for path in ("/auth/telegram/session", "/auth/telegram/token", "/sign-in", "/auth/logout"):
            assert (await browser.post(path, json=body, headers=headers)).status_code == 403
    assert await browser.who() is None


async def test_a_cookie_planted_by_a_neighbour_is_not_read(panel: Panel, vera: Phone) -> None:
    """On https the name itself says that this very host has set it; the plain name is nobody's."""
    await panel.add_user("vera", telegram_id=vera.id, state="active")
    hers, victim = panel.browser("198.51.100.7"), panel.browser()
    await vera.sign_in(hers)
    await hers.begin()
    for name, value in hers.cookies.items():
        victim.cookies.set(name.removeprefix("__Host-"), value, domain="panel.example.org")
    assert await victim.who() is None
    assert await victim.standing(hers.started["login_token"]) == "expired"


async def test_a_planted_sign_in_is_not_shown_as_ones_own(panel: Panel) -> None:
    """Where there is no https a neighbour can plant the cookie: then another address or browser begins anew."""
    vera, victim = panel.browser("198.51.100.7"), panel.browser()
    await vera.begin()
    victim.cookies.update(vera.cookies)
    page = await victim.get("/sign-in")
    assert vera.payload not in page.text
    assert victim.cookies["__Host-tgac_flow"] != vera.cookies["__Host-tgac_flow"]


async def test_the_session_is_another_at_each_sign_in_and_the_former_one_ends(panel: Panel, boris: Phone) -> None:
    browser, thief = panel.browser(), panel.browser("198.51.100.7")
    await boris.sign_in(browser)
    thief.cookies.update(browser.cookies)
    former = browser.cookies["__Host-tgac_session"]
    await boris.sign_in(browser)
    assert browser.cookies["__Host-tgac_session"] != former
    assert await thief.who() is None
    assert await sessions(panel) == 1


async def test_a_squatted_username_opens_nothing_once_it_is_bound(panel: Panel) -> None:
    owner, squatter = await panel.phone("petr_renamed"), await panel.phone("petr")
    await panel.add_user("petr", telegram_id=owner.id, state="active")
    browser = panel.browser()
    await browser.begin()
    await squatter.open(browser)
    assert "not a user of this panel" in (await squatter.read())["text"]
    assert await browser.standing() == "denied"
    assert (await user(panel, "petr")).telegram_id == owner.id


async def test_a_username_binds_once_for_an_invited_user(panel: Panel, vera: Phone) -> None:
    await panel.add_user("vera")
    await vera.sign_in(panel.browser())
    bound = await user(panel, "vera")
    assert (bound.telegram_id, bound.state) == (vera.id, "active")


async def test_the_first_admins_name_alone_opens_nothing(panel: Panel) -> None:
    async with panel.tools.acting(None, NO_PROJECT) as act:
        await ensure_first_admin(act)
    squatter = await panel.phone("anna")
    browser = panel.browser()
    await browser.begin()
    await squatter.open(browser)
    assert await browser.standing() == "denied"
    assert (await user(panel, "anna")).telegram_id is None


async def test_the_first_admin_is_bound_by_link_and_name_together_once(panel: Panel, vera: Phone) -> None:
    async with panel.tools.acting(None, NO_PROJECT) as act:
        link = await make_bind_link(act, bot_username="desk_bot")
    payload = link.partition("start=")[2]
    await vera.say(f"/start {payload}")
    assert (await user(panel, "anna")).telegram_id is None
    anna = await panel.phone("anna")
    await anna.say(f"/start {payload}")
    assert (await user(panel, "anna")).telegram_id == anna.id
    await anna.say(f"/start {payload}")
    assert "used up" in (await anna.read())["text"]


async def test_the_first_admins_link_is_good_for_a_quarter_of_an_hour(panel: Panel) -> None:
    async with panel.tools.acting(None, NO_PROJECT) as act:
        link = await make_bind_link(act, bot_username="desk_bot")
    anna = await panel.phone("anna")
    panel.clock.advance(15 * 60)
    await anna.say(f"/start {link.partition('start=')[2]}")
    assert (await user(panel, "anna")).telegram_id is None


async def test_nothing_is_used_twice(panel: Panel, boris: Phone) -> None:
    browser, twin = panel.browser(), panel.browser()
    await browser.begin()
    twin.cookies.update(browser.cookies)
    code = await boris.confirm(browser)
    assert (await browser.collect(code)).status_code == 200
    assert (await twin.collect(code, token=browser.started["login_token"])).status_code == 404
    await boris.open(browser)
    assert "not good any more" in (await boris.read())["text"]
    assert await sessions(panel) == 1


async def test_a_second_presenter_burns_it_for_both(panel: Panel, boris: Phone, anna: Phone) -> None:
    browser = panel.browser()
    await browser.begin()
    await boris.open(browser)
    await anna.open(browser)
    assert await browser.standing() == "denied"
    await boris.press(browser.started["number"])
    assert await browser.standing() == "denied"


async def test_another_persons_press_is_not_heard(panel: Panel, boris: Phone, vera: Phone) -> None:
    browser = panel.browser()
    await browser.begin()
    await boris.open(browser)
    data = f"signin:1:{browser.started['number']}"
    press = {"id": "1", "from": {"id": vera.id, "is_bot": False, "first_name": "V"}, "chat_instance": "1", "data": data}
    chat = {"id": vera.id, "type": "private", "first_name": "V"}
    await panel.hear_raw(callback_query=press | {"message": {"message_id": 1, "date": 0, "chat": chat}})
    assert await browser.standing() == "pending"


async def test_the_number_cannot_be_tried_out(panel: Panel, boris: Phone) -> None:
    browser, there = panel.browser(), panel.browser("127.0.0.1")
    await browser.begin()
    await boris.open(browser)
    shown = {one["text"] for row in (await boris.buttons())[1:] for one in row}
    wrong = next(one for one in sorted(shown) if one != browser.started["number"])
    await call_exchange(panel, there, **heard(browser, boris, number=wrong))
    told = await call_exchange(panel, there, **heard(browser, boris, number=browser.started["number"]))
    assert told.json()["data"]["status"] == "refused"
    assert await browser.standing() == "denied"


async def test_the_same_nine_numbers_are_shown_again(panel: Panel, boris: Phone) -> None:
    """Two draws would have the right one in common, and little else."""
    browser = panel.browser()
    await browser.begin()
    await boris.open(browser)
    first = await boris.buttons()
    await boris.open(browser)
    assert await boris.buttons() == first


async def test_three_wrong_codes_burn_the_sign_in(panel: Panel, boris: Phone) -> None:
    browser = panel.browser()
    await browser.begin()
    code = await boris.confirm(browser)
    assert code is not None
    wrong = "000000" if code != "000000" else "111111"
    said = [(await browser.collect(wrong)).json()["error"]["code"] for _ in range(3)]
    assert said == ["code_wrong", "code_wrong", "sign_in_burnt"]
    assert (await browser.collect(code)).status_code == 409
    assert await sessions(panel) == 0


async def test_a_person_is_asked_three_times_in_ten_minutes(panel: Panel, boris: Phone) -> None:
    for _ in range(3):
        browser = panel.browser()
        await browser.begin()
        await boris.open(browser)
        assert await boris.buttons()
    await browser.begin()
    await boris.open(browser)
    assert not await boris.buttons()
    panel.clock.advance(601)
    await browser.begin()
    await boris.open(browser)
    assert await boris.buttons()


async def test_an_address_begins_ten_times_a_minute(panel: Panel) -> None:
    for _ in range(10):
        await panel.browser().begin()
    refused = await panel.browser().send_form("/auth/telegram/token")
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "60"
    assert (await panel.browser().get("/sign-in")).status_code == 429
    await panel.browser("198.51.100.7").begin()
    panel.clock.advance(61)
    await panel.browser().begin()


async def test_many_starts_at_once_pass_the_limit_no_more_than_one_by_one(panel: Panel) -> None:
    asked = [panel.browser().send_form("/auth/telegram/token") for _ in range(50)]
    answered = await asyncio.gather(*asked)
    assert sorted(one.status_code for one in answered) == [200] * 10 + [429] * 40


async def test_many_tries_at_once_are_three(panel: Panel, boris: Phone) -> None:
    browser = panel.browser()
    await browser.begin()
    code = await boris.confirm(browser)
    tries = [browser.collect(f"{n:06}") for n in range(50) if f"{n:06}" != code]
    said = [one.json()["error"]["code"] for one in await asyncio.gather(*tries)]
    assert said.count("code_wrong") == 2
    assert await browser.standing() == "denied"


async def test_many_collectors_at_once_get_one_session(panel: Panel, boris: Phone) -> None:
    browser = panel.browser()
    await browser.begin()
    code = await boris.confirm(browser)
    answered = await asyncio.gather(*(browser.collect(code) for _ in range(20)))
    assert [one.status_code for one in answered].count(200) == 1
    assert await sessions(panel) == 1


async def test_a_sign_in_is_over_after_ten_minutes(panel: Panel, boris: Phone) -> None:
    browser = panel.browser()
    await browser.begin()
    code = await boris.confirm(browser)
    panel.clock.advance(600)
    assert await browser.standing() == "expired"
    assert (await browser.collect(code)).status_code == 404
    await boris.open(browser)
    assert "not good any more" in (await boris.read())["text"]


async def test_a_stale_cookie_opens_nothing(panel: Panel, boris: Phone) -> None:
    browser = panel.browser()
    await boris.sign_in(browser)
    kept = httpx.Cookies(browser.cookies)
    await browser.send_form("/auth/logout")
    browser.cookies.update(kept)
    assert await browser.who() is None
    page = await browser.get("/projects", follow_redirects=False)
    assert (page.status_code, page.headers["location"]) == (303, "/sign-in")
    await boris.sign_in(browser)
    assert await browser.who() == "boris"


@pytest.mark.parametrize(("step_days", "steps", "is_in"), [(29, 3, True), (31, 1, False), (29, 4, False)])
async def test_a_session_ends_after_thirty_idle_days_and_after_ninety_in_all(
    panel: Panel, boris: Phone, step_days: int, steps: int, is_in: bool
) -> None:
    browser = panel.browser()
    await boris.sign_in(browser)
    for _ in range(steps):
        panel.clock.advance(step_days * 86_400)
        who = await browser.who()
    assert (who == "boris") is is_in


async def test_messages_older_than_the_sign_in_count_for_nothing(panel: Panel, boris: Phone) -> None:
    browser = panel.browser()
    await browser.begin()
    await boris.say("/start")
    await panel.hear_raw(message=message_of(boris, browser, date=int(panel.clock.now().timestamp()) - 60))
    assert await browser.standing() == "pending"
    assert "not good any more" in (await boris.read())["text"]
    assert not await boris.buttons()


def message_of(person: Phone, browser: Browser, **changes: Any) -> dict[str, Any]:
    who = {"id": person.id, "is_bot": False, "first_name": person.name, "username": person.name}
    chat = {"id": person.id, "type": "private", "first_name": person.name}
    date = int(person.panel.clock.now().timestamp())
    return {"message_id": 1, "date": date, "chat": chat, "from": who, "text": f"/start {browser.payload}"} | changes


@pytest.mark.parametrize(
    "changes",
    [
        {"chat": {"id": -1001, "type": "supergroup", "title": "Group"}},
        {"chat": {"id": -1001, "type": "channel", "title": "Channel"}},
        {"chat": {"id": 4711, "type": "private", "first_name": "Somebody"}},
        {"forward_origin": {"type": "user", "date": 1, "sender_user": {"id": 5, "is_bot": False, "first_name": "V"}}},
        {"forward_origin": {"type": "hidden_user", "date": 1, "sender_user_name": "V"}},
        {"sender_chat": {"id": -1001, "type": "channel", "title": "Channel"}},
    ],
    ids=["group", "channel", "another chat", "forwarded", "forwarded from hidden", "as a channel"],
)
async def test_only_what_a_person_writes_in_private_counts(panel: Panel, boris: Phone, changes: dict[str, Any]) -> None:
    browser = panel.browser()
    await browser.begin()
    await panel.hear_raw(message=message_of(boris, browser, **changes))
    await say_nothing(panel, browser)


async def say_nothing(panel: Panel, browser: Browser) -> None:
    """Nobody was asked, so nobody can confirm."""
    assert await browser.standing() == "pending"
    calls = [call["method"] for call in await panel.control("GET", "/calls")]
    assert "sendMessage" not in calls


async def test_a_bot_is_no_user(panel: Panel, boris: Phone) -> None:
    browser = panel.browser()
    await browser.begin()
    bot = {"id": boris.id, "is_bot": True, "first_name": "boris", "username": "boris"}
    await panel.hear_raw(message=message_of(boris, browser, **{"from": bot}))
    await panel.hear_raw(edited_message=message_of(boris, browser))
    await say_nothing(panel, browser)


async def test_a_press_in_a_group_is_not_heard(panel: Panel, boris: Phone) -> None:
    browser = panel.browser()
    await browser.begin()
    await boris.open(browser)
    press = {
        "id": "1",
        "from": {"id": boris.id, "is_bot": False, "first_name": "B"},
        "chat_instance": "1",
        "data": f"signin:1:{browser.started['number']}",
        "message": {"message_id": 1, "date": 0, "chat": {"id": -1001, "type": "supergroup", "title": "G"}},
    }
    await panel.hear_raw(callback_query=press)
    assert await browser.standing() == "pending"


async def test_no_page_can_be_framed_or_kept(panel: Panel, boris: Phone) -> None:
    browser = panel.browser()
    await boris.sign_in(browser)
    for path in ("/sign-in", "/projects", "/account", "/api/v1/me", "/auth/telegram/poll?token=x", "/sign-in/qr"):
        answered = await browser.get(path)
        assert "frame-ancestors 'none'" in answered.headers["content-security-policy"]
        assert answered.headers["cache-control"] == "no-store"


async def test_the_cookies_are_out_of_reach(panel: Panel, boris: Phone) -> None:
    browser = panel.browser()
    begun = await browser.send_form("/auth/telegram/token")
    browser.started = begun.json()["data"]
    entered = await browser.collect(await boris.confirm(browser))
    for cookie in begun.headers.get_list("set-cookie") + entered.headers.get_list("set-cookie"):
        assert cookie.startswith("__Host-")
        assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))


async def test_the_qr_code_is_for_the_browser_that_began(panel: Panel) -> None:
    browser, vera = panel.browser(), panel.browser("198.51.100.7")
    await browser.get("/sign-in")
    picture = await browser.get("/sign-in/qr")
    assert picture.headers["content-type"] == "image/svg+xml"
    assert picture.text.startswith("<svg")
    assert "style" not in picture.text
    assert (await vera.get("/sign-in/qr")).status_code == 404


async def test_the_page_signs_in_by_its_own_forms(panel: Panel, boris: Phone) -> None:
    browser = panel.browser()
    page = (await browser.get("/sign-in")).text
    number, link = re.search(r">(\d\d)</p>", page), re.search(r'href="([^"]+start=\w+)"', page)
    assert number is not None
    assert link is not None
    assert (await browser.get("/sign-in")).text == page
    browser.started = {"number": number[1], "deeplink": link[1]}
    code = await boris.confirm(browser)
    assert 'name="code"' in (await browser.get("/sign-in/state")).text
    wrong = await browser.post("/sign-in", data={"code": "1"}, headers=SAME_ORIGIN)
    assert wrong.status_code == 422
    assert "not the digits" in wrong.text
    entered = await browser.post("/sign-in", data={"code": code}, headers=SAME_ORIGIN)
    assert (entered.status_code, entered.headers["location"]) == (303, "/")
    assert await browser.who() == "boris"


async def test_who_is_blocked_is_out_at_once_and_gets_nowhere(panel: Panel, boris: Phone) -> None:
    browser, script = panel.browser(), panel.browser()
    await boris.sign_in(browser)
    async with panel.tools.acting(None, NO_PROJECT) as act:
        script.headers["authorization"] = f"Bearer {await create_api_token(act, 'boris')}"
    assert await script.who() == "boris"
    async with panel.tools.acting(None, NO_PROJECT) as act:
        await block_user(act, "boris")
    assert await browser.who() is None
    assert await script.who() is None
    again = panel.browser()
    await again.begin()
    await boris.open(again)
    assert await again.standing() == "denied"


async def test_who_is_blocked_between_number_and_code_does_not_get_in(panel: Panel, boris: Phone) -> None:
    browser = panel.browser()
    await browser.begin()
    code = await boris.confirm(browser)
    async with panel.tools.acting(None, NO_PROJECT) as act:
        await block_user(act, "boris")
    assert (await browser.collect(code)).status_code == 409
    assert await sessions(panel) == 0


async def test_the_session_is_refused_whatever_way_the_user_was_shut_out(panel: Panel, boris: Phone) -> None:
    browser = panel.browser()
    await browser.begin()
    code = await boris.confirm(browser)
    async with panel.tools.acting(None, NO_PROJECT) as act:
        (await user_named(act.session, "boris")).state = "blocked"
    assert (await browser.collect(code)).status_code == 404
    assert await sessions(panel) == 0


async def test_a_user_who_is_bound_anew_is_signed_out_everywhere(panel: Panel, boris: Phone, vera: Phone) -> None:
    browser = panel.browser()
    await boris.sign_in(browser)
    async with panel.tools.acting(None, NO_PROJECT) as act:
        await bind_user(act, "boris", telegram_id=vera.id)
    assert await browser.who() is None


async def test_a_request_with_a_bearer_token_is_not_looked_at_for_a_cookie(panel: Panel, boris: Phone) -> None:
    browser = panel.browser()
    await boris.sign_in(browser)
    browser.headers["authorization"] = "Bearer tgac_nonsense"
    assert await browser.who() is None


async def test_an_unsafe_request_needs_the_token_of_its_session(panel: Panel, boris: Phone) -> None:
    browser = panel.browser()
    await boris.sign_in(browser)
    refused = await browser.post("/api/v1/projects", json={"name": "City"}, headers=SAME_ORIGIN)
    assert refused.json()["error"]["code"] == "stale_page"
    assert (await browser.send_form("/api/v1/projects", {"name": "City"})).status_code == 201


def everything_in(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.iterdir())


async def test_nothing_of_a_sign_in_can_be_read_from_the_database(panel_in_a_file: Panel, tmp_path: Path) -> None:
    panel = panel_in_a_file
    boris = await panel.phone("boris")
    await panel.add_user("boris")
    former, browser = panel.browser(), panel.browser()
    await boris.sign_in(former)
    await browser.begin()
    code = await boris.confirm(browser)
    kept = everything_in(tmp_path)
    secrets = [browser.payload, browser.started["login_token"], *browser.cookies.values(), *former.cookies.values()]
    assert not [one for one in secrets if one.encode() in kept]
    assert code is not None
    assert hash_secret(code).encode() not in kept
