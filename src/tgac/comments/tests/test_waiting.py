"""A comment that waits for its readers: it leaves as soon as they have talked, and at its last moment otherwise."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select
from tests.support.world import World, a_world

from tgac.channels.models import Channel
from tgac.comments.arrive import forget_updates
from tgac.comments.jobs import ForgetUpdates
from tgac.comments.models import ReaderComment
from tgac.comments.review import approve_comment
from tgac.comments.service import cancel_comment
from tgac.comments.showing import shown_comments
from tgac.comments.talk import is_by_reader
from tgac.comments.tests.hands import posts, run_jobs, switch, the_comment
from tgac.journal.models import Event
from tgac.kit.telegram.types import Chat, Message, User
from tgac.kit.web.i18n import using
from tgsandbox.messages import add_message, text_content

DAY_S = 86_400.0


@pytest.fixture
async def duo(database: str, tmp_path: Path) -> AsyncIterator[World]:
    """Anna's project with two bots in its channel."""
    async with a_world(database, tmp_path, bots=2) as made:
        yield made


def waiting(*, more: dict[str, Any] | None = None, **wait: Any) -> dict[str, Any]:
    """A task that is due at once and waits half an hour at most."""
    return {"timing": {"delay": {"min_s": 0, "max_s": 0}, "wait_for": wait, **(more or {})}}


async def say(world: World, post: dict[str, Any], text: str = "Nice", who: str = "vera") -> dict[str, Any]:
    """A reader comments on the post."""
    body = {"user_id": world.telegram_ids[who], "text": text, "reply_to": post["thread_ids"][0]}
    said: dict[str, Any] = await world.control("POST", f"/chats/{world.places[0].group_id}/messages", **body)
    return said


async def noted(world: World) -> Sequence[ReaderComment]:
    async with world.tools.reading(None, world.project_id) as act:
        return list(await act.session.scalars(select(ReaderComment).order_by(ReaderComment.message_id)))


async def sentence(world: World, language: str = "en") -> str:
    """What its page says of the only comment."""
    async with world.tools.reading(world.anna, world.project_id) as act:
        with using(language):
            (view,) = await shown_comments(act, [await the_comment(world)])
        return view.sentence


async def told(world: World) -> list[str]:
    async with world.tools.reading(None, world.project_id) as act:
        found = await act.session.scalars(select(Event).order_by(Event.id))
        return [event.kind for event in found if event.kind.startswith("comment_")]


async def test_it_leaves_with_the_last_reader_who_was_waited_for(world: World) -> None:
    await world.add_task(**waiting(reader_comments=3))
    post = await world.post()
    await world.work()
    for _ in range(2):
        await say(world, post)
        await world.wait(20)
    assert await world.said() == []
    await say(world, post)
    await world.work()
    assert (await the_comment(world)).state == "sent"
    assert len(await world.said()) == 1
    assert "comment_waited" in await told(world)


async def test_it_leaves_at_its_last_moment_where_readers_keep_silent(world: World) -> None:
    await world.add_task(**waiting(reader_comments=1, deadline_s=600))
    await world.post()
    await world.work()
    await world.wait(599)
    assert await world.said() == []
    await world.wait(1)
    assert (await the_comment(world)).state == "sent"


async def test_it_is_given_up_then_where_the_task_says_so(world: World) -> None:
    await world.add_task(**waiting(reader_comments=2, deadline_s=600, otherwise="skip"))
    post = await world.post()
    await world.work()
    await say(world, post)
    await world.wait(600)
    comment = await the_comment(world)
    assert (comment.state, comment.reason) == ("skipped", "waited_in_vain")
    assert "Comments by readers: 1." in await sentence(world)
    await say(world, post)
    await world.wait(60)
    assert await world.said() == []


async def test_it_leaves_at_the_first_question(world: World) -> None:
    await world.add_task(**waiting(question=True))
    post = await world.post()
    await world.work()
    await say(world, post, "Look at https://example.org/?page=2")
    await world.work()
    assert await world.said() == []
    await say(world, post, "And when does it open?")
    await world.work()
    assert len(await world.said()) == 1


async def test_what_waits_ends_soon_after_its_task_was_switched_off_and_not_when_readers_have_talked(
    world: World,
) -> None:
    task_id = await world.add_task(**waiting(question=True))
    post = await world.post()
    await world.work()
    await switch(world, task_id, "OFF")
    await world.wait(301)
    await switch(world, task_id, "ON")
    await say(world, post, "And when does it open?")
    await world.work()
    assert ((await the_comment(world)).state, await world.said()) == ("cancelled", [])


