"""The guess of a post's language: right or silent. And patterns: whatever is written, an answer comes soon."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgac.tasks.languages import KNOWN, MAX_READ, guess_language
from tgac.tasks.patterns import MAX_SEARCHED, is_found, pattern_fault


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Скидка сегодня", "ru"),
        ("На площади Ленина завтра будет ярмарка", "ru"),
        ("Рынок открыт до восьми вечера. Подробности: https://news.example.org/the-new-market-is-open", "ru"),
        ("Новый iPhone 17 Pro Max: обзор и цены", "ru"),
        ("Сьогодні у місті відкрили нову школу", "uk"),
        ("Ринок працює до восьмої вечора", "uk"),
        ("Сёння ў горадзе адкрылі новую школу", "be"),
        ("Днес в града отвори ново училище и всички са щастливи", "bg"),
        ("The market is open until eight", "en"),
        ("Sale: 50% off all shoes today", "en"),
        ("Der Markt ist bis acht Uhr geöffnet", "de"),
        ("El mercado está abierto hasta las ocho", "es"),
        ("Le marché est ouvert jusqu'à huit heures", "fr"),
        ("Il mercato è aperto fino alle otto", "it"),
        ("O mercado está aberto até às oito", "pt"),
        ("De markt is open tot acht uur", "nl"),
        ("Rynek jest otwarty do ósmej", "pl"),
        ("Pazar saat sekize kadar açık", "tr"),
        ("市場は八時まで開いています", "ja"),
        ("市场营业到八点", "zh"),
        ("시장은 여덟 시까지 열려 있습니다", "ko"),
        ("السوق مفتوح حتى الثامنة", "ar"),
        ("بازار تا ساعت هشت باز است و چای دارد", "fa"),
    ],
)
def test_the_language_is_told(text: str, language: str) -> None:
    assert guess_language(text) == language
    assert guess_language(text.upper()) == language


@pytest.mark.parametrize(
    "text",
    ["", "12 🎉", "Ok", "https://the.and.of/to", "@the_and_of", "Ремонт моста", "Prázdniny začínají příští"],
)
def test_what_cannot_be_told_is_not_guessed(text: str) -> None:
    assert guess_language(text) is None


@given(st.text(max_size=200))
def test_any_text_is_of_a_known_language_or_of_none(text: str) -> None:
    assert guess_language(text) in {*KNOWN, None}


@given(st.text(max_size=60), st.text(max_size=200))
def test_any_pattern_is_good_or_says_why_not(pattern: str, text: str) -> None:
    fault = pattern_fault(pattern)
    if fault is None:
        assert is_found(pattern, text) in {True, False}
    else:
        assert fault


@given(st.text(alphabet="abcxyz", min_size=1, max_size=8), st.text(alphabet="abcxyz .", max_size=80))
def test_plain_letters_are_found_where_they_stand(letters: str, text: str) -> None:
    assert is_found(letters, text) == (letters in text)


@pytest.mark.parametrize("pattern", ["(a*)*b", "(a|a)*b", "(.*)(.*)(.*)(.*)(.*)b", "(a+)+$b"])
def test_time_grows_with_the_text_and_not_faster(pattern: str) -> None:
    """Python's own `re` would take longer than the universe for some of these."""
    short, long = (_seconds(pattern, "a" * size) for size in (MAX_SEARCHED // 8, MAX_SEARCHED))
    assert long < max(short, 1e-5) * 8 * 8


def _seconds(pattern: str, text: str) -> float:
    def once() -> float:
        began = time.process_time()
        for _ in range(20):
            is_found(pattern, text)
        return time.process_time() - began

    return min(once() for _ in range(3))


def test_no_more_is_read_than_is_needed() -> None:
    assert guess_language("." * MAX_READ + " The market is open until eight") is None
