"""Tasks over the API: what is refused and why, who may do what, and when a task can be switched on."""

from typing import Any

import pytest
from sqlalchemy import select
from tests.support.world import World

from tgac.bots.models import Seat, SeatState
from tgac.bots.service import mark_bot_refused, pause_bot
from tgac.channels.models import Channel, ChannelState
from tgac.channels.service import remove_channel
from tgac.journal.models import Event
from tgac.kit.tenancy import EVERYONE
from tgac.tasks.config import TaskConfig
from tgac.tasks.tests.desk import Desk

TEXT = "config.content.variants.0.text"


async def kinds(world: World) -> list[str]:
    async with world.tools.reading(None, world.project_id) as act:
        return list(await act.session.scalars(select(Event.kind).where(Event.task_id.is_not(None)).order_by(Event.id)))


async def test_a_task_is_told_whole_and_as_a_sentence(world: World) -> None:
    desk = Desk(world)
    answer = await desk.ask("POST", "/api/tasks", json={"name": " Rules  here ", "config": desk.document()})
    assert answer.status_code == 201
    task = answer.json()["data"]
    assert (task["name"], task["mode"], task["status"], task["version"]) == ("Rules here", "NEW_POSTS", "OFF", 1)
    assert task["config"] == TaskConfig.model_validate(desk.document()).dump()
    assert task["bots"] == []
    assert task["sentence"] == (
        "Under every post of “City news”, 3 to 7 minutes later: one comment (no bot is assigned yet)."
    )
    assert await desk.data("GET", f"/tasks/{task['id']}") == task


def left_out(bot_id: int, reason: str, message: str) -> dict[str, Any]:
    return {"bot_id": bot_id, "reason": reason, "message": message}


BAD: list[tuple[dict[str, Any], str]] = [
    ({"content": {"variants": [{"text": "{Hello|Hi"}]}}, TEXT),
    ({"content": {"variants": [{"text": "{{ post.author }}"}]}}, TEXT),
    ({"content": {"variants": [{"text": "<b>bold"}]}}, TEXT),
    ({"content": {"variants": [{"text": "x" * 32_769}]}}, TEXT),
    ({"content": {"variants": [{"text": " "}]}}, TEXT),
    ({"timing": {"delay": {"min_s": 60, "max_s": 30}}}, "config.timing.delay"),
    ({"timing": {"speed": 1}}, "config.timing.speed"),
    ({"content": {"kind": "llm", "llm": {"goal": "own"}, "variants": [{"text": "a"}]}}, "config.content.llm.prompt"),
    ({"targets": {"channels": [987654]}}, "config.targets.channels"),
    ({"targets": {"playlists": [987654]}}, "config.targets.playlists"),
]


async def test_what_is_wrong_is_refused_with_its_path_and_nothing_is_saved(world: World) -> None:
    desk, path = Desk(world), ""
    task = await desk.create()
    path = f"/tasks/{task['id']}"
    for parts, field in BAD:
        body = {"config": desk.document(**parts)}
        assert await desk.error("POST", "/tasks", json={"name": "B", **body}) == (422, "invalid", field)
        assert await desk.error("PUT", path, json=body) == (422, "invalid", field)
    assert await desk.error("POST", "/tasks", json={"name": "B", "config": 5}) == (422, "invalid", "config")
    assert (await desk.data("GET", "/tasks"))["items"] == [task]


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "/tasks", {"name": "B", "colour": "red"}, "colour"),
        ("POST", "/tasks", {"name": "B", "mode": "OLD_POSTS"}, "mode"),
        ("POST", "/tasks", {"config": {}}, "name"),
        ("POST", "/tasks", {"name": "  ", "config": {}}, "name"),
        ("POST", "/tasks", {"name": "n" * 101, "config": {}}, "name"),
        ("PUT", "/tasks/1", {"status": "ON"}, "status"),
        ("POST", "/tasks/1/toggle", {"status": "AWAY"}, "status"),
        ("POST", "/tasks/1/assign", {"bot_ids": ["1"]}, "bot_ids.0"),
        ("POST", "/tasks/1/preview", {"post": "x"}, "post"),
    ],
)
async def test_a_body_that_does_not_fit_is_refused_by_field(
    world: World, method: str, path: str, body: dict[str, Any], field: str
) -> None:
    assert await Desk(world).error(method, path, json=body) == (422, "invalid", field)


