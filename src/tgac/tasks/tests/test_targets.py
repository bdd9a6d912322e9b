"""What tasks are aimed at: channels, and playlists with what is in them at the moment of a post."""

import re
from typing import Any

from sqlalchemy import event, select
from tests.support.world import World

from tgac.bots.models import Seat
from tgac.channels.tests.test_playlists import add_channels
from tgac.comments.models import Comment
from tgac.tasks.models import Task
from tgac.tasks.queries import tasks_for_channels
from tgac.tasks.tests.desk import Desk
from tgac.tasks.tests.test_tasks_pages import HTMX, fields_of, send, typed


async def a_playlist(desk: Desk, name: str, *channel_ids: int) -> int:
    made = await desk.data("POST", "/playlists", json={"name": name, "channel_ids": channel_ids})
    return int(made["id"])


async def served(world: World, channel_id: int) -> list[str]:
    async with world.tools.reading(None, world.project_id) as act:
        return [task.name for task in (await tasks_for_channels(act, [channel_id]))[channel_id]]


async def test_a_channel_is_served_from_when_it_is_put_into_the_playlist(world: World) -> None:
    desk, place = Desk(world), world.places[0]
    playlist = await a_playlist(desk, "Cities")
    document = {"targets": {"playlists": [playlist]}, "timing": {"delay": {"min_s": 0, "max_s": 0}}}
    task = await desk.create("Rules", **document)
    path = f"/tasks/{task['id']}"
    assert (await desk.error("POST", f"{path}/toggle", json={"status": "ON"}))[:2] == (409, "task_not_ready")
    put = f"/playlists/{playlist}/assign_channels"
    await desk.data("POST", put, json={"add": [place.row.id]})
    await desk.data("POST", f"{path}/assign", json={"bot_ids": [world.bots[0].id]})
    shown = await desk.data("POST", f"{path}/toggle", json={"status": "ON"})
    assert shown["sentence"].startswith("Under every post of “City news” (playlist Cities), at once")
    await world.post("One")
    await world.work()
    await world.work()
    assert [one.state for one in await world.comments()] == ["sent"]
    await desk.data("POST", put, json={"remove": [place.row.id]})
    assert await served(world, place.row.id) == []


async def test_a_channel_that_is_aimed_at_twice_has_the_task_once(world: World) -> None:
    desk, channel = Desk(world), world.places[0].row.id
    both = [await a_playlist(desk, name, channel) for name in ("Cities", "North")]
    await desk.order("Rules", targets={"channels": [channel], "playlists": both})
    await desk.order("Links")
    await desk.create("Off")
    assert await served(world, channel) == ["Rules", "Links"]
    (task,) = [one for one in (await desk.data("GET", "/tasks"))["items"] if one["name"] == "Rules"]
    assert (task["channels"], "(playlists Cities, North)" in task["sentence"]) == (1, True)


async def test_a_posts_tasks_are_found_by_one_statement_however_many_there_are(world: World) -> None:
    desk, said = Desk(world), list[str]()
    await desk.order("Rules")
    async with world.tools.acting(world.anna, world.project_id) as act:
        document = (await act.session.scalars(select(Task))).one().config
        times = {"created_at": act.now, "updated_at": act.now, "created_by": world.anna.user_id}
        act.session.add_all(Task(name=f"T{n}", status="ON", config=document, **times) for n in range(50))
    async with world.tools.reading(None, world.project_id) as act:
        event.listen(world.tools.db.engine.sync_engine, "before_cursor_execute", lambda *args: said.append(args[2]))
        channel_id = world.places[0].row.id
        found = (await tasks_for_channels(act, [channel_id]))[channel_id]
    assert ([task.name for task in found], len([one for one in said if "task_targets" in one])) == (["Rules"], 1)


