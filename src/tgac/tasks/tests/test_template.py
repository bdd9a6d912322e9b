"""Liquid: strict, bounded, and blind to what variables bring in."""

import time
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgac.tasks.text import spintax
from tgac.tasks.text.faults import TextError
from tgac.tasks.text.template import FILTERS, Values, check, fill

ARGUMENTS = {
    "append": ": 'x'",
    "prepend": ": 'x'",
    "default": ": 'x'",
    "replace": ": 'a', '<'",
    "slice": ": 0, 9",
    "truncate": ": 9",
    "truncatewords": ": 2",
}


def values(text: str = "Post") -> Values:
    return {
        "post": {"text": text, "link": "https://t.me/c/1/2", "hashtags": "#a #b"},
        "channel": {"title": "News", "username": ""},
        "bot": {"name": "Bob"},
        "date": "30 September 2026",
        "time": "12:00",
        "weekday": "Wednesday",
    }


def filled(source: str, text: str = "Post") -> str:
    return fill(spintax.all_pieces(spintax.parse(source)), values(text))


@pytest.mark.parametrize(
    ("source", "outcome"),
    [
        ("{{ post.text | upcase }}!", "POST!"),
        ("{{ channel['title'] }}", "News"),
        ("{% if post.text contains 'Po' %}yes{% else %}no{% endif %}", "yes"),
        ("{% if channel.username == '' %}private{% endif %}", "private"),
        ("{% assign name = bot.name %}{{ name }}", "Bob"),
        ("{% comment %}\\{{% endcomment %}x", "x"),
        ("{{ post.text | replace: 'o', '0' }}", "P0st"),
        (r"\{\{ post.text \}\} \{% if %\}", "{{ post.text }} {% if %}"),
        (r"\{{{ post.text }}\}", "{Post}"),
    ],
)
def test_it_is_filled(source: str, outcome: str) -> None:
    check(spintax.parse(source))
    assert filled(source) == outcome


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("{{ foo }}", "no variable “foo”"),
        ("{{ post }}", "no variable “post”"),
        ("{{ post.author }}", "no variable “post.author”"),
        ("{{ post[channel.title] }}", "no variable “post.…”"),
        ("{a|{{ foo }}}", "no variable “foo”"),
        ("{% if a.b %}{% endif %}", "no variable “a.b”"),
        ("{{ post.text | shout }}", "no filter “shout”"),
        ("{{ post.text | safe }}", "no filter “safe”"),
        ("{{ post.text | times: 9 }}", "no filter “times”"),
        ("{{ post.text > 5 }}", "cannot be read"),
        ("{{ post.text", "is not closed"),
        ("{% if post.text %}", "cannot be read"),
        ("{% if post.text %}{a{% else %}b|c}{% endif %}", "cannot be read"),
        ("{{% if post.text %}a|b}{% endif %}", "cannot be read"),
        ("{% include 'x' %}", "cannot be read"),
        ("{% render 'x' %}", "cannot be read"),
        ("{% for i in (1..9) %}{% endfor %}", "cannot be read"),
        ("{% raw %}x{% endraw %}", "no tag “raw”"),
        ("{%- doc -%}x{%- enddoc -%}", "no tag “doc”"),
        ("{{ post.text | append: '" + "x" * 500 + "' }}", "longer than 500"),
        ("{% if 1 %}" * 20 + "{% endif %}" * 20, "does more than it may"),
    ],
)
def test_it_is_refused_when_saved(source: str, words: str) -> None:
    with pytest.raises(TextError) as caught:
        check(spintax.parse(source))
    assert words in caught.value.sentence


def test_a_variable_that_is_only_set_elsewhere_is_named() -> None:
    with pytest.raises(TextError, match="template") as caught:
        filled("{% if post.text == 'x' %}{% assign y = 1 %}{% endif %}{{ y }}")
    assert "'y'" in caught.value.sentence


@pytest.mark.parametrize("name", FILTERS)
def test_no_filter_lets_markup_through(name: str) -> None:
    source = "{{ post.text | " + name + ARGUMENTS.get(name, "") + " }}"
    outcome = filled(source, "<b>a&\"'</b>")
    assert "<" not in outcome
    assert '"' not in outcome


@pytest.mark.parametrize("brought", ["{a|b}", "{{ bot.name }}", "{% if %}", "{{", r"\{", "{'{'}}"])
def test_what_a_variable_brings_in_is_never_read(brought: str) -> None:
    assert filled("{x|x} {{ post.text }}", brought).replace("&#39;", "'").endswith(brought)


@given(st.text(max_size=80))
def test_any_post_comes_through_escaped(text: str) -> None:
    assert not set("<>\"'") & set(filled("{{ post.text }}", text))


@pytest.mark.parametrize(
    "source",
    [
        "{% assign x = 'aaaaaaaaaa' %}" + "{% assign x = x | append: x %}" * 13,
        "{{ 'a' " + "| replace: 'a', 'aaaaaaaaaa'" * 5 + " }}",
        "{{ 'a' | replace: '', 'b' }}",
        "{% assign x = 'aaaaaaaaaa' %}" + "{% assign x = x | append: x %}" * 9 + "{{ x }}" * 9,
    ],
)
def test_a_text_that_grows_without_bound_is_stopped(source: str) -> None:
    check(spintax.parse(source))
    with pytest.raises(TextError, match="template") as caught:
        filled(source)
    assert "too much" in caught.value.sentence or "more than it may" in caught.value.sentence


@pytest.mark.parametrize(
    "source",
    [
        "{{ (1..99999999999999999999999) | size }}",
        "{{ post.text | slice: 0, 99999999999999999999 }}",
        "{{ post.text | truncate: " + "9" * 5000 + " }}",
        "{% if 1" + " or 1" * 3000 + " %}{% endif %}",
        "{{ post" + "[post.text" * 900 + "]" * 900 + " }}",
    ],
)
def test_a_bomb_ends_at_once(source: str) -> None:
    began = time.process_time()
    with suppress(TextError):
        check(spintax.parse(source))
        assert len(filled(source)) < 50_000
    assert time.process_time() - began < 1
