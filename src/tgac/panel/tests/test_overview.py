import html
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tgac.bots.models import Bot
from tgac.channels import reasons
from tgac.channels.models import Channel
from tgac.comments.tests.desk import HTMX, Desk, bare_desk, desk
from tgac.panel.service import first_steps, start_of_day
from tgac.people.models import Project
from tgac.proxies.models import Proxy

__all__ = ["bare_desk", "desk"]


def born(now: datetime) -> dict[str, Any]:
    """What every row of the project has."""
    return {"project_id": 1, "created_at": now}


async def steps(desk: Desk) -> list[bool]:
    async with desk.tools.reading(None, 1) as act:
        return [step.done for step in await first_steps(act)]


async def test_the_summary_counts_this_project_and_this_day_only(desk: Desk) -> None:
    now = desk.clock.now()
    today, yesterday = await desk.post(), await desk.post(minutes_ago=60 * 16)
    await desk.comment(today, "sent", sent_at=now)
    await desk.comment(yesterday, "sent", sent_at=now - timedelta(hours=16))
    await desk.comment(today, n=2)
    await desk.comment(today, "unknown", n=3)
    await desk.comment(today, "skipped", n=4)
    await desk.event("comment_unknown", today)
    await desk.event("comment_sent", today)
    await desk.comment(await desk.post(project_id=2), "unknown", sent_at=now)
    assert await desk.data("/summary") == {
        "bots": 1,
        "channels": 1,
        "comments_today": 1,
        "posts_today": 1,
        "waiting": 1,
        "unknown": 1,
        "errors_today": 1,
        "needs_a_hand": [
            {"kind": "comments", "which": "unknown", "count": 1},
            {"kind": "bots", "which": "NEEDS_SETUP", "count": 1},
        ],
    }


@pytest.mark.parametrize(
    ("now", "zone", "began"),
    [
        ("2026-11-22T12:00", "Europe/Moscow", "2026-11-21T21:00"),
        ("2026-11-22T22:30", "Europe/Moscow", "2026-11-22T21:00"),
        ("2026-11-22T02:00", "America/New_York", "2026-11-21T05:00"),
        ("2026-03-29T12:00", "Europe/Berlin", "2026-03-28T23:00"),
    ],
)
def test_the_day_begins_at_midnight_on_the_wall(now: str, zone: str, began: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=UTC)
    assert start_of_day(moment, ZoneInfo(zone)) == datetime.fromisoformat(began).replace(tzinfo=UTC)


async def test_the_first_steps_follow_the_real_state_and_then_go_away(bare_desk: Desk) -> None:
    assert await steps(bare_desk) == [False, False, False, False]
    assert "Add a bot" in (await bare_desk.get("/projects/1")).text
    now = bare_desk.clock.now()
    await bare_desk.put(Bot(project_id=1, telegram_id=5, username="b", name="B", token_sealed="-", created_at=now))
    assert await steps(bare_desk) == [True, False, False, False]


async def test_the_first_steps_are_done_with_the_first_comment(desk: Desk) -> None:
    assert await steps(desk) == [True, True, True, False]
    await desk.comment(await desk.post(), "sent", sent_at=desk.clock.now())
    assert await steps(desk) == []
    assert "First steps" not in (await desk.get("/projects/1")).text


async def test_the_overview_shows_what_is_due_and_what_became_of_the_latest_posts(desk: Desk) -> None:
    later, sooner = await desk.post("Later post"), await desk.post("Sooner post")
    await desk.comment(later)
    await desk.comment(sooner, send_at=desk.clock.now() + timedelta(minutes=1))
    skipped = await desk.post("Skipped post")
    await desk.comment(skipped, "skipped", reason_data={"sentence": "The post is a forward.", "values": {}})
    page = (await desk.get("/projects/1")).text
    due = page[page.index("Due next") : page.index("Latest posts")]
    assert due.index("Sooner post") < due.index("Later post")
    assert "Skipped post" not in due
    assert "The post is a forward." in page
    assert 'datetime="2026-11-22T12:01:00Z"' in due