async def test_a_playlist_that_is_aimed_at_is_not_deleted(world: World) -> None:
    desk = Desk(world)
    playlist = await a_playlist(desk, "Cities", world.places[0].row.id)
    task = await desk.create("Rules", targets={"playlists": [playlist]})
    path = f"/playlists/{playlist}"
    answer = await desk.ask("DELETE", f"/api{path}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "playlist_in_use")
    assert "Rules" in answer.json()["error"]["message"]
    assert [one["name"] for one in (await desk.data("GET", path))["tasks"]] == ["Rules"]
    assert "Aim them at something else, then" in (await desk.ask("GET", path)).text
    await desk.data("DELETE", f"/tasks/{task['id']}")
    await desk.data("DELETE", path)


async def test_a_foreign_playlist_is_told_like_one_that_is_nowhere(world: World) -> None:
    desk = Desk(world)
    for one in (987654, 1):
        body = {"name": "B", "config": desk.document(targets={"playlists": [one]})}
        assert await desk.error("POST", "/tasks", json=body) == (422, "invalid", "config.targets.playlists")


async def test_bots_are_assigned_by_filter_and_those_left_out_are_named(world: World) -> None:
    desk = Desk(world)
    homeless, busy = await world.add_bot("homeless"), await world.add_bot("busy")
    towns = await add_channels(world, world.tools.config.max_channels_per_bot)
    async with world.tools.acting(world.anna, world.project_id) as act:
        for channel in towns:
            act.session.add(Seat(bot_id=busy.id, channel_id=channel, since=act.now))
    path = f"/tasks/{(await desk.create())['id']}/assign"
    told = await desk.data("POST", path, json={"filters": {"q": "_bot"}})
    assert told["assigned"] == [world.bots[0].id]
    reasons = {one["bot_id"]: one["reason"] for one in told["left_out"]}
    assert reasons == {homeless.id: "no_seat", busy.id: "bot_full"}
    told = await desk.data("POST", path, json={"filters": {"status": "NEEDS_SETUP"}})
    assert (told["assigned"], [one["bot_id"] for one in told["left_out"]]) == ([], [homeless.id])
    assert (await desk.data("POST", path, json={"filters": {"tag": "night"}})) == {"assigned": [], "left_out": []}
    bodies: list[dict[str, Any]] = [{}, {"bot_ids": [], "filters": {}}]
    for body in bodies:
        assert await desk.error("POST", path, json=body) == (422, "invalid", "bot_ids")
    assert (await desk.error("POST", path, json={"filters": {"colour": "red"}}))[2] == "filters.colour"


async def test_versions_are_kept_compared_and_restored(world: World) -> None:
    desk, channel = Desk(world), world.places[0].row.id
    other = (await world.add_channel("Trams")).row.id
    task = await desk.create("Rules", targets={"channels": [channel, other]})
    path = f"/tasks/{task['id']}"
    await desk.data(
        "PUT", path, json={"name": "Better", "config": desk.document("Other", targets={"channels": [channel]})}
    )
    await desk.data("DELETE", f"/channels/{other}")
    found = (await desk.data("GET", f"{path}/versions"))["items"]
    assert [(one["version"], one["name"], one["username"]) for one in found] == [
        (2, "Better", "anna"),
        (1, "Rules", "anna"),
    ]
    changes = {
        "name": ["Rules", "Better"],
        "targets.channels": [[channel, other], [channel]],
        "content.variants.0.text": ["Hello", "Other"],
    }
    assert (found[0]["changes"], found[1]["changes"]) == (changes, {})
    first = await desk.data("GET", f"{path}/versions/1?against=2")
    assert (first["config"]["targets"]["channels"], first["changes"]["name"]) == ([channel, other], ["Better", "Rules"])
    done = await desk.data("POST", f"{path}/versions/1/restore")
    assert (done["version"], done["left_out"]) == (3, {"channels": [other], "playlists": []})
    again = await desk.data("GET", path)
    assert (again["name"], again["config"]["content"]["variants"][0]["text"]) == ("Better", "Hello")
    assert (await desk.error("GET", f"{path}/versions/9"))[:2] == (404, "not_found")
    shown = (await desk.ask("GET", f"{path}/versions")).text
    assert ("content.variants.0.text" in shown, shown.count("/restore")) == (True, 2)
    back = await desk.ask("POST", f"{path}/versions/2/restore")
    assert (back.status_code, (await desk.data("GET", path))["version"]) == (303, 4)
    assert (await desk.error("POST", f"{path}/versions/1/restore", "boris"))[:2] == (403, "refused")


async def test_a_deleted_tasks_comments_stay_with_its_name(world: World) -> None:
    desk = Desk(world)
    task_id = await world.add_task()
    await world.post("One")
    await world.work()
    await world.work()
    await desk.data("POST", f"/tasks/{task_id}/toggle", json={"status": "OFF"})
    await desk.data("DELETE", f"/tasks/{task_id}")
    assert (await desk.data("GET", "/tasks"))["items"] == []
    assert (await desk.error("GET", f"/tasks/{task_id}"))[0] == 404
    async with world.tools.reading(None, world.project_id) as act:
        (comment,) = await act.session.scalars(select(Comment))
        assert (comment.state, (await act.session.get_one(Task, comment.task_id)).name) == ("sent", "Welcome")
    assert (await desk.create("Welcome"))["name"] == "Welcome"


async def many(world: World, count: int = 40) -> tuple[Desk, list[int]]:
    return Desk(world), await add_channels(world, count)


async def test_of_many_channels_some_are_shown_and_all_are_kept(world: World) -> None:
    desk, towns = await many(world)
    task = await desk.create("Rules", targets={"channels": towns})
    page = (await desk.ask("GET", f"/tasks/{task['id']}/edit")).text
    fields = fields_of(page)
    assert (len(fields["targets.channels"]), "40 chosen" in page) == (30, True)
    kept = fields["targets.channels.kept"][0].split()
    assert {int(one) for one in (*kept, *fields["targets.channels"])} == set(towns)
    answer = await send(desk, f"/tasks/{task['id']}/edit", fields | {"do": "save", "name": "Renamed"})
    assert answer.status_code == 303
    again = await desk.data("GET", f"/tasks/{task['id']}")
    assert (again["name"], again["config"]["targets"]["channels"]) == ("Renamed", towns)


async def test_channels_are_searched_chosen_and_left_out_without_scripts(world: World) -> None:
    desk, towns = await many(world)
    form = typed(desk) | {
        "targets.channels": [str(towns[0])],
        "targets.channels.q": "Town 3",
        "do": "find.targets.channels",
    }
    page = (await send(desk, "/tasks/new", form)).text
    part = (await send(desk, "/tasks/new", form, **HTMX)).text
    assert ('id="where"' in part, 'name="targets.channels.kept"' in part, "<html" in part) == (True, True, False)
    shown = re.findall(r'name="targets.channels" value="(\d+)"', page)
    assert {int(one) for one in shown} == {towns[3], *towns[30:40]}
    fields = fields_of(page)
    assert (fields.get("targets.channels"), fields["targets.channels.kept"]) == (None, [str(towns[0])])
    page = (await send(desk, "/tasks/new", fields | {"do": "all.targets.channels"})).text
    assert "12 chosen" in page
    fields = fields_of(page) | {"targets.channels.q": "Town 39"}
    page = (await send(desk, "/tasks/new", fields | {"do": "enter"})).text
    assert (await desk.data("GET", "/tasks"))["items"] == [], "Enter in a search searches and saves nothing"
    page = (await send(desk, "/tasks/new", fields_of(page) | {"do": "none.targets.channels"})).text
    assert "11 chosen" in page
    answer = await send(desk, "/tasks/new", fields_of(page) | {"do": "enter"})
    assert answer.status_code == 303
    (task,) = (await desk.data("GET", "/tasks"))["items"]
    assert task["config"]["targets"]["channels"] == [towns[0], towns[3], *towns[30:39]]


async def test_playlists_and_bots_are_chosen_in_the_same_way(world: World) -> None:
    desk = Desk(world)
    numbers = [await a_playlist(desk, f"List {n}", world.places[0].row.id) for n in range(33)]
    form: dict[str, Any] = typed(desk) | {"targets.channels": [], "targets.playlists.q": "List 2"}
    page = (await send(desk, "/tasks/new", form | {"do": "all.targets.playlists"})).text
    assert "11 chosen" in page
    answer = await send(desk, "/tasks/new", fields_of(page) | {"do": "save_on"})
    assert answer.status_code == 303
    (task,) = (await desk.data("GET", "/tasks"))["items"]
    assert task["config"]["targets"] == {"channels": [], "playlists": [numbers[2], *numbers[20:30]]}
    assert (task["status"], task["bots"]) == ("ON", [world.bots[0].id])
    shown = (await desk.ask("GET", f"/tasks/{task['id']}")).text
    assert "List 20" in shown
