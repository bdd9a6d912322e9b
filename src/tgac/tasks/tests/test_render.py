"""From content to one comment: deterministic, in the reader's language, and never with a stranger's link."""

import random
from collections import Counter
from dataclasses import replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tgac.tasks.config import Content
from tgac.tasks.facts import Scene
from tgac.tasks.text.compose import BARE, FULL, check_text, compose
from tgac.tasks.text.faults import TextError
from tgac.tasks.text.html import to_plain
from tgac.tasks.text.render import render


def content(*texts: str, **more: Any) -> Content:
    variants = [{"name": f"V{index}", "text": text} for index, text in enumerate(texts)]
    return Content.model_validate({"variants": variants, **more})


def scene(text: str) -> Scene:
    return replace(FULL, post=replace(FULL.post, text=text))


def composed(source: str, where: Scene = FULL) -> str:
    return compose(source, where, random.Random(1)).html


def test_a_whole_comment_comes_out() -> None:
    source = "{Hello|Hello}, <b>{{ channel.title }}</b>! {{ post.hashtags }} {{ post.link }} @{{ channel.username }}"
    assert composed(source) == ("Hello, <b>City News</b>! #city #transport https://t.me/city_news/123 @city_news")


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "Thursday, January 1, 2026, 00:05"), ("ru", "четверг, 1 января 2026\N{NARROW NO-BREAK SPACE}г., 00:05")],
)
def test_times_are_told_in_the_language_and_zone(language: str, words: str) -> None:
    moment = datetime(2025, 12, 31, 21, 5, tzinfo=ZoneInfo("UTC")).astimezone(ZoneInfo("Europe/Moscow"))
    assert composed("{{ weekday }}, {{ date }}, {{ time }}", replace(FULL, moment=moment, language=language)) == words


def test_the_same_dice_give_the_same_text() -> None:
    many = content("{a|b|c}{d|e|f}", "{g|h|i}{j|k|l}")
    assert render(many, FULL, random.Random(5)) == render(many, FULL, random.Random(5))
    assert len({render(many, FULL, random.Random(seed)).html for seed in range(99)}) == 18


def test_weights_decide_how_often_a_variant_comes() -> None:
    two = Content.model_validate({"variants": [{"name": "A", "weight": 9, "text": "a"}, {"name": "B", "text": "b"}]})
    dice = random.Random(1)
    chosen = Counter(render(two, FULL, dice).variant for _ in range(2000))
    assert 1700 < chosen["A"] < 1900


def test_a_text_is_not_repeated_while_there_is_another() -> None:
    for seed in range(50):
        assert render(content("{a|b}{c|d}"), FULL, random.Random(seed), previous_text="ac").html != "ac"


def test_the_only_text_is_repeated() -> None:
    assert render(content("a"), FULL, random.Random(1), previous_text="a").html == "a"


def test_the_only_text_is_not_tried_again_and_again() -> None:
    assert render(content("a"), FULL, random.Random(1), previous_text="a").tried == 0
    assert render(content("{a|a}"), FULL, random.Random(1), previous_text="a").tried > 0


def test_a_variant_that_does_not_fit_the_post_gives_way_to_another() -> None:
    both = content("{{ post.text }}", "Welcome")
    assert {render(both, BARE, random.Random(seed)).html for seed in range(20)} == {"Welcome"}


def test_without_any_text_that_fits_it_says_why() -> None:
    with pytest.raises(TextError, match="text_empty"):
        render(content("{{ post.text }}"), BARE, random.Random(1))


def test_label_and_buttons_go_along() -> None:
    one = Content.model_validate(
        {
            "label": "Ads <we.example>",
            "variants": [{"text": "x", "buttons": [[{"text": "Rules", "url": "https://example.com/r"}]]}],
        }
    )
    text = render(one, FULL, random.Random(1))
    assert text.html == "x\n\nAds &lt;we.example&gt;"
    assert text.buttons[0][0].url == "https://example.com/r"


@pytest.mark.parametrize(
    ("source", "post", "plain"),
    [
        ("{{ post.text }}", "Buy at https://evil.com/?x or t.me/evil", "Buy at … or t. me/evil"),
        ("{{ post.text }}", "<b>&</b> {a|b} {{ date }}", "<b>&</b> {a|b} {{ date }}"),
        ("{{ post.text }}", "@vera writes\n/start", "vera writes\nstart"),
        ("{{ post.text }}", "a\u202eb\u200bc", "abc"),
        ("example.com {{ post.text }}", "see example.com/y", "example.com see example.com/y"),
        ('<a href="https://x.org/{{ post.link | url_encode }}">{{ post.text }}</a>', "Hi", "Hi"),
        ("{{ channel.username | default: 'https://x.org' }}", "Hi", "city_news"),
    ],
)
def test_a_strangers_link_never_leaves(source: str, post: str, plain: str) -> None:
    assert to_plain(composed(source, scene(post))) == plain


@pytest.mark.parametrize(
    ("source", "post", "code"),
    [
        ("@{{ post.text }}", "vera", "text_link"),
        ("{{ post.text }}.com", "evil", "text_link"),
        ("https://{{ post.text }}/", "evil", "text_link"),
        ('<a href="https://{{ post.text }}.org/">x</a>', "evil", "text_link"),
        ('<a href="{{ post.text }}">x</a>', "javascript:alert(1)", "html"),
        ("x\n/{{ post.text }}", "start", "text_command"),
        ("{{ post.text }}", "x" * 32_769, "text_too_long"),
    ],
)
def test_what_template_and_post_make_together_is_refused(source: str, post: str, code: str) -> None:
    with pytest.raises(TextError, match=code):
        composed(source, scene(post))


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("", "text_empty"),
        (" \n", "text_empty"),
        ("x" * 49_153, "text_too_long"),
        ("{a|" + "x" * 32_769 + "}", "text_too_long"),
        ("{a|{b|<b>c}}", "html"),
        ("<b>{a|b</b>}", "html"),
        ("{% if post.text == '' %}<b>{% endif %}x", "html"),
        ("{{ 'evil' | append: '.com' }}", "text_link"),
        ("@{{ post.text }}", "text_link"),
        ("{a|{{ foo }}}", "template"),
        ("{{ post.text }}", "text_empty"),
    ],
)
def test_a_text_that_could_not_leave_is_not_saved(source: str, code: str) -> None:
    with pytest.raises(TextError, match=code):
        check_text(source)


@pytest.mark.parametrize(
    "source",
    [
        "{Hello|Hi}, {{ channel.title }}",
        'Rules: <a href="https://example.com/{a|b}?from={{ channel.username }}">here</a>, {{ post.link }}',
        "{% if post.hashtags contains '#city' %}{Trams|Buses}{% else %}<i>News</i>{% endif %}",
        "<b>{a|b}</b> {<i>c</i>|d}\n/rules @our_bot example.com",
        "{{ post.text | truncate: 100 | default: 'See above' }}",
    ],
)
def test_a_good_text_is_saved(source: str) -> None:
    check_text(source)