async def test_what_needs_a_hand_is_counted_and_one_click_away(desk: Desk) -> None:
    assert "/projects/1/comments?state=unknown" not in (await desk.get("/projects/1")).text
    now = desk.clock.now()
    await desk.comment(await desk.post(), "unknown")
    await desk.comment(await desk.post(), "awaiting_approval")
    for number, reason in enumerate(("no_group", "no_group", "owner_lost")):
        await desk.put(Channel(title="c", telegram_id=-number - 9, state="suspended", reason=reason, **born(now)))
    await desk.put(Channel(title="c", ref="@c", state="pending", reason="chat_not_found", **born(now)))
    await desk.put(Channel(title="d", ref="@d", state="pending", **born(now)))
    await desk.put(Bot(telegram_id=6, username="b", name="B", token_sealed="-", status="REVOKED", **born(now)))
    await desk.put(Proxy(scheme="http", host="h", port=1, state="failing", **born(now)))
    page = (await desk.get("/projects/1")).text
    told = re.findall(r'<h3><a class="link" href="/projects/1/([^"]+)">([^<]+)', page)
    assert [(html.unescape(path), html.unescape(words)) for path, words in told] == [
        ("comments?state=unknown", "1 comment: Needs a look"),
        ("bots?status=REVOKED", "1 bot: Shut out"),
        ("channels?state=suspended&reason=no_group", "2 channels: No discussion group"),
        ("channels?state=suspended&reason=owner_lost", "1 channel: The claiming person is no admin any more"),
        ("proxies?state=failing", "1 proxy: Failing"),
        ("review", "1 comment: Waits for approval"),
        ("bots?status=NEEDS_SETUP", "1 bot: Needs setup"),
        ("channels?state=pending&reason=chat_not_found", "1 channel: No bot sees the channel"),
    ]


def test_whatever_may_be_missing_at_a_channel_has_few_words_for_the_overview() -> None:
    only_answers = {reasons.BAD_REF, reasons.NOT_YOUR_CHANNEL}
    assert set(reasons.REASON_WORDS) == set(reasons.SENTENCES) - only_answers


async def test_the_overview_refreshes_a_part_of_itself(desk: Desk) -> None:
    part = (await desk.get("/projects/1", **HTMX)).text
    assert 'hx-get="/projects/1"' in part
    assert "<html" not in part


@pytest.mark.parametrize(
    ("changes", "words"),
    [({"stopped_at": True}, "The emergency stop is pressed"), ({"status": "paused"}, "The project is paused")],
)
async def test_a_project_that_stands_still_says_so(desk: Desk, changes: dict[str, object], words: str) -> None:
    assert words not in (await desk.get("/projects/1")).text
    async with desk.tools.acting(None, 1) as act:
        project = await act.session.get_one(Project, 1)
        for name, value in changes.items():
            setattr(project, name, act.now if value is True else value)
    assert words in (await desk.get("/projects/1")).text


async def test_events_come_newest_first_with_their_sentences(desk: Desk) -> None:
    post = await desk.post()
    comment = await desk.comment(post, "skipped")
    reason = {"sentence": "The post is a forward.", "values": {}}
    await desk.event("post_seen", post)
    await desk.event("comment_skipped", post, reason, comment_id=comment.id)
    await desk.event("bot_refused", post, {"username": "city_bot", "reason": "Unauthorized"})
    await desk.event("channel_suspended", post, {"title": "City news", "reason": "owner_lost"})
    await desk.event("post_seen", await desk.post(project_id=2))
    told = await desk.data("/events")
    assert [one["sentence"] for one in told["items"]] == [
        "The channel “City news” was suspended. Whoever connected this channel is no longer its admin in Telegram.",
        "Telegram shut @city_bot out: Unauthorized",
        "Skipped. The post is a forward.",
        "Seen in the channel.",
    ]
    assert told["items"][2]["data"] == reason
    assert (await desk.data("/events?limit=2"))["next"] == told["items"][1]["id"]


@pytest.mark.parametrize("path", ["/projects/1", "/api/v1/projects/1/summary", "/api/v1/projects/1/events"])
async def test_only_members_see_the_project(desk: Desk, path: str) -> None:
    assert (await desk.get(path, "boris")).status_code == 200
    assert (await desk.get(path, "vera")).status_code == 404
