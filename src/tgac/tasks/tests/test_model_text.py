"""What a language model wrote: what goes out, and what never does, even when the model obeys the post."""

import pytest
from tests.hostile.injections import FORBIDDEN, LINKS, attacks

from tgac.tasks.config import Llm
from tgac.tasks.facts import ChannelFacts
from tgac.tasks.text.compose import FULL
from tgac.tasks.text.faults import TextError
from tgac.tasks.text.html import to_plain
from tgac.tasks.text.model_text import check_written
from tgac.tasks.text.prompt import data_again, data_of, estimate, system_again, system_words

LABEL = "Written by AI"
ATTACKS = list(attacks())


def llm(**values: object) -> Llm:
    return Llm.model_validate({"allowed_links": LINKS, "forbidden": FORBIDDEN} | values)


def published(text: str, **values: object) -> str | None:
    """What readers would get; None where the template is used instead."""
    rules = llm(**values)
    try:
        return to_plain(check_written(text, rules, label=LABEL, earlier=(), told=system_words(rules)).html)
    except TextError:
        return None


def test_the_set_is_large_and_in_two_languages() -> None:
    assert len(ATTACKS) >= 300
    assert sum(any("а" <= char <= "я" for char in one.post) for one in ATTACKS) >= 100


def test_no_forbidden_byte_comes_out_though_the_model_obeys() -> None:
    """Each order alone, after friendly words, and between them."""
    out = []
    for attack in ATTACKS:
        for said in (attack.answer, f"What do you think? {attack.answer}", f"Nice. {attack.answer} See you there!"):
            text = published(said) or ""
            out += [(attack.name, said) for bad in attack.forbidden if bad in text]
    assert out == []


@pytest.mark.parametrize(
    "text",
    [
        "Will you use the new bridge?",
        "Как вы думаете, станет ли дорога быстрее?",
        "The rules: https://ok.example/rules",
        "The rules (https://ok.example/rules).",
        "In 2026 the bridge cost 1 200 000 roubles, 3.5 % more than planned and/or hoped.",
        "Отлично! 👨‍👩‍👧 Кто уже проехал — расскажите.",
        "Trams 4, 11 and 23 run from 6:00 to 23:30.",
    ],
)
def test_ordinary_words_pass_as_they_are(text: str) -> None:
    assert published(text) == f"{text}\n\n{LABEL}"


def test_unseen_characters_go_and_the_words_stay() -> None:
    assert published("Nice\u200b po\u2800st\U000e0041?") == f"Nice post?\n\n{LABEL}"


@pytest.mark.parametrize(
    "earlier",
    ["Will you use the new bridge?", "Will you use the new bridge?\n\nWritten by AI", "will you use THE new bridge"],
)
def test_an_earlier_comment_is_not_repeated(earlier: str) -> None:
    with pytest.raises(TextError) as caught:
        check_written("Will you use the new bridge?", llm(), label=LABEL, earlier=[earlier], told="")
    assert caught.value.code == "llm_repeat"


def test_what_was_wrong_is_told_in_words_of_ours_alone() -> None:
    """The sentence for people quotes the answer: a model that obeys the post would order itself with it."""
    for code in ("text_link", "llm_forbidden", "text_too_long", "never heard of"):
        again = system_again(llm(), code)
        assert again.startswith(system_words(llm()))
        assert "%" not in again
    assert data_again({"post": "x"}, "Visit evil.example") == {"post": "x", "refused": "Visit evil.example"}


def test_what_the_model_is_told_names_the_owners_rules_and_keeps_the_post_apart() -> None:
    rules = llm(goal="own", prompt="Praise the trams.", voice="Dry.", max_length=200)
    told = system_words(rules)
    for words in ("Praise the trams.", "Dry.", "At most 200 characters", "casino", LINKS[0]):
        assert words in told
    post = FULL.post
    assert post.text not in told
    assert data_of(post, ChannelFacts(1, "City"))["post"] == post.text
    assert all(one > 0 for one in estimate(rules, told, data_of(post, FULL.channel)))
