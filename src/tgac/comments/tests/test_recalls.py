"""Taking comments back: one, or what a task has sent lately; each with its outcome, only what is ours."""

from typing import Any

import pytest
from tests.support.world import World

from tgac.bots.tests.front import Front
from tgac.comments import api, recalls_api, recalls_web, web
from tgac.comments.tests.hands import run_jobs, the_comment
from tgac.comments.tests.test_afterwards import calls_of, words
from tgac.wiring import include
from tgsandbox.faults import read_fault

HTMX = {"hx-request": "true", "hx-request-type": "partial"}


def front(world: World) -> Front:
    made = Front(world)
    include(made.app, api.router, recalls_api.router, web.router, recalls_web.router)
    return made


async def some_comments(world: World, count: int, *, every_s: float = 5) -> int:
    """So many posts, each with the task's comment; gives the task."""
    task_id = await world.add_task("Rules: {{ post.text }}")
    for number in range(count):
        await world.post(f"Post {number}")
        await world.work()
        await world.wait(every_s)
    assert len(await words(world)) == count
    return task_id


async def test_one_comment_is_taken_back(world: World) -> None:
    await some_comments(world, 2)
    desk, (first, _second) = front(world), await world.comments()
    told = await desk.data("POST", f"/comments/{first.id}/take-back")
    assert told["state"] == "sent"
    await run_jobs(world)
    assert await words(world) == ["Rules: Post 1"]
    told = await desk.data("GET", f"/comments/{first.id}")
    assert (told["state"], told["reason"], told["sentence"]) == ("deleted", "taken_back", "Somebody took it back.")
    assert await desk.error("POST", f"/comments/{first.id}/take-back") == (409, "wrong_state", None)


async def test_the_last_hour_of_a_task_is_taken_back_and_nothing_else(world: World) -> None:
    task_id = await some_comments(world, 1, every_s=3600)
    await world.post("Post 1")
    await world.work()
    await world.wait(5)
    desk = front(world)
    made = await desk.data("POST", f"/tasks/{task_id}/recalls", json={"minutes": 60})
    assert (made["total"], made["waiting"]) == (1, 1)
    await run_jobs(world)
    told = await desk.data("GET", f"/recalls/{made['id']}")
    assert (told["deleted"], told["stays"], told["waiting"]) == (1, 0, 0)
    assert [one["sentence"] for one in told["items"]] == ["Deleted."]
    assert await words(world) == ["Rules: Post 0"]


async def test_each_comment_has_its_own_outcome(world: World) -> None:
    task_id = await some_comments(world, 2)
    lost = {"kind": "drop_after", "method": "sendMessage", "times": 1}
    world.sandbox.endpoint.faults.add(read_fault(lost))
    await world.post("Post 2")
    await world.work()
    refused = {"kind": "http", "value": 400, "description": "Bad Request: message can't be deleted"}
    world.sandbox.endpoint.faults.add(read_fault({"method": "deleteMessage", "times": 1, **refused}))
    desk = front(world)
    made = await desk.data("POST", f"/tasks/{task_id}/recalls", json={"minutes": 60})
    await run_jobs(world)
    told = await desk.data("GET", f"/recalls/{made['id']}")
    assert (told["total"], told["deleted"], told["stays"]) == (3, 1, 2)
    said = [one["sentence"] for one in told["items"] if one["state"] == "stays"]
    assert said[0] == "Whether it is there is not known: look under the post first."
    assert said[1].startswith("Telegram refused")
    shown = (await desk.ask("GET", f"/recalls/{made['id']}")).text
    assert "Not deleted" in shown
    assert "Telegram refused" in shown


@pytest.mark.parametrize("fault", [{"kind": "flood", "value": 20}, {"kind": "http", "value": 502}])
async def test_a_recall_is_finished_after_telegram_was_away(world: World, fault: dict[str, Any]) -> None:
    task_id = await some_comments(world, 3)
    world.sandbox.endpoint.faults.add(read_fault({"method": "deleteMessage", "times": 2, **fault}))
    desk = front(world)
    made = await desk.data("POST", f"/tasks/{task_id}/recalls", json={"minutes": 60})
    await run_jobs(world)
    assert (await desk.data("GET", f"/recalls/{made['id']}"))["waiting"] == 2
    await world.wait(61)
    assert (await desk.data("GET", f"/recalls/{made['id']}"))["deleted"] == 3
    assert await words(world) == []


