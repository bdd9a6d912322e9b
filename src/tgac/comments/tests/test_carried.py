"""Comments that carry a file: given to Telegram once by each bot, named afterwards; never sent twice."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import select
from tests.support.photos import gif, jpeg
from tests.support.world import World

from tgac.comments.forms import Resolution
from tgac.comments.reasons import sentence
from tgac.comments.recalls import take_back_comment
from tgac.comments.review import approve_comment, edit_comment
from tgac.comments.service import resolve_comment
from tgac.comments.tests.hands import Between, run_jobs, send_through, the_comment
from tgac.comments.tests.test_afterwards import calls_of, kinds
from tgac.kit.errors import Conflict, Invalid
from tgac.kit.tools import UPLOADS_AT_ONCE
from tgac.tasks.media import add_media, media_ids_in, remove_media
from tgac.tasks.media_models import MediaGiven
from tgac.tasks.queries import find_task
from tgac.tasks.service import change_task
from tgsandbox.faults import read_fault

FILES = {
    "photo": (jpeg(640, 480), "a.jpg", False),
    "animation": (gif(320, 240), "a.gif", False),
    "document": (b"%PDF-1.7 rules %%EOF", "rules.pdf", False),
}


async def a_file(world: World, kind: str = "photo") -> int:
    """The number of a file that Anna has sent."""
    content, name, as_document = FILES[kind]
    async with world.tools.acting(world.anna, world.project_id) as act:
        return (await add_media(act, name, content, as_document=as_document)).id


async def a_task(world: World, kind: str = "photo", *, text: str = "Look: {{ post.text }}", **more: Any) -> int:
    content = {"variants": [{"text": text, "media": {"media_id": await a_file(world, kind)}}]} | more.pop("content", {})
    return await world.add_task(content=content, **more)


async def carried(world: World, kind: str = "photo") -> list[dict[str, Any]]:
    """The messages in the group that carry a file, as a reader's Telegram has them."""
    return [one for one in await world.said() if kind in one]


@pytest.mark.parametrize("kind", FILES)
async def test_a_comment_carries_its_file_under_the_post(world: World, kind: str) -> None:
    await a_task(world, kind)
    await world.post("<b> & co")
    await world.work()
    (message,) = await carried(world, kind)
    assert message["caption"] == "Look: <b> & co"
    assert message["reply_to_message"]["is_automatic_forward"]
    shown = message[kind][-1] if kind == "photo" else message[kind]
    assert world.sandbox.world.files[shown["file_id"]].content == FILES[kind][0]
    comment = await the_comment(world)
    assert (comment.state, comment.text) == ("sent", "Look: &lt;b&gt; &amp; co")


async def given(world: World) -> dict[int, str]:
    async with world.tools.reading(None, world.project_id) as act:
        return {one.bot_id: one.file_id for one in await act.session.scalars(select(MediaGiven))}


def names_sent(calls: list[dict[str, Any]]) -> list[bool]:
    """Whether each call named the file, instead of giving it."""
    return [isinstance(one["params"]["photo"], str) for one in calls]


async def test_a_file_is_given_to_telegram_once_and_named_afterwards(world: World) -> None:
    await a_task(world)
    for _ in range(3):
        await world.post("Hello")
        await world.work()
        await world.wait(5)
    assert names_sent(await calls_of(world, "sendPhoto")) == [False, True, True]
    assert len(await carried(world)) == 3
    assert all((await given(world)).values())


async def test_a_name_that_telegram_does_not_know_is_forgotten_and_the_file_sent_once(world: World) -> None:
    await a_task(world)
    await world.post("One")
    await world.work()
    async with world.tools.acting(None, world.project_id) as act:
        for one in await act.session.scalars(select(MediaGiven)):
            one.file_id = "of-another-bot"
    await world.post("Two")
    await world.work()
    await world.wait(5)
    calls = await calls_of(world, "sendPhoto")
    assert [one["status"] for one in calls] == [200, 400, 200]
    assert names_sent(calls) == [False, True, False]
    assert [one.state for one in await world.comments()] == ["sent", "sent"]
    assert "of-another-bot" not in (await given(world)).values()


LOST = [("drop_after", {}), ("bad_json", {}), ("http", {"value": 502}), ("drop_before", {})]


@pytest.mark.parametrize(("kind", "fault"), LOST, ids=["drop_after", "bad_json", "502", "drop_before"])
async def test_a_file_whose_answer_was_lost_is_never_sent_again(world: World, kind: str, fault: dict[str, Any]) -> None:
    world.sandbox.endpoint.faults.add(read_fault({"kind": kind, "method": "sendPhoto", "times": 1, **fault}))
    await a_task(world)
    await world.post("Hello")
    await world.work()
    assert (await the_comment(world)).state == "unknown"
    for _ in range(5):
        await world.wait(600)
    assert len(await calls_of(world, "sendPhoto")) == 1
    async with world.tools.acting(world.anna, world.project_id) as act:
        await resolve_comment(act, (await the_comment(world)).id, Resolution(answer="not_there"))
    await world.wait(600)
    assert len(await calls_of(world, "sendPhoto")) == 1


class KilledError(BaseException):
    """The worker is no more."""


