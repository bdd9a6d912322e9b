"""A task's config: every key has a default, every fault its path, nothing unheeded is kept."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgac.kit.errors import Invalid
from tgac.kit.web.i18n import using
from tgac.tasks.config import MEDIA, PRESETS, TaskConfig, check_config

GOOD: dict[str, Any] = {"content": {"variants": [{"text": "Hi"}]}}


def merged(raw: dict[str, Any]) -> dict[str, Any]:
    """`raw` over a document that is good."""
    return {**GOOD, **raw}


def faults(raw: object) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        check_config(raw)
    assert caught.value.field in caught.value.fields
    return caught.value.fields


def test_every_key_has_its_default() -> None:
    config = check_config(GOOD)
    assert json.loads(json.dumps(config.dump())) == {
        "targets": {"channels": [], "playlists": []},
        "filter": {
            "any_words": [], "no_words": [], "regex": None, "hashtags": [], "media": [], "languages": [],
            "min_length": None, "max_length": None, "forwarded": True, "weekdays": None, "share": None,
        },
        "content": {
            "kind": "template", "label": None, "link_preview": False, "silent": True, "quote": False, "pin": False,
            "variants": [{"name": "A", "weight": 1, "text": "Hi", "buttons": [], "media": None, "poll": None}],
            "llm": {"goal": "question", "voice": "", "prompt": None, "max_length": 400, "forbidden": [],
                    "allowed_links": []},
        },
        "timing": {
            "preset": "balanced", "delay": None, "quiet_hours": None, "time_zone": None, "expire_after_s": None,
            "typing": None, "wait_for": None,
        },
        "limits": {
            "per_post": None, "per_post_together": None, "threads_per_bot": None, "per_channel_hour": None,
            "per_channel_day": None, "per_bot_hour": None, "per_bot_day": None, "pause_s": None, "ramp_up_days": None,
        },
        "approval": {"mode": "none", "expire_s": 3600, "otherwise": "skip"},
        "after": {"follow_edits": "no", "delete_after_s": None, "delete_with_post": True},
        "lifts": [],
    }  # fmt: skip


FULL_DOCUMENT: dict[str, Any] = {
    "targets": {"channels": [3, 1]},
    "filter": {
        "any_words": ["tram", "new  line"], "no_words": ["ads*"], "hashtags": ["#city"], "media": list(MEDIA),
        "min_length": 1, "max_length": 9, "forwarded": False, "weekdays": [6, 0], "share": 0.5, "regex": "a+b",
        "languages": ["ru"],
    },
    "content": {
        "label": "Bot", "link_preview": True, "silent": False,
        "variants": [
            {"name": "A", "weight": 3, "text": "{a|b}", "buttons": [[{"text": "Go", "url": "https://example.com"}]]},
            {"name": "B", "text": "c"},
        ],
    },
    "timing": {
        "preset": "safe", "delay": {"min_s": 0, "max_s": 604800}, "quiet_hours": {"from": "23:00", "to": "08:00"},
        "time_zone": "Asia/Yekaterinburg", "expire_after_s": 60,
        "wait_for": {"reader_comments": 5, "silence_s": 90, "question": True, "deadline_s": 7200, "otherwise": "skip"},
    },
    "limits": {"per_post": 2, "ramp_up_days": 0},
    "after": {"delete_with_post": False},
}  # fmt: skip


def test_what_was_saved_is_read_again_as_the_same() -> None:
    config = check_config(FULL_DOCUMENT)
    assert config.timing.quiet_hours
    assert config.timing.quiet_hours.from_ == "23:00"
    assert config.filter.hashtags == ("city",)
    assert config.filter.any_words == ("tram", "new line")
    assert check_config(json.loads(json.dumps(config.dump()))) == config


CARRIED = {"media_id": 1}
POLL = {"options": ["Yes", "No"]}


@pytest.mark.parametrize(
    ("raw", "path"),
    [
        (5, "config"),
        ([], "config"),
        ({"x": 1}, "x"),
        ({"filter": {"words": []}}, "filter.words"),
        ({"filter": None}, "filter"),
        ({"targets": {"channels": [1, 1]}}, "targets.channels"),
        ({"targets": {"channels": ["1"]}}, "targets.channels.0"),
        ({"targets": {"channels": [0]}}, "targets.channels.0"),
        ({"targets": {"channels": [2**64]}}, "targets.channels.0"),
        ({"targets": {"channels": "1"}}, "targets.channels"),
        ({"filter": {"any_words": [" "]}}, "filter.any_words.0"),
        ({"filter": {"any_words": ["a\u202e"]}}, "filter.any_words.0"),
        ({"filter": {"any_words": ["\ud800"]}}, "filter.any_words.0"),
        ({"filter": {"any_words": ["x" * 101]}}, "filter.any_words.0"),
        ({"filter": {"any_words": ["x"] * 201}}, "filter.any_words"),
        ({"filter": {"hashtags": ["#"]}}, "filter.hashtags.0"),
        ({"filter": {"media": ["film"]}}, "filter.media.0"),
        ({"filter": {"min_length": 5, "max_length": 4}}, "filter.min_length"),
        ({"filter": {"min_length": -1}}, "filter.min_length"),
        ({"filter": {"forwarded": 1}}, "filter.forwarded"),
        ({"filter": {"weekdays": []}}, "filter.weekdays"),
        ({"filter": {"weekdays": [7]}}, "filter.weekdays.0"),
        ({"filter": {"weekdays": [True]}}, "filter.weekdays.0"),
        ({"filter": {"share": 1.1}}, "filter.share"),
        ({"filter": {"share": float("nan")}}, "filter.share"),
        ({"filter": {"share": float("inf")}}, "filter.share"),
        ({"filter": {"share": "1"}}, "filter.share"),
        ({"content": {"variants": []}}, "content.variants"),
        ({"content": {"variants": [{}]}}, "content.variants.0.text"),
        ({"content": {"variants": [{"text": "a"}, {"name": "B", "text": "{{ x }}"}]}}, "content.variants.1.text"),
        ({"content": {"variants": [{"text": "a"}, {"name": " a ", "text": "b"}]}}, "content.variants.1.name"),
        ({"content": {"variants": [{"text": "a", "weight": 0}]}}, "content.variants.0.weight"),
        ({"content": {"variants": [{"text": "a", "weight": 1.5}]}}, "content.variants.0.weight"),
        ({"content": {"variants": [{"text": "a", "media": {}}]}}, "content.variants.0.media.media_id"),
        ({"content": {"variants": [{"text": "a", "media": {"media_id": 0}}]}}, "content.variants.0.media.media_id"),
        ({"content": {"variants": [{"text": "a", "media": CARRIED, "poll": POLL}]}}, "content.variants.0.media"),
        ({"content": {"variants": [{"text": "a" * 1025, "media": CARRIED}]}}, "content.variants.0.text"),
        (
            {"content": {"kind": "llm", "llm": {"max_length": 901}, "variants": [{"text": "a", "media": CARRIED}]}},
            "content.llm.max_length",
        ),
        ({"content": {"variants": [{"text": "a", "poll": {"options": ["x"]}}]}}, "content.variants.0.poll.options"),
        (
            {"content": {"variants": [{"text": "a", "buttons": [[{"text": "b", "url": "javascript:x"}]]}]}},
            "content.variants.0.buttons.0.0.url",
        ),
        (
            {"content": {"variants": [{"text": "a", "buttons": [[{"text": "", "url": "https://a.b"}]]}]}},
            "content.variants.0.buttons.0.0.text",
        ),
        ({"timing": {"preset": "x" * 41}}, "timing.preset"),
        ({"timing": {"delay": {"min_s": 2, "max_s": 1}}}, "timing.delay"),
        ({"timing": {"delay": {"min_s": 0, "max_s": 604801}}}, "timing.delay.max_s"),
        ({"timing": {"delay": {"min_s": 0}}}, "timing.delay.max_s"),
        ({"timing": {"quiet_hours": {"from": "24:00", "to": "08:00"}}}, "timing.quiet_hours.from"),
        ({"timing": {"quiet_hours": {"from": "٠٨:00", "to": "09:00"}}}, "timing.quiet_hours.from"),
        ({"timing": {"quiet_hours": {"from": "08:00", "to": "08:00\n"}}}, "timing.quiet_hours.to"),
        ({"timing": {"quiet_hours": {"from": "08:00", "to": "08:00"}}}, "timing.quiet_hours"),
        ({"timing": {"time_zone": "Mars/Base"}}, "timing.time_zone"),
        ({"timing": {"time_zone": "../etc/passwd"}}, "timing.time_zone"),
        ({"timing": {"expire_after_s": 59}}, "timing.expire_after_s"),
        ({"timing": {"wait_for": {"readers": 1}}}, "timing.wait_for.readers"),
        ({"timing": {"wait_for": {"reader_comments": -1}}}, "timing.wait_for.reader_comments"),
        ({"timing": {"wait_for": {"reader_comments": 1001}}}, "timing.wait_for.reader_comments"),
        ({"timing": {"wait_for": {"question": 1}}}, "timing.wait_for.question"),
        ({"timing": {"wait_for": {"otherwise": "drop"}}}, "timing.wait_for.otherwise"),
        ({"timing": {"wait_for": {"question": True, "deadline_s": 0}}}, "timing.wait_for.deadline_s"),
        ({"timing": {"wait_for": {"silence_s": 2221, "deadline_s": 1800}}}, "timing.wait_for.silence_s"),
        ({"limits": {"per_post": 0}}, "limits.per_post"),
    ],
)
def test_a_fault_is_told_with_its_path(raw: Any, path: str) -> None:
    whole = merged(raw) if isinstance(raw, dict) else raw
    assert set(faults(whole)) == {path}


def test_a_silence_may_be_as_long_as_the_whole_wait() -> None:
    """The preset's delay is 420 seconds at most; how long that of a project's own is, the document does not say."""
    for preset, silence_s in (("balanced", 2220), ("Evening", 604800)):
        wait = {"silence_s": silence_s, "deadline_s": 1800}
        assert check_config(merged({"timing": {"preset": preset, "wait_for": wait}})).timing.awaits.is_on


def test_the_presets_give_the_delay() -> None:
    assert {name: (one.delay.min_s, one.delay.max_s) for name, one in PRESETS.items()} == {
        "safe": (600, 1800),
        "balanced": (180, 420),
        "boost": (30, 120),
    }
    assert check_config(merged({"timing": {"preset": "boost"}})).timing.window == PRESETS["boost"].delay
    assert check_config(FULL_DOCUMENT).timing.window.max_s == 604800


def test_several_faults_come_together() -> None:
    assert set(faults({"filter": {"share": 2}, "limits": {"per_post": 0}, "y": 1})) == {
        "filter.share",
        "limits.per_post",
        "y",
    }


def test_a_flood_of_faults_is_cut() -> None:
    assert len(faults({f"key {number} {'x' * 500}": 1 for number in range(5000)})) <= 50


def test_a_config_cannot_be_changed() -> None:
    config = TaskConfig()
    with pytest.raises(ValueError, match="frozen"):
        config.targets = config.targets  # type: ignore[misc]


def test_faults_are_told_in_the_readers_language() -> None:
    with using("ru"):
        assert faults({"content": {"variants": [{"text": "{a"}]}})["content.variants.0.text"]


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["channels", "variants", "text", "delay", "from", "llm", "name", "x"]), inner)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from([*TaskConfig.model_fields, "x"]), junk, min_size=1))
def test_any_document_is_taken_or_refused(raw: dict[str, Any]) -> None:
    with suppress(Invalid):
        config = check_config(raw)
        assert check_config(config.dump()) == config


@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("(sale", "RE2 cannot read this pattern: missing ): (sale"),
        ("(?=sale)", "RE2 cannot read this pattern: invalid perl operator: (?="),
        (r"(a)\1", r"RE2 cannot read this pattern: invalid escape sequence: \1"),
        (r"(\pL{200}){2}", "RE2 cannot read this pattern: pattern too large - compile failed"),
        ("", "This is empty."),
        ("a" * 501, "At most 500 characters are allowed."),
    ],
)
def test_a_bad_pattern_is_refused_in_the_words_of_re2(pattern: str, said: str) -> None:
    assert faults(GOOD | {"filter": {"regex": pattern}}) == {"filter.regex": said}


def test_languages_are_written_with_two_letters_of_one_that_can_be_told() -> None:
    assert check_config(GOOD | {"filter": {"languages": ["RU", "en"]}}).filter.languages == ("ru", "en")
    said = "This language cannot be told; the two letters of one that can are needed."
    assert faults(GOOD | {"filter": {"languages": ["ru", "xx"]}}) == {"filter.languages.1": said}
