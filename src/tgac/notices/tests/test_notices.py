"""What is wrong is told once, to those who may mend it, as often as they wish, and is over when it is over."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update
from tests.support.world import World, a_world

from tgac.bots.models import Bot
from tgac.bots.service import mark_bot_refused, pause_for_errors, resume_bot
from tgac.bots.tests.front import Front
from tgac.channels.reasons import SENTENCES
from tgac.journal.trouble import TROUBLE, LookForTrouble, look_after
from tgac.kit.errors import Refused
from tgac.kit.queue.table import JobRow
from tgac.kit.tenancy import EVERYONE, NO_PROJECT
from tgac.kit.web.i18n import using
from tgac.notices import api, web
from tgac.notices.kinds import CRITICAL, KINDS
from tgac.notices.models import Notice
from tgac.notices.service import open_notices, past_notices, shown, solve, solve_all
from tgac.notices.tell import LookEverywhere, due, look_everywhere, words
from tgac.panel.layout import dress
from tgac.people.models import Member, NoticesWanted, Project
from tgac.people.projects import create_project
from tgac.people.service import choose_notices
from tgac.proxies.models import Proxy, ProxyState, Route
from tgac.tasks.text.html import utf16_length

NIGHT = datetime(2026, 3, 2, 3, 0, tzinfo=UTC)


@pytest.fixture
async def world(database: str, tmp_path: Path) -> AsyncIterator[World]:
    """Anna's project with a bot in a channel; everybody has spoken to the service bot; it is night."""
    async with a_world(database, tmp_path) as made:
        for who in ("anna", "boris"):
            path = f"/private/{made.service_bot['id']}/{made.telegram_ids[who]}/messages"
            await made.control("POST", path, text="/start")
        made.clock.advance((NIGHT - made.clock.now()).total_seconds() % 86_400)
        yield made


async def read(world: World, who: str = "anna") -> list[str]:
    """What the service bot has written to somebody, oldest first."""
    path = f"/private/{world.service_bot['id']}/{world.telegram_ids[who]}/messages"
    return [one["text"] for one in await world.control("GET", path) if one["from"]["is_bot"]]


async def is_open(world: World) -> list[str]:
    """The kinds of the notices that are open, oldest first."""
    async with world.tools.reading(None, world.project_id) as act:
        return [one.kind for one in await act.session.scalars(open_notices().order_by(Notice.id))]


async def shut_out(world: World) -> None:
    async with world.tools.acting(None, world.project_id) as act:
        await mark_bot_refused(act, world.bots[0].id, "Unauthorized", is_gone=False)


async def pause(world: World) -> None:
    async with world.tools.acting(None, world.project_id) as act:
        pause_for_errors(act, await act.session.get_one(Bot, world.bots[0].id), {"failures": 3, "count": 9})


async def resume(world: World) -> None:
    async with world.tools.acting(world.anna, world.project_id) as act:
        await resume_bot(act, world.bots[0].id)


async def suspend(world: World) -> None:
    """An admin takes the bot out of the group: nothing is sent to the channel any more."""
    path = f"/chats/{world.places[0].group_id}/members/{world.bots[0].telegram_id}"
    await world.control("PUT", path, status="left")
    await world.work()


async def an_hour(world: World) -> None:
    """The scheduler's hourly look, and what it leaves."""
    world.clock.advance(3600)
    await look_everywhere(world.tools, LookEverywhere())
    await world.wait(30)


async def wish(world: World, who: str, wanted: NoticesWanted) -> None:
    async with world.tools.acting(world.people[who], NO_PROJECT) as act:
        await choose_notices(act, wanted)


async def test_a_bot_that_is_shut_out_is_told_at_once_to_who_may_mend_it_and_only_once(world: World) -> None:
    await shut_out(world)
    assert await read(world) == []
    await world.wait(30)
    (said,) = await read(world)
    assert "Telegram has shut @city_bot out" in said
    assert f"/projects/{world.project_id}/notices" in said
    assert await read(world, "boris") == await read(world, "vera") == []
    await an_hour(world)
    assert len(await read(world)) == 1


