"""The guard: whatever a statement looks like, it stays in its project or is refused."""

import asyncio
import gc
import weakref
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import delete, exists, func, insert, select, update
from sqlalchemy.orm import aliased, make_transient_to_detached

from tgac.bots.models import Bot, Seat
from tgac.kit.act import Act
from tgac.kit.db.base import OWNED, Base, Owned
from tgac.kit.errors import NotFound, Refused, SignInNeeded
from tgac.kit.tenancy import (
    EVERYONE,
    NO_PROJECT,
    RIGHTS,
    OutOfScope,
    Principal,
    Right,
    Role,
    _pinned,
    require,
    require_admin,
)
from tgac.kit.tests.conftest import ANNA, VERA
from tgac.kit.tools import Tools
from tgac.people.models import Project, User

OTHER = aliased(Bot)


def bot(number: int, **values: Any) -> Bot:
    return Bot(id=number, telegram_id=number, username=f"bot{number}", name="Bot", token_sealed="", **values)


@pytest.fixture
async def bots(tools: Tools) -> None:
    """Bots 1 and 2 are Anna's, bot 3 is Vera's."""
    for number, who in ((1, ANNA), (2, ANNA), (3, VERA)):
        async with tools.acting(who, who.user_id) as act:
            act.session.add(bot(number, created_at=act.now))


async def everything(tools: Tools) -> list[tuple[int, int, str]]:
    async with tools.reading(None, EVERYONE) as act:
        found = await act.session.execute(select(Bot.id, Bot.project_id, Bot.name).order_by(Bot.id))
        return [(number, project, name) for number, project, name in found]


SEEING_TWO: Sequence[tuple[str, Any]] = (
    ("rows", select(Bot.id)),
    ("the class", select(Bot)),
    ("an alias", select(OTHER.id)),
    ("a subquery", select(select(Bot.id).subquery().c.id)),
    ("a CTE", select(select(Bot.id).cte().c.id)),
    ("a condition on another project", select(Bot.id).where((Bot.project_id == 2) | (Bot.project_id == 1))),
    ("a union", select(Bot.id).union_all(select(Bot.id).where(sa.false()))),
    ("a join", select(Bot.id).join(Project, Project.id == Bot.project_id)),
    ("an outer join", select(Bot.id).outerjoin(OTHER, OTHER.id == Bot.id)),
    ("a join from a table of no project", select(Bot.id).select_from(Project).join(Bot, Bot.project_id == Project.id)),
)


@pytest.mark.parametrize(("shape", "statement"), SEEING_TWO, ids=[shape for shape, _ in SEEING_TWO])
async def test_only_the_rows_of_the_project_are_seen(tools: Tools, bots: None, shape: str, statement: Any) -> None:
    async with tools.reading(ANNA, 1) as act:
        assert len((await act.session.execute(statement)).all()) == 2


@pytest.mark.parametrize("fails", [True, False])
async def test_a_session_that_has_ended_holds_neither_rows_nor_a_connection(tools: Tools, fails: bool) -> None:
    row = bot(1, created_at=tools.clock.now())
    with suppress(NotFound):
        async with tools.acting(ANNA, 1) as act:
            act.session.add(row)
            await act.flush()
            if fails:
                raise NotFound("gone")
    async with tools.reading(ANNA, 1) as look:
        seen = await look.session.get(Bot, 1)
    assert (seen is None) == fails
    assert (row in act.session, seen in look.session if seen else False) == (False, False)
    pool: Any = tools.db.engine.sync_engine.pool
    assert pool.checkedout() == 0


@pytest.mark.parametrize(("shape", "statement"), SEEING_TWO[:4], ids=[shape for shape, _ in SEEING_TWO[:4]])
async def test_a_statement_that_is_used_again_shows_each_project_its_own_rows(
    tools: Tools, bots: None, shape: str, statement: Any
) -> None:
    async def seen(who: Principal) -> list[int]:
        async with tools.reading(who, who.user_id) as act:
            return [len((await act.session.execute(statement)).all()) for _ in range(3)]

    async with tools.reading(ANNA, 1) as around:
        assert await seen(VERA) == [1, 1, 1]
        assert len((await around.session.execute(statement)).all()) == 2
    at_once = await asyncio.gather(*(seen(who) for who in (ANNA, VERA) * 3))
    assert at_once == [[2, 2, 2], [1, 1, 1]] * 3


async def test_a_statement_is_kept_no_longer_than_by_those_who_use_it(tools: Tools) -> None:
    statement = select(Bot.id).where(Bot.id == 1)
    async with tools.reading(ANNA, 1) as act:
        await act.session.execute(statement)
    assert _pinned(statement) is _pinned(statement), "worked out once, while it is there"
    left = weakref.ref(statement)
    del statement
    gc.collect()
    assert left() is None


