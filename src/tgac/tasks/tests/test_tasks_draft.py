"""The editor's form says what the document says, and the sentence as well."""

from typing import Any

import pytest

from tgac.kit.errors import Conflict, Invalid
from tgac.kit.web.forms import Filled
from tgac.kit.web.i18n import using
from tgac.tasks.config import Delay, TaskConfig, WaitFor, check_config
from tgac.tasks.draft import add_variant, bots_of, document_of, form_of, refuse, variants_of
from tgac.tasks.reach import Reach
from tgac.tasks.sentence import draft_sentence, sentence_of
from tgac.tasks.tests.test_config import FULL_DOCUMENT, GOOD
from tgac.tasks.time_words import delay_words, span_words

WIDE: dict[str, Any] = {
    "content": {
        "variants": [
            {
                "text": "line\n\nline {a|b}",
                "buttons": [
                    [{"text": "1", "url": "https://a.b"}, {"text": "2", "url": "https://a.b"}],
                    [{"text": "3", "url": "tg://resolve?domain=abc"}],
                ],
            }
        ]
    },
    "timing": {"delay": {"min_s": 7200, "max_s": 10800}},
    "limits": {"per_post": 3, "per_channel_hour": 4, "per_bot_day": 90, "pause_s": 20, "ramp_up_days": 5},
    "filter": {"share": 0.333, "weekdays": [5]},
}


def as_sets(config: TaskConfig) -> dict[str, Any]:
    """The document, with the lists whose order means nothing sorted: boxes are ticked in no order."""
    document = config.dump()
    for part, key in (("targets", "channels"), ("filter", "media"), ("filter", "weekdays")):
        document[part][key] = sorted(document[part][key] or ())
    return document


@pytest.mark.parametrize("raw", [GOOD, FULL_DOCUMENT, WIDE])
def test_the_form_means_the_document_that_it_shows(raw: dict[str, Any]) -> None:
    config = check_config(raw)
    form = form_of("Name", config, [4, 2])
    hidden = {"after": config.after, "timing": config.timing}
    base = TaskConfig().model_copy(update=hidden)
    assert as_sets(check_config(document_of(form, base))) == as_sets(config)
    assert bots_of(form) == [2, 4]


def test_what_the_editor_does_not_show_stays() -> None:
    base = check_config(FULL_DOCUMENT)
    document = document_of(form_of("Name", base, []), base)
    assert document["limits"] == {**TaskConfig().limits.model_dump(), "per_post": 2, "ramp_up_days": 0}
    assert (document["timing"]["expire_after_s"], document["timing"]["preset"]) == (60, "safe")
    assert document["after"]["delete_with_post"] is False


WAITS = {"timing.wait_for.reader_comments": "2"}


@pytest.mark.parametrize(
    ("values", "path"),
    [
        ({"timing.delay.min_s": "3", "timing.delay.max_s": ""}, "timing.delay.max_s"),
        ({"timing.delay.min_s": "soon", "timing.delay.max_s": "5"}, "timing.delay.min_s"),
        ({"timing.delay.min_s": "inf", "timing.delay.max_s": "5"}, "timing.delay.min_s"),
        ({"timing.delay.min_s": "9", "timing.delay.max_s": "5"}, "timing.delay"),
        ({"timing.preset": "x" * 41}, "timing.preset"),
        ({"timing.quiet_hours.from": "23:00"}, "timing.quiet_hours.to"),
        ({"timing.time_zone": "Mars"}, "timing.time_zone"),
        ({"timing.wait_for.reader_comments": "some"}, "timing.wait_for.reader_comments"),
        ({"timing.wait_for.silence_s": "long"}, "timing.wait_for.silence_s"),
        (WAITS | {"timing.wait_for.deadline_s": "-1"}, "timing.wait_for.deadline_s"),
        (WAITS | {"timing.wait_for.otherwise": "drop"}, "timing.wait_for.otherwise"),
        ({"filter.share": "half"}, "filter.share"),
        ({"filter.share": "nan"}, "filter.share"),
        ({"filter.share": "120"}, "filter.share"),
        ({"filter.min_length": "many"}, "filter.min_length"),
        ({"filter.any_words": "a\n" + "x" * 101}, "filter.any_words"),
        ({"content.variants.0.weight": "often"}, "content.variants.0.weight"),
        ({"content.variants.0.buttons.0.0.text": "Go"}, "content.variants.0.buttons.0.0.url"),
        ({"content.variants.0.text": "{a"}, "content.variants.0.text"),
    ],
)
def test_what_cannot_be_read_is_marked_at_its_field(values: dict[str, str], path: str) -> None:
    form = form_of("Name", check_config(GOOD), [])
    form.values |= values
    with pytest.raises(Invalid) as caught:
        check_config(document_of(form, TaskConfig()))
    refuse(form, caught.value)
    assert set(form.errors) == {path}


