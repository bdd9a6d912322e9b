"""Formatted text as Telegram reads it."""

import pytest

from tgsandbox.entities import checked_url, formatted, parse_html, utf16_length
from tgsandbox.refusals import Refused
from tgsandbox.tests.hands import Hands, Scene


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("plain", "plain", []),
        ("<b>a</b><i>b</i>", "ab", [("bold", 0, 1), ("italic", 1, 1)]),
        ("<strong>a</strong> <em>b</em>", "a b", [("bold", 0, 1), ("italic", 2, 1)]),
        ("😀<u>x</u>", "😀x", [("underline", 2, 1)]),
        ("<s>a</s><strike>b</strike><del>c</del>", "abc", [("strikethrough", n, 1) for n in range(3)]),
        ("<tg-spoiler>a</tg-spoiler>", "a", [("spoiler", 0, 1)]),
        ('<span class="tg-spoiler">a</span>', "a", [("spoiler", 0, 1)]),
        ("<blockquote expandable>a</blockquote>", "a", [("expandable_blockquote", 0, 1)]),
        ("<blockquote>a</blockquote>", "a", [("blockquote", 0, 1)]),
        ("a &lt;b&gt; &amp;&quot; &#65; &nbsp;", 'a <b> &" A &nbsp;', []),
        ("<b></b>x", "x", []),
        ("<B>x</B>", "x", [("bold", 0, 1)]),
        ("<b>x</>", "x", [("bold", 0, 1)]),
    ],
)
def test_html_becomes_text_and_entities(source: str, text: str, entities: list[tuple[str, int, int]]) -> None:
    marked, found = parse_html(source)
    assert marked == text
    assert [(entity["type"], entity["offset"], entity["length"]) for entity in found] == entities


def test_links_code_and_emoji_keep_what_they_say() -> None:
    assert parse_html('<a href="https://example.org/?a=1&amp;b=2">x</a>')[1][0]["url"] == "https://example.org/?a=1&b=2"
    assert parse_html('<pre><code class="language-python">x</code></pre>')[1] == [
        {"type": "pre", "offset": 0, "length": 1, "language": "python"}
    ]
    assert parse_html('<tg-emoji emoji-id="5368324170671202286">👍</tg-emoji>')[1][0]["type"] == "custom_emoji"
    assert parse_html('<a href="not a link">x</a>')[1] == []


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("<foo>x</foo>", 'Unsupported start tag "foo" at byte offset 0'),
        ("я<foo>", 'Unsupported start tag "foo" at byte offset 2'),
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("a < b", 'Unsupported start tag "" at byte offset 2'),
        ("x <b", "Unclosed start tag at byte offset 2"),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("<a href>x</a>", 'Expected equal sign in declaration of an attribute of the tag "a" at byte offset 0'),
    ],
)
def test_broken_html_is_refused_in_telegrams_words(source: str, why: str) -> None:
    with pytest.raises(Refused) as refused:
        parse_html(source)
    assert refused.value.description == f"Bad Request: can't parse entities: {why}"


def test_telegram_finds_links_mentions_hashtags_and_commands_itself() -> None:
    _, found = formatted("/start see https://example.org #news @anna a@b.org", parse_mode=None, given=None)
    assert [entity["type"] for entity in found] == ["bot_command", "url", "hashtag", "mention", "email"]


def test_white_space_at_the_ends_goes_and_entities_move_along() -> None:
    text, found = formatted(" \n<b> x </b> ", parse_mode="HTML", given=None)
    assert (text, found) == ("x", [{"type": "bold", "offset": 0, "length": 1}])


def test_lengths_are_counted_in_utf_16() -> None:
    assert utf16_length("a😀я") == 4


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://example.org", "https://example.org/"),
        ("example.org/x", "http://example.org/x"),
        ("http://127.0.0.1:8080/a", "http://127.0.0.1:8080/a"),
        ("tg://user?id=1", "tg://user?id=1"),
        ("javascript:alert(1)", None),
        ("http://localhost", None),
        ("", None),
    ],
)
def test_a_link_has_a_known_scheme_and_a_host(url: str, kept: str | None) -> None:
    assert checked_url(url) == kept


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"text": ""}, "Bad Request: message text is empty"),
        ({"text": "  \n"}, "Bad Request: message text is empty"),
        ({"text": "<b></b>", "parse_mode": "HTML"}, "Bad Request: message text is empty"),
        ({"text": "x" * 4097}, "Bad Request: message is too long"),
        ({"text": "😀" * 2049}, "Bad Request: message is too long"),
        ({"text": "x", "parse_mode": "BBCode"}, "Bad Request: unsupported parse_mode"),
    ],
)
async def test_a_text_that_telegram_does_not_take(
    hands: Hands, scene: Scene, params: dict[str, str], said: str
) -> None:
    assert await hands.refusal(scene.token, "sendMessage", chat_id=scene.group, **params) == said


async def test_the_longest_text_is_counted_after_parsing(hands: Hands, scene: Scene) -> None:
    text = f"<b>{'x' * 4096}</b>"
    sent = await hands.call(scene.token, "sendMessage", chat_id=scene.group, text=text, parse_mode="HTML")
    assert len(sent["text"]) == 4096
