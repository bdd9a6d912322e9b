"""At most once: what becomes of a comment whatever Telegram answers, and when it answers nothing."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from sqlalchemy import select
from tests.support.world import World

from tgac.bots.models import Bot, Seat
from tgac.channels.models import Channel
from tgac.comments.forms import Resolution
from tgac.comments.intend import DEADLINE_S
from tgac.comments.jobs import SendComment
from tgac.comments.models import Comment
from tgac.comments.send import START_WITHIN_S, send_comment
from tgac.comments.service import resolve_comment
from tgac.comments.tests.hands import (
    Between,
    nothing,
    pass_days,
    posts,
    run_jobs,
    send_through,
    sends,
    the_comment,
    until_port_is_open,
)
from tgac.journal.models import Event
from tgac.kit.act import Act
from tgac.kit.db.session import DatabaseAway
from tgac.kit.queue.jobs import Done, Snooze
from tgac.kit.tenancy import Principal, Scope
from tgac.kit.tools import Tools
from tgsandbox.faults import read_fault


@dataclass
class Napping(Tools):
    """Tools of a process that is stopped, like a laptop that is closed, right after its first commit."""

    nap: Callable[[], Awaitable[None]] | None = None

    @asynccontextmanager
    async def acting(self, author: Principal | None, scope: Scope) -> AsyncIterator[Act]:
        async with super().acting(author, scope) as act:
            yield act
        nap, self.nap = self.nap, None
        if nap is not None:
            await nap()


@dataclass
class Flickering(Tools):
    """Tools whose database goes away for a moment, after the first act."""

    fails: Iterator[bool] = field(default_factory=lambda: iter([False, True, True]))

    @asynccontextmanager
    async def acting(self, author: Principal | None, scope: Scope) -> AsyncIterator[Act]:
        if next(self.fails, False):
            raise DatabaseAway("COMMIT", {}, OSError("the server closed the connection"))
        async with super().acting(author, scope) as act:
            yield act


@dataclass
class Mumbling(Tools):
    """Tools whose database commits the second act and does not say so."""

    mumbles: Iterator[bool] = field(default_factory=lambda: iter([False, True]))

    @asynccontextmanager
    async def acting(self, author: Principal | None, scope: Scope) -> AsyncIterator[Act]:
        async with super().acting(author, scope) as act:
            yield act
        if next(self.mumbles, False):
            raise DatabaseAway("COMMIT", {}, OSError("the server closed the connection"))


async def a_planned_comment(world: World, **config: Any) -> Comment:
    """A comment that is due at this moment; no worker has looked at it yet."""
    await world.add_task("Rules", timing={"delay": {"min_s": 60, "max_s": 60}}, **config)
    await world.post("Hello")
    await world.work()
    world.clock.advance(60)
    return await the_comment(world)


def with_fault(world: World, kind: str, method: str = "sendMessage", **fault: Any) -> None:
    """Every call of the method meets this fault, or the first `times`."""
    world.sandbox.endpoint.faults.add(read_fault({"kind": kind, "method": method, **fault}))


LOST = [("drop_after", {}), ("bad_json", {}), ("http", {"value": 502}), ("http", {"value": 500}), ("drop_before", {})]


@pytest.mark.parametrize(("kind", "fault"), LOST, ids=["drop_after", "bad_json", "html_502", "500", "drop_before"])
async def test_a_lost_answer_leaves_the_comment_unknown_for_good(
    world: World, kind: str, fault: dict[str, Any]
) -> None:
    await a_planned_comment(world)
    with_fault(world, kind, times=1, **fault)
    await run_jobs(world)
    comment = await the_comment(world)
    assert (comment.state, comment.reason) == ("unknown", "answer_lost")
    assert not set("<>{}") & set(comment.reason_data["values"]["description"])
    await pass_days(world, 3)
    assert (await the_comment(world)).state == "unknown"
    assert len(await sends(world)) == 1
    assert len(await world.said()) == (1 if kind in ("drop_after", "bad_json") else 0)


async def test_a_closed_port_is_waited_out_and_the_comment_is_sent_once(world: World) -> None:
    await a_planned_comment(world)
    await world.control("POST", "/faults", kind="refuse", value=60)
    for _ in range(10):
        await run_jobs(world)
        world.clock.advance(5)
    comment = await the_comment(world)
    assert (comment.state, comment.fence) == ("planned", 10)
    world.clock.advance(10)
    await until_port_is_open(world)
    await world.work()
    assert (await the_comment(world)).state == "sent"
    assert len(await sends(world)) == 1
    assert len(await world.said()) == 1


async def test_a_429_is_obeyed_to_the_second(world: World) -> None:
    await a_planned_comment(world)
    with_fault(world, "flood", value=37, times=1)
    await run_jobs(world)
    assert (await the_comment(world)).state == "planned"
    await world.wait(36.9)
    assert len(await sends(world)) == 1
    await world.wait(0.1)
    assert (await the_comment(world)).state == "sent"
    assert [call["status"] for call in await sends(world)] == [429, 200]
    assert len(await world.said()) == 1


async def test_a_429_holds_the_other_comments_of_its_seat_too(world: World) -> None:
    await world.add_task("Rules", timing={"delay": {"min_s": 60, "max_s": 60}})
    await world.post("First")
    world.clock.advance(10)
    await world.post("Ten seconds later")
    await world.work()
    with_fault(world, "flood", value=30, times=1)
    await world.wait(50)
    await world.wait(10)
    await world.wait(19.9)
    assert [call["status"] for call in await sends(world)] == [429]
    await world.wait(0.1)
    assert [call["status"] for call in await sends(world)] == [429, 200, 200]


async def test_a_guard_bot_is_told_of_and_not_fought(world: World) -> None:
    await a_planned_comment(world)
    await world.control("PUT", f"/chats/{world.places[0].group_id}", guarded=True)
    await run_jobs(world)
    await pass_days(world, 2)
    comment = await the_comment(world)
    assert (comment.state, comment.reason) == ("deleted", "deleted_at_once")
    assert "guards this group" in comment.reason_data["sentence"]
    async with world.tools.reading(None, world.project_id) as act:
        assert (await act.session.get_one(Channel, comment.channel_id)).guard_seen_at is not None
    assert len(await sends(world)) == 1


async def test_a_post_that_was_deleted_in_the_group_is_not_commented(world: World) -> None:
    await a_planned_comment(world)
    await delete_thread(world)
    await run_jobs(world)
    comment = await the_comment(world)
    assert (comment.state, comment.reason) == ("rejected", "post_gone")
    assert (await posts(world))[0].gone_at is not None
    assert await world.said() == []


async def test_a_comment_that_stands_alone_because_its_post_is_gone_is_taken_back_at_once(world: World) -> None:
    await a_planned_comment(world)
    await world.control("PUT", "/settings", unreplied_when_root_gone=True)
    await delete_thread(world)
    await run_jobs(world)
    comment = await the_comment(world)
    assert (comment.state, comment.reason) == ("rejected", "root_gone")
    assert await world.said() == []
    assert (await posts(world))[0].gone_at is not None
    (deleted,) = await world.control("GET", "/calls?method=deleteMessage")
    assert deleted["params"]["message_id"] == comment.message_id


async def test_a_comment_that_stands_alone_and_cannot_be_taken_back_is_told_of(world: World) -> None:
    await a_planned_comment(world)
    await world.control("PUT", "/settings", unreplied_when_root_gone=True)
    with_fault(world, "http", "deleteMessage", value=500)
    await delete_thread(world)
    await run_jobs(world)
    comment = await the_comment(world)
    assert (comment.state, comment.reason) == ("sent", "root_gone_left")
    assert len(await world.said()) == 1


async def test_a_bot_that_was_kicked_loses_its_seat_and_the_comment_is_rejected(world: World) -> None:
    await a_planned_comment(world)
    place = world.places[0]
    path = f"/chats/{place.group_id}/members/{world.bots[0].telegram_id}"
    await world.control("PUT", path, status="kicked")
    await run_jobs(world)
    comment = await the_comment(world)
    assert (comment.state, comment.reason) == ("rejected", "chat_refused")
    assert "kicked" in comment.reason_data["values"]["description"]
    async with world.tools.reading(None, world.project_id) as act:
        assert (await act.session.get_one(Seat, 1)).state == "lost"
        channel = await act.session.get_one(type(place.row), place.row.id)
    assert channel.state == "suspended"


NOBODY_LEFT = {("skipped", "no_bot"), ("cancelled", "bot_not_active"), ("cancelled", "channel_suspended")}


async def test_a_revoked_token_ends_the_bot_and_what_it_had_to_say(world: World) -> None:
    await a_planned_comment(world)
    await world.post("Another, later")
    await world.take_in()
    await world.control("POST", f"/bots/{world.bots[0].telegram_id}/revoke")
    await run_jobs(world)
    world.clock.advance(61)
    await run_jobs(world)
    first, second = await world.comments()
    assert (first.state, first.reason) == ("rejected", "bot_refused")
    assert (second.state, second.reason) in NOBODY_LEFT
    async with world.tools.reading(None, world.project_id) as act:
        assert (await act.session.get_one(Bot, world.bots[0].id)).status == "REVOKED"
    assert await world.said() == []


async def test_a_process_that_slept_between_its_intent_and_its_call_does_not_call(world: World) -> None:
    comment = await a_planned_comment(world)

    async def nap() -> None:
        world.clock.advance(START_WITHIN_S)

    napping = Napping(**vars(world.tools), nap=nap)
    outcome = await send_comment(napping, SendComment(world.project_id, comment.id))
    assert outcome == Snooze(0.0)
    assert await sends(world) == []
    assert (await the_comment(world)).state == "planned"
    await run_jobs(world)
    assert (await the_comment(world)).state == "sent"
    assert len(await world.said()) == 1


async def test_a_comment_that_was_given_up_is_sent_after_all_when_it_is_known_that_nothing_was(world: World) -> None:
    comment = await a_planned_comment(world)

    async def nap() -> None:
        world.clock.advance(DEADLINE_S + 1)
        await run_jobs(world)
        assert (await the_comment(world)).reason == "worker_lost"

    await send_comment(Napping(**vars(world.tools), nap=nap), SendComment(world.project_id, comment.id))
    assert (await the_comment(world)).state == "planned"
    await run_jobs(world)
    assert (await the_comment(world)).state == "sent"
    assert len(await sends(world)) == 1


async def test_a_worker_that_vanished_leaves_its_comment_unknown_after_the_deadline(world: World) -> None:
    comment = await a_planned_comment(world)
    reached, never = asyncio.Event(), asyncio.Event()

    async def vanish() -> None:
        reached.set()
        await never.wait()

    lost = asyncio.create_task(send_through(world, Between(world, before=vanish, after=nothing), comment))
    await reached.wait()
    lost.cancel()
    await asyncio.gather(lost, return_exceptions=True)
    await world.work()
    assert (await the_comment(world)).state == "sending"
    await world.wait(DEADLINE_S - 0.1)
    assert (await the_comment(world)).state == "sending"
    await world.wait(0.2)
    found = await the_comment(world)
    assert (found.state, found.reason) == ("unknown", "worker_lost")
    await pass_days(world, 2)
    assert await sends(world) == []


async def test_two_workers_with_the_same_job_send_once(world: World) -> None:
    comment = await a_planned_comment(world)
    job = SendComment(world.project_id, comment.id)
    outcomes = await asyncio.gather(*(send_comment(world.tools, job) for _ in range(8)), return_exceptions=True)
    assert not [one for one in outcomes if isinstance(one, BaseException)]
    assert len(await sends(world)) == 1
    assert (await the_comment(world)).fence == 1


async def test_an_answer_after_the_deadline_still_tells_what_was_not_known(world: World) -> None:
    comment = await a_planned_comment(world)

    async def deadline_passes() -> None:
        world.clock.advance(DEADLINE_S + 1)
        await run_jobs(world)
        assert (await the_comment(world)).state == "unknown"

    assert await send_through(world, Between(world, after=deadline_passes), comment) == Done()
    found = await the_comment(world)
    assert (found.state, found.reason) == ("sent", "sent")
    assert found.message_id == (await world.said())[0]["message_id"]


async def test_an_answer_that_comes_after_a_person_has_decided_changes_nothing(world: World) -> None:
    comment = await a_planned_comment(world)

    async def a_person_decides() -> None:
        world.clock.advance(DEADLINE_S + 1)
        await run_jobs(world)
        async with world.tools.acting(world.anna, world.project_id) as act:
            await resolve_comment(act, comment.id, Resolution(answer="not_there"))

    assert await send_through(world, Between(world, after=a_person_decides), comment) == Done()
    found = await the_comment(world)
    assert (found.state, found.reason) == ("rejected", "dropped_by_person")
    assert "answer_too_late" in await told_of(world, comment)


async def test_an_answer_of_an_older_attempt_changes_nothing(world: World) -> None:
    comment = await a_planned_comment(world)

    async def another_attempt_begins() -> None:
        async with world.tools.acting(None, world.project_id) as act:
            (await act.session.get_one(Comment, comment.id)).fence += 1

    assert await send_through(world, Between(world, after=another_attempt_begins), comment) == Done()
    assert (await the_comment(world)).state == "sending"
    assert "answer_too_late" in await told_of(world, comment)


async def test_an_answer_is_kept_while_the_database_is_away(world: World) -> None:
    comment = await a_planned_comment(world)
    job = SendComment(world.project_id, comment.id)
    sending = asyncio.create_task(send_comment(Flickering(**vars(world.tools)), job))
    while not sending.done():
        await asyncio.sleep(0.02)
        if world.clock.somebody_sleeps:
            world.clock.advance(1)
    assert await sending == Done()
    assert (await the_comment(world)).state == "sent"


async def test_a_comment_is_looked_after_and_seen_to_be_gone(world: World) -> None:
    await a_planned_comment(world)
    await run_jobs(world)
    await world.wait(300)
    comment = await the_comment(world)
    assert "comment_seen" in await told_of(world, comment)
    await world.control("DELETE", f"/chats/{world.places[0].group_id}/messages/{comment.message_id}")
    await world.wait(3600)
    found = await the_comment(world)
    assert (found.state, found.reason) == ("deleted", "gone")
    assert len(await sends(world)) == 1


async def test_a_comment_is_not_looked_after_where_the_bot_is_no_more(world: World) -> None:
    await a_planned_comment(world)
    await run_jobs(world)
    path = f"/chats/{world.places[0].group_id}/members/{world.bots[0].telegram_id}"
    await world.control("PUT", path, status="kicked")
    await pass_days(world, 1)
    assert (await the_comment(world)).state == "sent"
    assert len(await world.control("GET", "/calls?method=editMessageText")) == 1


async def told_of(world: World, comment: Comment) -> list[str]:
    """The kinds of what was written down about a comment."""
    async with world.tools.reading(None, world.project_id) as act:
        return list(await act.session.scalars(select(Event.kind).where(Event.comment_id == comment.id)))


async def delete_thread(world: World) -> None:
    """A moderator deletes the post's automatic forward."""
    post = (await posts(world))[0]
    await world.control("DELETE", f"/chats/{world.places[0].group_id}/messages/{post.root_id}")


async def test_a_comment_to_be_tried_again_keeps_its_job_when_nobody_knows_of_the_commit(world: World) -> None:
    comment = await a_planned_comment(world)
    with_fault(world, "flood", times=1, value=30)
    sending = asyncio.create_task(
        send_comment(Mumbling(**vars(world.tools)), SendComment(world.project_id, comment.id))
    )
    while not sending.done():
        await asyncio.sleep(0.02)
        if world.clock.somebody_sleeps:
            world.clock.advance(1)
    outcome = await sending
    assert (await the_comment(world)).state == "planned"
    assert isinstance(outcome, Snooze)
    assert 20 < outcome.seconds <= 30