async def test_a_foreign_channel_is_told_like_one_that_is_nowhere(world: World) -> None:
    desk = Desk(world)
    foreign, _bot = await desk.a_row_elsewhere()
    answers = [
        (await desk.ask("POST", "/api/tasks", json={"name": "B", "config": desk.document(targets={"channels": [one]})}))
        for one in (foreign, 987654)
    ]
    assert answers[0].json() == answers[1].json()
    assert answers[0].json()["error"]["field"] == "config.targets.channels"


async def test_boris_may_look_and_vera_sees_nothing(world: World) -> None:
    desk = Desk(world)
    path = await desk.order()
    doing: list[tuple[str, str, Any]] = [
        ("POST", "/tasks", {"name": "B", "config": desk.document()}),
        ("PUT", path, {"name": "B"}),
        ("POST", f"{path}/toggle", {"status": "OFF"}),
        ("POST", f"{path}/assign", {"bot_ids": []}),
        ("POST", f"{path}/duplicate", None),
        ("DELETE", path, None),
    ]
    for method, where, body in doing:
        assert (await desk.error(method, where, "boris", json=body))[:2] == (403, "refused")
        assert (await desk.error(method, where, "vera", json=body))[:2] == (404, "not_found")
    for method, where in (("GET", "/tasks"), ("GET", path), ("POST", f"{path}/preview")):
        assert (await desk.ask(method, f"/api{where}", "boris", json={})).status_code == 200
        assert (await desk.ask(method, f"/api{where}", "vera", json={})).status_code == 404
    assert (await desk.data("GET", path))["status"] == "ON"


