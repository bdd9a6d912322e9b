"""The second guard and row-level security: whatever reaches the cursor stays in its project or is refused.

The shapes are those that get past conditions added to ORM statements, and those that only look as if they did. Each is
executed past the first guard, and on Postgres past both.
"""

from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, text, update
from sqlalchemy.orm import make_transient_to_detached
from sqlalchemy.orm.exc import StaleDataError

from tgac.kit.act import Act
from tgac.kit.tenancy import EVERYONE, NO_PROJECT, OutOfScope
from tgac.kit.tests.conftest import ANNA, VERA
from tgac.kit.tests.test_tenancy import bot
from tgac.kit.tools import Tools
from tgac.tables import METADATA

BOTS = METADATA.tables["bots"]
ADD = "INSERT INTO bots (id, project_id, telegram_id, username, name, token_sealed, status, created_at)"
ROW = "VALUES ({id}, {project}, {id}, 'b', 'Bot', '', 'active', '2026-11-22')"
MINE = "b.project_id = :mine"

REFUSED: Sequence[tuple[str, Any]] = (
    ("a plain text", text("SELECT b.id FROM bots b")),
    ("a Core table", select(BOTS.c.id)),
    ("a Core update", update(BOTS).values(name="Stolen")),
    ("a Core delete", delete(BOTS)),
    ("an update by key", text("UPDATE bots SET name = 'Stolen' WHERE id = 3")),
    ("a delete by key", text("DELETE FROM bots WHERE id = 3")),
    ("another project's number", text("SELECT b.id FROM bots b WHERE b.project_id = 2")),
    ("another project's bound number", text("SELECT b.id FROM bots b WHERE b.project_id = :theirs")),
    ("several projects", text("SELECT b.id FROM bots b WHERE b.project_id IN (:mine, :theirs)")),
    ("an OR that widens", text(f"SELECT b.id FROM bots b WHERE {MINE} OR b.id = 3")),
    ("an OR within an AND", text(f"SELECT b.id FROM bots b WHERE ({MINE} OR 1 = 1) AND b.id > 0")),
    ("a NOT", text("SELECT b.id FROM bots b WHERE NOT b.project_id = :mine")),
    ("a comparison", text("SELECT b.id FROM bots b WHERE b.project_id >= :mine")),
    ("the other side of a join", text(f"SELECT o.id FROM bots b JOIN bots o ON o.id > b.id WHERE {MINE}")),
    ("a comma join", text(f"SELECT o.id FROM bots b, bots o WHERE {MINE}")),
    ("the kept side of an outer join", text(f"SELECT b.id FROM bots b LEFT JOIN bots o ON o.id = b.id AND {MINE}")),
    (
        "the kept side, equal to a pinned one",
        text(
            "SELECT b.id FROM bots b LEFT JOIN bots o ON o.project_id = b.project_id AND o.project_id = :mine"
        ),
    ),
    ("a full join", text(f"SELECT b.id FROM bots b FULL JOIN bots o ON o.project_id = :mine AND {MINE}")),
    ("one branch of a union", text(f"SELECT b.id FROM bots b WHERE {MINE} UNION ALL SELECT o.id FROM bots o")),
    ("what is excepted", text(f"SELECT b.id FROM bots b WHERE {MINE} EXCEPT SELECT o.id FROM bots o")),
    ("a CTE", text(f"WITH q AS (SELECT id FROM bots) SELECT q.id FROM q JOIN bots b ON b.id = q.id WHERE {MINE}")),
    ("a recursive CTE", text("WITH RECURSIVE q(n) AS (SELECT 1 UNION SELECT b.id FROM bots b) SELECT n FROM q")),
    ("a window subquery", text("SELECT w.id FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM bots) AS w")),
    ("a column's subquery", text("SELECT u.id, (SELECT max(o.id) FROM bots o) FROM users u")),
    ("an order's subquery", text("SELECT u.id FROM users u ORDER BY (SELECT max(o.id) FROM bots o)")),
    ("EXISTS", text("SELECT u.id FROM users u WHERE EXISTS (SELECT 1 FROM bots o WHERE o.id = 3)")),
    ("NOT IN", text(f"SELECT b.id FROM bots b WHERE {MINE} AND b.id NOT IN (SELECT o.id FROM bots o)")),
    ("a correlation the wrong way", text("SELECT b.id FROM bots b WHERE EXISTS (SELECT 1 FROM bots o WHERE "
                                         "o.project_id = :mine AND o.project_id = b.project_id)")),
    ("another column of the same name", text(
        "SELECT b.id FROM bots b JOIN (SELECT 1 AS project_id) p ON p.project_id = :mine")),
    ("a number by another name", text(
        "SELECT b.id FROM bots b JOIN projects p ON p.id = b.project_id WHERE p.user_id = :mine")),
    ("an upper-case, quoted name", text('SELECT "bots"."id" FROM "bots"')),
    ("an insert elsewhere", text(f"{ADD} {ROW.format(id=9, project=2)}")),
    ("a second row elsewhere", text(f"{ADD} {ROW.format(id=9, project=1)}, {ROW.format(id=10, project=2)[7:]}")),
    ("a bound row elsewhere", insert(BOTS).values([{"id": 9, "project_id": 1}, {"id": 10, "project_id": 2}])),
    ("an insert of nobody's", text("INSERT INTO bots (id, name) VALUES (9, 'Bot')")),
    ("an insert without columns", text("INSERT INTO bots SELECT * FROM bots")),
    ("a copy of foreign rows", text(
        f"{ADD} SELECT 9, 1, 9, o.username, '', '', '', o.created_at FROM bots o WHERE o.id = 3")),
    ("moving a row", text("UPDATE bots SET project_id = 2 WHERE project_id = :mine")),
    ("moving a row by a subquery", text("UPDATE bots SET project_id = (SELECT 2) WHERE project_id = :mine")),
    ("overwriting in a conflict", text(
        f"{ADD} {ROW.format(id=3, project=1)} ON CONFLICT (id) DO UPDATE SET name = 'Stolen'")),
    ("an update from another table", text("UPDATE users SET username = o.name FROM bots o WHERE o.id = users.id")),
    ("what a change gives back", text("DELETE FROM users WHERE id = 404 RETURNING (SELECT max(o.id) FROM bots o)")),
    ("two statements", text(f"SELECT b.id FROM bots b WHERE {MINE}; DELETE FROM bots")),
)  # fmt: skip
"""What must not run in project 1, where bots 1 and 2 are; bot 3 is project 2's."""

