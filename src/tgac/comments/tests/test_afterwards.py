"""What is done with a comment that stands: pinned, deleted in time or with its post. It never goes out again by it."""

from typing import Any

import pytest
from sqlalchemy import select
from tests.support.world import GROUP_RIGHTS, World

from tgac.comments.forms import Resolution
from tgac.comments.jobs import PinComment, TakeBack
from tgac.comments.service import resolve_comment
from tgac.comments.tests.hands import run_jobs, sends, the_comment
from tgac.journal.models import Event
from tgac.people.models import Project
from tgac.posts.models import Post
from tgsandbox.faults import read_fault


async def calls_of(world: World, method: str) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = await world.control("GET", f"/calls?method={method}")
    return calls


async def kinds(world: World) -> list[str]:
    async with world.tools.reading(None, world.project_id) as act:
        return list(await act.session.scalars(select(Event.kind).order_by(Event.id)))


def pinned(world: World) -> list[int]:
    return world.sandbox.world.chats[world.places[0].group_id].pinned


async def words(world: World) -> list[str]:
    """The texts that bots have in the group."""
    return [one["text"] for one in await world.said() if "text" in one]


async def give_rights(world: World, **rights: bool) -> None:
    path = f"/chats/{world.places[0].group_id}/members/{world.bots[0].telegram_id}"
    await world.control("PUT", path, status="administrator", rights=GROUP_RIGHTS | rights)


async def again(world: World, job: Any) -> None:
    """The job once more, as after a crash between the call and its record."""
    async with world.tools.acting(None, world.project_id) as act:
        act.enqueue(job)
    await run_jobs(world)


async def a_comment(world: World, *, content: Any = None, after: Any = None) -> None:
    """A comment that has just been sent."""
    document: dict[str, Any] = {"content": {"variants": [{"text": "Rules"}], **(content or {})}, "after": after or {}}
    await world.add_task(**document)
    await world.post("Hello")
    await world.work()
    assert (await the_comment(world)).state == "sent"


async def test_a_comment_is_pinned_once_it_is_sent(world: World) -> None:
    await give_rights(world, can_pin_messages=True)
    await a_comment(world, content={"pin": True})
    comment = await the_comment(world)
    assert pinned(world) == [comment.message_id]
    assert "comment_pinned" in await kinds(world)
    await again(world, PinComment(world.project_id, comment.id))
    assert pinned(world) == [comment.message_id]


async def test_without_the_right_to_pin_the_comment_stands_and_the_reason_is_told(world: World) -> None:
    await a_comment(world, content={"pin": True})
    comment = await the_comment(world)
    assert pinned(world) == []
    assert (comment.state, comment.cared["pin"]["sentence"]) == (
        "sent",
        "The bot may not pin messages in the group: give it that right.",
    )
    assert "comment_not_pinned" in await kinds(world)


FAULTS: list[dict[str, Any]] = [{"kind": "flood", "value": 30}, {"kind": "http", "value": 502}, {"kind": "drop_after"}]


@pytest.mark.parametrize("fault", FAULTS, ids=["429", "502", "lost"])
async def test_a_pin_that_was_not_answered_is_asked_for_again(world: World, fault: dict[str, Any]) -> None:
    await give_rights(world, can_pin_messages=True)
    world.sandbox.endpoint.faults.add(read_fault({"method": "pinChatMessage", "times": 1, **fault}))
    await a_comment(world, content={"pin": True})
    await world.wait(61)
    assert pinned(world) == [(await the_comment(world)).message_id]
    assert len(await sends(world)) == 1


async def test_nothing_is_pinned_after_the_emergency_stop(world: World) -> None:
    await give_rights(world, can_pin_messages=True)
    held_up = {"method": "pinChatMessage", "times": 1, "kind": "flood", "value": 30}
    world.sandbox.endpoint.faults.add(read_fault(held_up))
    await a_comment(world, content={"pin": True})
    async with world.tools.acting(None, world.project_id) as act:
        (await act.session.get_one(Project, world.project_id)).stopped_at = act.now
    await world.wait(31)
    assert pinned(world) == []
    assert "emergency stop" in (await the_comment(world)).cared["pin"]["sentence"]


