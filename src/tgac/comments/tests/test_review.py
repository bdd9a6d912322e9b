"""The review period: who may let a comment go, and what becomes of one that nobody answers."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from tests.support.world import World, a_world

from tgac.comments.review import approve_comment, skip_comment
from tgac.comments.service import cancel_comment
from tgac.kit.errors import Conflict, Refused


@pytest.fixture
async def young(database: str, tmp_path: Path) -> AsyncIterator[World]:
    """A channel that was confirmed a moment ago, on each database; reviews take three days."""
    async with a_world(database, tmp_path, review_days=3) as made:
        yield made


async def a_waiting_comment(world: World) -> int:
    await world.add_task("Rules", timing={"delay": {"min_s": 60, "max_s": 60}, "expire_after_s": 600})
    await world.post("Hello")
    await world.work()
    (comment,) = await world.comments()
    assert (comment.state, comment.reason) == ("awaiting_approval", "in_review")
    return comment.id


async def test_what_is_approved_goes_out_when_it_is_due(young: World) -> None:
    waiting = await a_waiting_comment(young)
    async with young.tools.acting(young.anna, young.project_id) as act:
        await approve_comment(act, waiting)
    await young.work()
    assert await young.said() == []
    await young.wait(61)
    assert [one["text"] for one in await young.said()] == ["Rules"]


async def test_what_is_approved_later_goes_out_at_once(young: World) -> None:
    waiting = await a_waiting_comment(young)
    await young.wait(300)
    assert await young.said() == []
    async with young.tools.acting(young.anna, young.project_id) as act:
        await approve_comment(act, waiting)
    await young.work()
    assert len(await young.said()) == 1


async def test_what_nobody_answers_expires_and_is_never_sent_late(young: World) -> None:
    waiting = await a_waiting_comment(young)
    await young.wait(661)
    (comment,) = await young.comments()
    assert (comment.state, comment.reason) == ("expired", "not_approved")
    async with young.tools.acting(young.anna, young.project_id) as act:
        with pytest.raises(Conflict):
            await approve_comment(act, waiting)
    await young.wait(600)
    assert await young.said() == []


async def test_what_is_skipped_never_goes_out(young: World) -> None:
    waiting = await a_waiting_comment(young)
    async with young.tools.acting(young.anna, young.project_id) as act:
        await skip_comment(act, waiting)
    await young.wait(700)
    (comment,) = await young.comments()
    assert (comment.state, comment.reason) == ("skipped", "skipped_by_person")
    assert await young.said() == []


async def test_who_may_only_look_decides_nothing(young: World) -> None:
    waiting = await a_waiting_comment(young)
    boris = young.people["boris"]
    for verb in (approve_comment, skip_comment):
        with pytest.raises(Refused):
            async with young.tools.acting(boris, young.project_id) as act:
                await verb(act, waiting)


async def edit_post(world: World, post: dict[str, Any], text: str) -> None:
    path = f"/chats/{world.places[0].id}/messages/{post['message_ids'][0]}"
    await world.control("PUT", path, text=text)


@pytest.mark.parametrize("approved", [False, True])
async def test_an_edited_post_makes_void_what_waits_and_what_was_approved(young: World, approved: bool) -> None:
    await young.add_task("Rules: {{ post.text }}", timing={"delay": {"min_s": 60, "max_s": 60}})
    post = await young.post("Hello")
    await young.work()
    (comment,) = await young.comments()
    if approved:
        async with young.tools.acting(young.anna, young.project_id) as act:
            await approve_comment(act, comment.id)
    young.clock.advance(5)
    await edit_post(young, post, "Something else")
    await young.wait(60)
    (comment,) = await young.comments()
    assert (comment.state, comment.reason) == ("cancelled", "post_edited")
    assert await young.said() == []
    with pytest.raises(Conflict, match="The post was edited"):
        async with young.tools.acting(young.anna, young.project_id) as act:
            await approve_comment(act, comment.id)


async def test_after_the_review_period_comments_go_out_by_themselves(young: World) -> None:
    await young.add_task("Rules")
    young.clock.advance(3 * 86_400)
    await young.post("Hello")
    await young.work()
    assert len(await young.said()) == 1


async def test_without_a_review_period_nothing_waits_even_where_the_clock_was_set_back(world: World) -> None:
    world.clock.set_back(3600)  # the channel is confirmed in an hour, by our clock
    await world.add_task("Rules", timing={"delay": {"min_s": 60, "max_s": 60}})
    await world.post("Hello")
    await world.work()
    assert [one.state for one in await world.comments()] == ["planned"]


async def test_approved_comments_can_still_be_cancelled(young: World) -> None:
    waiting = await a_waiting_comment(young)
    async with young.tools.acting(young.anna, young.project_id) as act:
        await approve_comment(act, waiting)
        await cancel_comment(act, waiting)
    await young.wait(61)
    assert await young.said() == []
