import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgac.kit.secrets import (
    Keys,
    Secret,
    hash_secret,
    mask,
    new_master_key,
    new_number,
    new_secret,
    same,
)

TOKEN = "123456789:" + "A" * 35


def keys(*masters: str) -> Keys:
    return Keys([Secret(one) for one in masters or (new_master_key(),)])


def test_a_secret_shows_itself_to_nobody() -> None:
    secret = Secret("hunter2")
    for shown in (str(secret), repr(secret), f"{secret}", f"{[secret]!r}", f"{secret!s:>20}"):
        assert "hunter2" not in shown
    assert secret.reveal() == "hunter2"
    with pytest.raises(TypeError):
        json.dumps(secret)


def test_secrets_are_equal_when_their_values_are() -> None:
    assert Secret("a") == Secret("a") == copy.copy(Secret("a"))
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"


@given(st.text(), st.text(min_size=1))
def test_what_was_sealed_opens_in_its_place(plain: str, context: str) -> None:
    try:
        plain.encode(), context.encode()
    except UnicodeEncodeError:
        return
    ring = keys()
    sealed = ring.seal(Secret(plain), context)
    assert ring.open(sealed, context).reveal() == plain
    if len(plain) > 8:
        assert plain not in sealed


@pytest.mark.parametrize("context", ["bots.token:1:2", "bots.token:1:22", "", "bots.token:1:1 "])
def test_what_was_sealed_opens_nowhere_else(context: str) -> None:
    ring = keys()
    sealed = ring.seal(Secret(TOKEN), "bots.token:1:1")
    with pytest.raises(ValueError, match="does not belong here"):
        ring.open(sealed, context)


def test_what_was_sealed_and_changed_does_not_open() -> None:
    ring = keys()
    sealed = ring.seal(Secret(TOKEN), "c")
    for damaged in (sealed[:-2] + "AA", sealed[1:], "", "no seal", "é"):
        with pytest.raises(ValueError, match="does not belong here"):
            ring.open(damaged, "c")


def test_a_foreign_key_opens_nothing() -> None:
    with pytest.raises(ValueError, match="does not belong here"):
        keys().open(keys().seal(Secret(TOKEN), "c"), "c")


def test_keys_can_be_replaced_one_by_one() -> None:
    old, new = new_master_key(), new_master_key()
    sealed, signed = keys(old).seal(Secret(TOKEN), "c"), keys(old).sign("p", b"d")
    both = keys(new, old)
    assert both.open(sealed, "c").reveal() == TOKEN
    assert both.verify("p", b"d", signed)
    again = both.seal(both.open(sealed, "c"), "c")
    assert keys(new).open(again, "c").reveal() == TOKEN


def test_a_signature_is_for_one_purpose_and_one_text() -> None:
    ring = keys()
    signed = ring.sign("csrf", b"session")
    assert ring.verify("csrf", b"session", signed)
    for purpose, data, signature in (
        ("other", b"session", signed),
        ("csrf", b"session2", signed),
        ("csrf", b"session", signed[:-1]),
        ("csrf", b"session", ""),
        ("csrf", b"session", "é"),
    ):
        assert not ring.verify(purpose, data, signature)


def test_fresh_secrets_are_long_and_never_the_same() -> None:
    made = {new_secret() for _ in range(100)}
    assert len(made) == 100
    assert min(map(len, made)) >= 43


@pytest.mark.parametrize("digits", [2, 6])
def test_a_fresh_number_has_its_digits(digits: int) -> None:
    assert all(len(new_number(digits)) == digits and new_number(digits).isdigit() for _ in range(200))


def test_comparing_takes_any_text() -> None:
    assert same("é", "é")
    assert not same("a", "á")


def test_a_hash_is_sha256() -> None:
    assert hash_secret("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"https://api.telegram.org/bot{TOKEN}/getMe", "https://api.telegram.org/bot123456789:***/getMe"),
        (f"{TOKEN},{TOKEN}", "123456789:***,123456789:***"),
        ("Bearer tgac_" + "b" * 43, "Bearer tgac_***"),
        ("nothing to hide: 12:30, tgac_bot", "nothing to hide: 12:30, tgac_bot"),
    ],
)
def test_tokens_are_masked_in_what_is_written(text: str, shown: str) -> None:
    assert mask(text) == shown
