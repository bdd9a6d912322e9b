"""The last gate: what passes, what is refused, and that there is no other way to an Outgoing."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgac.tasks.text.egress import Button, Outgoing, disarm, keys_in, let_out, link_keys, strip_hidden
from tgac.tasks.text.faults import TextError

NOTHING: frozenset[str] = frozenset()


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        ("no link. here, at all: 5.5 e.g. т.д. 12:30 1/2 and/or #tag $5", set()),
        ("see https://www.Example.com/a?b=1.", {"example.com"}),
        ("(example.com/x) sub.example.co.uk, пример.рф", {"example.com", "sub.example.co.uk", "пример.рф"}),
        ("..example.com @example.com", {"example.com", "@example"}),
        ("http://user:pw@evil.com:80/", {"evil.com"}),
        ("https://good.com@evil.com", {"evil.com"}),
        ("ftp://x.org xn--e1afmkfd.xn--p1ai", {"x.org", "xn--e1afmkfd.xn--p1ai"}),
        ("a@b.com mailto:c@d.com?subject=x", {"a@b.com", "c@d.com"}),
        ("127.0.0.1:8080/x", {"127.0.0.1"}),
        ("t.me/News/5 https://telegram.me/s/other/1 https://t.me/c/77/1", {"@news", "@other", "t.me/c/77"}),
        ("t.me/+AbC https://t.me/joinchat/XyZ", {"t.me/+abc", "t.me/joinchat/xyz"}),
        ("_http://localhost/ 例.中国 evil.com_ evil.com-x", {"localhost", "例.中国", "evil.com"}),
        ("@@anna /@boris ,/start —/stop", {"@anna", "@boris", "/start", "/stop"}),
        ("tg://resolve?domain=x", {"tg://resolve?domain=x"}),
        ("@Anna_1, (@boris) mail@x @a", {"@anna_1", "@boris"}),
        ("/start\n/Help@bot x/y https://a.b/start", {"/start", "/help", "a.b"}),
        ("https://[", {"https://["}),
    ],
)
def test_it_sees_what_telegram_would_make_clickable(text: str, keys: set[str]) -> None:
    seen = keys_in(text)
    assert seen - {"a.b"} == keys - {"a.b"}


def test_a_link_leads_to_its_host_whatever_its_path() -> None:
    assert link_keys("https://example.com/a") == link_keys("EXAMPLE.com/b?c") == {"example.com"}


def test_what_is_allowed_passes_and_keeps_what_it_was_held_against() -> None:
    allowed = frozenset({"example.com", "@news", "/rules"})
    text = let_out('<a href="https://example.com/x">here</a> @News 😀\n/rules', allowed=allowed, variant="A")
    assert (text.variant, text.length) == ("A", len("here @News \n/rules") + 2)
    assert let_out(text.html, allowed=text.allowed, variant="A") == text


@pytest.mark.parametrize(
    ("html", "code"),
    [
        ("", "text_empty"),
        (" \n <b> </b>\u200b\u2060", "text_empty"),
        ("😀" * 16_385, "text_too_long"),
        ("x" * 4000 + "\n\nx" * 500, "text_blocks"),
        ("<b>x", "html"),
        ("see evil.com", "text_link"),
        ("see ev<b>il.c</b>om", "text_link"),
        ("see ev\u200bil.com", "text_link"),
        ("see evil&#46;com", "text_link"),
        ('<a href="https://evil.com">good</a>', "text_link"),
        ('<a href="tg://user?id=1">Anna</a>', "text_link"),
        ("@vera", "text_link"),
        ("&#64;vera", "text_link"),
        ("t.me/vera", "text_link"),
        ("x\n/start", "text_command"),
        ("<b>/start</b>", "text_command"),
        ("a&#x202e;b", "text_characters"),
        ("a&#8203;b", "text_characters"),
    ],
)
def test_it_does_not_leave(html: str, code: str) -> None:
    with pytest.raises(TextError) as caught:
        let_out(html, allowed=NOTHING)
    assert caught.value.code == code
    assert caught.value.sentence


def test_hidden_characters_are_taken_out_and_joined_emoji_stay() -> None:
    assert let_out("a\u202eb\u200b\x07\tc 👩\u200d💻 🏴\U000e0067\U000e007f\n", allowed=NOTHING).html == (
        "ab c 👩\u200d💻 🏴\U000e0067\U000e007f"
    )


@pytest.mark.parametrize("url", ["javascript:alert(1)", "", "https://", "example.com", "https://a b"])
def test_a_button_that_leads_nowhere_is_refused(url: str) -> None:
    with pytest.raises(TextError, match="text_link"):
        let_out("x", allowed=NOTHING, buttons=((Button("Go", url),),))


def test_nobody_else_makes_an_outgoing() -> None:
    with pytest.raises(TypeError):
        Outgoing("x", NOTHING, "", (), 1, 0, None, None, object())


@pytest.mark.parametrize(
    ("text", "disarmed"),
    [
        ("Read https://evil.com/x now", "Read … now"),
        ("Read evil.com/x now, says @vera", "Read evil. com/x now, says vera"),
        ("/start me @/vera", "start me @ vera"),
        ("a.@evil.com", "a. evil. com"),
        ("Our own example.com and @news", "Our own example.com and @news"),
    ],
)
def test_what_a_post_brings_in_is_disarmed(text: str, disarmed: str) -> None:
    assert disarm(text, frozenset({"example.com", "@news"})) == disarmed


clickable = st.lists(
    st.sampled_from(
        ["a", "evil", ".", ".com", "рф", "@", "/", "//", "http:", "https://", "tg:", "mailto:", "t.me", "www.", ":",
         " ", "\n", "-", "_", "?", "#", "(", "\u200b", "\u202e", "1.2.3.4", "+", "xn--", "\\", "…", "中国",
         "start", "ё", "«", ","]
    ),
    max_size=14,
).map("".join)  # fmt: skip


@given(clickable | st.text(max_size=40))
def test_nothing_foreign_survives_disarming(text: str) -> None:
    for allowed in (NOTHING, frozenset({"a.com", "@evil", "/start", "t.me"})):
        safe = disarm(text, allowed)
        assert keys_in(safe) <= allowed
        assert strip_hidden(safe) == safe


@pytest.mark.parametrize(
    "bomb", ["a.", "a@", "@", "@a", "/a", "http://", "a-", "1.1.", "a.b.c.d.", "tg:", "a" * 70 + ".", "+."]
)
def test_a_bomb_ends_at_once(bomb: str) -> None:
    began = time.process_time()
    disarm(bomb * (33_000 // len(bomb)), NOTHING)
    assert time.process_time() - began < 1
