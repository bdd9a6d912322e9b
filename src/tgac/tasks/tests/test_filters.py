"""Which posts are left out, and that the reason says why."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgac.tasks.config import Filter
from tgac.tasks.facts import PostFacts, Reason
from tgac.tasks.filters import share_of, why_not

POST = PostFacts(
    id=1,
    text="Ёлки на площади: скидка 50%, C++ и Straße",
    link="https://t.me/c/1/2",
    published_at=datetime(2026, 9, 30, 22, 30, tzinfo=UTC),
    seen_at=datetime(2026, 9, 30, 22, 31, tzinfo=UTC),
    hashtags=("City", "#праздник"),
)


def asked(wanted: dict[str, Any], zone: str = "UTC", **post: Any) -> Reason | None:
    return why_not(replace(POST, **post), Filter.model_validate(wanted), task_id=7, zone=ZoneInfo(zone))


@pytest.mark.parametrize(
    "wanted",
    [
        {},
        {"any_words": ["нет", "СКИДКА"]},
        {"any_words": ["елки"]},
        {"any_words": ["площад*"]},
        {"any_words": ["на площади"]},
        {"any_words": ["c++"]},
        {"any_words": ["STRASSE"]},
        {"no_words": ["площад", "кид"]},
        {"hashtags": ["city"]},
        {"hashtags": ["#Праздник", "x"]},
        {"media": ["text"]},
        {"min_length": len(POST.text), "max_length": len(POST.text)},
        {"regex": r"скидка \d+%"},
        {"regex": r"(?i)STRASSE|straße$"},
        {"languages": ["de", "ru"]},
        {"forwarded": False},
        {"weekdays": [2]},
    ],
)
def test_the_post_is_taken(wanted: dict[str, Any]) -> None:
    assert asked(wanted) is None


@pytest.mark.parametrize(
    ("wanted", "post", "code"),
    [
        ({}, {"has_keyboard": True}, "post_has_keyboard"),
        ({"any_words": ["площад"]}, {}, "filter_words"),
        ({"any_words": ["x"]}, {"text": ""}, "filter_words"),
        ({"no_words": ["x", "ПЛОЩАД*"]}, {}, "filter_no_words"),
        ({"no_words": ["на площади"]}, {"text": "на\n площади"}, "filter_no_words"),
        ({"hashtags": ["cit"]}, {}, "filter_hashtags"),
        ({"media": ["photo"]}, {}, "filter_media"),
        ({"media": ["text"]}, {"media": frozenset({"photo"})}, "filter_media"),
        ({"regex": "^скидка"}, {}, "filter_regex"),
        ({"regex": "x$"}, {"text": "a" * 5000 + "x"}, "filter_regex"),
        ({"languages": ["en"]}, {}, "filter_language"),
        ({"languages": ["en", "ru"]}, {"text": "12 🎉"}, "filter_language_unknown"),
        ({"min_length": 100}, {}, "filter_short"),
        ({"max_length": 3}, {}, "filter_long"),
        ({"forwarded": False}, {"forwarded": True}, "filter_forwarded"),
        ({"weekdays": [3]}, {}, "filter_weekday"),
        ({"share": 0.0}, {}, "filter_share"),
    ],
)
def test_the_post_is_left_out_with_the_reason(wanted: dict[str, Any], post: dict[str, Any], code: str) -> None:
    reason = asked(wanted, **post)
    assert reason
    assert reason.code == code
    assert "%" not in reason.sentence.replace("50%", "")


def test_an_album_is_taken_for_any_of_its_kinds() -> None:
    assert asked({"media": ["video"]}, media=frozenset({"photo", "video"})) is None


def test_the_weekday_is_the_one_in_the_channels_zone() -> None:
    assert asked({"weekdays": [3]}, zone="Europe/Moscow") is None


def test_the_reason_keeps_what_was_compared() -> None:
    reason = asked({"min_length": 100})
    assert reason
    assert reason.params == {"length": len(POST.text), "limit": 100}
    assert reason.sentence == f"The post has {len(POST.text)} characters; at least 100 are wanted."


def test_a_share_is_about_that_many_and_always_the_same_ones() -> None:
    taken = [number for number in range(4000) if asked({"share": 0.25}, id=number) is None]
    assert 900 < len(taken) < 1100
    assert taken == [number for number in range(4000) if asked({"share": 0.25}, id=number) is None]
    assert set(taken) <= {number for number in range(4000) if asked({"share": 0.5}, id=number) is None}


@given(st.integers(), st.integers())
def test_a_share_of_one_takes_all_and_none_takes_none(task_id: int, post_id: int) -> None:
    assert 0 <= share_of(task_id, post_id) < 1


@given(st.text(max_size=30), st.text(min_size=1, max_size=10).filter(str.strip))
def test_any_word_may_be_asked_for(text: str, word: str) -> None:
    wanted = Filter.model_construct(any_words=(word,))
    surrounded = replace(POST, text=f"{text} {word} {text}", published_at=POST.published_at + timedelta(days=1))
    assert why_not(surrounded, wanted, task_id=1, zone=UTC) is None
