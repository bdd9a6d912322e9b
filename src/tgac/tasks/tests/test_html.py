"""Telegram HTML: what passes, what is refused and where, how long it is."""

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgac.tasks.text.faults import TextError
from tgac.tasks.text.html import Run, check_html, to_plain, to_runs, visible_length


@pytest.mark.parametrize(
    "html",
    [
        "<b>a</b><strong>b</strong><i>c</i><em>d</em><u>e</u><ins>f</ins><s>g</s><strike>h</strike><del>i</del>",
        '<span class="tg-spoiler">a</span><tg-spoiler>b</tg-spoiler>',
        '<a href="https://example.com/?a=1&amp;b=2">x</a>',
        "<a href='tg://resolve?domain=x'>x</a><a href = \"mailto:a@b.c\">x</a>",
        '<pre><code class="language-python">x</code></pre><code>y</code><pre>z</pre>',
        "<blockquote expandable>a <b>b</b></blockquote><blockquote>c</blockquote>",
        '<tg-emoji emoji-id="5368324170671202286">👍</tg-emoji>',
        "<B>x</B >",
        "1 > 0 & &nbsp; &lt;b&gt;",
    ],
)
def test_telegram_takes_it(html: str) -> None:
    check_html(html)


@pytest.mark.parametrize(
    ("html", "words"),
    [
        ("ab <b>c", "<b> at character 4 is not closed"),
        ("a</b>", "</b> at character 2 closes nothing"),
        ("<b><i>x</b></i>", "</b> at character 8 stands where </i> is expected"),
        ("<b>x</strong>", "where </b> is expected"),
        ("<script>x</script>", "no tag <script>"),
        ("<h1>x</h1>", "no tag"),
        ("1 < 2", "< at character 3 begins no tag"),
        ("<b", "begins no tag"),
        ("<br/>", "begins no tag"),
        ("<!-- x -->", "begins no tag"),
        ('<b class="x">y</b>', "attribute that does not fit"),
        ("<a>x</a>", "attribute"),
        ("<a href>x</a>", "attribute"),
        ('<a href="https://a.b" onclick="x">y</a>', "attribute"),
        ('<a href="https://a.b" href="https://c.d">y</a>', "attribute"),
        ("<a href=https://a.b>y</a>", "begins no tag"),
        ("<span>x</span>", "attribute"),
        ('<span class="x">y</span>', "attribute"),
        ('<code class="python">y</code>', "attribute"),
        ('<tg-emoji emoji-id="x">y</tg-emoji>', "attribute"),
        ('<a href="javascript:alert(1)">x</a>', "begins with http"),
        ('<a href="java&#115;cript:alert(1)">x</a>', "begins with http"),
        ('<a href="//a.b">x</a>', "begins with http"),
        ('<a href="https://">x</a>', "names no host"),
        ('<a href="https://[">x</a>', "cannot be read"),
        ('<a href="https://a.b/ c">x</a>', "no spaces"),
        ('<a href="https://a.b"><a href="https://a.b">x</a></a>', "cannot stand in here"),
        ("<blockquote><blockquote>x</blockquote></blockquote>", "cannot stand in here"),
        ("<code><b>x</b></code>", "cannot stand in here"),
        ("<pre><code><b>x</b></code></pre>", "cannot stand in here"),
        ("<b>" * 21, "<b> at character 61 is nested too deeply"),
        ("x" * 32_769, "has 32769 characters; Telegram takes 32768"),
    ],
)
def test_it_is_refused_with_the_place(html: str, words: str) -> None:
    with pytest.raises(TextError) as caught:
        check_html(html)
    assert words in caught.value.sentence


@pytest.mark.parametrize(
    ("html", "length"),
    [
        ("", 0),
        ("<b>a</b>&amp;", 2),
        ("😀", 2),
        ("&#128512;", 2),
        ("&#x41;&quot;&lt;&gt;", 4),
        ("&nbsp;", 6),
        ("&#xD800;", 8),
    ],
)
def test_length_is_what_telegram_counts(html: str, length: int) -> None:
    assert visible_length(html) == length


def test_a_page_gets_words_with_their_looks() -> None:
    html = 'a <b>b <a href="https://x.y/?a&amp;b">c</a></b><tg-spoiler>&lt;d&gt;</tg-spoiler>'
    assert to_runs(html) == [
        Run("a "),
        Run("b ", frozenset({"b"})),
        Run("c", frozenset({"b"}), "https://x.y/?a&b"),
        Run("<d>", frozenset({"spoiler"})),
    ]
    assert to_plain(html) == "a b c<d>"


def told(act: Callable[[str], object], text: str) -> str:
    """What is said against a text; nothing where it passes."""
    try:
        act(text)
    except TextError as error:
        return error.sentence
    return ""


@given(st.text(alphabet="<>/ab=\"' &#;x1lt-", max_size=40))
def test_any_text_is_read_or_refused(html: str) -> None:
    assert "%(" not in told(check_html, html)


@pytest.mark.parametrize("bomb", ["<", "<b>", "<a ", "<a href", '<a href="', "&#", "<a b b", "</", "<b a='"])
def test_a_bomb_ends_at_once(bomb: str) -> None:
    began = time.process_time()
    with pytest.raises(TextError):
        check_html(bomb * 20_000)
    assert time.process_time() - began < 0.5
