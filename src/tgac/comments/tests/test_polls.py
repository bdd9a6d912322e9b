"""A comment that is a poll: asked as its task says, looked after, taken back; never asked twice."""

from itertools import pairwise
from typing import Any

import pytest
from tests.support.world import World

from tgac.comments.forms import Resolution
from tgac.comments.recalls import take_back_comment
from tgac.comments.service import resolve_comment
from tgac.comments.tests.hands import run_jobs, the_comment
from tgac.comments.tests.test_afterwards import calls_of, kinds
from tgsandbox.faults import read_fault

POLL = {"options": ["Yes", "No", "1 < 2 & more"], "anonymous": False, "multiple": True}


async def a_poll(world: World, text: str = "What of {{ channel.title }} & co?", **more: Any) -> None:
    label = more.pop("label", None)
    await world.add_task(content={"label": label, "variants": [{"text": text, "poll": POLL}]}, **more)
    await world.post("Hello")
    await world.work()


async def polls(world: World) -> list[dict[str, Any]]:
    return [one["poll"] for one in await world.said() if "poll" in one]


async def test_a_poll_is_asked_under_the_post(world: World) -> None:
    await a_poll(world, label="A bot of the editors writes here")
    (poll,) = await polls(world)
    assert poll["question"] == "What of City news & co?"
    assert [one["text"] for one in poll["options"]] == POLL["options"]
    assert (poll["is_anonymous"], poll["allows_multiple_answers"]) == (False, True)
    assert poll["description"] == "A bot of the editors writes here"
    (said,) = await world.said()
    assert said["reply_to_message"]["is_automatic_forward"]
    comment = await the_comment(world)
    assert (comment.state, comment.text) == ("sent", "What of City news & co?")


async def test_a_poll_that_stands_is_seen_and_one_that_is_gone_too(world: World) -> None:
    await a_poll(world)
    await world.wait(300)
    comment = await the_comment(world)
    assert comment.state == "sent"
    assert "comment_seen" in await kinds(world)
    assert await calls_of(world, "editMessageText") == []
    await world.control("DELETE", f"/chats/{world.places[0].group_id}/messages/{comment.message_id}")
    await world.wait(3300)
    assert (await the_comment(world)).reason == "gone"


LOST = [("drop_after", {}), ("bad_json", {}), ("http", {"value": 502}), ("drop_before", {})]


@pytest.mark.parametrize(("kind", "fault"), LOST, ids=["drop_after", "bad_json", "502", "drop_before"])
async def test_a_poll_whose_answer_was_lost_is_never_asked_again(
    world: World, kind: str, fault: dict[str, Any]
) -> None:
    world.sandbox.endpoint.faults.add(read_fault({"kind": kind, "method": "sendPoll", "times": 1, **fault}))
    await a_poll(world)
    assert (await the_comment(world)).state == "unknown"
    for _ in range(5):
        await world.wait(600)
    assert len(await calls_of(world, "sendPoll")) == 1
    async with world.tools.acting(world.anna, world.project_id) as act:
        await resolve_comment(act, (await the_comment(world)).id, Resolution(answer="not_there"))
    await world.wait(600)
    assert len(await calls_of(world, "sendPoll")) == 1


async def test_a_429_is_waited_out_and_the_poll_asked_once(world: World) -> None:
    world.sandbox.endpoint.faults.add(read_fault({"kind": "flood", "method": "sendPoll", "value": 20, "times": 1}))
    await a_poll(world)
    await world.wait(20)
    assert [one["status"] for one in await calls_of(world, "sendPoll")] == [429, 200]
    assert len(await polls(world)) == 1


async def test_a_poll_is_taken_back(world: World) -> None:
    await a_poll(world)
    async with world.tools.acting(world.anna, world.project_id) as act:
        await take_back_comment(act, (await the_comment(world)).id)
    await run_jobs(world)
    assert await polls(world) == []


async def test_a_poll_does_not_follow_its_post_and_says_so(world: World) -> None:
    await a_poll(world, text="What of it: {{ post.text }}", after={"follow_edits": "render"})
    post = list(world.sandbox.world.chats[world.places[0].id].messages)[-1]
    world.clock.advance(1)
    await world.control("PUT", f"/chats/{world.places[0].id}/messages/{post}", text="After")
    await world.work()
    (poll,) = await polls(world)
    assert poll["question"] == "What of it: Hello"
    assert (await the_comment(world)).cared["edit"]["sentence"] == "Telegram lets nobody edit a poll."


async def test_a_question_that_the_post_makes_too_long_is_no_comment_and_says_why(world: World) -> None:
    await world.add_task(content={"variants": [{"text": "Q: {{ post.text }}", "poll": POLL}]})
    await world.post("x" * 400)
    await world.work()
    comment = await the_comment(world)
    assert (comment.state, comment.reason) == ("skipped", "poll_long")


async def test_the_same_question_is_not_asked_twice_running(world: World) -> None:
    await world.add_task(content={"variants": [{"text": "{One|Two}?", "poll": POLL}]})
    for _ in range(4):
        await world.post("Hello")
        await world.work()
        await world.wait(5)
    asked = [poll["question"] for poll in await polls(world)]
    assert len(asked) == 4
    assert all(one != other for one, other in pairwise(asked))