async def test_a_task_is_switched_on_only_where_somebody_can_write(world: World) -> None:
    desk, bot = Desk(world), world.bots[0].id
    path = f"/tasks/{(await desk.create(targets={'channels': []}))['id']}"

    async def why_not() -> Any:
        answer = await desk.ask("POST", f"/api{path}/toggle", json={"status": "ON"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "task_not_ready")
        return answer.json()["error"]["fields"]

    assert await why_not() == {"config.targets.channels": "Choose at least one channel or playlist."}
    await desk.data("PUT", path, json={"config": desk.document()})
    assert await why_not() == {"bot_ids": "Choose at least one bot that may write in one of the channels."}
    await desk.data("POST", f"{path}/assign", json={"bot_ids": [bot]})
    async with world.tools.acting(None, EVERYONE) as act:
        seat = await act.session.scalar(select(Seat).where(Seat.bot_id == bot))
        assert seat
        seat.state = SeatState.LOST
    assert await why_not() == {"bot_ids": "None of the bots may write in one of the channels at this moment."}
    assert (await desk.data("GET", path))["status"] == "OFF"


async def test_a_seat_counts_only_while_its_channel_and_its_bot_are_active(world: World) -> None:
    desk, bot, place = Desk(world), world.bots[0], world.places[0]
    other = await world.add_channel("Trams")
    path = await desk.order(targets={"channels": [place.row.id]})
    await desk.data("POST", f"{path}/toggle", json={"status": "OFF"})
    async with world.tools.acting(None, world.project_id) as act:
        (await act.session.get_one(Channel, place.row.id)).state = ChannelState.SUSPENDED
    on = {"status": "ON"}
    assert await desk.error("POST", f"{path}/toggle", json=on) == (409, "task_not_ready", "config.targets.channels")
    assert (await desk.data("POST", f"{path}/assign", json={"bot_ids": [bot.id]}))["assigned"] == []
    await desk.data("PUT", path, json={"config": desk.document(targets={"channels": [place.row.id, other.row.id]})})
    assert (await desk.data("POST", f"{path}/assign", json={"bot_ids": [bot.id]}))["assigned"] == [bot.id]
    async with world.tools.acting(world.anna, world.project_id) as act:
        await pause_bot(act, bot.id)
    assert await desk.error("POST", f"{path}/toggle", json=on) == (409, "task_not_ready", "bot_ids")


async def test_a_task_that_is_on_cannot_be_left_without_anybody_to_write(world: World) -> None:
    desk = Desk(world)
    path = await desk.order()
    before = await desk.data("GET", path)
    nowhere = desk.document(targets={"channels": []})
    assert (await desk.error("PUT", path, json={"config": nowhere}))[:2] == (409, "task_not_ready")
    assert (await desk.error("POST", f"{path}/assign", json={"bot_ids": []}))[:2] == (409, "task_not_ready")
    assert await desk.data("GET", path) == before


async def test_bots_that_cannot_serve_are_left_out_with_the_reason(world: World) -> None:
    desk, city = Desk(world), world.bots[0]
    shut_out, homeless = await world.add_bot("shut"), await world.add_bot("homeless")
    _channel, foreign = await desk.a_row_elsewhere()
    async with world.tools.acting(None, world.project_id) as act:
        await mark_bot_refused(act, shut_out.id, "Unauthorized")
    path = f"/tasks/{(await desk.create())['id']}"
    asked = [foreign, homeless.id, city.id, city.id, shut_out.id, 987654]
    told = await desk.data("POST", f"{path}/assign", json={"bot_ids": asked})
    assert told == {
        "assigned": [city.id],
        "left_out": [
            left_out(foreign, "no_such_bot", "There is no such bot in this project."),
            left_out(homeless.id, "no_seat", "@homeless_bot may not write in any of the task's channels."),
            left_out(shut_out.id, "bot_not_active", "@shut_bot is not active."),
            left_out(987654, "no_such_bot", "There is no such bot in this project."),
        ],
    }
    task = await desk.data("GET", path)
    assert (task["bots"], task["sentence"].endswith("one comment by @city_bot.")) == ([city.id], True)
    assert (await desk.data("POST", f"{path}/assign", json={"bot_ids": []}))["assigned"] == []


async def test_every_change_makes_a_version_and_a_late_one_is_refused(world: World) -> None:
    desk = Desk(world)
    path = f"/tasks/{(await desk.create())['id']}"
    body = {"config": desk.document("Another text"), "version": 1}
    assert (await desk.data("PUT", path, json=body))["version"] == 2
    assert await desk.error("PUT", path, json=body) == (409, "task_changed", "version")
    same = await desk.data("PUT", path, json={"config": desk.document("Another text"), "name": "Rules"})
    assert same["version"] == 2
    assert (await desk.data("PUT", path, json={"name": "Other"}))["version"] == 3
    async with world.tools.reading(None, world.project_id) as act:
        events = list(await act.session.scalars(select(Event).where(Event.kind == "task_changed").order_by(Event.id)))
    assert [list(event.data["changes"]) for event in events] == [["content.variants.0.text"], ["name"]]
    assert events[1].data["changes"]["name"] == ["Rules", "Other"]


async def test_a_name_is_taken_once(world: World) -> None:
    desk = Desk(world)
    await desk.create("Rules")
    other = await desk.create("Other")
    assert (await desk.error("POST", "/tasks", json={"name": "Rules", "config": desk.document()})) == (
        409,
        "name_taken",
        "name",
    )
    assert (await desk.error("PUT", f"/tasks/{other['id']}", json={"name": "Rules"}))[0] == 409
    assert (await desk.data("PUT", f"/tasks/{other['id']}", json={"name": "Other"}))["version"] == 1


async def test_a_copy_has_the_bots_and_is_off(world: World) -> None:
    desk = Desk(world)
    path = await desk.order()
    first = await desk.data("POST", f"{path}/duplicate")
    second = await desk.data("POST", f"{path}/duplicate")
    assert [first["name"], second["name"]] == ["Rules (copy)", "Rules (copy 2)"]
    assert (first["status"], first["bots"]) == ("OFF", [world.bots[0].id])
    assert first["config"] == (await desk.data("GET", path))["config"]


async def test_only_a_task_that_is_off_can_be_deleted(world: World) -> None:
    desk = Desk(world)
    path = await desk.order()
    assert (await desk.error("DELETE", path))[:2] == (409, "task_not_off")
    await desk.data("POST", f"{path}/toggle", json={"status": "PAUSED"})
    assert (await desk.error("DELETE", path))[:2] == (409, "task_not_off")
    await desk.data("POST", f"{path}/toggle", json={"status": "OFF"})
    await desk.data("DELETE", path)
    assert (await desk.error("GET", path))[:2] == (404, "not_found")
    assert await kinds(world) == [
        "task_created", "task_bots_changed", "task_toggled", "task_toggled", "task_toggled", "task_deleted",
    ]  # fmt: skip


async def test_a_preview_shows_the_text_for_a_post_and_saves_nothing(world: World) -> None:
    desk = Desk(world)
    task = await desk.create(text="{One|Two} <b>{{ post.text }}</b> {{ channel.title }}")
    path = f"/tasks/{task['id']}/preview"
    shown = await desk.data("POST", path, json={"post_text": "1 < 2"})
    assert shown["post_text"] == "1 < 2"
    variant = shown["variants"][0]
    assert (variant["name"], variant["texts"], variant["fault"]) == ("A", 2, None)
    assert variant["html"] in {"One <b>1 &lt; 2</b> City news", "Two <b>1 &lt; 2</b> City news"}
    assert variant["runs"][1] == {"text": "1 < 2", "marks": ["b"], "href": None}
    other = desk.document(
        content={"variants": [{"text": "Another", "buttons": [[{"text": "Go", "url": "https://a.b"}]]}]}
    )
    shown = await desk.data("POST", path, json={"config": other})
    assert (shown["variants"][0]["html"], shown["variants"][0]["length"]) == ("Another", 7)
    assert shown["variants"][0]["buttons"] == [[{"text": "Go", "url": "https://a.b"}]]
    assert (await desk.error("POST", path, json={"config": desk.document("{a")}))[2] == TEXT
    assert await desk.data("GET", f"/tasks/{task['id']}") == task


async def test_a_preview_is_tried_on_the_newest_post_of_the_channel(world: World) -> None:
    desk = Desk(world)
    path = await desk.order(text="{{ post.text }} {{ post.hashtags }} {{ post.link }}")
    await world.post("Trams run #city")
    await world.work()
    shown = await desk.data("POST", f"{path}/preview")
    link = world.tools.config.telegram_link_base + "/city_news/"
    assert shown["variants"][0]["html"].startswith(f"Trams run #city #city {link}")


async def test_tasks_come_newest_first_and_are_searched(world: World) -> None:
    desk = Desk(world)
    for name in ("One", "Two", "Three"):
        await desk.create(name)
    first = await desk.data("GET", "/tasks", params={"limit": 2})
    assert [one["name"] for one in first["items"]] == ["Three", "Two"]
    rest = await desk.data("GET", "/tasks", params={"limit": 2, "cursor": first["next"]})
    assert ([one["name"] for one in rest["items"]], rest["next"]) == (["One"], None)
    assert [one["name"] for one in (await desk.data("GET", "/tasks", params={"q": "tw"}))["items"]] == ["Two"]
    assert (await desk.data("GET", "/tasks", params={"status": "ON"}))["items"] == []


async def test_a_task_can_be_changed_after_one_of_its_channels_was_removed(world: World) -> None:
    desk = Desk(world)
    path = f"/tasks/{(await desk.create())['id']}"
    async with world.tools.acting(world.anna, world.project_id) as act:
        await remove_channel(act, world.places[0].row.id)
    document = (await desk.data("GET", path))["config"]
    await desk.data("PUT", path, json={"config": document | {"content": {"variants": [{"text": "Bye"}]}}})
