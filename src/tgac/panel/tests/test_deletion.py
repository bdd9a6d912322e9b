"""Deleting a project: gone at once for everybody, cleared away in small steps, nothing of others touched."""

from dataclasses import asdict
from datetime import timedelta
from functools import partial
from typing import Any

import httpx
import pytest
from sqlalchemy import event, func, select
from tests.support.world import World

from tgac.bots.models import Bot
from tgac.bots.service import connect_bot
from tgac.comments.jobs import SendComment
from tgac.journal.models import Event, PanelEvent
from tgac.kit.errors import Invalid, NotFound, Refused
from tgac.kit.queue import store
from tgac.kit.queue.jobs import Lane
from tgac.kit.queue.runner import Runner
from tgac.kit.tenancy import EVERYONE, NO_PROJECT
from tgac.panel.deletion import AT_ONCE, Going, delete_project
from tgac.people.models import Member, Project
from tgac.people.projects import create_project
from tgac.people.queries import projects_of
from tgac.people.service import create_api_token
from tgac.tables import METADATA
from tgac.wiring import HANDLES, guarded, make_app


async def delete_city(world: World, name: str = "City", by: str = "anna") -> Going:
    async with world.tools.acting(world.people[by], world.project_id) as act:
        return await delete_project(act, name)


async def clear_away(world: World) -> None:
    await Runner(world.tools, HANDLES).run_due()


async def left_of(world: World, project_id: int) -> dict[str, int]:
    """How many rows of each table still carry the project's number."""
    found = {}
    async with world.tools.reading(None, EVERYONE) as act:
        for table in METADATA.sorted_tables:
            column = table.c.id if table.name == "projects" else table.c.get("project_id")
            if column is not None:
                counted = select(func.count()).select_from(table).where(column == project_id)
                found[table.name] = (await act.session.execute(counted)).scalar_one()
    return {name: n for name, n in found.items() if n}


async def another_city(world: World) -> int:
    """A second project of Anna's, with an event of its own."""
    async with world.tools.acting(world.anna, EVERYONE) as act:
        return (await create_project(act, "Country")).id


async def a_full_city(world: World) -> None:
    await world.add_task()
    await world.post()
    await world.work()
    await world.wait(60)
    assert [one.state for one in await world.comments()] == ["sent"]


async def test_a_deleted_project_is_there_for_nobody_and_leaves_no_row(world: World) -> None:
    await a_full_city(world)
    other = await another_city(world)
    theirs = await left_of(world, other)
    going = await delete_city(world)
    assert asdict(going) | {"events": 0} == {
        "bots": 1, "channels": 1, "tasks": 1, "posts": 1, "comments": 1, "members": 2, "events": 0
    }  # fmt: skip
    for name in ("anna", "boris"):
        with pytest.raises(NotFound):
            async with world.tools.reading(world.people[name], world.project_id):
                pass
    assert [one.name for one in await projects_of(world.tools, world.anna)] == ["Country"]
    await clear_away(world)
    assert await left_of(world, world.project_id) == {}
    assert await left_of(world, other) == theirs
    async with world.tools.reading(None, NO_PROJECT) as act:
        said = (await act.session.scalars(select(PanelEvent).where(PanelEvent.kind == "project_deleted"))).one()
    assert said.data == {"name": "City", "gone": asdict(going)}


async def test_the_tokens_go_at_once_and_name_and_bot_are_free_again(world: World) -> None:
    await delete_city(world)
    async with world.tools.reading(None, EVERYONE) as act:
        assert (await act.session.scalars(select(Bot))).all() == []
    async with world.tools.acting(world.anna, EVERYONE) as act:
        again = (await create_project(act, "City")).id
    assert again != world.project_id
    bot = await connect_bot(world.tools, world.anna, project_id=again, token=world.tokens[0])
    await clear_away(world)
    async with world.tools.reading(world.anna, again) as act:
        assert (await act.session.scalars(select(Bot.id))).all() == [bot.id]