async def test_it_leaves_when_nobody_has_written_for_so_long(world: World) -> None:
    await world.add_task(**waiting(silence_s=120, reader_comments=1, deadline_s=3600))
    post = await world.post()
    await world.work()
    await world.wait(300)
    for _ in range(3):
        await say(world, post)
        await world.wait(100)
    await world.wait(19)
    assert await world.said() == []
    await world.wait(1)
    assert len(await world.said()) == 1


async def test_a_thread_in_which_nobody_writes_is_silent_from_the_post_on(world: World) -> None:
    await world.add_task(**waiting(silence_s=300))
    await world.post()
    await world.work()
    await world.wait(299)
    assert await world.said() == []
    await world.wait(1)
    assert len(await world.said()) == 1


async def test_all_that_is_set_is_waited_for(world: World) -> None:
    await world.add_task(**waiting(reader_comments=2, question=True))
    post = await world.post()
    await world.work()
    for text in ("One", "Two"):
        await say(world, post, text)
    await world.work()
    assert await world.said() == []
    await say(world, post, "Three?")
    await world.work()
    assert len(await world.said()) == 1


async def test_what_readers_wrote_during_the_delay_counts(world: World) -> None:
    await world.add_task(**waiting(reader_comments=1, more={"delay": {"min_s": 60, "max_s": 60}}))
    post = await world.post()
    await world.work()
    await say(world, post)
    await world.wait(59)
    assert await world.said() == []
    await world.wait(1)
    assert len(await world.said()) == 1


async def test_what_came_together_with_the_post_counts(world: World) -> None:
    """After a time in which nobody polled, the post and its readers come in one answer."""
    await world.add_task(**waiting(reader_comments=2))
    post = await world.post()
    for _ in range(2):
        await say(world, post)
    world.clock.advance(5)
    await world.work()
    assert len(await world.said()) == 1


async def test_each_thread_counts_for_itself(world: World) -> None:
    await world.add_task(**waiting(reader_comments=2))
    first, second = await world.post("One"), await world.post("Two")
    await world.work()
    for post in (first, second, second):
        await say(world, post)
    await world.work()
    states = {post.root_id: None for post in await posts(world)}
    assert len(states) == 2
    assert [comment.state for comment in await world.comments()] == ["planned", "sent"]


async def test_only_readers_count(world: World) -> None:
    """No bot, no channel, no anonymous admin; and not who writes in the group beside the thread."""
    await world.add_task(**waiting(reader_comments=1))
    post = await world.post()
    await world.work()
    inside, group = world.sandbox.endpoint.world, world.sandbox.endpoint.world.chats[world.places[0].group_id]
    root = group.messages[post["thread_ids"][0]]
    anonymous = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
    as_channel = {"id": 136817688, "is_bot": True, "first_name": "Channel", "username": "Channel_Bot"}
    vera = world.telegram_ids["vera"]
    another = inside.add_bot("Guard", "guard_bot")
    for author, head in (
        (vera, {"from": anonymous, "sender_chat": group.brief}),
        (vera, {"from": as_channel, "sender_chat": inside.chats[world.places[0].id].brief}),
        (vera, {"from": another.as_user()}),
    ):
        add_message(inside, group, author, text_content("Hello") | head, reply_to=root)
    add_message(inside, group, vera, text_content("Beside it"))
    await world.work()
    assert await noted(world) == []
    assert (await the_comment(world)).state == "planned"
    add_message(inside, group, vera, text_content("Me"), reply_to=root)
    await world.work()
    assert len(await noted(world)) == 1


async def test_a_reply_to_a_reader_counts_in_its_thread(world: World) -> None:
    await world.add_task(**waiting(reader_comments=2))
    post = await world.post()
    await world.work()
    first = await say(world, post)
    body = {"user_id": world.telegram_ids["boris"], "text": "So do I", "reply_to": first["message_id"]}
    await world.control("POST", f"/chats/{world.places[0].group_id}/messages", **body)
    await world.work()
    assert len(await world.said()) == 1


async def test_what_two_bots_tell_counts_once(duo: World) -> None:
    await duo.add_task(**waiting(reader_comments=2))
    post = await duo.post()
    await duo.work()
    await say(duo, post)
    await duo.work()
    duo._offsets.clear()  # and once more, as after a crash
    await duo.work()
    assert len(await noted(duo)) == 1
    assert (await the_comment(duo)).state == "planned"


async def test_nothing_is_kept_where_nobody_waits(world: World) -> None:
    await world.add_task()
    post = await world.post()
    await say(world, post)
    await world.work()
    await say(world, post)
    await world.work()
    assert await noted(world) == []


