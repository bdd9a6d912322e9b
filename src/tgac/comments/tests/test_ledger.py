"""Caps and the ledger, without a database: which limits hold, what is counted for whom, and until when one is full."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tgac.comments.limits import Cap, Full, Ledger, Where, caps_of, grown_caps, share_of, slow_cap
from tgac.settings.service import Holding
from tgac.tasks.config import PRESETS, Limits
from tgac.tasks.facts import Reason

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
HERE = Where(project_id=1, channel_id=2, bot_id=3)
NEVER_THE_SAME = {"channel": 2, "project": 1, "bot": 3, "threads": 3}


def holding(**values: Any) -> Holding:
    every: dict[str, Any] = {
        "collision_limit_per_post": 1,
        "per_hour": None,
        "per_day": None,
        "active_threads_per_bot": 20,
    }
    rest: dict[str, Any] = {
        "review_days": 0,
        "llm_tokens_per_day": 0,
        "preset": next(iter(PRESETS.values())),
        "time_zone": "UTC",
    }
    return Holding(**every | rest | {"default_quota_projects": 1} | values)


def test_each_limit_that_is_set_is_a_cap_and_no_other() -> None:
    limits = Limits(per_channel_hour=8, per_channel_day=40, per_bot_hour=6, per_bot_day=30, pause_s=90)
    assert grown_caps(limits, holding(per_hour=100, per_day=500)) == (
        Cap("limit_channel_hour", "channel", 8, 3600, 8),
        Cap("limit_channel_day", "channel", 40, 86_400, 40),
        Cap("limit_bot_hour", "bot", 6, 3600, 6),
        Cap("limit_bot_day", "bot", 30, 86_400, 30),
        Cap("limit_project_hour", "project", 100, 3600, 100),
        Cap("limit_project_day", "project", 500, 86_400, 500),
        Cap("limit_threads", "threads", 20, 300, 20),
        Cap("limit_pause", "bot", 1, 90, 1),
    )
    assert grown_caps(Limits(), holding()) == (Cap("limit_threads", "threads", 20, 300, 20),)


def test_what_is_new_has_a_part_of_the_tasks_caps_rounded_up_and_all_of_the_projects() -> None:
    limits = Limits(per_channel_hour=9, per_bot_day=1, pause_s=90, ramp_up_days=3)
    young = caps_of(limits, holding(per_hour=100), newest=NOW, now=NOW)
    assert young == (
        Cap("limit_channel_hour", "channel", 3, 3600, 9),
        Cap("limit_bot_day", "bot", 1, 86_400, 1),
        Cap("limit_project_hour", "project", 100, 3600, 100),
        Cap("limit_threads", "threads", 20, 300, 20),
        Cap("limit_pause", "bot", 1, 90, 1),
    )
    assert caps_of(limits, holding(), newest=NOW - timedelta(days=3), now=NOW) == grown_caps(limits, holding())
    grown_at_once = Limits(per_channel_hour=9)
    assert caps_of(grown_at_once, holding(), newest=NOW, now=NOW) == grown_caps(grown_at_once, holding())


def test_a_part_of_a_day_is_no_day() -> None:
    almost = NOW + timedelta(days=1) - timedelta(seconds=1)
    assert [share_of(1, NOW, almost), share_of(1, NOW, NOW + timedelta(days=1))] == [0.5, 1.0]


def test_a_bot_that_fails_too_often_writes_one_comment_in_so_many_seconds() -> None:
    cap = slow_cap(60)
    assert cap == Cap("limit_errors", "bot", 1, 60, 1)
    assert cap.reason(4).sentence == "Too many of the bot's comments fail: it writes one in 60 s."


def test_the_reason_tells_how_many_there_are_how_many_may_be_and_how_many_may_be_later() -> None:
    grown, young = Cap("limit_bot_day", "bot", 8, 86_400, 8), Cap("limit_bot_day", "bot", 2, 86_400, 8)
    assert grown.reason(9) == Reason(
        "limit_bot_day",
        "Comments of the bot within a day: %(taken)d; at most %(most)d are allowed.",
        {"taken": 9, "most": 8, "full": 8, "seconds": 86_400},
    )
    assert young.reason(2).sentence == "Comments of the bot within a day: 2; at most 2 of 8 are allowed at the start."


@pytest.mark.parametrize(("scope", "number"), NEVER_THE_SAME.items())
def test_each_scope_counts_by_its_own_number(scope: Any, number: int) -> None:
    assert HERE.key(scope) == number
    cap = Cap("limit_bot_hour", scope, 1, 3600, 1)
    ledger = Ledger({(scope, 3600)})
    ledger.count(HERE, NOW)
    assert ledger.full(HERE, [cap]) is not None
    others = {"channel": Where(1, 9, 3), "project": Where(9, 2, 3)}
    assert ledger.full(others.get(scope, Where(1, 2, 9)), [cap]) is None


def test_a_cap_is_full_when_so_many_were_begun_until_the_first_of_them_is_so_old() -> None:
    cap, ledger = Cap("limit_bot_hour", "bot", 2, 3600, 2), Ledger({("bot", 3600)})
    assert ledger.full(HERE, [cap]) is None
    ledger.count(HERE, NOW)
    assert ledger.full(HERE, [cap]) is None
    ledger.count(HERE, NOW + timedelta(seconds=50))
    assert ledger.full(HERE, [cap]) == Full(NOW + timedelta(hours=1), cap.reason(2))
    ledger.count(HERE, NOW + timedelta(seconds=60))
    assert ledger.full(HERE, [cap]) == Full(NOW + timedelta(hours=1), cap.reason(3))


def test_of_several_that_are_full_the_one_that_lasts_longest_is_told_and_all_are_looked_at() -> None:
    hour, day = Cap("limit_bot_hour", "bot", 1, 3600, 1), Cap("limit_channel_day", "channel", 1, 86_400, 1)
    roomy = Cap("limit_project_hour", "project", 9, 3600, 9)
    ledger = Ledger({("bot", 3600), ("channel", 86_400), ("project", 3600)})
    ledger.count(HERE, NOW)
    for caps in ([hour, day, roomy], [roomy, day, hour]):
        assert ledger.full(HERE, caps) == Full(NOW + timedelta(days=1), day.reason(1))
    assert ledger.full(HERE, []) is None