async def test_a_channel_that_is_shut_is_looked_at_soon_and_not_by_the_hour(world: World) -> None:
    await wish(world, "anna", NoticesWanted.AT_ONCE)
    await suspend(world)
    await world.wait(30)
    assert await is_open(world) == ["channel_suspended"]
    assert len(await read(world)) == 1


async def test_what_is_not_critical_waits_for_the_morning_and_is_one_message(world: World) -> None:
    await suspend(world)
    async with world.tools.acting(None, world.project_id) as act:
        await act.session.execute(update(Bot).values(slowed_at=act.now + timedelta(days=1)))
    await an_hour(world)
    assert await is_open(world) == ["channel_suspended", "bot_slowed"]
    assert await read(world) == []
    for _hour in range(5):
        await an_hour(world)
    (said,) = await read(world)
    assert "City news" in said
    assert "slowed down" in said
    await an_hour(world)
    assert len(await read(world)) == 1


async def test_whoever_wishes_it_hears_each_at_once_and_whoever_wishes_nothing_only_what_is_critical(
    world: World,
) -> None:
    async with world.tools.acting(None, EVERYONE) as act:
        await act.session.execute(
            update(Member).where(Member.user_id == world.people["boris"].user_id).values(role="editor")
        )
    await wish(world, "anna", NoticesWanted.AT_ONCE)
    await wish(world, "boris", NoticesWanted.CRITICAL)
    await suspend(world)
    await an_hour(world)
    assert len(await read(world)) == 1
    for _hour in range(30):
        await an_hour(world)
    assert await read(world, "boris") == []
    await shut_out(world)
    await world.wait(30)
    assert len(await read(world)) == 2
    assert len(await read(world, "boris")) == 1


async def test_a_notice_is_over_when_its_cause_is_gone_and_is_a_new_one_when_it_comes_again(world: World) -> None:
    for _time in range(2):
        await pause(world)
        await world.wait(30)
        assert await is_open(world) == ["bot_paused_for_errors"]
        await resume(world)
        await world.wait(30)
        assert await is_open(world) == []
    assert len(await read(world)) == 2
    async with world.tools.reading(None, world.project_id) as act:
        assert len(list(await act.session.scalars(past_notices()))) == 2


async def test_what_was_put_aside_stays_away_as_long_as_its_cause_lasts(world: World) -> None:
    await pause(world)
    await world.wait(30)
    async with world.tools.acting(world.anna, world.project_id) as act:
        (row,) = await act.session.scalars(open_notices())
        await solve(act, row.id)
    await an_hour(world)
    assert await is_open(world) == []
    await resume(world)
    await an_hour(world)
    await pause(world)
    await world.wait(30)
    assert await is_open(world) == ["bot_paused_for_errors"]


async def test_all_that_a_page_showed_is_put_aside_and_nothing_that_came_since(world: World) -> None:
    await pause(world)
    await world.wait(30)
    seen = world.clock.now()
    await suspend(world)
    await an_hour(world)
    async with world.tools.acting(world.anna, world.project_id) as act:
        assert await solve_all(act, until=seen) == 1
    assert await is_open(world) == ["channel_suspended"]


async def test_boris_may_look_and_not_put_aside(world: World) -> None:
    await pause(world)
    await world.wait(30)
    async with world.tools.reading(world.people["boris"], world.project_id) as act:
        (row,) = await act.session.scalars(open_notices())
        with pytest.raises(Refused):
            await solve(act, row.id)
    assert await is_open(world) == ["bot_paused_for_errors"]


async def test_what_telegram_did_not_take_is_said_again(world: World) -> None:
    await world.control("POST", "/faults", kind="flood", method="sendMessage", times=1, value=7)
    await shut_out(world)
    await world.wait(30)
    assert await read(world) == []
    await world.wait(30)
    assert len(await read(world)) == 1


async def test_when_telegram_is_back_after_hours_each_is_told_once(world: World) -> None:
    await pause(world)
    await world.control("POST", "/faults", kind="flood", method="sendMessage", times=9, value=1)
    for _hour in range(4):
        await look_everywhere(world.tools, LookEverywhere())
        await world.wait(30)
        await world.wait(30)
    assert await read(world) == []
    async with world.tools.reading(None, EVERYONE) as act:
        looks = select(func.count()).where(JobRow.kind == LookForTrouble.kind, JobRow.status == "open")
        assert await act.session.scalar(looks) == 1
    await world.control("DELETE", "/faults")
    await world.wait(90)
    assert len(await read(world)) == 1