async def test_a_worker_that_dies_after_the_upload_leaves_it_unknown_and_nobody_sends_it_twice(world: World) -> None:
    async def die() -> None:
        raise KilledError

    await a_task(world, timing={"delay": {"min_s": 60, "max_s": 60}})
    await world.post("Hello")
    await world.work()
    world.clock.advance(60)
    with pytest.raises(KilledError):
        await send_through(world, Between(world, after=die), await the_comment(world))
    assert (await the_comment(world)).state == "sending"
    for _ in range(4):
        await world.wait(120)
    assert (await the_comment(world)).state == "unknown"
    assert len(await carried(world)) == 1
    await world.post("The next one carries it all the same")
    await world.work()
    await world.wait(60)
    assert len(await carried(world)) == 2


async def test_a_caption_that_the_post_makes_too_long_is_no_comment_and_says_why(world: World) -> None:
    await a_task(world)
    await world.post("x" * 1020)
    await world.work()
    comment = await the_comment(world)
    assert (comment.state, comment.reason) == ("skipped", "caption_long")
    assert "1024" in sentence(comment.reason_data)


async def test_a_comment_whose_file_was_removed_does_not_go_out_and_says_why(world: World) -> None:
    task_id = await a_task(world, timing={"delay": {"min_s": 60, "max_s": 60}})
    await world.post("Hello")
    await world.work()
    async with world.tools.acting(world.anna, world.project_id) as act:
        task = await find_task(act, task_id)
        (media_id,) = media_ids_in(task.config)
        with pytest.raises(Conflict, match="Welcome"):
            await remove_media(act, media_id)
        bare = {**task.config, "content": {"variants": [{"text": "Bare"}]}}
        await change_task(act, task_id, config=bare)
        await remove_media(act, media_id)
    await world.wait(60)
    comment = await the_comment(world)
    assert (comment.state, comment.reason) == ("rejected", "file_gone")
    assert await world.said() == []


async def test_a_caption_follows_its_edited_post_and_the_file_stays(world: World) -> None:
    await a_task(world, after={"follow_edits": "render"})
    await world.post("Before")
    await world.work()
    post = list(world.sandbox.world.chats[world.places[0].id].messages)[-1]
    world.clock.advance(1)
    await world.control("PUT", f"/chats/{world.places[0].id}/messages/{post}", text="After")
    await world.work()
    (message,) = await carried(world)
    assert message["caption"] == "Look: After"
    assert len(await calls_of(world, "editMessageCaption")) == 1
    assert await calls_of(world, "editMessageText") == []


async def test_a_comment_with_a_file_is_looked_after_and_taken_back(world: World) -> None:
    await a_task(world)
    await world.post("Hello")
    await world.work()
    await world.wait(300)
    assert "comment_seen" in await kinds(world)
    assert (await the_comment(world)).state == "sent"
    async with world.tools.acting(world.anna, world.project_id) as act:
        await take_back_comment(act, (await the_comment(world)).id)
    await run_jobs(world)
    assert await carried(world) == []


async def test_buttons_quote_and_silence_hold_beside_a_file(world: World) -> None:
    buttons = [[{"text": "Rules", "url": "https://example.com/rules"}]]
    variant = {"text": "Look", "media": {"media_id": await a_file(world)}, "buttons": buttons}
    await world.add_task(content={"variants": [variant], "quote": True, "silent": True})
    await world.post("First line")
    await world.work()
    (message,) = await carried(world)
    assert message["reply_markup"]["inline_keyboard"] == buttons
    assert message["quote"]["text"] == "First line"
    (call,) = await calls_of(world, "sendPhoto")
    assert str(call["params"]["disable_notification"]).lower() == "true"


async def test_what_is_approved_is_seen_with_its_file_and_edited_within_a_captions_length(world: World) -> None:
    await a_task(world, approval={"mode": "all"})
    await world.post("Hello")
    await world.work()
    waiting = await the_comment(world)
    assert waiting.decision["media"]["name"] == "a.jpg"
    async with world.tools.acting(world.anna, world.project_id) as act:
        with pytest.raises(Invalid, match="1024"):
            await edit_comment(act, waiting.id, "x" * 1025)
        await edit_comment(act, waiting.id, "Other words")
        await approve_comment(act, waiting.id)
    await run_jobs(world)
    (message,) = await carried(world)
    assert message["caption"] == "Other words"


async def test_a_file_for_which_there_is_no_room_waits_and_is_sent_once(world: World) -> None:
    """As many as a process holds at once are under way already."""
    await a_task(world)
    for _ in range(UPLOADS_AT_ONCE):
        await world.tools.uploads.acquire()
    await world.post("Hello")
    await world.work()
    assert (await carried(world), (await the_comment(world)).state) == ([], "planned")
    world.tools.uploads.release()
    await world.wait(5)
    assert len(await carried(world)) == 1
    assert len(await calls_of(world, "sendPhoto")) == 1


async def test_a_comment_without_a_new_file_waits_for_no_room(world: World) -> None:
    await a_task(world)
    await world.post("Hello")
    await world.work()
    for _ in range(UPLOADS_AT_ONCE):
        await world.tools.uploads.acquire()
    await world.post("Telegram knows the file by now")
    await world.work()
    await world.wait(5)
    assert len(await carried(world)) == 2


async def test_the_place_is_given_back_whatever_telegram_says(world: World) -> None:
    await a_task(world)
    world.sandbox.endpoint.faults.add(read_fault({"method": "sendPhoto", "times": 1, "kind": "http", "value": 502}))
    await world.post("Hello")
    await world.work()
    assert not world.tools.uploads.locked()
    for _ in range(UPLOADS_AT_ONCE):
        async with asyncio.timeout(5):
            await world.tools.uploads.acquire()