HELD: Sequence[tuple[str, Any]] = (
    ("a pinned table", text(f"SELECT b.id FROM bots b WHERE {MINE}")),
    ("a number in the text", text("SELECT id FROM bots WHERE project_id = 1")),
    ("both branches of an OR", text(f"SELECT b.id FROM bots b WHERE ({MINE} AND b.id = 1) OR ({MINE} AND b.id = 2)")),
    ("a chain of joins", text(
        "SELECT b.id FROM bots b JOIN bots o ON o.project_id = b.project_id AND o.id = b.id"
        " JOIN projects p ON p.id = o.project_id WHERE p.id = :mine")),
    ("the free side of an outer join", text(
        f"SELECT b.id FROM bots b LEFT JOIN bots o ON o.project_id = b.project_id AND o.id = 404 WHERE {MINE}")),
    ("a joined join", text(
        "SELECT b.id FROM bots b LEFT JOIN (bots o JOIN bots i ON i.id = o.id AND i.project_id = o.project_id)"
        f" ON o.id = 404 AND o.project_id = b.project_id WHERE {MINE}")),
    ("a correlation", text(
        "SELECT b.id FROM bots b WHERE EXISTS (SELECT 1 FROM bots o WHERE o.project_id = b.project_id)"
        f" AND {MINE}")),
    ("a derived table", text(
        "SELECT b.id FROM (SELECT o.project_id AS home FROM bots o WHERE o.project_id = :mine LIMIT 1) q"
        " JOIN bots b ON b.project_id = q.home")),
    ("a CTE of two branches", text(
        f"WITH q(home, n) AS (SELECT b.project_id, b.id FROM bots b WHERE {MINE} UNION ALL"
        f" SELECT b.project_id, b.id FROM bots b WHERE {MINE} AND b.id = 404)"
        " SELECT q.n FROM q JOIN bots o ON o.project_id = q.home AND o.id = q.n")),
    ("a pair", text("SELECT b.id FROM bots b WHERE (b.project_id, b.name) = (:mine, 'Bot')")),
    ("a pinned copy", select(BOTS.c.id).where(BOTS.c.project_id == 1)),
)  # fmt: skip
"""What may run in project 1, and gives bots 1 and 2."""


@pytest.fixture(autouse=True)
async def bots(tools: Tools) -> None:
    """Bots 1 and 2 are Anna's, bot 3 is Vera's."""
    for number, who in ((1, ANNA), (2, ANNA), (3, VERA)):
        async with tools.acting(who, who.user_id) as act:
            act.session.add(bot(number, created_at=act.now))


