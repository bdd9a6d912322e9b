"""Those who ask for the same thing at the same moment share a transaction, and nobody suffers for another."""

import asyncio
from collections.abc import Sequence

import pytest

from tgac.kit.db.session import DatabaseAway
from tgac.kit.queue.together import MOST, Together


class Doing:
    """Doubles numbers, several at once; a few of them it cannot."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.batches: list[tuple[int, list[int]]] = []
        self._failure = failure

    async def __call__(self, project_id: int, several: Sequence[int]) -> list[int]:
        self.batches.append((project_id, list(several)))
        await asyncio.sleep(0)
        if self._failure is not None and 13 in several:
            raise self._failure
        return [2 * one for one in several]


async def ask(doing: Doing, *numbers: int, project_id: int = 1) -> list[int | BaseException]:
    """Everybody asks at the same moment."""
    together = Together(doing)
    return await asyncio.gather(*(together(project_id, one) for one in numbers), return_exceptions=True)


async def test_those_who_ask_at_the_same_moment_share_a_batch_and_each_gets_its_own_answer() -> None:
    doing = Doing()
    assert await ask(doing, 1, 2, 3) == [2, 4, 6]
    assert doing.batches == [(1, [1, 2, 3])]


async def test_who_comes_while_a_batch_is_under_way_goes_into_the_next() -> None:
    doing = Doing()
    together = Together(doing)
    first = asyncio.create_task(together(1, 1))
    while not doing.batches:  # noqa: ASYNC110  what is waited for tells nobody
        await asyncio.sleep(0)
    assert await asyncio.gather(first, together(1, 2), together(1, 3)) == [2, 4, 6]
    assert doing.batches == [(1, [1]), (1, [2, 3])]


async def test_projects_do_not_share() -> None:
    doing = Doing()
    together = Together(doing)
    assert await asyncio.gather(together(1, 1), together(2, 2)) == [2, 4]
    assert sorted(doing.batches) == [(1, [1]), (2, [2])]


async def test_a_batch_has_an_end() -> None:
    doing = Doing()
    await ask(doing, *range(MOST + 5))
    assert [len(several) for _, several in doing.batches] == [MOST, 5]


async def test_one_that_cannot_be_done_takes_no_other_with_it() -> None:
    failure = ValueError("thirteen")
    doing = Doing(failure)
    assert await ask(doing, 1, 13, 2) == [2, failure, 4]


async def test_a_database_that_is_away_is_away_for_all_and_is_asked_once() -> None:
    away = DatabaseAway("SELECT", {}, OSError("gone"))
    doing = Doing(away)
    assert await ask(doing, 1, 13, 2) == [away] * 3
    assert len(doing.batches) == 1


class Deadlock(Exception):
    """What Postgres says to one of two who wait for each other."""

    sqlstate = "40P01"


async def test_those_who_met_others_together_are_done_each_alone() -> None:
    clash = DatabaseAway("UPDATE", {}, Deadlock())
    doing = Doing(clash)
    assert await ask(doing, 1, 13, 2) == [2, clash, 4]


@pytest.mark.parametrize("stays", [1, 3])
async def test_who_stops_waiting_leaves_the_others_their_answers(stays: int) -> None:
    together = Together(Doing())
    asking = {one: asyncio.create_task(together(1, one)) for one in (1, 2, 3)}
    await asyncio.sleep(0)
    asking[2].cancel()
    assert await asking[stays] == 2 * stays
