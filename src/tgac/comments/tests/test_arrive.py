"""Posts that come in pieces, twice, late or through two bots get the comments they should."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from tests.support.world import World, a_world

from tgac.comments.arrive import ALLOWED, take_updates
from tgac.comments.models import Comment
from tgac.comments.tests.hands import posts, run_jobs, the_comment
from tgac.kit.secrets import Secret

ALBUM = ["photo", "video", "photo"]


@pytest.mark.parametrize("forward_first", [False, True])
@pytest.mark.parametrize("grouped", [False, True])
async def test_an_album_gets_one_comment_under_its_lowest_message(
    world: World, forward_first: bool, grouped: bool
) -> None:
    await world.control("PUT", "/settings", forward_first=forward_first, album_group_on_forward=grouped)
    await world.add_task("Rules")
    album = await world.post("Three pictures", album=ALBUM)
    await world.work()
    assert await world.said() == []
    await world.wait(2)
    (said,) = await world.said()
    assert said["reply_to_message"]["message_id"] == min(album["thread_ids"])
    assert len(await posts(world)) == 1
    assert (await the_comment(world)).state == "sent"


async def test_an_album_whose_items_come_one_by_one_gets_one_comment(world: World) -> None:
    await world.add_task("Rules")
    album = await world.post("Three pictures", album=ALBUM)
    for update in await updates(world):
        await take_updates(world.tools, world.bots[0], [update])
    await world.wait(2)
    (said,) = await world.said()
    assert said["reply_to_message"]["message_id"] == min(album["thread_ids"])


async def test_a_post_with_a_keyboard_is_skipped_because_telegram_allows_no_comments_there(world: World) -> None:
    await world.add_task("Rules")
    await world.post("Vote", keyboard=[[{"text": "Open", "url": "https://example.org"}]])
    await world.work()
    comment = await the_comment(world)
    assert (comment.state, comment.reason) == ("skipped", "post_has_keyboard")
    assert await world.said() == []


async def test_a_post_without_a_thread_is_skipped_after_a_minute(world: World) -> None:
    await world.add_task("Rules")
    await world.work()
    await world.wait(120)  # the channel has been looked at: what suspends it must not come first
    await world.control("PUT", f"/channels/{world.places[0].id}/group", group_id=None)
    await world.post("Nobody can comment this")
    await world.work()
    await world.wait(59)
    assert await world.comments() == []
    await world.wait(1)
    comment = await the_comment(world)
    assert (comment.state, comment.reason) == ("skipped", "no_thread")


async def test_a_thread_that_comes_late_is_commented_all_the_same(world: World) -> None:
    await world.add_task("Rules", timing={"delay": {"min_s": 0, "max_s": 0}, "expire_after_s": 3600})
    post = await world.post("Its thread hangs")
    *_, channel_post, thread = await updates(world)
    await take_updates(world.tools, world.bots[0], [channel_post])
    world.clock.advance(61)
    await run_jobs(world)
    assert (await the_comment(world)).reason == "no_thread"
    await take_updates(world.tools, world.bots[0], [thread])
    await run_jobs(world)
    assert (await the_comment(world)).state == "sent"
    (said,) = await world.said()
    assert said["reply_to_message"]["message_id"] == post["thread_ids"][0]


@pytest.mark.parametrize("forward_first", [False, True])
async def test_a_repost_is_one_post_and_gets_one_comment(world: World, forward_first: bool) -> None:
    await world.control("PUT", "/settings", forward_first=forward_first)
    other, _ = await world.make_channel("Far away", owner="vera")
    await world.add_task("Rules")
    repost = await world.post("Said elsewhere", forward_from={"chat_id": other, "message_id": 77})
    await world.work()
    (post,) = await posts(world)
    assert (post.message_id, post.root_id) == (repost["message_ids"][0], repost["thread_ids"][0])
    assert post.forwarded
    (said,) = await world.said()
    assert said["reply_to_message"]["message_id"] == post.root_id


async def test_a_repost_is_left_alone_by_a_task_that_wants_none(world: World) -> None:
    await world.add_task("Rules", filter={"forwarded": False})
    await world.post("Said elsewhere", forward_from="Somebody hidden")
    await world.work()
    comment = await the_comment(world)
    assert (comment.state, comment.reason) == ("skipped", "filter_forwarded")


async def test_updates_that_come_again_change_nothing(world: World) -> None:
    await world.control("POST", "/faults", kind="duplicate_update")
    await world.add_task("Rules")
    await world.post("Once")
    for _ in range(4):
        await world.wait(3)
    assert len(await posts(world)) == 1
    assert len(await world.said()) == 1


async def test_updates_taken_in_by_a_process_that_died_before_it_confirmed_them_change_nothing(world: World) -> None:
    await world.add_task("Rules")
    await world.post("Once")
    raw = await updates(world)
    await take_updates(world.tools, world.bots[0], raw)
    await run_jobs(world)
    assert await updates(world) == raw
    await world.work()
    assert len(await posts(world)) == 1
    assert len(await world.said()) == 1


async def test_an_update_that_was_repeated_with_another_number_changes_nothing(world: World) -> None:
    await world.add_task("Rules")
    await world.post("Once")
    raw = await updates(world)
    again = [update | {"update_id": update["update_id"] + 5000} for update in raw]
    await take_updates(world.tools, world.bots[0], raw)
    await run_jobs(world)
    await take_updates(world.tools, world.bots[0], again)
    await world.wait(120)
    assert len(await posts(world)) == 1
    assert len(await world.said()) == 1


async def test_a_post_seen_by_two_bots_gets_one_comment(database: str, tmp_path: Path) -> None:
    async with a_world(database, tmp_path, bots=2) as world:
        await world.add_task("Rules")
        await world.post("Seen twice")
        await world.post("Album", album=ALBUM)
        await world.work()
        await world.wait(2)
        await world.wait(120)
        assert len(await posts(world)) == 2
        assert len(await world.said()) == 2


async def test_an_update_that_nobody_can_read_does_not_hold_up_the_others(world: World) -> None:
    await world.add_task("Rules")
    await world.post("Behind it")
    raw = await updates(world)
    broken = {"update_id": raw[0]["update_id"] - 1, "channel_post": {"message_id": "no number"}}
    await take_updates(world.tools, world.bots[0], [broken, *raw])
    await run_jobs(world)
    assert len(await world.said()) == 1


async def test_a_channel_that_the_project_does_not_have_is_not_listened_to(world: World) -> None:
    channel_id, group_id = await world.make_channel("Not ours", owner="vera")
    await world.invite(world.bots[0], channel_id, group_id)
    await world.add_task("Rules")
    await world.control("POST", f"/channels/{channel_id}/posts", text="Secret")
    await world.work()
    assert await posts(world) == []
    assert await world.comments() == []


async def test_a_service_notice_in_the_channel_is_no_post(world: World) -> None:
    await world.add_task("Rules")
    place = world.places[0]
    notice: dict[str, Any] = {
        "update_id": 1,
        "channel_post": {
            "message_id": 500,
            "date": int(world.clock.now().timestamp()),
            "chat": {"id": place.id, "type": "channel", "title": "City news"},
            "new_chat_title": "City news!",
        },
    }
    await take_updates(world.tools, world.bots[0], [notice])
    assert await posts(world) == []


async def updates(world: World) -> list[dict[str, Any]]:
    """What waits for the first bot; it is not confirmed by asking."""
    token = Secret(world.tokens[0])
    return await world.tools.telegram.get_updates(token, offset=None, timeout_s=0, allowed=ALLOWED)


@pytest.mark.parametrize(("delay_s", "comments"), [(60, 1), (0, 3)])
async def test_an_album_that_is_known_as_one_only_later_loses_no_comment_and_stops_nothing(
    world: World, delay_s: int, comments: int
) -> None:
    await world.work()
    await world.control("PUT", "/settings", album_group_on_forward=False)
    await world.add_task("Rules", timing={"delay": {"min_s": delay_s, "max_s": delay_s}})
    await world.post("Three pictures", album=ALBUM)
    raw = [one for one in await updates(world) if "message" in one or "channel_post" in one]
    await take_updates(world.tools, world.bots[0], [one for one in raw if "message" in one])
    world.clock.advance(3)
    await run_jobs(world)
    await take_updates(world.tools, world.bots[0], [one for one in raw if "channel_post" in one])
    world.clock.advance(60)
    await run_jobs(world)
    assert len(await world.said()) == comments
    assert [one.state for one in await world.comments()] == ["sent"] * comments


async def test_two_bots_that_get_the_halves_of_a_repost_at_the_same_time_make_one_post_of_it(
    database: str, tmp_path: Path
) -> None:
    async with a_world(database, tmp_path, bots=2) as world:
        await world.add_task("Rules")
        for number in range(10):
            await world.post(f"Said {number} elsewhere", forward_from=world.telegram_ids["vera"])
            world.clock.advance(120)
        halves = await updates(world)
        forwards = [one for one in halves if one.get("message", {}).get("is_automatic_forward")]
        channel_posts = [one for one in halves if "channel_post" in one]
        for forward, post in zip(forwards, channel_posts, strict=True):
            await asyncio.gather(
                take_updates(world.tools, world.bots[0], [forward]),
                take_updates(world.tools, world.bots[1], [post]),
            )
        assert len(await posts(world)) == 10


async def test_an_album_is_not_merged_over_a_comment_that_begins_to_be_sent_meanwhile(world: World) -> None:
    await world.work()
    await world.control("PUT", "/settings", album_group_on_forward=False)
    await world.add_task("Rules", timing={"delay": {"min_s": 60, "max_s": 60}})
    await world.post("Three pictures", album=ALBUM)
    raw = [one for one in await updates(world) if "message" in one or "channel_post" in one]
    await take_updates(world.tools, world.bots[0], [one for one in raw if "message" in one])
    world.clock.advance(3)
    await run_jobs(world)
    last = (await world.comments())[-1]
    async with world.tools.acting(None, world.project_id) as act:
        comment = await act.session.get_one(Comment, last.id, with_for_update=True)
        comment.state, comment.fence = "sending", 1
        await act.flush()
        rest = [one for one in raw if "channel_post" in one]
        merging = asyncio.create_task(take_updates(world.tools, world.bots[0], rest))
        await asyncio.wait([merging], timeout=0.3)
    await merging
    assert [(one.id, one.state) for one in await world.comments()] == [(last.id, "sending")]