async def test_nothing_more_is_kept_when_the_comment_has_left(world: World) -> None:
    await world.add_task(**waiting(reader_comments=1))
    post = await world.post()
    await world.work()
    for _ in range(3):
        await say(world, post)
        await world.work()
    assert len(await noted(world)) == 1


async def test_neither_who_nor_what_is_kept(world: World) -> None:
    assert set(ReaderComment.__table__.columns.keys()) == {
        "id", "project_id", "group_id", "root_id", "message_id", "said_at", "asks_at",
    }  # fmt: skip


async def test_it_is_forgotten_when_nobody_can_wait_for_it_any_more(world: World) -> None:
    await world.add_task(**waiting(reader_comments=9, deadline_s=60))
    post = await world.post()
    await world.work()
    await say(world, post)
    await world.work()
    for days, left in ((21, 1), (2, 0)):
        world.clock.advance(days * DAY_S)
        await forget_updates(world.tools, ForgetUpdates())
        assert len(await noted(world)) == left


async def test_a_worker_that_was_away_loses_nothing(world: World) -> None:
    """The condition is met and then the deadline passes while no worker runs: readers were in time."""
    await world.add_task(**waiting(reader_comments=1, deadline_s=600, otherwise="skip"))
    post = await world.post()
    await world.work()
    world.clock.advance(500)
    await say(world, post)
    await world.take_in()
    world.clock.advance(300)
    await run_jobs(world)
    assert (await the_comment(world)).state == "sent"


async def test_who_comes_after_the_last_moment_comes_too_late(world: World) -> None:
    await world.add_task(**waiting(reader_comments=1, deadline_s=600, otherwise="skip"))
    post = await world.post()
    await world.work()
    world.clock.advance(601)
    await say(world, post)
    await world.take_in()
    await run_jobs(world)
    assert (await the_comment(world)).state == "skipped"


async def test_readers_at_night_do_not_break_quiet_hours(world: World) -> None:
    """It is noon; the wait ends in quiet hours, so it lasts until their end."""
    more = {"quiet_hours": {"from": "12:10", "to": "18:00"}, "time_zone": "UTC", "expire_after_s": 60}
    await world.add_task(**waiting(reader_comments=1, deadline_s=1800, more=more))
    post = await world.post()
    await world.work()
    comment = await the_comment(world)
    assert comment.wait_until is not None
    assert comment.wait_until.strftime("%H:%M") == "18:00"
    world.clock.advance(900)
    await say(world, post)
    await world.work()
    assert (await the_comment(world)).reason == "quiet_hours"
    assert await world.said() == []
    await world.wait((comment.wait_until - world.clock.now()).total_seconds())
    assert len(await world.said()) == 1


async def test_a_limit_holds_what_readers_have_let_go(world: World) -> None:
    await world.add_task(**waiting(reader_comments=1), limits={"per_channel_hour": 1, "ramp_up_days": 0})
    first, second = await world.post("One"), await world.post("Two")
    await world.work()
    for post in (first, second):
        await say(world, post)
        await world.work()
    assert [comment.reason for comment in await world.comments()] == ["sent", "limit_channel_hour"]
    await world.wait(3600)
    assert len(await world.said()) == 2


async def test_approval_first_then_readers(world: World) -> None:
    await world.add_task(**waiting(reader_comments=1), approval={"mode": "all"})
    post = await world.post()
    await world.work()
    comment = await the_comment(world)
    assert comment.state == "awaiting_approval"
    assert "0 of 1 comment by readers" in await sentence(world)
    async with world.tools.acting(world.anna, world.project_id) as act:
        await approve_comment(act, comment.id)
    await world.work()
    assert await world.said() == []
    await say(world, post)
    await world.work()
    assert len(await world.said()) == 1


async def test_readers_first_then_approval(world: World) -> None:
    await world.add_task(**waiting(reader_comments=1), approval={"mode": "all"})
    post = await world.post()
    await world.work()
    await say(world, post)
    await world.work()
    assert await world.said() == []
    async with world.tools.acting(world.anna, world.project_id) as act:
        await approve_comment(act, (await the_comment(world)).id)
    await world.work()
    assert len(await world.said()) == 1


async def test_an_edit_of_the_post_while_it_waits_is_read(world: World) -> None:
    await world.add_task("On: {{ post.text }}", **waiting(reader_comments=1))
    post = await world.post("Tram")
    await world.work()
    world.clock.advance(10)
    path = f"/chats/{world.places[0].id}/messages/{post['message_ids'][0]}"
    await world.control("PUT", path, text="Bus")
    await world.work()
    await say(world, post)
    await world.work()
    assert [one["text"] for one in await world.said()] == ["On: Bus"]