async def test_what_was_planned_does_not_leave(world: World) -> None:
    await world.add_task(timing={"delay": {"min_s": 300, "max_s": 300}})
    await world.post()
    await world.work()
    assert [one.state for one in await world.comments()] == ["planned"]
    await delete_city(world)
    await world.wait(400)
    assert await world.said() == []


async def test_only_an_owner_who_types_the_name_deletes(world: World) -> None:
    before = await left_of(world, world.project_id)
    with pytest.raises(Refused):
        await delete_city(world, by="boris")
    for wrong in ("city", "Cit", "City news", ""):
        with pytest.raises(Invalid) as caught:
            await delete_city(world, wrong)
        assert caught.value.field == "name"
    with pytest.raises(NotFound):
        await delete_city(world, by="vera")
    assert await left_of(world, world.project_id) == before


async def test_rows_stay_until_the_last_running_job_has_ended(world: World) -> None:
    await a_full_city(world)
    async with world.tools.acting(None, world.project_id) as act:
        act.enqueue(SendComment(world.project_id, 1))
        act.enqueue(SendComment(world.project_id, 1), run_after=act.now + timedelta(days=1))
    now, owner = world.clock.now(), "another worker"
    (held,) = await world.tools.db.queueing(
        partial(store.claim, owner=owner, lanes=[Lane.SEND], n=1, now=now, lease_s=600.0)
    )
    await delete_city(world)
    await clear_away(world)
    assert "comments" in await left_of(world, world.project_id)
    async with world.tools.acting(None, EVERYONE) as act:
        assert (await store.count(act.session)).keys() == {"running", "open"}
    await world.tools.db.queueing(partial(store.settle, owner=owner, done=[held.id], again=[], ended=[]))
    world.clock.advance(2)
    await clear_away(world)
    assert await left_of(world, world.project_id) == {}
    async with world.tools.reading(None, EVERYONE) as act:
        assert await store.count(act.session) == {}


async def test_no_transaction_clears_away_more_than_a_handful(world: World) -> None:
    async with world.tools.acting(None, world.project_id) as act:
        act.session.add_all(Event(at=act.now, kind="post_seen", data={}) for _ in range(3 * AT_ONCE))
    await delete_city(world)
    deleted: list[int] = []

    def watch(_connection: Any, cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("DELETE FROM events"):
            deleted.append(cursor.rowcount)

    event.listen(world.tools.db.engine.sync_engine, "after_cursor_execute", watch)
    await clear_away(world)
    assert sum(deleted) >= 3 * AT_ONCE
    assert max(deleted) == AT_ONCE


async def test_the_page_says_what_goes_and_wants_the_name(world: World) -> None:
    async with world.tools.acting(None, NO_PROJECT) as act:
        token = await create_api_token(act, "anna")
    transport = httpx.ASGITransport(guarded(make_app(world.tools)), raise_app_exceptions=False)
    headers = {"authorization": f"Bearer {token}"}
    page, call = f"/projects/{world.project_id}/delete", f"/api/v1/projects/{world.project_id}"
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080", headers=headers) as anna:
        asked = await anna.get(page)
        assert "Bots, with their tokens" in asked.text
        wrong = await anna.post(page, data={"name": "Town"})
        assert (wrong.status_code, "This is not the name of the project." in wrong.text) == (422, True)
        refused = await anna.request("DELETE", call, json={"name": "Town"})
        assert (refused.status_code, refused.json()["error"]["field"]) == (422, "name")
        done = await anna.request("DELETE", call, json={"name": "City"})
        assert done.json()["data"]["gone"]["bots"] == 1
        assert (await anna.get(call)).status_code == 404
        assert (await anna.get(page)).status_code == 404
        assert (await anna.get("/api/v1/projects")).json()["data"]["items"] == []
        assert "The project “City” was deleted." in (await anna.get("/admin/audit")).text
    async with world.tools.reading(None, EVERYONE) as act:
        rest = (await act.session.scalars(select(Project.status))).all()
        members = (await act.session.scalars(select(Member))).all()
    assert rest == ["deleted"]
    assert members == []
