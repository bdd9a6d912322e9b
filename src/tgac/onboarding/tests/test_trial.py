"""The test comment: once, silent, under the newest post, gone after ten seconds, and never when nothing may leave."""

from typing import Any

from tests.support.world import World

from tgac.kit.queue.runner import Runner
from tgac.onboarding import steps
from tgac.onboarding.jobs import try_soon
from tgac.onboarding.models import Step, Trial
from tgac.onboarding.service import look_again, skip_trial
from tgac.onboarding.tests.desk import Found, a_channel, begin, row, seen, welcome
from tgac.people.projects import stop_project
from tgac.wiring import HANDLES


async def a_tried_channel(world: World) -> tuple[Found, int]:
    """A channel that is active, in a run that wants a test comment, without a post so far."""
    tram = await a_channel(world, "tram")
    await welcome(world, tram, world.bots[0])
    run_id = await begin(world, "tram", with_trial=True)
    await world.work()
    return tram, run_id


async def publish(world: World, found: Found) -> dict[str, Any]:
    published: dict[str, Any] = await world.control("POST", f"/channels/{found.id}/posts", text="Hello")
    return published


async def said(world: World, found: Found) -> list[dict[str, Any]]:
    """What bots wrote in the group, with what was deleted."""
    messages = await world.control("GET", f"/chats/{found.group_id}/messages")
    return [one for one in messages if one.get("from", {}).get("is_bot")]


async def sends(world: World) -> int:
    return len(await world.control("GET", "/calls?method=sendMessage"))


async def test_it_waits_for_a_post_is_written_under_it_and_deleted(world: World) -> None:
    tram, run_id = await a_tried_channel(world)
    here = await row(world, run_id, "tram")
    assert (here.item.step, here.item.reason) == (Step.TRIAL, steps.TRIAL_NO_POST)
    post = await publish(world, tram)
    await world.work()
    await world.wait(75)
    (comment,) = await said(world, tram)
    assert comment["text"] == "This is a test comment. It is deleted in a few seconds."
    assert comment["reply_to_message"]["message_id"] == post["thread_ids"][0]
    assert not comment.get("deleted")
    await world.wait(10)
    (comment,) = await said(world, tram)
    assert comment["deleted"]
    here = await row(world, run_id, "tram")
    assert (here.state, here.item.trial) == ("ready", Trial.REMOVED)


async def test_a_lost_answer_is_told_and_nothing_is_written_again(world: World) -> None:
    tram, run_id = await a_tried_channel(world)
    await publish(world, tram)
    await world.control("POST", "/faults", kind="drop_after", method="sendMessage", times=1)
    await world.wait(75)
    await world.wait(600)
    here = await row(world, run_id, "tram")
    assert (here.state, here.item.reason) == ("waiting", steps.TRIAL_UNKNOWN)
    async with world.tools.acting(world.anna, world.project_id) as act:
        await look_again(act, run_id)
    await world.wait(75)
    assert await sends(world) == 1
    async with world.tools.acting(world.anna, world.project_id) as act:
        await skip_trial(act, run_id, here.item.channel_id)
    assert (await row(world, run_id, "tram")).state == "ready"


async def test_who_died_while_writing_leaves_it_unknown(world: World) -> None:
    tram, run_id = await a_tried_channel(world)
    await publish(world, tram)
    async with world.tools.acting(None, world.project_id) as act:
        item = await act.session.merge((await row(world, run_id, "tram")).item)
        item.trial, item.trial_at = Trial.WRITING, act.now
        try_soon(act, item)
    await Runner(world.tools, HANDLES).run_due()
    assert (await row(world, run_id, "tram")).item.trial == Trial.WRITING
    await world.wait(61)
    here = await row(world, run_id, "tram")
    assert (here.state, here.item.trial) == ("waiting", Trial.UNKNOWN)
    assert await sends(world) == 0


async def test_a_refused_one_says_what_telegram_answered_and_is_tried_again_when_asked(world: World) -> None:
    tram, run_id = await a_tried_channel(world)
    post = await publish(world, tram)
    await world.take_in()
    await world.control("DELETE", f"/chats/{tram.group_id}/messages/{post['thread_ids'][0]}")
    await world.wait(75)
    here = await row(world, run_id, "tram")
    assert here.item.reason == steps.TRIAL_REFUSED
    assert "message to be replied not found" in here.sentence
    assert here.mend is not None
    assert here.mend.posts
    await publish(world, tram)
    await world.take_in()
    async with world.tools.acting(world.anna, world.project_id) as act:
        await look_again(act, run_id)
    await world.work()
    await world.wait(10)
    assert (await row(world, run_id, "tram")).state == "ready"


async def test_nothing_leaves_a_project_that_is_stopped(world: World) -> None:
    tram, run_id = await a_tried_channel(world)
    async with world.tools.acting(world.anna, world.project_id) as act:
        await stop_project(act)
    await publish(world, tram)
    await world.wait(75)
    assert (await row(world, run_id, "tram")).item.reason == steps.TRIAL_HALTED
    assert await sends(world) == 0


async def test_without_the_wish_nothing_is_written(world: World) -> None:
    tram = await a_channel(world, "tram")
    await welcome(world, tram, world.bots[0])
    run_id = await begin(world, "tram")
    await publish(world, tram)
    await world.work()
    await world.wait(75)
    assert (await seen(world, run_id)).count("ready") == 1
    assert await sends(world) == 0
