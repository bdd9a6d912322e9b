"""Processes that die. Death is thrown into every coroutine of the process at its next place to wait.

What a transaction had not committed is rolled back, as when a process is killed; what was handed to the database or to
Telegram before has happened, though nobody learns of it.
"""

from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any

from tgac.kit.queue.jobs import Outcome
from tgac.kit.queue.runner import Handler, Handles
from tgac.kit.tools import Tools


class Died(BaseException):
    """The process is no more; nothing that runs in it may catch this."""


class Life:
    """A process that dies after so many steps, each a place where one of its coroutines waits; None: it lives on."""

    def __init__(self, steps: int | None) -> None:
        self._left = steps
        self.is_over = False

    def step(self) -> bool:
        """Whether it is over."""
        if self._left is not None and not self.is_over:
            self._left -= 1
            self.is_over = self._left < 0
        return self.is_over


class Mortal[T]:
    """A coroutine that lives no longer than its process."""

    def __init__(self, life: Life, coroutine: Coroutine[Any, Any, T]) -> None:
        self._life = life
        self._coroutine = coroutine

    def __await__(self) -> Generator[Any, Any, T]:
        steps = self._coroutine.__await__()
        thrown: BaseException | None = None
        is_dying = False
        while True:
            try:
                waits_for = steps.throw(thrown) if thrown else steps.send(None)
            except StopIteration as ended:
                if is_dying:
                    raise Died from None
                return ended.value  # type: ignore[no-any-return]
            # While it waits, and not when it has been woken: whoever woke it would have woken nobody.
            is_dying, thrown = self._dies(is_dying)
            if thrown:
                continue
            try:
                yield waits_for
            except BaseException as error:  # noqa: BLE001  whatever came belongs to the coroutine
                thrown = error

    def _dies(self, is_dying: bool) -> tuple[bool, BaseException | None]:
        if is_dying or not self._life.step():
            return is_dying, None
        return True, Died()


def mortal(life: Life, handles: Handles) -> Handles:
    """The same handler, in a process that dies."""
    return Handles(handles.job, _mortal(life, handles.handler))


def _mortal(life: Life, handler: Handler) -> Callable[[Tools, Any], Awaitable[Outcome]]:
    async def handle(tools: Tools, job: Any) -> Outcome:
        return await Mortal(life, _called(handler, tools, job))

    return handle


async def _called(handler: Handler, tools: Tools, job: Any) -> Outcome:
    return await handler(tools, job)
