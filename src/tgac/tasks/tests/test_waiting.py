"""Whether readers have talked as a task waits for: the same answer whoever asks, and however late."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgac.tasks.config import WaitFor
from tgac.tasks.waiting import Said, Standing, asks, heard_at, standing

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


def at(seconds: int) -> datetime:
    return NOON + timedelta(seconds=seconds)


def talk(*seconds: int, question: int | None = None) -> list[Said]:
    return [Said(at(one), at(one) if one == question else None) for one in seconds]


@pytest.mark.parametrize(
    ("wait", "said", "heard"),
    [
        ({"reader_comments": 2}, talk(5), None),
        ({"reader_comments": 2}, talk(9, 5), 9),
        ({"reader_comments": 2}, talk(5, 9, 11), 9),
        ({"question": True}, talk(5, 9), None),
        ({"question": True}, talk(5, 9, 12, question=9), 9),
        ({"silence_s": 60}, [], 60),
        ({"silence_s": 60}, talk(59), 119),
        ({"silence_s": 60}, talk(60), 120),
        ({"silence_s": 60}, talk(61), 60),
        ({"silence_s": 60}, talk(30, 80, 150), 140),
        ({"silence_s": 60, "reader_comments": 1}, talk(100), 160),
        ({"silence_s": 60, "reader_comments": 2}, talk(100, 200, 220), 280),
        ({"silence_s": 60, "question": True}, talk(10, 90, 100, question=10), 70),
        ({"reader_comments": 3, "question": True}, talk(1, 2, 3, 4, question=4), 4),
        ({"reader_comments": 1}, talk(-5), 0),
        ({"question": True}, [Said(at(5), at(40))], 40),
        ({"question": True}, [Said(at(5), at(40)), Said(at(9), at(9))], 9),
        ({"question": True, "reader_comments": 2}, [Said(at(5), at(7)), Said(at(9))], 9),
    ],
)
def test_when_all_that_is_waited_for_holds(wait: dict[str, int], said: list[Said], heard: int | None) -> None:
    expected = None if heard is None else at(heard)
    for order in permutations(said):
        assert heard_at(WaitFor.model_validate(wait), order, NOON) == expected


@pytest.mark.parametrize(
    ("text", "is_question"),
    [
        ("When?", True),
        ("Really?)))", True),
        ("да/нет?", True),
        ("你好吗？对", True),
        ("متى؟", True),
        ("?", True),
        ("When", False),
        ("", False),
        ("see https://a.b/?q=1 there", False),
        ("a.b/c?d=1", False),
        ("www.a.b?c", False),
        ("see https://a.b/?q=1 and why?", True),
    ],
)
def test_what_is_a_question(text: str, is_question: bool) -> None:
    assert asks(text) is is_question


waits = st.builds(
    WaitFor,
    reader_comments=st.integers(0, 4),
    silence_s=st.none() | st.integers(1, 50),
    question=st.booleans(),
    deadline_s=st.integers(1, 100),
).filter(lambda wait: wait.is_on)
written = st.builds(
    lambda s, later: Said(at(s), None if later is None else at(s + later)),
    st.integers(0, 130),
    st.none() | st.just(0) | st.integers(1, 90),
)
talks = st.lists(written, max_size=8)


def by_definition(wait: WaitFor, said: list[Said], moment: datetime) -> bool:
    """Whether all that is waited for holds at this very moment."""
    so_far = [one for one in said if one.at <= moment]
    last = max((one.at for one in so_far), default=NOON)
    return (
        len(so_far) >= wait.reader_comments
        and (not wait.question or any(one.asks_at and one.asks_at <= moment for one in so_far))
        and moment - last >= timedelta(seconds=wait.silence_s or 0)
    )


@given(waits, talks)
def test_it_is_the_first_second_at_which_all_holds(wait: WaitFor, said: list[Said]) -> None:
    first = next((at(s) for s in range(300) if by_definition(wait, said, at(s))), None)
    assert heard_at(wait, said, NOON) == first


def _until(at: datetime | None, moment: datetime) -> datetime | None:
    return at if at is not None and at <= moment else None


@given(waits, talks, st.integers(0, 120), st.integers(0, 120))
def test_what_has_been_decided_stays_so(wait: WaitFor, said: list[Said], now: int, later: int) -> None:
    """What is known at a moment is what was said until then; nothing that is said afterwards changes an outcome."""
    last = at(wait.deadline_s)

    def look(moment: datetime) -> Standing:
        known = [replace(one, asks_at=_until(one.asks_at, moment)) for one in said if one.at <= moment]
        return standing(wait, known, since=NOON, last=last, now=moment)

    first, second = look(at(now)), look(at(now + later))
    if first.state == "open":
        assert at(now) < first.at <= last
    else:
        assert (second.state, second.at) == (first.state, first.at)
    if at(now) >= last:
        assert first.state != "open"
    if first.state == "heard":
        assert first.at <= min(at(now), last)
        assert by_definition(wait, said, first.at)
