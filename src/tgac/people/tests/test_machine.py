"""The states of a sign-in, without a database."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgac.kit.secrets import Keys, Secret, new_master_key
from tgac.people.models import LoginFlow
from tgac.people.sign_in import (
    Standing,
    State,
    after_answering,
    after_collecting,
    after_presenting,
    nine_numbers,
    standing,
)

STATES = st.sampled_from(State)


@pytest.mark.parametrize(
    ("state", "is_user", "is_second", "then"),
    [
        (State.OPEN, True, False, State.ASKED),
        (State.ASKED, True, False, State.ASKED),
        (State.CONFIRMED, True, False, State.CONFIRMED),
        (State.OPEN, False, False, State.BURNT),
        (State.ASKED, True, True, State.BURNT),
        (State.CONFIRMED, False, True, State.BURNT),
        (State.USED, True, True, State.USED),
        (State.BURNT, True, False, State.BURNT),
    ],
)
def test_only_the_first_user_who_presents_the_link_is_asked(
    state: State, is_user: bool, is_second: bool, then: State
) -> None:
    assert after_presenting(state, is_user=is_user, is_second=is_second) is then


@given(STATES, st.booleans())
def test_only_who_was_asked_can_confirm(state: State, is_right: bool) -> None:
    then = after_answering(state, is_right=is_right)
    assert (then is State.CONFIRMED) <= (state is State.CONFIRMED or (state is State.ASKED and is_right))


@given(STATES, st.booleans(), st.integers(0, 2))
def test_only_what_was_confirmed_can_be_collected(state: State, code_is_right: bool, wrong_before: int) -> None:
    then = after_collecting(state, code_is_right=code_is_right, wrong_before=wrong_before)
    assert (then is State.USED) <= (state is State.USED or (state is State.CONFIRMED and code_is_right))


@given(st.lists(st.sampled_from(["user", "stranger", "second", "right", "wrong", "code", "bad code"]), max_size=12))
def test_what_is_burnt_or_used_stays_so(events: list[str]) -> None:
    state, ended = State.OPEN, None
    for event in events:
        state = _after(state, event)
        assert ended is None or state is ended
        ended = state if state in (State.BURNT, State.USED) else None


def _after(state: State, event: str) -> State:
    if event in ("user", "stranger", "second"):
        return after_presenting(state, is_user=event != "stranger", is_second=event == "second")
    if event in ("right", "wrong"):
        return after_answering(state, is_right=event == "right")
    return after_collecting(state, code_is_right=event == "code", wrong_before=2)


def test_the_third_wrong_code_burns() -> None:
    said = [after_collecting(State.CONFIRMED, code_is_right=False, wrong_before=n) for n in range(3)]
    assert said == [State.CONFIRMED, State.CONFIRMED, State.BURNT]


@pytest.mark.parametrize(
    ("state", "needs_code", "told"),
    [
        (State.OPEN, False, Standing.PENDING),
        (State.ASKED, False, Standing.PENDING),
        (State.CONFIRMED, False, Standing.CONFIRMED),
        (State.CONFIRMED, True, Standing.CODE),
        (State.BURNT, True, Standing.DENIED),
        (State.USED, True, Standing.EXPIRED),
    ],
)
def test_the_browser_is_told_in_five_words(state: State, needs_code: bool, told: Standing) -> None:
    assert standing(state, needs_code=needs_code) is told


@given(st.integers(0, 99))
def test_the_right_number_is_among_nine_and_nothing_says_which(number: int) -> None:
    keys = Keys([Secret(new_master_key())])
    flow = LoginFlow(number=f"{number:02}", link_hash="a" * 64)
    shown = nine_numbers(keys, flow)
    assert len(set(shown)) == 9
    assert flow.number in shown
    assert list(shown) == sorted(shown)
    assert nine_numbers(keys, flow) == shown
