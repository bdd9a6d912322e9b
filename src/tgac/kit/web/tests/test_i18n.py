from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from babel.dates import format_datetime

from tgac.kit.web import i18n
from tgac.kit.web.i18n import _, pick_language, set_language, using

NOON = datetime(2026, 7, 29, 12, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("accept", "cookie", "user", "expected"),
    [
        ("ru-RU,ru;q=0.9,en;q=0.8", None, None, "ru"),
        ("en;q=0.5,ru;q=0.7", None, None, "ru"),
        ("de,fr;q=0.5", None, None, "en"),
        ("ru;q=0,en", None, None, "en"),
        ("*", None, None, "en"),
        ("ru;q=nonsense", None, None, "en"),
        ("", None, None, "en"),
        ("en", "ru", None, "ru"),
        ("en", "../etc", None, "en"),
        ("en", "en", "ru", "ru"),
    ],
)
def test_the_users_choice_comes_before_the_browsers(
    accept: str, cookie: str | None, user: str | None, expected: str
) -> None:
    assert pick_language(accept, cookie, user) == expected


def test_a_language_holds_only_inside_its_block() -> None:
    with using("ru"):
        assert _("Posts") == "Посты"
    assert _("Posts") == "Posts"


def test_an_unknown_language_changes_nothing() -> None:
    with using("ru"):
        set_language("xx")
        assert i18n.language() == "ru"


def test_values_are_filled_in_after_translation() -> None:
    with using("ru"):
        assert _("Project: %(name)s", name="Новости") == "Проект: Новости"


def test_a_text_without_values_may_hold_a_percent_sign() -> None:
    assert _("100 % sure") == "100 % sure"


def test_an_unknown_plural_is_still_english() -> None:
    with using("ru"):
        assert [i18n.ngettext("%(n)s cat", "%(n)s cats", n) for n in (1, 2)] == ["1 cat", "2 cats"]


def test_times_are_shown_in_the_zone_and_the_language() -> None:
    with using("ru"):
        assert i18n.show_moment(NOON, ZoneInfo("Europe/Moscow")) == "29 июл. 2026, 15:05"
    assert i18n.show_moment(NOON) == "29 Jul 2026, 12:05"
    assert i18n.show_clock(NOON, ZoneInfo("Asia/Kolkata")) == "17:35"
    assert i18n.show_day(NOON, ZoneInfo("Pacific/Auckland")) == "30 July 2026"


@pytest.mark.parametrize("language", i18n.LANGUAGES)
def test_moments_are_written_as_babel_writes_them(language: str) -> None:
    zone = ZoneInfo("Europe/Moscow")
    with using(language):
        for days in range(0, 800, 5):
            moment = NOON + timedelta(days=days, hours=days, seconds=days)
            for seconds, pattern in ((False, "d MMM y, HH:mm"), (True, "d MMM y, HH:mm:ss")):
                expected = format_datetime(moment, pattern, tzinfo=zone, locale=language)
                assert i18n.show_moment(moment, zone, seconds=seconds) == expected


def test_a_zone_that_is_not_there_is_utc() -> None:
    assert i18n.zone_of("Mars/Olympus") is UTC
    assert i18n.zone_of("../../etc/passwd") is UTC