COUNTING_TWO: Sequence[tuple[str, Any]] = (
    ("select_from", select(func.count()).select_from(Bot)),
    ("a column", select(func.count(Bot.id))),
    ("an alias", select(func.count()).select_from(OTHER)),
    ("a scalar subquery", select(select(func.count()).select_from(Bot).scalar_subquery())),
    ("of another project", select(func.count() + 2).select_from(Bot).where(Bot.project_id == 2)),
    ("a subquery of a table of no project", select(func.count() + 1).where(exists(select(Bot.id))).select_from(User)),
)


@pytest.mark.parametrize(("shape", "statement"), COUNTING_TWO[:-1], ids=[shape for shape, _ in COUNTING_TWO[:-1]])
async def test_only_the_rows_of_the_project_are_counted(tools: Tools, bots: None, shape: str, statement: Any) -> None:
    async with tools.reading(ANNA, 1) as act:
        assert await act.session.scalar(statement) == 2


async def test_a_condition_on_foreign_rows_finds_none(tools: Tools, bots: None) -> None:
    async with tools.reading(ANNA, 1) as act:
        assert await act.session.scalar(select(User.id).where(exists(select(Bot.id).where(Bot.id == 3)))) is None
        assert await act.session.scalar(select(Bot.id).where(Bot.id.in_(select(OTHER.id).where(OTHER.id == 3)))) is None


async def test_a_foreign_row_is_not_there(tools: Tools, bots: None) -> None:
    async with tools.reading(ANNA, 1) as act:
        assert await act.session.get(Bot, 3) is None
        assert await act.session.get(Bot, 2) is not None


async def test_a_bulk_update_reaches_only_the_project(tools: Tools, bots: None) -> None:
    async with tools.acting(ANNA, 1) as act:
        await act.session.execute(update(Bot).values(name="Mine"))
    assert await everything(tools) == [(1, 1, "Mine"), (2, 1, "Mine"), (3, 2, "Bot")]


async def test_a_bulk_delete_reaches_only_the_project(tools: Tools, bots: None) -> None:
    async with tools.acting(VERA, 2) as act:
        await act.session.execute(delete(Bot))
    assert await everything(tools) == [(1, 1, "Bot"), (2, 1, "Bot")]


type Deed = Callable[[Act], Awaitable[Any]]


async def _change_an_own_row_into_a_foreign_one(act: Act) -> None:
    (await act.session.get_one(Bot, 1)).project_id = 2


async def _add_a_foreign_row(act: Act) -> None:
    act.session.add(bot(9, project_id=2, created_at=act.now))


async def _change_a_foreign_object(act: Act) -> None:
    foreign = bot(3, project_id=2)
    make_transient_to_detached(foreign)
    act.session.add(foreign)
    foreign.name = "Stolen"


REFUSED: Sequence[tuple[str, Deed]] = (
    ("insert", lambda act: act.session.execute(insert(Bot).values(project_id=2))),
    ("insert from select", lambda act: act.session.execute(insert(Bot).from_select(["id"], select(Bot.id)))),
    ("bulk insert", lambda act: act.session.execute(insert(Bot), [{"id": 9, "project_id": 1}])),
    ("bulk update by key", lambda act: act.session.execute(update(Bot), [{"id": 3, "name": "Stolen"}])),
    ("moving rows", lambda act: act.session.execute(update(Bot).values(project_id=2))),
    ("moving rows by name", lambda act: act.session.execute(update(Bot).values({"project_id": Bot.id}))),
    ("moving rows by parameter", lambda act: act.session.execute(update(Bot), {"project_id": 2})),
    ("a table without its class", lambda act: act.session.execute(select(Bot.metadata.tables["bots"]))),
    ("deleting in a table", lambda act: act.session.execute(delete(Bot.metadata.tables["bots"]))),
    ("moving an object", _change_an_own_row_into_a_foreign_one),
    ("adding a foreign object", _add_a_foreign_row),
    ("changing a foreign object", _change_a_foreign_object),
)


@pytest.mark.parametrize(("shape", "deed"), REFUSED, ids=[shape for shape, _ in REFUSED])
async def test_what_the_guard_cannot_pin_is_refused(tools: Tools, bots: None, shape: str, deed: Deed) -> None:
    before = await everything(tools)
    with pytest.raises(OutOfScope):
        async with tools.acting(ANNA, 1) as act:
            await deed(act)
    assert await everything(tools) == before


