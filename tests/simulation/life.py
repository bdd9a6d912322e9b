"""Processes that die, at any place where one of their coroutines waits.

A process is everything that was begun while its life was current, however deep: every coroutine of it counts its steps,
and when its time has come each dies where it waits. Nothing that it does to clean up reaches anybody: the driver and
Telegram refuse whoever is dead, and its connections are cut as a kernel cuts them.
"""

import asyncio
from collections.abc import Coroutine, Generator
from contextvars import Context, ContextVar
from typing import Any


class Died(BaseException):
    """The process is no more; nothing that runs in it may catch this."""


class Life:
    """A process's time. `dies_in` gives it an end; without one it lives on."""

    def __init__(self) -> None:
        self._left: int | None = None
        self.is_over = False
        self.tasks: set[asyncio.Task[Any]] = set()

    def dies_in(self, steps: int | None) -> None:
        """Die after so many steps, each a place where a coroutine of the process waits."""
        self._left = steps

    def step(self) -> None:
        """A coroutine of the process waits; it may be the last time."""
        if self._left is None or self.is_over:
            return
        self._left -= 1
        if self._left < 0:
            self.is_over = True
            for task in self.tasks:
                task.cancel()

    async def over(self) -> None:
        """Wait until nothing of the process runs."""
        while self.tasks:
            await asyncio.gather(*self.tasks, return_exceptions=True)
            await asyncio.sleep(0)  # who is done is taken off the list at the loop's next turn


LIFE: ContextVar[Life | None] = ContextVar("life", default=None)
"""Whose coroutine this is; None: nobody's who may die."""


class _Mortal[T]:
    """A coroutine that lives no longer than its process."""

    def __init__(self, life: Life, coroutine: Coroutine[Any, Any, T]) -> None:
        self._life = life
        self._coroutine = coroutine

    def __await__(self) -> Generator[Any, Any, T]:
        life, steps = self._life, self._coroutine.__await__()
        thrown: BaseException | None = None
        while True:
            if life.is_over:
                thrown = Died()
            try:
                waits_for = steps.throw(thrown) if thrown else steps.send(None)
            except StopIteration as ended:
                return ended.value  # type: ignore[no-any-return]
            life.step()
            if life.is_over:
                continue
            thrown = None
            try:
                yield waits_for
            except BaseException as error:  # noqa: BLE001  whatever came belongs to the coroutine
                thrown = error


async def _lived[T](life: Life, coroutine: Coroutine[Any, Any, T]) -> T:
    return await _Mortal(life, coroutine)


def births(
    loop: asyncio.AbstractEventLoop, coroutine: Any, context: Context | None = None, **options: Any
) -> asyncio.Task[Any]:
    """A factory of tasks: what a process begins is part of it, and dies with it."""
    life = context.get(LIFE) if context is not None else LIFE.get()
    if life is None:
        return asyncio.Task(coroutine, loop=loop, context=context, **options)
    task = asyncio.Task(_lived(life, coroutine), loop=loop, context=context, **options)
    life.tasks.add(task)
    task.add_done_callback(life.tasks.discard)
    task.add_done_callback(lambda _task: coroutine.close())  # one that died before its first step
    return task


def unheard(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """What the loop does with a failure that nobody has asked for: of a death, and of what it cuts off, nobody asks."""
    if not isinstance(context.get("exception"), Died | asyncio.CancelledError):
        loop.default_exception_handler(context)
