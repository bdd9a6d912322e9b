"""Every list stays quick: as many statements for 200 rows as for 10, and no work of ours for rows that are not shown.

The routes come from the application: whatever answers a GET is measured, pages and API alike. The rows come from the
schema: each that the scene has is copied, so that a table of tomorrow grows as well.
"""

import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Column, Integer, String, Table, UniqueConstraint, event, insert, select

from tests.support.routes import Route
from tests.support.scene import Scene, a_scene
from tgac.kit.tenancy import EVERYONE
from tgac.tables import METADATA

STEP = 10_000
"""Between a row's number and its copy's."""
ALONE = ("projects", "jobs", "queue_lanes")
"""What is not copied: the project itself, and the queue, which no page lists."""
MANY: Mapping[str, int] = {"channels": 5000, "bots": 300, "playlists": 200, "tasks": 1000, "seats": 5000}
FEW: Mapping[str, int] = dict.fromkeys(("members", "invitations", "api_tokens", "sessions", "managed_requests"), 200)
"""What a project or a person has few of, so that it is told whole."""
OTHERS = 1000
PAGE = 200
SLACK = 2.0
"""A page may take so many times as long with thousands of rows as with as many as it shows."""


class Herd:
    """The rows of Anna's project, and their copies."""

    def __init__(self, scene: Scene) -> None:
        self.scene = scene
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.grown: Counter[str] = Counter()

    async def gather(self) -> None:
        """Remember what there is."""
        ids = self.scene.ids["anna"]
        async with self.scene.world.tools.db.reading(EVERYONE) as session:
            for table in METADATA.sorted_tables:
                if table.name in ALONE or "id" not in table.c:
                    continue
                own = table.c.get("project_id")
                asked = select(table) if own is None else select(table).where(own == ids["project_id"])
                self.rows[table.name] = [dict(row._mapping) for row in await session.execute(asked)]

    async def grow(self, wanted: Mapping[str, int]) -> None:
        """Copy each row until there are so many of each table's first one; `wanted[""]` is for the other tables."""
        async with self.scene.world.tools.acting(None, EVERYONE) as act:
            for table in METADATA.sorted_tables:
                rows = self.rows.get(table.name, [])
                until = min([wanted.get(table.name, wanted[""]) - 1, *_room(table, self.grown)])
                copies = [
                    _copy(table, row, number, self.grown)
                    for number in range(self.grown[table.name] + 1, until + 1)
                    for row in rows
                ]
                for first in range(0, len(copies), 500):
                    await act.session.execute(insert(table), copies[first : first + 500])
                self.grown[table.name] = max(until, self.grown[table.name])


def _copy(table: Table, row: Mapping[str, Any], number: int, grown: Mapping[str, int]) -> dict[str, Any]:
    made = dict(row)
    singular = _in_unique(table)
    for column in table.columns:
        value = made[column.name]
        if value is None or column.name == "project_id":
            continue
        parent = _parent(column)
        if column.name == "id":
            made["id"] = value + number * STEP
        elif parent and parent != "projects" and (parent != "users" or column.name in singular):
            made[column.name] = value + (number % (grown[parent] + 1)) * STEP
        elif column.name in singular and not parent:
            made[column.name] = _another(column, value, number)
    return made


def _parent(column: Column[Any]) -> str:
    """The table that the column points at, by a foreign key or, in the journal, by its name alone.

    The project's half of a pair does not count.
    """
    by_name = f"{column.name.removesuffix('_id')}s" if column.name.endswith("_id") else ""
    told = by_name if by_name in METADATA.tables and by_name != "users" and column.name != "telegram_id" else ""
    return next((key.column.table.name for key in column.foreign_keys if key.column.name == "id"), told)


def _room(table: Table, grown: Mapping[str, int]) -> Iterator[int]:
    """How many copies each constraint of pointers alone allows: one for each copy of what it points at."""
    for names in _unique(table):
        parents = [_parent(table.c[name]) for name in names - {"project_id", "id"}]
        if parents and all(parents):
            yield max(grown[parent] for parent in parents)


def _in_unique(table: Table) -> set[str]:
    """The columns that tell rows apart."""
    return {name for names in _unique(table) for name in names}


def _unique(table: Table) -> Iterator[set[str]]:
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            yield {column.name for column in constraint.columns}
    for index in table.indexes:
        if index.unique:
            yield {column.name for column in index.columns}


def _another(column: Column[Any], value: Any, number: int) -> Any:
    if isinstance(value, str):
        tail = f"x{number}"
        longest = column.type.length if isinstance(column.type, String) else None
        return value[: (longest or 10_000) - len(tail)] + tail
    return value + number * STEP if isinstance(column.type, Integer) or isinstance(value, int) else value


@asynccontextmanager
async def a_herd(kind: str, folder: Path) -> AsyncIterator[Herd]:
    async with a_scene(kind, folder) as scene:
        herd = Herd(scene)
        await herd.gather()
        yield herd


def reads(scene: Scene) -> Iterator[Route]:
    """Whatever is only read, by people who are signed in."""
    for route in scene.of("project", "signed_in", "admin"):
        if not route.is_unsafe and "secret" not in route.slots and not route.path.endswith("/stream"):
            yield route


async def read(scene: Scene, route: Route) -> None:
    answer = await scene.ask("anna", route, scene.ids["anna"], {"limit": PAGE})
    assert answer.status_code in (200, 303), f"{route}: {answer.status_code} {answer.text[:300]}"


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
        await read(scene, route)  # what is written down once a minute is written down
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
        await herd.grow({"": PAGE + 1})
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