async def test_a_second_recall_finds_nothing_left(world: World) -> None:
    task_id = await some_comments(world, 1)
    desk = front(world)
    await desk.data("POST", f"/tasks/{task_id}/recalls", json={"minutes": 60})
    await run_jobs(world)
    again = await desk.error("POST", f"/tasks/{task_id}/recalls", json={"minutes": 60})
    assert again == (409, "nothing_to_recall", None)
    assert len(await calls_of(world, "deleteMessage")) == 1


@pytest.mark.parametrize("minutes", [0, -1, 10081, "x", None])
async def test_a_wrong_span_is_refused(world: World, minutes: Any) -> None:
    task_id = await some_comments(world, 1)
    status, _code, field = await front(world).error("POST", f"/tasks/{task_id}/recalls", json={"minutes": minutes})
    assert (status, field) == (422, "minutes")


async def test_who_may_only_look_takes_nothing_back(world: World) -> None:
    task_id = await some_comments(world, 1)
    desk, comment = front(world), await the_comment(world)
    for path, body in ((f"/tasks/{task_id}/recalls", {"minutes": 60}), (f"/comments/{comment.id}/take-back", None)):
        assert (await desk.error("POST", path, "boris", json=body))[0] == 403
        assert (await desk.ask("POST", path, "boris", data=body or {})).status_code == 403
    assert "Delete them" not in (await desk.ask("GET", f"/tasks/{task_id}/recalls", "boris")).text


async def test_the_page_takes_back_and_shows_how_it_goes(world: World) -> None:
    task_id = await some_comments(world, 2)
    desk = front(world)
    assert "The task is on" in (await desk.ask("GET", f"/tasks/{task_id}/recalls")).text
    answer = await desk.ask("POST", f"/tasks/{task_id}/recalls", data={"minutes": "60"})
    assert answer.status_code == 303
    place = answer.headers["location"].removeprefix(f"/projects/{world.project_id}")
    assert (await desk.ask("GET", place)).text.count("Waiting.") == 2
    await run_jobs(world)
    assert (await desk.ask("GET", place, headers=HTMX)).text.count("Deleted.") == 2
    nothing = await desk.ask("POST", f"/tasks/{task_id}/recalls", data={"minutes": "60"})
    assert nothing.status_code == 409
    assert "has sent no comment in that time" in nothing.text


async def test_the_posts_page_offers_to_take_back_and_to_follow(world: World) -> None:
    await world.add_task("Rules: {{ post.text }}", after={"follow_edits": "ask"})
    await world.post("Before")
    await world.work()
    desk, comment = front(world), await the_comment(world)
    post = list(world.sandbox.world.chats[world.places[0].id].messages)[-1]
    world.clock.advance(1)
    await world.control("PUT", f"/chats/{world.places[0].id}/messages/{post}", text="After")
    await world.work()
    shown = (await desk.ask("GET", f"/posts/{comment.post_id}")).text
    assert "The comment would be:" in shown
    assert "Rules: After" in shown
    assert "Take it back" in shown
    assert "Edit the comment" not in (await desk.ask("GET", f"/posts/{comment.post_id}", "boris")).text
    assert (await desk.data("GET", f"/comments/{comment.id}"))["edit"] == {"state": "asked", "text": "Rules: After"}
    answer = await desk.ask("POST", f"/comments/{comment.id}/follow", data={"answer": "edit"})
    assert answer.status_code == 303
    await run_jobs(world)
    assert await words(world) == ["Rules: After"]
    answer = await desk.ask("POST", f"/comments/{comment.id}/take-back")
    assert answer.status_code == 303
    await run_jobs(world)
    assert await words(world) == []