async def test_a_comment_is_deleted_when_its_time_is_up(world: World) -> None:
    await a_comment(world, after={"delete_after_s": 600})
    await world.wait(599)
    assert await words(world) == ["Rules"]
    await world.wait(1)
    assert await words(world) == []
    comment = await the_comment(world)
    assert (comment.state, comment.reason) == ("deleted", "time_is_up")
    await again(world, TakeBack(world.project_id, comment.id, "time_is_up"))
    assert len(await calls_of(world, "deleteMessage")) == 1


@pytest.mark.parametrize("fault", FAULTS, ids=["429", "502", "lost"])
async def test_a_deletion_that_was_not_answered_is_asked_for_again(world: World, fault: dict[str, Any]) -> None:
    world.sandbox.endpoint.faults.add(read_fault({"method": "deleteMessage", "times": 1, **fault}))
    await a_comment(world, after={"delete_after_s": 60})
    await world.wait(60)
    await world.wait(61)
    assert await words(world) == []
    assert (await the_comment(world)).state == "deleted"


async def test_after_two_days_a_bot_without_the_right_cannot_delete_and_says_so(world: World) -> None:
    await a_comment(world, after={"delete_after_s": 48 * 3600 + 60})
    path = f"/chats/{world.places[0].group_id}/members/{world.bots[0].telegram_id}"
    await world.control("PUT", path, status="member")
    await world.wait(48 * 3600 + 60)
    comment = await the_comment(world)
    assert comment.state == "sent"
    assert "after 48 hours" in comment.cared["delete"]["sentence"]
    assert await words(world) == ["Rules"]


async def test_a_comment_goes_when_its_post_is_seen_to_be_gone(world: World) -> None:
    await a_comment(world)
    post = list(world.sandbox.world.chats[world.places[0].id].messages)[-1]
    await world.control("DELETE", f"/chats/{world.places[0].id}/messages/{post}")
    await world.wait(299)
    assert await words(world) == ["Rules"]  # nobody tells a bot of a deletion
    await world.wait(1)
    assert await words(world) == []
    comment = await the_comment(world)
    assert (comment.state, comment.reason) == ("deleted", "deleted_with_post")
    async with world.tools.reading(None, world.project_id) as act:
        assert (await act.session.get_one(Post, comment.post_id)).gone_at is not None


async def test_looking_at_the_post_changes_nothing_there(world: World) -> None:
    await a_comment(world)
    before = await world.control("GET", f"/chats/{world.places[0].group_id}/messages")
    await world.wait(300)
    assert await world.control("GET", f"/chats/{world.places[0].group_id}/messages") == before
    assert [one["status"] for one in await calls_of(world, "editMessageReplyMarkup")] == [400]
    assert (await the_comment(world)).state == "sent"


async def test_a_comment_stays_where_the_task_says_so(world: World) -> None:
    await a_comment(world, after={"delete_with_post": False})
    post = list(world.sandbox.world.chats[world.places[0].id].messages)[-1]
    await world.control("DELETE", f"/chats/{world.places[0].id}/messages/{post}")
    await world.wait(300)
    assert await words(world) == ["Rules"]
    assert await calls_of(world, "editMessageReplyMarkup") == []


async def test_what_a_person_has_placed_is_never_deleted_by_the_program(world: World) -> None:
    await world.add_task(after={"delete_after_s": 600})
    await world.post("Hello")
    world.sandbox.endpoint.faults.add(read_fault({"method": "sendMessage", "times": 1, "kind": "drop_after"}))
    await world.work()
    comment = await the_comment(world)
    assert comment.state == "unknown"
    async with world.tools.acting(world.anna, world.project_id) as act:
        await resolve_comment(act, comment.id, Resolution(answer="there", message_id=1))
    await again(world, TakeBack(world.project_id, comment.id, "taken_back"))
    assert await calls_of(world, "deleteMessage") == []
    assert "told by a person" in (await the_comment(world)).cared["delete"]["sentence"]