NOT_WITHOUT_PROJECT: Sequence[tuple[str, Any]] = (
    *SEEING_TWO,
    *COUNTING_TWO,
    ("update", update(Bot).values(name="x")),
    ("delete", delete(Bot)),
    ("a join towards it", select(User.id).join(Bot, Bot.id == User.id)),
    ("a condition", select(User.id).where(User.id.in_(select(Bot.id)))),
)


@pytest.mark.parametrize(("shape", "statement"), NOT_WITHOUT_PROJECT, ids=[shape for shape, _ in NOT_WITHOUT_PROJECT])
async def test_outside_of_projects_their_tables_are_refused(tools: Tools, shape: str, statement: Any) -> None:
    async with tools.acting(None, NO_PROJECT) as act:
        with pytest.raises(OutOfScope):
            await act.session.execute(statement)


async def test_outside_of_projects_no_row_of_one_is_added(tools: Tools) -> None:
    with pytest.raises(OutOfScope):
        async with tools.acting(None, NO_PROJECT) as act:
            act.session.add(bot(9, project_id=1, created_at=act.now))


async def test_people_are_reached_without_a_project(tools: Tools) -> None:
    async with tools.reading(None, NO_PROJECT) as act:
        assert await act.session.scalar(select(func.count()).select_from(User)) == 2


async def test_without_a_scope_nothing_is_executed(tools: Tools) -> None:
    async with tools.db.reading(NO_PROJECT) as session:
        session.info.clear()
        with pytest.raises(OutOfScope):
            await session.execute(select(User))


async def test_a_row_is_stamped_with_the_project(tools: Tools) -> None:
    async with tools.acting(ANNA, 1) as act:
        act.session.add(bot(7, created_at=act.now))
    assert await everything(tools) == [(7, 1, "Bot")]


async def test_a_child_cannot_have_a_foreign_parent(tools: Tools, bots: None) -> None:
    with pytest.raises(Exception, match="just taken"):
        async with tools.acting(ANNA, 1) as act:
            act.session.add(Seat(bot_id=3, channel_id=1, since=act.now))


async def test_the_system_reaches_everything(tools: Tools, bots: None) -> None:
    async with tools.acting(None, EVERYONE) as act:
        await act.session.execute(update(Bot).values(name="Seen"))
    assert {name for _id, _project, name in await everything(tools)} == {"Seen"}


async def test_a_stranger_gets_no_act_in_a_project(tools: Tools) -> None:
    with pytest.raises(NotFound) as foreign:
        async with tools.acting(VERA, 1):
            raise AssertionError
    with pytest.raises(NotFound) as absent:
        async with tools.reading(VERA, 404):
            raise AssertionError
    assert foreign.value.message == absent.value.message


def _act(role: Role | None, *, admin: bool = False, signed_in: bool = True) -> Any:
    class Somebody:
        principal = Principal(1, "anna", is_admin=admin, language=None) if signed_in else None

    Somebody.role = role  # type: ignore[attr-defined]
    return Somebody()


@pytest.mark.parametrize("role", Role)
@pytest.mark.parametrize("right", Right)
def test_each_role_has_its_rights_and_no_others(role: Role, right: Right) -> None:
    if right in RIGHTS[role]:
        return require(_act(role), right)
    with pytest.raises(Refused):
        require(_act(role), right)
    return None


def test_rights_only_grow_from_viewer_to_owner() -> None:
    viewer, reviewer, editor, owner = (RIGHTS[role] for role in (Role.VIEWER, Role.REVIEWER, Role.EDITOR, Role.OWNER))
    assert viewer < reviewer < editor < owner == set(Right)


def test_without_a_role_nothing_is_allowed() -> None:
    with pytest.raises(Refused):
        require(_act(None, admin=True), Right.LOOK)
    with pytest.raises(SignInNeeded):
        require(_act(Role.OWNER, signed_in=False), Right.LOOK)


def test_only_admins_pass_as_admins() -> None:
    require_admin(_act(None, admin=True))
    with pytest.raises(Refused):
        require_admin(_act(Role.OWNER))
    with pytest.raises(SignInNeeded):
        require_admin(_act(None, signed_in=False))


def test_every_table_of_a_project_bears_the_guards_mark() -> None:
    classes = [mapper.class_ for mapper in Base.registry.mappers if issubclass(mapper.class_, Owned)]
    owned = {one.__name__: Base.metadata.tables[vars(one)["__tablename__"]].info for one in classes}
    assert {"Bot", "Channel", "Comment", "Member", "Post", "Task"} <= set(owned)
    assert [name for name, info in owned.items() if OWNED not in info] == []