async def test_the_hourly_look_goes_only_where_something_is_wrong_or_was(world: World) -> None:
    async with world.tools.acting(world.anna, EVERYONE) as act:
        await create_project(act, "All is well here")

    async def looked_at() -> set[int]:
        await look_everywhere(world.tools, LookEverywhere())
        async with world.tools.reading(None, EVERYONE) as act:
            looks = select(JobRow.payload).where(JobRow.kind == LookForTrouble.kind, JobRow.status == "open")
            found = {payload["project_id"] for payload in await act.session.scalars(looks)}
        await world.wait(30)
        return found

    async def become(row: type[Any], number: int, status: str) -> None:
        """Without an event that says so."""
        async with world.tools.acting(None, world.project_id) as act:
            (await act.session.get_one(row, number)).status = status

    assert await looked_at() == set()
    await pause(world)
    await become(Project, world.project_id, "paused")
    await world.wait(30)
    assert (await looked_at(), await is_open(world)) == ({world.project_id}, ["bot_paused_for_errors"])
    await become(Bot, world.bots[0].id, "ACTIVE")
    assert (await looked_at(), await is_open(world)) == ({world.project_id}, [])
    assert await looked_at() == set()


async def test_nobody_is_told_of_a_project_that_was_put_away_before_the_look(world: World) -> None:
    await pause(world)
    async with world.tools.acting(None, world.project_id) as act:
        (await act.session.get_one(Project, world.project_id)).status = "archived"
    await look_everywhere(world.tools, LookEverywhere())
    await world.wait(30)
    assert (await is_open(world), await read(world)) == ([], [])


async def test_a_lost_answer_is_said_once_more_in_an_hour_and_keeps_nobody_else_from_hearing(world: World) -> None:
    async with world.tools.acting(None, EVERYONE) as act:
        await act.session.execute(
            update(Member).where(Member.user_id == world.people["boris"].user_id).values(role="editor")
        )
    await world.control("POST", "/faults", kind="drop_after", method="sendMessage", times=1)
    await pause(world)
    await world.wait(30)
    await world.wait(300)
    assert (len(await read(world)), len(await read(world, "boris"))) == (1, 1)
    await an_hour(world)
    assert (len(await read(world)), len(await read(world, "boris"))) == (2, 1)
    await an_hour(world)
    assert len(await read(world)) == 2


async def test_whoever_never_spoke_to_the_bot_is_tried_once(world: World) -> None:
    async with world.tools.acting(None, EVERYONE) as act:
        vera = world.people["vera"].user_id
        act.session.add(Member(project_id=world.project_id, user_id=vera, role="editor"))
    await pause(world)
    await world.wait(30)
    for _hour in range(3):
        await an_hour(world)
    calls = await world.control("GET", "/calls?method=sendMessage")
    assert [one["chat_id"] for one in calls].count(world.telegram_ids["vera"]) == 1


@pytest.mark.parametrize("has_bots", [True, False])
async def test_a_failing_proxy_is_worse_while_bots_go_through_it(world: World, has_bots: bool) -> None:
    async with world.tools.acting(None, world.project_id) as act:
        proxy = Proxy(
            scheme="http", host="proxy.example", port=80, state=ProxyState.FAILING, reason="closed", created_at=act.now
        )
        act.session.add(proxy)
        await act.flush()
        if has_bots:
            bot = world.bots[0]
            act.session.add(Route(bot_id=bot.id, telegram_id=bot.telegram_id, proxy_id=proxy.id))
    await an_hour(world)
    assert await is_open(world) == ["proxy_stranded" if has_bots else "proxy_failing"]
    assert len(await read(world)) == has_bots


# --- Pure. ---


def a_notice(kind: str, *, hours_ago: float = 0, name: str = "city_bot", more: Any = "") -> Notice:
    return Notice(
        id=1, kind=kind, subject_id=1, data={"name": name, "more": more}, at=NIGHT - timedelta(hours=hours_ago)
    )


