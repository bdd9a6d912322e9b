"""How a comment comes: “typing…” before it, a quote of the post in it. Neither ever costs the comment."""

from typing import Any

import pytest
from sqlalchemy import select
from tests.support.world import World

from tgac.comments.jobs import SendComment
from tgac.comments.tests.hands import run_jobs, sends, the_comment
from tgac.journal.models import Event
from tgac.kit.secrets import Secret
from tgsandbox.faults import read_fault

AT_ONCE = {"delay": {"min_s": 0, "max_s": 0}}


async def calls_of(world: World, method: str) -> list[dict[str, Any]]:
    calls: list[dict[str, Any]] = await world.control("GET", f"/calls?method={method}")
    return calls


async def kinds(world: World) -> list[str]:
    """What happened to comments, oldest first."""
    async with world.tools.reading(None, world.project_id) as act:
        found = await act.session.scalars(select(Event).order_by(Event.id))
        return [event.kind for event in found if event.kind.startswith("comment_")]


def quoting(text: str = "Rules", **more: Any) -> dict[str, Any]:
    return {"content": {"quote": True, "variants": [{"text": text}], **more}}


async def test_typing_is_seen_four_seconds_before_the_comment(world: World) -> None:
    await world.add_task("Rules", timing={**AT_ONCE, "typing": True})
    await world.post("Hello")
    await world.work()
    assert len(await calls_of(world, "sendChatAction")) == 1
    assert (await the_comment(world)).state == "planned"
    await world.wait(3.9)
    assert await world.said() == []
    await world.wait(0.1)
    assert len(await world.said()) == 1
    assert len(await calls_of(world, "sendChatAction")) == 1


async def test_a_second_look_at_the_comment_does_not_cut_the_typing_short(world: World) -> None:
    await world.add_task("Rules", timing={**AT_ONCE, "typing": True})
    await world.post("Hello")
    await world.work()
    async with world.tools.acting(None, world.project_id) as act:
        act.enqueue(SendComment(world.project_id, (await the_comment(world)).id), key="another look")
    await world.wait(3.9)
    assert await world.said() == []
    await world.wait(0.1)
    assert len(await world.said()) == 1


@pytest.mark.parametrize(
    "fault", [{"kind": "flood", "value": 99}, {"kind": "http", "value": 502}, {"kind": "drop_after"}]
)
async def test_a_failing_typing_never_stops_the_comment(world: World, fault: dict[str, Any]) -> None:
    world.sandbox.endpoint.faults.add(read_fault({"method": "sendChatAction", **fault}))
    await world.add_task("Rules", timing={**AT_ONCE, "typing": True})
    await world.post("Hello")
    await world.work()
    await world.wait(4)
    assert (await the_comment(world)).state == "sent"
    assert len(await calls_of(world, "sendChatAction")) == 1


async def test_typing_does_not_make_a_comment_late(world: World) -> None:
    await world.add_task("Rules", timing={**AT_ONCE, "typing": True, "expire_after_s": 60})
    await world.post("Hello")
    await world.take_in()
    world.clock.advance(57)
    await run_jobs(world)
    assert (await the_comment(world)).state == "sent"
    assert await calls_of(world, "sendChatAction") == []


async def test_typing_is_no_comment_and_counts_nowhere(world: World) -> None:
    await world.add_task("Rules", timing={**AT_ONCE, "typing": True})
    await world.post("Hello")
    await world.work()
    comment = await the_comment(world)
    assert (comment.fence, comment.sending_at) == (0, None)
    assert "comment_sending" not in await kinds(world)


async def test_a_comment_quotes_the_first_line_of_its_post(world: World) -> None:
    await world.add_task(**quoting())
    await world.post("The tram opens\n\nRules follow.")
    await world.work()
    (said,) = await world.said()
    assert said["quote"] == {"text": "The tram opens", "position": 0, "is_manual": True}
    assert (await the_comment(world)).decision["quote"] == "The tram opens"


async def test_a_quote_repeats_the_looks_of_the_post(world: World) -> None:
    await world.add_task(**quoting())
    token, channel = Secret(world.tokens[0]), world.places[0].id
    await world.tools.telegram.send_message(
        token, chat_id=channel, html="\nThe <b>tram opens\nand the bridge</b> as well"
    )
    await world.work()
    (said,) = await world.said()
    assert said["quote"]["text"] == "The tram opens"
    assert said["quote"]["entities"] == [{"type": "bold", "offset": 4, "length": 10}]
    assert len(await sends(world)) == 2


async def test_a_quote_that_telegram_does_not_take_is_left_out_and_told(world: World) -> None:
    await world.add_task(**quoting())
    published = await world.post("The tram opens")
    await world.take_in()
    there = world.sandbox.world.chats[world.places[0].group_id].messages[published["thread_ids"][0]]
    there.body = {**there.body, "text": "The bus opens"}  # edited, and no bot has heard of it yet
    await run_jobs(world)
    await world.wait(1)
    (said,) = await world.said()
    assert "quote" not in said
    comment = await the_comment(world)
    assert (comment.state, comment.fence, comment.decision["quote"]) == ("sent", 2, None)
    assert "comment_unquoted" in await kinds(world)
    assert [call["status"] for call in await sends(world)] == [400, 200]


async def test_a_post_without_words_is_not_quoted(world: World) -> None:
    await world.add_task(**quoting())
    await world.control("POST", f"/channels/{world.places[0].id}/posts", media="photo")
    await world.work()
    await world.wait(3)
    (said,) = await world.said()
    assert "quote" not in said


async def test_a_comment_written_anew_after_an_edit_keeps_its_variant(world: World) -> None:
    variants = [{"name": name, "text": f"{name}: {{{{ post.text }}}}"} for name in "AB"]
    await world.add_task(content={"variants": variants}, timing={"delay": {"min_s": 60, "max_s": 60}})
    for _ in range(6):  # the same text twice running is avoided, so picks are thrown away
        await world.post("Same")
    await world.work()
    before = {one.id: one.decision["variant"] for one in await world.comments()}
    assert any(one.decision["tried"] for one in await world.comments())
    for message in list(world.sandbox.world.chats[world.places[0].id].messages):
        await world.control("PUT", f"/chats/{world.places[0].id}/messages/{message}", text=f"Edited {message}")
    world.clock.advance(1)
    await world.work()
    for _ in range(10):
        await world.wait(10)
    for one in await world.comments():
        assert (one.text or "")[:1] == before[one.id]
        assert "Edited" in (one.text or "")
