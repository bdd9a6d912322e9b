"""Telegram's limits as real token buckets: 1 message/s a chat with a short burst, 20/min a group, 30/s a bot.

A bot that changes its profile has budgets of its own.
"""

import math
from dataclasses import dataclass

from tgsandbox.clock import Clock
from tgsandbox.model import Bot, Chat
from tgsandbox.refusals import refuse

CHAT = (1.0, 5)
GROUP = (20 / 60, 20)
BOT = (30.0, 30)
GROUP_EDITS = (20 / 60, 20)
NAME = (5 / 3600, 5)
"""Telegram tells no figure; bots that rename themselves several times in a row are told to wait for hours."""
PROFILE = (0.5, 30)


@dataclass(slots=True)
class Bucket:
    """`level` tokens at the moment `at`; it fills by `rate` a second up to `size`."""

    rate: float
    size: int
    level: float
    at: float

    def missing_s(self, now: float, cost: int) -> float:
        """Seconds until there are `cost` tokens (0 when there are)."""
        self.level = min(float(self.size), self.level + (now - self.at) * self.rate)
        self.at = now
        return max(0.0, (min(cost, self.size) - self.level) / self.rate)


class Limits:
    """The buckets of every bot. `enabled` off lets everything pass."""

    def __init__(self, clock: Clock, *, enabled: bool = True) -> None:
        self.enabled = enabled
        self._clock = clock
        self._buckets: dict[tuple[str, int, int], Bucket] = {}

    def reset(self) -> None:
        self._buckets.clear()

    def spend_message(self, bot: Bot, chat: Chat, cost: int = 1) -> None:
        """Take the tokens of `cost` messages, or raise 429 and take none."""
        buckets = [("bot", 0, BOT), ("chat", chat.id, CHAT)]
        if chat.type != "private":
            buckets.append(("group", chat.id, GROUP))
        self._spend(bot, buckets, cost)

    def spend_edit(self, bot: Bot, chat: Chat) -> None:
        """Edits have a budget of their own in groups."""
        if chat.type != "private":
            self._spend(bot, [("bot", 0, BOT), ("edit", chat.id, GROUP_EDITS)], 1)

    def spend_profile(self, bot: Bot, *, named: bool = False) -> None:
        """Take what a change of the bot's profile costs; a name costs more."""
        self._spend(bot, [("profile", 0, PROFILE), *([("name", 0, NAME)] if named else [])], 1)

    def _spend(self, bot: Bot, wanted: list[tuple[str, int, tuple[float, int]]], cost: int) -> None:
        if not self.enabled:
            return
        now = self._clock.monotonic()
        buckets = [self._bucket((name, bot.id, chat_id), size, now) for name, chat_id, size in wanted]
        wait = max(bucket.missing_s(now, cost) for bucket in buckets)
        if wait > 1e-9:
            raise refuse("flood", retry_after=max(1, math.ceil(wait)))
        for bucket in buckets:
            bucket.level -= cost

    def _bucket(self, key: tuple[str, int, int], size: tuple[float, int], now: float) -> Bucket:
        bucket = self._buckets.get(key)
        if bucket is None:
            bucket = self._buckets[key] = Bucket(size[0], size[1], float(size[1]), now)
        return bucket