def test_a_digest_goes_out_in_its_hour_or_when_somebody_has_waited_a_day_for_it() -> None:
    mild, grave = a_notice("bot_slowed"), a_notice("bot_refused")
    old = a_notice("bot_slowed", hours_ago=24)
    daily = NoticesWanted.DAILY
    assert due([mild, grave], daily, NIGHT, hour=8) == [grave]
    assert due([mild, grave], daily, NIGHT, hour=9) == [mild, grave]
    assert due([mild, old], daily, NIGHT, hour=8) == [mild, old]
    assert due([mild], NoticesWanted.CRITICAL, NIGHT, hour=9) == []
    assert due([mild], NoticesWanted.AT_ONCE, NIGHT, hour=8) == [mild]


def test_a_message_begins_with_what_is_critical_escapes_names_and_is_never_too_long() -> None:
    many = [a_notice("channel_suspended", name="<b>&" * 60, more="no_group") for _one in range(30)]
    with using("en"):
        said = words([*many, a_notice("bot_refused")], "A & B", "https://panel.example/projects/1/notices")
    assert said.startswith("<b>A &amp; B</b>\n\n<b>Telegram has shut @city_bot out.</b>")
    assert "<b>&lt;b&gt;" not in said.replace("“", "")
    assert re.search(r"And \d+ notices more\.", said)
    assert said.endswith("https://panel.example/projects/1/notices")
    assert utf16_length(said) <= 4096
    assert "more." not in words([a_notice("bot_slowed")] * 8, "A", "https://panel.example")
    assert "channel “&lt;b&gt;&amp;" in said


@pytest.mark.parametrize("language", ["en", "ru"])
def test_every_kind_has_its_words(language: str) -> None:
    samples = {"channel_suspended": next(iter(SENTENCES)), "bot_paused_for_errors": {"failures": 3, "count": 9}}
    with using(language):
        for kind in KINDS:
            one = shown(a_notice(kind, more=samples.get(kind, "Timeout")))
            assert "%(" not in one.title + one.hint
            assert one.hint
            assert one.path.endswith("/1")
    assert set(CRITICAL) < set(KINDS)


def test_what_happens_while_somebody_looks_has_a_look_of_its_own() -> None:
    first, again = look_after(NIGHT, 1), look_after(NIGHT + timedelta(seconds=19), 1)
    assert first == again
    later = look_after(first[1], 1)
    assert later[2] != first[2]
    assert later[1] > first[1] > NIGHT
    assert look_after(NIGHT, 2)[2] != first[2]
    assert {"bot_refused", "channel_suspended", "proxy_failed"} <= TROUBLE


# --- Over the API and on the page. ---


async def test_the_api_tells_what_is_wrong_and_puts_it_aside(world: World) -> None:
    await pause(world)
    await world.wait(30)
    front = Front(world, first=(api,))
    (told,) = (await front.data("GET", "/notices"))["items"]
    assert (told["kind"], told["subject_id"], told["is_critical"]) == ("bot_paused_for_errors", world.bots[0].id, True)
    solved = await front.data("POST", f"/notices/{told['id']}/solve")
    assert solved["solved_by"] == world.anna.user_id
    assert (await front.data("GET", "/notices"))["items"] == []
    assert [one["id"] for one in (await front.data("GET", "/notices", params={"past": "true"}))["items"]] == [
        told["id"]
    ]
    assert await front.error("POST", "/notices/999/solve") == (404, "not_found", None)


async def test_the_menu_counts_them_and_one_button_puts_all_aside(world: World) -> None:
    await pause(world)
    await world.wait(30)
    front = Front(world, first=(web,))
    front.app.state.dress = dress
    page = (await front.ask("GET", "/notices")).text
    assert "@city_bot was paused" in page
    assert '<span class="nav-count">1</span>' in page
    assert "Put all aside" not in (await front.ask("GET", "/notices", "boris")).text
    pressed = await front.ask("POST", "/notices/solve", data={"until": world.clock.now().isoformat()})
    assert pressed.status_code == 303
    assert "Nothing is wrong" in (await front.ask("GET", "/notices")).text
    assert "@city_bot was paused" in (await front.ask("GET", "/notices?past=true")).text
    assert (await front.ask("POST", "/notices/solve", data={"until": "yesterday"})).status_code == 422