def test_a_wait_for_readers_is_shown_in_readable_units_and_means_the_same() -> None:
    form = form_of("Name", check_config(FULL_DOCUMENT), [])
    shown = {name: form.values[name] for name in ("silence_unit", "deadline_unit")}
    shown |= {name: form.values[f"timing.wait_for.{name}"] for name in ("reader_comments", "silence_s", "deadline_s")}
    assert shown == {
        "reader_comments": "5", "silence_s": "90", "silence_unit": "s", "deadline_s": "2", "deadline_unit": "h",
    }  # fmt: skip
    wait = FULL_DOCUMENT["timing"]["wait_for"]
    assert document_of(form, TaskConfig())["timing"]["wait_for"] == wait


def test_what_a_task_lifts_is_ticked_and_means_the_same() -> None:
    lifts = ("timing.quiet_hours", "limits.per_bot_day")
    form = form_of("Name", check_config(GOOD | {"lifts": lifts}), [])
    assert all(form.ticked("lifts", one, otherwise=False) for one in lifts)
    assert set(document_of(form, TaskConfig())["lifts"]) == set(lifts)
    form.ticks = frozenset()
    assert document_of(form, check_config(GOOD | {"lifts": lifts}))["lifts"] == []


def test_an_empty_wait_is_as_the_preset_says_unless_the_form_says_nobody() -> None:
    form = form_of("Name", check_config(GOOD), [])
    assert form.values["timing.wait_for.reader_comments"] == ""
    form.values["timing.wait_for.deadline_s"] = ""
    assert check_config(document_of(form, TaskConfig())).timing.wait_for is None
    nobody = check_config(GOOD | {"timing": {"wait_for": {}}})
    form = form_of("Name", nobody, [])
    assert form.ticked("wait_nobody", "true", otherwise=False)
    assert check_config(document_of(form, TaskConfig())).timing.wait_for == WaitFor()


@pytest.mark.parametrize(
    "parts",
    [
        {"timing": {"typing": False, "wait_for": {}}, "filter": {"weekdays": [0, 1, 2, 3, 4, 5, 6], "share": 1.0}},
        {"timing": {"typing": True}, "limits": {"per_post": 1, "per_post_together": 2, "threads_per_bot": 3}},
    ],
)
def test_what_a_task_says_itself_is_kept_apart_from_what_its_preset_says(parts: dict[str, Any]) -> None:
    config = check_config(GOOD | parts)
    assert check_config(document_of(form_of("Name", config, []), TaskConfig())) == config
    assert document_of(form_of("Name", check_config(GOOD), []), TaskConfig()) == check_config(GOOD).dump()


def test_a_form_without_these_fields_leaves_the_wait_alone() -> None:
    """A page that was loaded before they were there."""
    base = check_config(FULL_DOCUMENT)
    form = form_of("Name", base, [])
    form.values = {name: value for name, value in form.values.items() if "wait_for" not in name}
    assert document_of(form, base)["timing"]["wait_for"] == FULL_DOCUMENT["timing"]["wait_for"]


def test_half_a_minute_and_a_comma_are_understood() -> None:
    form = form_of("Name", check_config(GOOD), [])
    form.values |= {"timing.delay.min_s": "0,5", "timing.delay.max_s": "1.5"}
    assert document_of(form, TaskConfig())["timing"]["delay"] == {"min_s": 30, "max_s": 90}


