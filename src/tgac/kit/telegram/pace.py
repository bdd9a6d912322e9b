"""Telegram's limits, kept before Telegram has to: each is "at most so many in any so many seconds".

Figures: https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this. Sliding windows and not plain
buckets, since a bucket of 20 that refills with 20 a minute lets 39 through in one minute.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` in any `seconds`."""

    count: int
    seconds: float


BOT = Limit(30, 1.0)
"""About 30 messages a second over all chats of a bot."""
CHAT = Limit(3, 3.0)
"""One a second on average; three at once, as Telegram lets short bursts pass and a dialogue answers in two or three."""
GROUP = Limit(20, 60.0)
"""20 a minute into one group, from one bot; edits are counted with it, as they have a budget like it."""

_SWEEP_FROM = 10_000


class Pace:
    """What each bot of this process sent lately. Times are readings of `Clock.monotonic`, in seconds."""

    def __init__(self) -> None:
        self._sent: dict[tuple[int, int | None], deque[float]] = {}
        self._quiet_until: dict[tuple[int, int], float] = {}

    def wait_s(self, bot_id: int, chat_id: int, *, is_group: bool, now: float) -> float:
        """Seconds until this bot may send into this chat; 0.0 if it may at once."""
        free = self._quiet_until.get((bot_id, chat_id), now)
        for key, limit in _limits(bot_id, chat_id, is_group=is_group):
            free = max(free, _free_from(self._sent.get(key), limit, now))
        return max(0.0, free - now)

    def take(self, bot_id: int, chat_id: int, *, is_group: bool, now: float) -> float:
        """Count one message as sent at `now` and return 0.0; or the seconds to wait, and then nothing is counted."""
        wait = self.wait_s(bot_id, chat_id, is_group=is_group, now=now)
        if wait > 0:
            return wait
        for key in ((bot_id, None), (bot_id, chat_id)):
            self._sent.setdefault(key, deque(maxlen=max(BOT.count, GROUP.count))).append(now)
        if len(self._sent) + len(self._quiet_until) > _SWEEP_FROM:
            self._sweep(now)
        return 0.0

    def slow_down(self, bot_id: int, chat_id: int, *, retry_after: int, now: float) -> None:
        """Telegram answered 429: nothing from this bot into this chat for `retry_after` seconds."""
        until = self._quiet_until.get((bot_id, chat_id), now)
        self._quiet_until[bot_id, chat_id] = max(until, now + retry_after)

    def _sweep(self, now: float) -> None:
        """Forget what limits nothing any more; chats come and go as long as the process lives."""
        self._sent = {key: sent for key, sent in self._sent.items() if sent[-1] > now - GROUP.seconds}
        self._quiet_until = {key: until for key, until in self._quiet_until.items() if until > now}


def _limits(bot_id: int, chat_id: int, *, is_group: bool) -> Iterator[tuple[tuple[int, int | None], Limit]]:
    yield (bot_id, None), BOT
    yield (bot_id, chat_id), CHAT
    if is_group:
        yield (bot_id, chat_id), GROUP


def _free_from(sent: deque[float] | None, limit: Limit, now: float) -> float:
    """The first moment at which one more keeps the limit."""
    if sent is None or len(sent) < limit.count:
        return now
    return sent[-limit.count] + limit.seconds