async def everything(tools: Tools) -> list[tuple[Any, ...]]:
    async with tools.reading(None, EVERYONE) as act:
        return [tuple(row) for row in await act.session.execute(select(BOTS).order_by(BOTS.c.id))]


def bound(statement: Any) -> dict[str, int]:
    names = statement.compile().params
    return {name: value for name, value in (("mine", 1), ("theirs", 2)) if name in names}


async def past_the_first_guard(act: Act, statement: Any) -> list[Any]:
    connection = await act.session.connection()
    found = await connection.execute(statement, bound(statement))
    return list(found) if found.returns_rows else []


async def through_the_session(act: Act, statement: Any) -> Any:
    return await act.session.execute(statement, bound(statement))


def named(shapes: Sequence[tuple[str, Any]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("statement", [one for _, one in shapes], ids=[name for name, _ in shapes])


@named(REFUSED)
async def test_what_is_not_pinned_is_refused(tools: Tools, statement: Any) -> None:
    """Both ways: through the session, as code goes, and past its guard to the cursor."""
    before = await everything(tools)
    for execute in (through_the_session, past_the_first_guard):
        with pytest.raises(OutOfScope):
            async with tools.acting(ANNA, 1) as act:
                await execute(act, statement)
    assert await everything(tools) == before


@named(HELD)
async def test_what_is_pinned_is_let_through(tools: Tools, statement: Any) -> None:
    async with tools.acting(ANNA, 1) as act:
        assert [row.id if hasattr(row, "id") else row[0] for row in await past_the_first_guard(act, statement)] == [
            1,
            2,
        ]


@named(HELD)
async def test_without_a_project_no_projects_table_is_read(tools: Tools, statement: Any) -> None:
    with pytest.raises(OutOfScope):
        async with tools.reading(None, NO_PROJECT) as act:
            await past_the_first_guard(act, statement)


async def test_a_value_that_changes_is_looked_at_each_time(tools: Tools) -> None:
    asked = text(f"SELECT b.id FROM bots b WHERE {MINE}")
    async with tools.reading(ANNA, 1) as act:
        connection = await act.session.connection()
        assert len((await connection.execute(asked, {"mine": 1})).all()) == 2
        with pytest.raises(OutOfScope):
            await connection.execute(asked, {"mine": 2})


@pytest.mark.parametrize("without_values", [True, False])
async def test_a_text_that_goes_straight_to_the_driver_is_looked_at(tools: Tools, without_values: bool) -> None:
    async with tools.reading(ANNA, 1) as act:
        connection = await act.session.connection(execution_options={"no_parameters": without_values})
        found = await connection.exec_driver_sql("SELECT b.id FROM bots b WHERE b.project_id = 1")
        assert len(found.all()) == 2
        with pytest.raises(OutOfScope):
            await connection.exec_driver_sql("SELECT b.id FROM bots b")


@pytest.mark.parametrize("count", [1, 2, 700])
async def test_of_many_rows_each_is_looked_at(tools: Tools, count: int) -> None:
    """However many rows an INSERT has, one of another project among them is seen."""
    columns = {"username": "b", "name": "Bot", "token_sealed": "", "status": "active", "created_at": tools.clock.now()}
    rows = [columns | {"id": 100 + n, "telegram_id": 100 + n, "project_id": 1} for n in range(count)]
    theirs = columns | {"id": 9, "telegram_id": 9, "project_id": 2}
    async with tools.acting(ANNA, 1) as act:
        await past_the_first_guard(act, insert(BOTS).values(rows))
    async with tools.acting(ANNA, 1) as act:
        connection = await act.session.connection()
        await connection.execute(delete(BOTS).where(BOTS.c.project_id == 1, BOTS.c.id >= 100))
        await connection.execute(insert(BOTS), rows)
        with pytest.raises(OutOfScope):
            await connection.execute(insert(BOTS).values([*rows, theirs]))
        with pytest.raises(OutOfScope):
            await connection.execute(insert(BOTS), [*rows, theirs])
    assert len(await everything(tools)) == 3 + count


async def test_an_object_that_lies_about_its_project_changes_nothing(tools: Tools) -> None:
    """What is written of an object names its project beside its key."""
    before = await everything(tools)
    forged = bot(3, project_id=1)
    make_transient_to_detached(forged)
    async with tools.reading(ANNA, 1) as act:
        act.session.add(forged)
        forged.name = "Stolen"
        with pytest.raises(StaleDataError):
            await act.flush()
    assert await everything(tools) == before
