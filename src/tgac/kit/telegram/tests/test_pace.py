"""No window of time, wherever it is laid, holds more than Telegram allows."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from tgac.kit.telegram import pace
from tgac.kit.telegram.pace import BOT, CHAT, GROUP, Limit, Pace

ATTEMPTS = st.lists(
    st.tuples(st.integers(1, 2), st.sampled_from([-3, -2, -1, 1, 2, 3]), st.floats(0, 5)), min_size=20, max_size=300
)


def most_in_a_window(moments: list[float], limit: Limit) -> int:
    ends = enumerate(moments)
    return max((sum(m > end - limit.seconds for m in moments[: n + 1]) for n, end in ends), default=0)


@settings(deadline=None, max_examples=60)
@given(attempts=ATTEMPTS, patient=st.booleans())
def test_no_window_holds_more_than_telegram_allows(attempts: list[tuple[int, int, float]], patient: bool) -> None:
    kept, now = Pace(), 100.0
    sent: dict[tuple[int, int], list[float]] = {}
    for bot, chat, gap in attempts:
        now += gap / 20
        now += kept.wait_s(bot, chat, is_group=chat < 0, now=now) if patient else 0
        if kept.take(bot, chat, is_group=chat < 0, now=now) == 0:
            sent.setdefault((bot, chat), []).append(now)
    for (_, chat), moments in sent.items():
        assert most_in_a_window(moments, CHAT) <= CHAT.count
        assert chat > 0 or most_in_a_window(moments, GROUP) <= GROUP.count
    for bot in (1, 2):
        together = sorted(m for (of, _), moments in sent.items() if of == bot for m in moments)
        assert most_in_a_window(together, BOT) <= BOT.count


def test_a_patient_sender_uses_all_that_is_allowed() -> None:
    kept, now, sent = Pace(), 0.0, 0
    while now < 60:
        if wait := kept.take(1, -5, is_group=True, now=now):
            now += wait
        else:
            sent += 1
    assert sent == GROUP.count


def test_three_pass_at_once_and_the_fourth_waits() -> None:
    kept = Pace()
    assert [kept.take(1, 5, is_group=False, now=9.0) for _ in range(4)] == [0.0, 0.0, 0.0, 3.0]


def test_a_bot_is_held_back_over_all_its_chats() -> None:
    kept = Pace()
    waits = [kept.take(1, chat, is_group=False, now=9.0) for chat in range(31)]
    assert waits == [0.0] * 30 + [1.0]
    assert kept.wait_s(2, 31, is_group=False, now=9.0) == 0.0


def test_waiting_as_long_as_was_said_is_enough() -> None:
    kept, now = Pace(), 0.1
    for _ in range(100):
        now += kept.wait_s(1, -5, is_group=True, now=now)
        assert kept.take(1, -5, is_group=True, now=now) < 1e-6


def test_a_refused_try_counts_nothing() -> None:
    kept = Pace()
    waits = Counter(kept.take(1, 5, is_group=False, now=9.0) for _ in range(50))
    assert waits == {0.0: 3, 3.0: 47}


def test_slow_down_holds_this_bot_in_this_chat_only() -> None:
    kept = Pace()
    kept.slow_down(1, -5, retry_after=40, now=10.0)
    kept.slow_down(1, -5, retry_after=2, now=11.0)
    assert kept.wait_s(1, -5, is_group=True, now=20.0) == 30.0
    assert kept.wait_s(1, -6, is_group=True, now=20.0) == 0.0
    assert kept.wait_s(2, -5, is_group=True, now=20.0) == 0.0
    assert kept.take(1, -5, is_group=True, now=50.0) == 0.0


def test_what_limits_nothing_any_more_is_forgotten() -> None:
    kept = Pace()
    kept.slow_down(1, 1, retry_after=1, now=0.0)
    for chat in range(1, pace._SWEEP_FROM + 2):
        kept.take(1, chat, is_group=False, now=chat * 2.0)
    assert len(kept._sent) + len(kept._quiet_until) < 100
