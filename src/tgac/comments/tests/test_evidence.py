"""A reader's reply shows that a comment stands of which Telegram's answer was lost."""

from typing import Any

from tests.support.world import World

from tgac.comments.models import Comment
from tgac.comments.tests.hands import run_jobs, the_comment
from tgac.comments.tests.test_send import a_planned_comment, with_fault


async def a_lost_answer(world: World, kind: str = "drop_after", **config: Any) -> Comment:
    await a_planned_comment(world, **config)
    with_fault(world, kind, times=1)
    await run_jobs(world)
    comment = await the_comment(world)
    assert comment.state == "unknown"
    return comment


async def reply(world: World, to: int) -> None:
    """Vera reads the channel's comments and answers one."""
    path = f"/chats/{world.places[0].group_id}/messages"
    await world.control("POST", path, user_id=world.telegram_ids["vera"], text="Thank you", reply_to=to)
    await world.take_in()


async def test_a_reply_to_it_shows_that_it_is_there(world: World) -> None:
    await a_lost_answer(world)
    (said,) = await world.said()
    await reply(world, said["message_id"])
    comment = await the_comment(world)
    assert (comment.state, comment.reason, comment.message_id) == ("sent", "confirmed_by_reply", said["message_id"])


async def test_it_is_looked_after_from_then_on(world: World) -> None:
    await a_lost_answer(world)
    (said,) = await world.said()
    await reply(world, said["message_id"])
    await world.control("DELETE", f"/chats/{world.places[0].group_id}/messages/{said['message_id']}")
    await world.wait(301)
    assert (await the_comment(world)).state == "deleted"


async def test_a_reply_to_the_post_or_to_a_reader_shows_nothing(world: World) -> None:
    await a_lost_answer(world, "drop_before")
    group = world.places[0].group_id
    root = [one["message_id"] for one in await world.control("GET", f"/chats/{group}/messages")][-1]
    await reply(world, root)
    await reply(world, root + 1)
    assert (await the_comment(world)).state == "unknown"


async def test_a_reply_to_another_comment_of_the_bot_shows_nothing(world: World) -> None:
    lost = await a_lost_answer(world)
    (said,) = await world.said()
    async with world.tools.acting(None, world.project_id) as act:
        same = ("task_id", "post_id", "channel_id", "bot_id", "group_id", "reason_data", "decision", "text")
        known = {name: getattr(lost, name) for name in same}
        moments = {"created_at": act.now, "changed_at": act.now}
        act.session.add(Comment(**known, **moments, n=2, state="sent", message_id=said["message_id"]))
    await reply(world, said["message_id"])
    async with world.tools.reading(None, world.project_id) as act:
        assert (await act.session.get_one(Comment, lost.id)).state == "unknown"


async def test_what_its_task_wants_done_later_is_done(world: World) -> None:
    await a_lost_answer(world, after={"delete_after_s": 600})
    (said,) = await world.said()
    await reply(world, said["message_id"])
    await world.wait(601)
    assert await world.said() == []
