"""Readers are heard whatever happens at the same moment, and whatever they make of their words later."""

from typing import Any

import pytest
from sqlalchemy import select
from tests.support.world import World

from tgac.comments.jobs import HearReaders
from tgac.comments.models import ReaderComment
from tgac.comments.talk import hear_readers, take_talk
from tgac.comments.tests.hands import posts, run_jobs, the_comment
from tgac.comments.tests.test_waiting import say, waiting
from tgac.kit.telegram.updates import read_update
from tgac.posts.models import Post
from tgac.tasks.presets import create_preset
from tgsandbox.messages import edit, text_content


async def reword(world: World, said: dict[str, Any], text: str) -> None:
    """The reader edits what they have written."""
    inside = world.sandbox.endpoint.world
    edit(inside, inside.chats[world.places[0].group_id].messages[said["message_id"]], text_content(text))


async def test_a_question_that_a_reader_adds_by_an_edit_is_heard(world: World) -> None:
    await world.add_task(**waiting(question=True))
    post = await world.post()
    await world.work()
    said = await say(world, post, "I wonder")
    await world.wait(30)
    assert await world.said() == []
    await reword(world, said, "I wonder: when does it open?")
    await world.work()
    assert len(await world.said()) == 1


@pytest.mark.parametrize("waits", [True, False])
async def test_who_writes_before_the_post_is_planned_is_heard_where_a_preset_of_the_project_waits(
    world: World, waits: bool
) -> None:
    """Nothing waits yet, so the tasks tell whether anything may: by a preset that only the project knows."""
    values = {"delay": {"min_s": 0, "max_s": 0}, "wait_for": {"reader_comments": 1} if waits else {}}
    async with world.tools.acting(world.anna, world.project_id) as act:
        await create_preset(act, "Late", values)
    await world.add_task(timing={"preset": "Late"})
    post = await world.post()
    await world.take_in()
    await say(world, post)
    await world.take_in()
    async with world.tools.reading(None, world.project_id) as act:
        assert len(list(await act.session.scalars(select(ReaderComment)))) == waits
    await world.work()
    assert len(await world.said()) == 1


async def test_a_question_that_is_taken_back_has_been_asked(world: World) -> None:
    await world.add_task(**waiting(question=True, reader_comments=2))
    post = await world.post()
    await world.work()
    said = await say(world, post, "When?")
    await world.work()
    await reword(world, said, "Never mind")
    await world.work()
    await say(world, post, "Well")
    await world.work()
    assert len(await world.said()) == 1


async def test_an_edit_is_no_second_comment(world: World) -> None:
    await world.add_task(**waiting(reader_comments=2))
    post = await world.post()
    await world.work()
    said = await say(world, post)
    await world.work()
    await reword(world, said, "Nicer?")
    await world.work()
    assert await world.said() == []
    async with world.tools.reading(None, world.project_id) as act:
        assert len(list(await act.session.scalars(select(ReaderComment)))) == 1


async def test_an_edit_that_comes_before_its_message_counts_once_and_from_when_it_was_made(world: World) -> None:
    await world.add_task(**waiting(question=True, silence_s=600, deadline_s=3600))
    post = await world.post()
    await world.work()
    said = await say(world, post, "Nice")
    world.clock.advance(30)
    await reword(world, said, "Is it nice?")
    pending = world.sandbox.endpoint.world.bots[world.bots[0].telegram_id].pending
    (first, second), ids = list(pending)[-2:], [one.body["update_id"] for one in list(pending)[-2:]]
    first.body["update_id"], second.body["update_id"] = reversed(ids)
    pending.pop(), pending.pop()
    pending.extend([second, first])
    await world.work()
    async with world.tools.reading(None, world.project_id) as act:
        (row,) = await act.session.scalars(select(ReaderComment))
    assert row.asks_at is not None
    assert (row.asks_at - row.said_at).total_seconds() == 30


async def test_a_reader_who_is_taken_in_while_the_sender_looks_is_heard_at_once(world: World, database: str) -> None:
    """Neither sees the other: the sender holds the comment, and who takes the reader in finds none that could leave."""
    await world.add_task(**waiting(reader_comments=1))
    post = await world.post()
    await world.take_in()
    await say(world, post)
    pending = world.sandbox.endpoint.world.bots[world.bots[0].telegram_id].pending
    update = read_update(pending[-1].body)
    assert update is not None
    if database == "sqlite":  # there is one writer at a time
        await run_jobs(world)
    async with world.tools.acting(None, world.project_id) as act:
        await take_talk(act, [update.event])  # type: ignore[list-item]
        await act.flush()
        if database == "postgres":
            await run_jobs(world)
    assert (await the_comment(world)).state == "planned"
    await run_jobs(world)
    assert (await the_comment(world)).state == "sent"
    assert len(await posts(world)) == 1


async def test_a_reader_is_heard_whose_post_was_merged_into_another_since(world: World) -> None:
    await world.add_task(**waiting(reader_comments=1))
    await world.post()
    await world.work()
    comment, gone = await the_comment(world), 9999
    async with world.tools.acting(None, comment.project_id) as act:
        root_id = (await act.session.get_one(Post, comment.post_id)).root_id
        said = ReaderComment(group_id=comment.group_id, root_id=root_id, message_id=77, said_at=act.now)
        act.session.add(said)
    await hear_readers(world.tools, HearReaders(comment.project_id, gone, said.id))
    await run_jobs(world)
    assert len(await world.said()) == 1
