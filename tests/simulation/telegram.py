"""The gateway with the sandbox behind it in the same process: the same JSON, without HTTP."""

import asyncio
import random
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.simulation.life import Life
from tgac.kit.secrets import Secret
from tgac.kit.telegram.faults import Ambiguous, NotSent, sort_answer
from tgac.kit.telegram.gateway import Gateway
from tgac.kit.telegram.types import File
from tgsandbox.endpoint import Came, Dropped, Endpoint, Reply
from tgsandbox.model import Upload

SENDS = (*("sendMessage", "sendRichMessage", "sendPhoto", "sendVideo", "sendAnimation", "sendDocument", "sendPoll"),)
STEPS_AFTER_CALL = 30
"""About as many as writing an answer down takes."""


class TrueClock:
    """Telegram's time. Nobody sleeps here: the simulation moves on when there is nothing left to do."""

    def __init__(self, start: datetime) -> None:
        self.start = self._now = start
        self.passed = 0.0

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self.passed

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(0)

    def to(self, moment: datetime) -> None:
        """Go to this moment; never back."""
        self.passed = max(self.passed, (moment.astimezone(UTC) - self.start).total_seconds())
        self._now = self.start + timedelta(seconds=self.passed)


class OurClock:
    """The machine's time: Telegram's, and wrong by `skew_s`; what it measures is right."""

    def __init__(self, true: TrueClock) -> None:
        self._true = true
        self.skew_s = 0.0

    def now(self) -> datetime:
        true = self._true.now()
        return true + timedelta(seconds=self.skew_s) if self.skew_s else true

    def monotonic(self) -> float:
        return self._true.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self._true.sleep(seconds)


@dataclass
class Network:
    """The way to Telegram. `unreachable` is the share of calls that get no connection at all, `deadly` the share of
    comments soon after whose leaving the process dies.

    `before` is called with the bot's number, the method and what is asked, at the moment when a call leaves, and
    `done` when Telegram has done it, whether or not anybody hears of it.
    """

    endpoint: Endpoint
    dice: random.Random
    unreachable: float = 0.0
    deadly: float = 0.0
    before: Callable[[int, str, dict[str, Any]], None] = lambda _bot, _method, _asked: None
    done: Callable[[int, str, dict[str, Any]], None] = lambda _bot, _method, _asked: None


class InProcess(Gateway):
    """Telegram as one process sees it. What has left goes its way whether or not the process lives to hear of it."""

    def __init__(self, network: Network, life: Life | None = None) -> None:
        super().__init__("http://telegram.invalid", limit=0)
        self._network = network
        self._life = life

    async def _post(self, token: Secret, method: str, *, asked: dict[str, Any], timeout_s: float) -> Any:
        await asyncio.sleep(0)  # a process may die here: nothing has left
        if self._network.dice.random() < self._network.unreachable:
            raise NotSent(method=method, http=None, description="no connection")
        bot_id = int(token.reveal().partition(":")[0])
        self._leaving(bot_id, method, asked)
        answering = asyncio.create_task(self._answer(token, bot_id, method, asked), context=Context())
        try:
            reply = await asyncio.shield(answering)  # and here: it has happened, and nobody knows
        except Dropped:
            raise Ambiguous(method=method, http=None, description="the connection was cut") from None
        return sort_answer(method=method, http=reply.status, body=reply.body)

    def _leaving(self, bot_id: int, method: str, asked: dict[str, Any]) -> None:
        self._network.before(bot_id, method, asked)
        if method in SENDS and self._life and self._network.dice.random() < self._network.deadly:
            self._life.dies_in(self._network.dice.randrange(STEPS_AFTER_CALL))

    async def _answer(self, token: Secret, bot_id: int, method: str, asked: dict[str, Any]) -> Reply:
        calls = self._network.endpoint.calls
        mine = calls.count + 1

        async def came() -> Came:
            told = {key: value for key, value in asked.items() if value is not None}
            files = {key: value for key, value in told.items() if isinstance(value, File)}
            uploads = {key: Upload(one.name, one.mime_type, one.content) for key, one in files.items()}
            return {key: value for key, value in told.items() if key not in files}, uploads

        try:
            return await self._network.endpoint.ask(token.reveal(), method, came)
        finally:
            if calls.was_done(mine):
                self._network.done(bot_id, method, asked)
