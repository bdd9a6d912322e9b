"""A project with many rows: whatever the scene has is copied, so that a table of tomorrow grows as well."""

from collections import Counter
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
from sqlalchemy import Column, Integer, String, Table, UniqueConstraint, insert, select

from tests.support.routes import Route
from tests.support.scene import Scene, a_scene
from tgac.bots.managed import MAX_OPEN
from tgac.kit.tenancy import EVERYONE
from tgac.people.members import ROOM
from tgac.tables import METADATA
from tgac.tasks.presets import ROOM as ROOM_FOR_PRESETS

STEP: Final = 10_000
"""Between a row's number and its copy's."""
ALONE: Final = ("projects", "jobs", "queue_lanes")
"""What is not copied: the project itself, and the queue, which no page lists."""
PAGE: Final = 200
"""The most rows that a page shows."""
BOUNDED: Final[Mapping[str, int]] = {
    "members": ROOM,
    "invitations": 0,  # members and invitations have their room together
    "task_presets": ROOM_FOR_PRESETS,
    "managed_requests": MAX_OPEN,
}
"""What a project or a person has no more of."""


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
    """The columns that tell rows apart; a `kind` is one of a few words, and stays what it is."""
    return {name for names in _unique(table) for name in names} - {"kind"}


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


async def read(scene: Scene, route: Route) -> httpx.Response:
    """What Anna is answered who asks for as many rows as there may be. Fails where it is an error."""
    answer = await scene.ask("anna", route, scene.ids["anna"], {"limit": PAGE})
    assert answer.status_code in (200, 303), f"{route}: {answer.status_code} {answer.text[:300]}"
    return answer
