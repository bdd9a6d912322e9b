"""When a comment is due: in its window, never at night, whatever the clocks do."""

import random
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgac.tasks.config import QuietHours, Timing
from tgac.tasks.facts import Reason
from tgac.tasks.timing import after_quiet, expires_at, is_quiet, when

ZONES = [
    "UTC",
    "Europe/Berlin",  # the clocks change at 02:00 and 03:00
    "America/Sao_Paulo",  # until 2019 they changed at midnight: some days begin at 01:00
    "Australia/Lord_Howe",  # by half an hour
    "Asia/Kathmandu",  # +05:45
    "Pacific/Apia",  # 30 December 2011 is not there
    "Africa/Casablanca",
    "Asia/Yekaterinburg",
]


def timing(**more: Any) -> Timing:
    return Timing.model_validate({"delay": {"min_s": 60, "max_s": 600}, **more})


def night(begin: str, end: str) -> dict[str, dict[str, str]]:
    return {"quiet_hours": {"from": begin, "to": end}}


def at(text: str, zone: str = "UTC") -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


DAY = 86_400


def day(year: int, month: int, day_: int) -> int:
    return int(datetime(year, month, day_, tzinfo=UTC).timestamp())


changes = [day(2026, 3, 29), day(2026, 10, 25), day(2018, 11, 4), day(2018, 2, 18), day(2026, 4, 4), day(2011, 12, 30)]
near_changes = st.builds(lambda change, seconds: change + seconds, st.sampled_from(changes), st.integers(-DAY, DAY))
moments = (st.integers(day(2010, 1, 1), day(2030, 1, 1)) | near_changes).map(lambda s: datetime.fromtimestamp(s, UTC))
clock = st.times().map(lambda moment: moment.strftime("%H:%M"))
quiets = st.tuples(clock, clock).filter(lambda pair: pair[0] != pair[1]).map(lambda pair: night(*pair)["quiet_hours"])
delays = st.tuples(st.integers(0, 7200), st.integers(0, 7200)).map(
    lambda pair: {"min_s": min(pair), "max_s": max(pair)}
)
timings = st.builds(
    lambda delay, quiet, expire: Timing.model_validate(
        {"delay": delay, "quiet_hours": quiet, "expire_after_s": expire}
    ),
    delays,
    st.none() | quiets,
    st.integers(60, 90_000),
)
lateness = st.integers(0, 3600) | st.integers(0, 200_000)


@given(moments, lateness, timings, st.sampled_from(ZONES), st.integers())
def test_it_is_in_the_window_or_late_for_a_reason_and_never_at_night(
    published: datetime, late: int, plan: Timing, name: str, seed: int
) -> None:
    zone = ZoneInfo(name)
    seen = published + timedelta(seconds=late)
    due = when(published, seen, plan, zone, random.Random(seed))
    if isinstance(due, Reason):
        assert due.code == "too_late"
        assert late > plan.window.max_s
        return
    begin, end = (published + timedelta(seconds=s) for s in (plan.window.min_s, plan.window.max_s))
    assert max(seen, begin) <= due <= expires_at(published, plan, zone)
    assert not is_quiet(due, plan.quiet_hours, zone)
    if due > max(end, seen):
        assert is_quiet(due, plan.quiet_hours, zone) or _was_quiet(max(seen, begin), due, plan, zone)