async def test_nothing_is_written_under_a_post_that_is_gone(world: World) -> None:
    await world.add_task(**waiting(reader_comments=1))
    post = await world.post()
    await world.work()
    await say(world, post)
    path = f"/chats/{world.places[0].id}/messages/{post['message_ids'][0]}"
    await world.control("DELETE", path)
    await world.work()
    assert await world.said() == []
    assert (await the_comment(world)).state == "rejected"


async def test_in_another_group_nothing_is_released(world: World) -> None:
    await world.add_task(**waiting(reader_comments=1))
    post = await world.post()
    await world.work()
    async with world.tools.acting(None, world.project_id) as act:
        channel = (await act.session.scalars(select(Channel))).one()
        channel.group_id = -1009
    await say(world, post)
    await world.work()
    assert await world.said() == []
    await world.wait(1800)
    assert (await the_comment(world)).reason == "post_gone"


async def test_a_task_that_was_switched_off_lets_nothing_out(world: World) -> None:
    task_id = await world.add_task(**waiting(reader_comments=1))
    post = await world.post()
    await world.work()
    await switch(world, task_id, "OFF")
    await say(world, post)
    await world.work()
    assert (await the_comment(world)).reason == "task_off"


async def test_one_that_was_cancelled_is_not_woken(world: World) -> None:
    await world.add_task(**waiting(reader_comments=1))
    post = await world.post()
    await world.work()
    async with world.tools.acting(world.anna, world.project_id) as act:
        await cancel_comment(act, (await the_comment(world)).id)
    await say(world, post)
    await world.work()
    assert (await the_comment(world)).state == "cancelled"


async def test_several_comments_of_a_task_wait_for_the_same_talk(database: str, tmp_path: Path) -> None:
    async with a_world(database, tmp_path, comment_collision_limit_per_post=2) as world:
        await world.add_task("{One|Two}", **waiting(reader_comments=1), limits={"per_post": 2, "ramp_up_days": 0})
        post = await world.post()
        await world.work()
        await say(world, post)
        await world.work()
        await world.wait(5)
        assert [comment.state for comment in await world.comments()] == ["sent", "sent"]


async def test_its_page_says_what_it_waits_for(world: World) -> None:
    await world.add_task(**waiting(reader_comments=5, question=True, deadline_s=2400))
    post = await world.post()
    await world.work()
    for _ in range(2):
        await say(world, post)
    await world.work()
    comment = await the_comment(world)
    assert comment.wait_until is not None
    at = comment.wait_until.strftime("%H:%M")
    assert (await sentence(world)).startswith("It waits for: 2 of 5 comments by readers, a reader's question. At the ")
    assert f"{at} it goes out all the same." in await sentence(world)
    assert "комментариев читателей: 2 из 5" in await sentence(world, "ru")


async def test_one_that_was_seen_late_waits_from_when_it_is_due(world: World) -> None:
    await world.add_task(**waiting(reader_comments=1, deadline_s=600))
    await world.post()
    world.clock.advance(1200)
    await world.work()
    comment = await the_comment(world)
    assert comment.wait_until == world.clock.now() + timedelta(seconds=600)
    assert comment.expires_at is not None
    assert comment.expires_at >= comment.wait_until


@pytest.mark.parametrize(
    "other",
    [
        {"from_user": User(2, True, "City")},
        {"from_user": None},
        {"sender_chat": Chat(-1, "supergroup")},
        {"is_automatic_forward": True},
        {"text": ""},
        {"chat": Chat(2, "private")},
    ],
)
def test_a_reader_is_a_person_in_their_own_name(other: dict[str, Any]) -> None:
    at = datetime(2026, 11, 22, tzinfo=UTC)
    message = Message(Chat(-1, "supergroup"), 1, at, from_user=User(2, False, "Vera"), text="Hi", thread_id=1)
    assert is_by_reader(message)
    assert not is_by_reader(replace(message, **other))


async def test_what_a_reader_says_to_nobody_of_ours_costs_no_look_at_seats_or_at_comments_of_others(
    world: World,
) -> None:
    await world.add_task(**waiting(reader_comments=2))
    post = await world.post()
    await world.work()
    await say(world, post)
    asked: list[str] = []
    event.listen(world.tools.db.engine.sync_engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    await world.take_in()
    assert len(await noted(world)) == 1
    assert any("seen_updates" in one for one in asked)
    assert [one for one in asked if "FROM seats" in one or "JOIN bots" in one] == []
