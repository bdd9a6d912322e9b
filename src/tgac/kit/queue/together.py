"""What is asked for at the same moment is done in one transaction.

A transaction costs more than most of what is done in it: its statements, its commit, the way to the database and back.
So those who want the same thing for the same project wait for each other: whoever comes first begins at once, whoever
comes while that is under way goes into the next batch. Alone, nobody waits.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tgac.kit.db.session import DatabaseAway

MOST = 100
"""How many go into one batch: so long a writer holds the others up at the most."""

type Do[T, R] = Callable[[int, Sequence[T]], Awaitable[Sequence[R]]]
"""Does a batch in one project, given by its number; gives a result for each, in their order, or fails for all."""


@dataclass
class _Line:
    """Those who wait for one sort of work in one project, and who serves them."""

    waiting: list[tuple[Any, asyncio.Future[Any]]] = field(default_factory=list)
    serving: asyncio.Task[None] | None = None


class Together[T, R]:
    """One sort of work, for every project of a process."""

    def __init__(self, do: Do[T, R]) -> None:
        self._do = do
        self._lines: dict[int, _Line] = {}

    async def __call__(self, project_id: int, one: T) -> R:
        """The result for one; it fails with what doing that one alone fails with."""
        line = self._lines.setdefault(project_id, _Line())
        told: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        line.waiting.append((one, told))
        if line.serving is None:
            line.serving = asyncio.create_task(self._serve(project_id, line))
        return await told

    async def _serve(self, project_id: int, line: _Line) -> None:
        while line.waiting:
            batch, line.waiting = line.waiting[:MOST], line.waiting[MOST:]
            await self._do_all(project_id, batch)
        line.serving = None
        del self._lines[project_id]

    async def _do_all(self, project_id: int, batch: list[tuple[T, asyncio.Future[R]]]) -> None:
        try:
            results = await self._do(project_id, [one for one, _ in batch])
        except Exception as error:  # noqa: BLE001  whoever waits gets it
            if len(batch) == 1 or (isinstance(error, DatabaseAway) and not error.is_clash):
                _tell(batch, error)
            else:
                for each in batch:  # one that cannot be done must not take the others with it
                    await self._do_all(project_id, [each])
        else:
            for (_, told), result in zip(batch, results, strict=True):
                if not told.done():
                    told.set_result(result)


def _tell(batch: Sequence[tuple[Any, asyncio.Future[Any]]], error: Exception) -> None:
    for _, told in batch:
        if not told.done():
            told.set_exception(error)
