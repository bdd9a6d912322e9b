"""Telegram's limits, kept before Telegram has to: each is "at most so many in any so many seconds".

Figures: https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this. Sliding windows and not plain
buckets, since a bucket of 20 that refills with 20 a minute lets 39 through in one minute.
"""

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
