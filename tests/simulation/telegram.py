"""The gateway with the sandbox behind it in the same process: the same JSON, without HTTP."""

import asyncio
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tgac.kit.secrets import Secret
from tgac.kit.telegram.faults import Ambiguous, NotSent, sort_answer
from tgac.kit.telegram.gateway import Gateway
from tgsandbox.endpoint import Came, Dropped, Endpoint


class TrueClock:
    """Telegram's time. Nobody sleeps here: the simulation moves on when there is nothing left to do."""

    def __init__(self, start: datetime) -> None:
        self.start = start
        self.passed = 0.0

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.passed)

    def monotonic(self) -> float:
        return self.passed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)

    def to(self, moment: datetime) -> None:
        """Go to this moment; never back."""
        self.passed = max(self.passed, (moment.astimezone(UTC) - self.start).total_seconds())


class OurClock:
    """The machine's time: Telegram's, and wrong by `skew_s`; what it measures is right."""

    def __init__(self, true: TrueClock) -> None:
        self._true = true
        self.skew_s = 0.0

    def now(self) -> datetime:
        return self._true.now() + timedelta(seconds=self.skew_s)

    def monotonic(self) -> float:
        return self._true.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self._true.sleep(seconds)


class InProcess(Gateway):
    """Telegram as the gateway sees it. `unreachable` is the share of calls that get no connection at all.

    `before_send` is called with the bot's and the group's number at the moment when a comment leaves.
    """

    def __init__(self, endpoint: Endpoint, dice: random.Random) -> None:
        super().__init__("http://telegram.invalid", limit=0)
        self._endpoint = endpoint
        self._dice = dice
        self.unreachable = 0.0
        self.before_send: Callable[[int, int], None] = lambda _bot, _chat: None

    async def _post(self, token: Secret, method: str, *, asked: dict[str, Any], timeout_s: float) -> Any:
        await asyncio.sleep(0)  # a process may die here: nothing has left
        if self._dice.random() < self.unreachable:
            raise NotSent(method=method, http=None, description="no connection")
        if method == "sendMessage":
            self.before_send(int(token.reveal().partition(":")[0]), asked["chat_id"])

        async def came() -> Came:
            return {key: value for key, value in asked.items() if value is not None}, {}

        try:
            reply = await self._endpoint.ask(token.reveal(), method, came)
        except Dropped:
            raise Ambiguous(method=method, http=None, description="the connection was cut") from None
        await asyncio.sleep(0)  # and here: it has happened, and nobody knows
        return sort_answer(method=method, http=reply.status, body=reply.body)