def test_a_fault_without_a_field_is_told_above_all() -> None:
    form: Filled[Any] = form_of("Name", check_config(GOOD), [])
    refuse(form, Invalid("x", fields={"config.after.delete_with_post": "Wrong.", "bot_ids": "No bot."}))
    assert form.errors == {"": "config.after.delete_with_post: Wrong.", "bots": "No bot."}
    with pytest.raises(Conflict):
        refuse(form, Conflict("Something else."))


def test_a_variant_is_added_under_the_next_free_letter() -> None:
    form = form_of("Name", check_config(GOOD), [])
    add_variant(form)
    add_variant(form)
    assert [form.values[f"{one.prefix}.name"] for one in variants_of(form)] == ["A", "B", "C"]


@pytest.mark.parametrize(
    ("reach", "parts", "english", "russian"),
    [
        (
            Reach(), {},
            "Under every post (no channel is chosen yet), 3 to 7 minutes later: one comment (no bot is assigned yet).",
            "Под каждым постом (канал ещё не выбран) через 3–7 минут: один комментарий (бот ещё не назначен).",
        ),
        (
            Reach(2, ("City", "Trams"), (), 2, ("a_bot", "b_bot")),
            {"timing": {"preset": "boost", "quiet_hours": {"from": "23:00", "to": "08:00"}}},
            "Under every post of “City” and “Trams”, 30 seconds to 2 minutes later, but not from 23:00 to 08:00: one"
            " comment by @a_bot or @b_bot.",
            "Под каждым постом каналов «City» и «Trams» с задержкой 30 секунд – 2 минуты, но не с 23:00 до 08:00:"
            " один комментарий от @a_bot или @b_bot.",
        ),
        (
            Reach(1, ("City",), ("Towns",), 1, ("a_bot",)), {},
            "Under every post of “City” (playlist Towns), 3 to 7 minutes later: one comment by @a_bot.",
            "Под каждым постом канала «City» (плейлист Towns) через 3–7 минут: один комментарий от @a_bot.",
        ),
        (
            Reach(12, ("City", "Trams"), ("North", "South", "Towns", "West"), 1, ("a_bot",)), {},
            "Under every post of “City” and 11 more channels (playlist North and 3 more), 3 to 7 minutes later:"
            " one comment by @a_bot.",
            "Под каждым постом канала «City» и ещё 11 каналов (плейлист North и ещё 3) через 3–7 минут:"
            " один комментарий от @a_bot.",
        ),
        (
            Reach(3, ("City", "Parks"), (), 3, ("a_bot", "c_bot")),
            {"filter": {"forwarded": False}, "limits": {"per_post": 2}},
            "Under every post of “City” and 2 more channels except forwarded ones, 3 to 7 minutes later: up to 2"
            " comments by @a_bot or 2 more bots.",
            "Под каждым постом канала «City» и ещё 2 каналов, кроме пересланных, через 3–7 минут: до 2"
            " комментариев от @a_bot или ещё 2 ботов.",
        ),
        (
            Reach(1, ("City",), (), 1, ("a_bot",)),
            {
                "filter": {
                    "any_words": ["a", "b", "c", "d", "e"], "no_words": ["ad"], "hashtags": ["news"], "regex": "x" * 70,
                    "languages": ["ru"], "media": ["photo", "video"], "min_length": 1, "max_length": 500,
                    "forwarded": False,
                }
            },
            "Under every post of “City” that passes the filter, 3 to 7 minutes later: one comment by @a_bot. The filter"
            " takes only posts with one of the words “a”, “b”, “c” and 2 more; without the word “ad”; with the"
            f" hashtag #news; that match the pattern {'x' * 60}…; in the language ru; carrying photo, video; of 1"
            " character at least; of 500 characters at most; that are not forwarded.",
            "Под каждым постом канала «City», который подходит под фильтр, через 3–7 минут: один комментарий от @a_bot."
            " Фильтр пропускает только посты: с одним из слов «a», «b», «c» и ещё 2; без слова «ad»; с хештегом"
            f" #news; по шаблону {'x' * 60}…; на языке ru; с вложением: фото, видео; не короче 1 знака; не длиннее"
            " 500 знаков; не пересланные.",
        ),
        (
            Reach(1, ("City",), (), 1, ("a_bot",)),
            {"filter": {"no_words": ["a", "b"], "hashtags": ["c", "d"], "languages": ["ru", "en"], "min_length": 0}},
            "Under every post of “City” that passes the filter, 3 to 7 minutes later: one comment by @a_bot. The filter"
            " takes only posts without the words “a”, “b”; with one of the hashtags #c, #d; in one of the languages ru,"
            " en.",
            "Под каждым постом канала «City», который подходит под фильтр, через 3–7 минут: один комментарий от @a_bot."
            " Фильтр пропускает только посты: без слов «a», «b»; с одним из хештегов #c, #d; на одном из языков: ru,"
            " en.",
        ),
        (
            Reach(1, ("City",), (), 1, ("a_bot",)),
            {"filter": {"share": 0.5}},
            "Under every post of “City”, 3 to 7 minutes later: one comment by @a_bot. Of these posts it takes 50 %,"
            " picked evenly.",
            "Под каждым постом канала «City» через 3–7 минут: один комментарий от @a_bot. Из этих постов берётся 50 %,"
            " равномерно.",
        ),
    ],
)  # fmt: skip
def test_a_task_reads_itself_back(reach: Reach, parts: dict[str, Any], english: str, russian: str) -> None:
    config = check_config(GOOD | parts)
    assert sentence_of(config, reach) == english
    with using("ru"):
        assert sentence_of(config, reach) == russian


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (0, 0, "at once"),
        (5, 5, "5 seconds later"),
        (60, 60, "1 minute later"),
        (0, 60, "0 to 1 minute later"),
        (90, 120, "1 minute 30 seconds to 2 minutes later"),
        (30, 900, "30 seconds to 15 minutes later"),
        (90, 90, "1 minute 30 seconds later"),
        (30, 45, "30 to 45 seconds later"),
        (1800, 7200, "30 minutes to 2 hours later"),
        (3600, 7200, "1 to 2 hours later"),
    ],
)
def test_a_delay_is_told_in_the_largest_unit_that_is_whole(low: int, high: int, words: str) -> None:
    assert delay_words(Delay(min_s=low, max_s=high)) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (45, "45 seconds"),
        (90, "1 minute 30 seconds"),
        (900, "15 minutes"),
        (5400, "1 hour 30 minutes"),
        (86_400, "24 hours"),
        (604_800, "7 days"),
        (180_001, "2 days 2 hours 1 second"),
    ],
)
def test_a_span_is_told_in_the_units_that_people_use(seconds: int, words: str) -> None:
    assert span_words(seconds) == words