def _was_quiet(begin: datetime, due: datetime, plan: Timing, zone: ZoneInfo) -> bool:
    minutes = int((due - begin).total_seconds() // 60) + 1
    return any(is_quiet(begin + timedelta(minutes=m), plan.quiet_hours, zone) for m in range(minutes + 1))


@given(moments, quiets, st.sampled_from(ZONES))
def test_quiet_hours_end_as_the_wall_says(moment: datetime, quiet: dict[str, str], name: str) -> None:
    zone, hours = ZoneInfo(name), QuietHours.model_validate(quiet)
    awake = after_quiet(moment, hours, zone)
    assert awake >= moment
    assert not is_quiet(awake, hours, zone)
    if awake > moment:
        assert all(
            is_quiet(moment + (awake - moment) * part / 40, hours, zone) or _in_gap(hours, awake, zone)
            for part in range(40)
        )


def _in_gap(hours: QuietHours, awake: datetime, zone: ZoneInfo) -> bool:
    """The clocks jumped over the end of the quiet hours."""
    return awake.astimezone(zone).time() != time.fromisoformat(hours.to)


@given(timings, moments, st.integers())
def test_the_same_dice_give_the_same_moment(plan: Timing, published: datetime, seed: int) -> None:
    zone = ZoneInfo("Europe/Berlin")
    one, two = (when(published, published, plan, zone, random.Random(seed)) for _ in range(2))
    assert one == two


def test_a_post_seen_late_is_commented_at_once_until_it_expires() -> None:
    published = at("2026-05-01 12:00")
    plan = timing(expire_after_s=3600)
    seen = published + timedelta(seconds=600 + 3600)
    assert when(published, seen, plan, UTC, random.Random(1)) == seen
    late = when(published, seen + timedelta(seconds=1), plan, UTC, random.Random(1))
    assert isinstance(late, Reason)
    assert late.sentence == (
        "The comment would have come at 2026-05-01T13:10:01+00:00, after 2026-05-01T13:10:00+00:00."
    )


def test_the_whole_window_is_used() -> None:
    published = at("2026-05-01 12:00")
    dues = [when(published, published, timing(), UTC, random.Random(seed)) for seed in range(300)]
    seconds = [(due - published).total_seconds() for due in dues if isinstance(due, datetime)]
    assert 60 <= min(seconds) < 90
    assert 570 < max(seconds) <= 600


def test_the_nights_comments_are_spread_over_the_morning() -> None:
    plan = timing(**night("23:00", "08:00"))
    zone = ZoneInfo("Europe/Moscow")
    published = at("2026-05-01 23:30", "Europe/Moscow")
    dues = {when(published, published, plan, zone, random.Random(seed)) for seed in range(50)}
    walls = [due.astimezone(zone).strftime("%d %H:%M") for due in dues if isinstance(due, datetime)]
    assert len(dues) == 50
    assert "02 08:00" <= min(walls) <= max(walls) <= "02 08:09"


@pytest.mark.parametrize(
    ("zone", "moment", "begin", "end", "awake"),
    [
        ("Europe/Moscow", "2026-05-01 23:00", "23:00", "08:00", "2026-05-02 08:00"),
        ("Europe/Moscow", "2026-05-01 07:59", "23:00", "08:00", "2026-05-01 08:00"),
        ("Europe/Moscow", "2026-05-01 08:00", "23:00", "08:00", "2026-05-01 08:00"),
        ("Europe/Moscow", "2026-05-01 13:30", "13:00", "14:00", "2026-05-01 14:00"),
        ("Europe/Berlin", "2026-03-28 23:30", "23:00", "08:00", "2026-03-29 08:00"),
        ("Europe/Berlin", "2026-03-29 01:00", "23:00", "02:30", "2026-03-29 03:30"),
        ("Europe/Berlin", "2026-10-24 23:30", "23:00", "08:00", "2026-10-25 08:00"),
        ("America/Sao_Paulo", "2018-11-03 22:30", "22:00", "00:00", "2018-11-04 01:00"),
        ("Pacific/Apia", "2011-12-29 23:00", "22:00", "08:00", "2011-12-31 08:00"),
    ],
)
def test_quiet_hours_end(zone: str, moment: str, begin: str, end: str, awake: str) -> None:
    hours = QuietHours.model_validate(night(begin, end)["quiet_hours"])
    assert after_quiet(at(moment, zone), hours, ZoneInfo(zone)) == at(awake, zone).astimezone(UTC)


def test_an_hour_that_comes_twice_is_quiet_twice() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    hours = QuietHours.model_validate(night("01:00", "02:30")["quiet_hours"])
    first, second = (datetime(2026, 10, 25, 2, 15, tzinfo=berlin, fold=fold).astimezone(UTC) for fold in (0, 1))
    assert after_quiet(first, hours, berlin) == first + timedelta(minutes=15)
    assert after_quiet(second, hours, berlin) == second + timedelta(minutes=15)
