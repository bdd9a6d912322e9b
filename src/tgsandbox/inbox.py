"""A bot's queue of updates as `getUpdates` sees it, and who waits at it."""

import asyncio

from tgsandbox.clock import Clock, wait_at_most
from tgsandbox.model import Bot, Entry, Json
from tgsandbox.refusals import Refused, refuse
from tgsandbox.world import DEFAULT_UPDATES, KEPT_S

Waiter = asyncio.Future[None]


class Pollers:
    """The long polls that are under way, at most one a bot."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._waiting: dict[int, Waiter] = {}

    def wake(self, bot: Bot) -> None:
        """Somebody put an update into the bot's queue."""
        waiter = self._waiting.get(bot.id)
        if waiter and not waiter.done():
            waiter.set_result(None)

    def is_waiting(self, bot: Bot) -> bool:
        """Whether a long poll of this bot is under way."""
        return bot.id in self._waiting

    def end(self, bot: Bot, refusal: Refused) -> None:
        """Let the poll that is under way fail with `refusal`."""
        waiter = self._waiting.pop(bot.id, None)
        if waiter and not waiter.done():
            waiter.set_exception(refusal)

    def end_all(self) -> None:
        for waiter in list(self._waiting.values()):
            if not waiter.done():
                waiter.set_exception(refuse("unauthorized"))

    async def get_updates(self, bot: Bot, params: Json) -> list[Json]:
        """`getUpdates`: confirm, then answer at once when there is something, else wait up to `timeout` seconds."""
        if bot.webhook.url:
            raise refuse("webhook_active")
        self.end(bot, refuse("other_poller"))
        if "allowed_updates" in params:
            bot.allowed = allowed_set(params["allowed_updates"])
        confirm(bot, params.get("offset", 0))
        limit = min(max(params.get("limit", 100), 1), 100)
        timeout = min(max(params.get("timeout", 0), 0), 50)
        forget_old(bot, self._clock.now().timestamp())
        if not bot.pending and timeout:
            await self._wait(bot, timeout)
        return [entry.body for entry, _ in zip(bot.pending, range(limit), strict=False)]

    async def next_update(self, bot: Bot) -> None:
        """Wait until somebody puts an update into the bot's queue."""
        waiter: Waiter = asyncio.get_running_loop().create_future()
        self._waiting[bot.id] = waiter
        try:
            await waiter
        finally:
            if self._waiting.get(bot.id) is waiter:
                del self._waiting[bot.id]

    async def _wait(self, bot: Bot, seconds: int) -> None:
        waiter: Waiter = asyncio.get_running_loop().create_future()
        self._waiting[bot.id] = waiter
        try:
            if await wait_at_most(self._clock, waiter, seconds):
                waiter.result()
        finally:
            if self._waiting.get(bot.id) is waiter:
                del self._waiting[bot.id]


def allowed_set(names: list[str]) -> frozenset[str] | None:
    """What a bot asked for; an empty list means the default set, unknown names are dropped."""
    known = frozenset(names) & (DEFAULT_UPDATES | {"chat_member", "message_reaction", "message_reaction_count"})
    return known or None


def confirm(bot: Bot, offset: int) -> None:
    """Forget the updates before `offset`; a negative one keeps only so many of the last ones."""
    if offset < 0:
        while len(bot.pending) > -offset:
            bot.pending.popleft()
        return
    kept: list[Entry] = []
    while bot.pending and bot.pending[0].id < offset:
        entry = bot.pending.popleft()
        if entry.repeats > 0:
            entry.repeats -= 1
            kept.append(entry)
    bot.pending.extendleft(reversed(kept))


def forget_old(bot: Bot, now: float) -> None:
    """Telegram keeps updates for 24 hours."""
    while bot.pending and bot.pending[0].at < now - KEPT_S:
        bot.pending.popleft()