def test_a_draft_that_cannot_be_read_has_no_sentence() -> None:
    document = TaskConfig().dump()
    assert draft_sentence(document, Reach(), {}) is not None
    document["timing"]["delay"] = {"min_s": "soon", "max_s": 5}
    assert draft_sentence(document, Reach(), {}) is None


def test_a_task_tells_its_limits_and_nothing_where_it_has_none() -> None:
    limits = {"per_channel_hour": 4, "per_bot_day": 90, "pause_s": 120, "ramp_up_days": 3}
    config, reach = check_config({"content": {"variants": [{"text": "Hi"}]}, "limits": limits}), Reach()
    assert sentence_of(config, reach).endswith(
        " Limits: 4 comments an hour in a channel; 90 comments a day by a bot; growing to that over 3 days;"
        " 2 minutes between two comments of a bot."
    )
    with using("ru"):
        assert "Лимиты: 4 комментария в час на канал" in sentence_of(config, reach)
    assert "Limits" not in sentence_of(check_config({"content": {"variants": [{"text": "Hi"}]}}), reach)


def test_an_empty_delay_is_as_the_preset_says() -> None:
    form = form_of("Name", check_config(GOOD | {"timing": {"preset": "safe"}}), [])
    assert form.values["timing.delay.min_s"] == ""
    assert document_of(form, TaskConfig())["timing"]["delay"] is None


def test_a_draft_says_that_a_model_writes_it() -> None:
    document = TaskConfig().dump()
    document["content"]["kind"] = "llm"
    assert "A language model writes it" in str(draft_sentence(document, Reach(), {}))
