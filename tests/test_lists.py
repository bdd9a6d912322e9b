"""Every list stays quick: as many statements for 200 rows as for 10, and no work of ours for rows that are not shown.

The routes come from the application: whatever answers a GET is measured, pages and API alike.
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from tests.support.herd import BOUNDED, PAGE, a_herd, read, reads
from tests.support.scene import Scene

MANY: Mapping[str, int] = {"channels": 5000, "bots": 300, "playlists": 200, "tasks": 1000, "seats": 5000}
FEW: Mapping[str, int] = {"api_tokens": 200, "sessions": 200, **BOUNDED}
"""What a project or a person has few of, so that it is told whole."""
OTHERS = 1000
SLACK = 2.0
"""A page may take so many times as long with thousands of rows as with as many as it shows."""


@contextmanager
def counting(scene: Scene) -> Iterator[list[str]]:
    """What is said to the database meanwhile."""
    said: list[str] = []

    def note(*args: Any) -> None:
        said.append(args[2])

    engine = scene.world.tools.db.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    yield said
    event.remove(engine, "before_cursor_execute", note)


async def statements(scene: Scene) -> dict[str, list[str]]:
    found = {}
    for route in reads(scene):
        with counting(scene) as said:
            await read(scene, route)
        found[str(route)] = said
    return found


async def test_a_list_says_as_much_to_the_database_for_200_rows_as_for_10(database: str, tmp_path: Path) -> None:
    async with a_herd(database, tmp_path) as herd:
        await herd.grow({"": 10})
        few = await statements(herd.scene)
        await herd.grow({"": PAGE})
        many = await statements(herd.scene)
        assert len(few) >= 60, "the walk over the routes sees too few of them"
        shown = await herd.scene.clients["anna"].get(
            f"/api/v1/projects/{herd.scene.ids['anna']['project_id']}/channels", params={"limit": PAGE}
        )
        assert len(shown.json()["data"]["items"]) == PAGE
    grew = {
        name: f"{len(few[name])} → {len(many[name])}: {_most(many[name])}"
        for name in few
        if len(many[name]) > len(few[name])
    }
    assert not grew, "\n".join(f"{name}: {what}" for name, what in grew.items())


def _most(said: list[str]) -> str:
    ((statement, times),) = Counter(said).most_common(1)
    return f"{times} times {' '.join(statement.split())[:200]}"


async def work_of(scene: Scene) -> dict[str, float]:
    """The processor time of each page without the database's: SQLite works in a thread of its own. The least of 3."""
    found: dict[str, float] = {}
    for _round in range(3):
        for route in reads(scene):
            before = time.thread_time()
            await read(scene, route)
            spent = time.thread_time() - before
            found[str(route)] = min(spent, found.get(str(route), spent))
    return found


@pytest.mark.slow
@pytest.mark.timeout(600)
async def test_rows_that_are_not_shown_cost_nothing(tmp_path: Path) -> None:
    async with a_herd("sqlite", tmp_path) as herd:
        await herd.grow({"": PAGE + 1, **BOUNDED})
        small = await work_of(herd.scene)
        await herd.grow({"": OTHERS, **FEW, **MANY})
        large = await work_of(herd.scene)
    lightest = min(small.values())
    slow = {
        name: f"{small[name] * 1000:.1f} ms → {large[name] * 1000:.1f} ms"
        for name in small
        if large[name] > SLACK * (small[name] + lightest)
    }
    assert not slow, "\n".join(f"{name}: {what}" for name, what in slow.items())
