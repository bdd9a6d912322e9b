"""Comments that are too long for a message: they go out, are looked after and follow their post as rich messages."""

from typing import Any

import pytest
from tests.support.world import World

from tgac.comments.forms import Resolution
from tgac.comments.recalls import take_back_comment
from tgac.comments.review import approve_comment, edit_comment
from tgac.comments.service import resolve_comment
from tgac.comments.tests.hands import run_jobs, sends, the_comment
from tgac.comments.tests.test_afterwards import calls_of, kinds
from tgac.comments.tests.test_dry_run import Bench
from tgac.comments.tests.test_following import edit_post
from tgac.kit.errors import Invalid
from tgac.kit.secrets import Secret
from tgac.kit.telegram.types import Look
from tgsandbox.faults import read_fault

LONG = "<b>Rules</b>\n\n" + "Be kind. " * 500
TWICE = "Said:\n\n<i>{{ post.text }}</i>\n\n{{ post.text }}"
"""A text that is as long as its post allows: of 2,500 characters it makes more than 4,096."""


def paragraphs(*texts: Any) -> dict[str, Any]:
    return {"blocks": [{"type": "paragraph", "text": text} for text in texts]}


RULES = paragraphs({"type": "bold", "text": "Rules"}, ("Be kind. " * 500).strip())


async def shown(world: World) -> list[Any]:
    """What readers see of each comment: a text, or a rich message."""
    return [one.get("text") or one["rich_message"] for one in await world.said()]


async def test_a_long_text_goes_out_as_a_rich_message_under_its_post(world: World) -> None:
    button = {"text": "More", "url": "https://example.org/"}
    variant = {"text": LONG, "buttons": [[button]]}
    await world.add_task(content={"variants": [variant], "quote": True, "link_preview": True})
    await world.post("The bridge is open")
    await world.work()
    (message,) = await world.said()
    assert message["rich_message"] == RULES
    assert message["reply_to_message"]["is_automatic_forward"]
    assert message["quote"]["text"] == "The bridge is open"
    assert message["reply_markup"]["inline_keyboard"] == [[button]]
    (call,) = await calls_of(world, "sendRichMessage")
    assert call["params"]["disable_notification"] is True
    assert "link_preview_options" not in call["params"]
    comment = await the_comment(world)
    assert (comment.state, comment.text) == ("sent", LONG.strip())


async def test_it_is_seen_to_stand_and_to_be_gone(world: World) -> None:
    await world.add_task(LONG)
    await world.post()
    await world.work()
    await world.wait(300)
    assert "comment_seen" in await kinds(world)
    assert await shown(world) == [RULES]
    comment = await the_comment(world)
    await world.control("DELETE", f"/chats/{world.places[0].group_id}/messages/{comment.message_id}")
    await world.wait(3_600)
    assert ((await the_comment(world)).state, (await the_comment(world)).reason) == ("deleted", "gone")


async def test_a_lost_answer_is_no_reason_to_say_it_twice(world: World) -> None:
    await world.add_task(LONG)
    world.sandbox.endpoint.faults.add(read_fault({"method": "sendRichMessage", "times": 1, "kind": "drop_after"}))
    await world.post()
    await world.work()
    await world.wait(600)
    comment = await the_comment(world)
    assert (comment.state, len(await world.said())) == ("unknown", 1)
    (there,) = await world.said()
    reply = {"user_id": world.telegram_ids["vera"], "text": "Thanks", "reply_to": there["message_id"]}
    await world.control("POST", f"/chats/{world.places[0].group_id}/messages", **reply)
    await world.work()
    comment = await the_comment(world)
    assert (comment.state, comment.message_id, comment.reason) == ("sent", there["message_id"], "confirmed_by_reply")
    assert len(await calls_of(world, "sendRichMessage")) == 1


@pytest.mark.parametrize(
    ("said", "state"),
    [({"kind": "flood", "value": 7}, "sent"), ({"kind": "http", "value": 400}, "rejected")],
    ids=["429", "400"],
)
async def test_telegrams_answers_mean_what_they_mean_for_any_comment(
    world: World, said: dict[str, Any], state: str
) -> None:
    await world.add_task(LONG)
    world.sandbox.endpoint.faults.add(read_fault({"method": "sendRichMessage", "times": 1, **said}))
    await world.post()
    await world.work()
    await world.wait(8)
    assert (await the_comment(world)).state == state


async def test_what_telegram_does_not_take_as_a_quote_is_left_out(world: World) -> None:
    await world.add_task(content={"variants": [{"text": LONG}], "quote": True})
    published = await world.post("The bridge is open")
    await world.take_in()
    there = world.sandbox.world.chats[world.places[0].group_id].messages[published["thread_ids"][0]]
    there.body = {**there.body, "text": "The bus opens"}  # edited, and no bot has heard of it yet
    await run_jobs(world)
    await world.wait(1)
    (message,) = await world.said()
    assert (message["rich_message"], "quote" in message) == (RULES, False)


@pytest.mark.parametrize(("before", "after"), [(100, 2_500), (2_500, 100), (2_400, 2_500)])
async def test_it_follows_its_post_across_the_length_of_a_message(world: World, before: int, after: int) -> None:
    await world.add_task(TWICE, after={"follow_edits": "render"})
    await world.post("x" * before)
    await world.work()
    await edit_post(world, "y" * after)
    words = "y" * after
    rich = paragraphs("Said:", {"type": "italic", "text": words}, words)
    assert await shown(world) == [rich if after > 2_048 else f"Said:\n\n{words}\n\n{words}"]
    comment = await the_comment(world)
    assert (comment.state, comment.edit, "edit" in comment.cared) == ("sent", None, False)
    await world.wait(300)
    assert "comment_seen" in await kinds(world)
    assert len(await world.said()) == 1


@pytest.mark.parametrize(("before", "after"), [(100, 2_500), (2_500, 100)])
async def test_where_telegram_keeps_a_text_a_text_it_is_told_so(world: World, before: int, after: int) -> None:
    await world.control("PUT", "/settings", edit_makes_rich=False)
    await world.add_task(TWICE, after={"follow_edits": "render"})
    await world.post("x" * before)
    await world.work()
    stood = await shown(world)
    text = (await the_comment(world)).text
    await edit_post(world, "y" * after)
    comment = await the_comment(world)
    assert (await shown(world), comment.text, comment.edit) == (stood, text, None)
    assert "did not turn a text into a rich message" in comment.cared["edit"]["sentence"]
    await world.wait(300)
    assert "comment_seen" in await kinds(world)


async def test_a_person_makes_a_waiting_text_long_and_short(world: World) -> None:
    await world.add_task("Short", approval={"mode": "all"})
    await world.post()
    await world.work()
    comment = await the_comment(world)
    for text in ("Short again", LONG):
        async with world.tools.acting(world.anna, world.project_id) as act:
            comment = await edit_comment(act, comment.id, text)
    with pytest.raises(Invalid, match="32769 characters; Telegram takes 32768"):
        async with world.tools.acting(world.anna, world.project_id) as act:
            await edit_comment(act, comment.id, "x" * 32_769)
    with pytest.raises(Invalid, match=r"evil\.example"):
        async with world.tools.acting(world.anna, world.project_id) as act:
            await edit_comment(act, comment.id, f'{LONG}<a href="https://evil.example">here</a>')
    async with world.tools.acting(world.anna, world.project_id) as act:
        await approve_comment(act, comment.id)
    await run_jobs(world)
    assert await shown(world) == [RULES]
    assert await sends(world) == []


async def test_it_is_taken_back_like_any_other(world: World) -> None:
    await world.add_task(LONG)
    await world.post()
    await world.work()
    async with world.tools.acting(world.anna, world.project_id) as act:
        await take_back_comment(act, (await the_comment(world)).id)
    await run_jobs(world)
    assert await shown(world) == []


async def test_a_person_says_where_a_lost_one_stands(world: World) -> None:
    await world.add_task(LONG)
    world.sandbox.endpoint.faults.add(read_fault({"method": "sendRichMessage", "times": 1, "kind": "drop_after"}))
    await world.post()
    await world.work()
    comment = await the_comment(world)
    async with world.tools.acting(world.anna, world.project_id) as act:
        await resolve_comment(act, comment.id, Resolution(answer="there"))
    assert (await the_comment(world)).state == "sent"


async def test_a_link_that_a_post_brings_in_does_not_come_through(world: World) -> None:
    await world.add_task(f"{LONG}\n\n<b>{{{{ post.text }}}}</b>")
    await world.post("Buy at https://evil.example now")
    await world.work()
    assert "evil.example" not in str(await shown(world))
    assert "Buy at" in str(await shown(world))


async def test_a_witness_sees_a_rich_comment(world: World) -> None:
    witness = await world.add_bot("witness")
    await world.invite(witness, world.places[0].id, world.places[0].group_id)
    for bot in world.bots:
        await world.control("PUT", f"/bots/{bot.telegram_id}", bot_to_bot=True)
    await world.add_task(LONG)
    world.sandbox.endpoint.faults.add(read_fault({"method": "sendRichMessage", "times": 1, "kind": "drop_after"}))
    await world.post()
    await world.work()
    await world.work()
    assert (await the_comment(world)).reason == "confirmed_by_witness"


async def test_a_post_that_is_a_rich_message_is_read(world: World) -> None:
    await world.add_task("Rules", filter={"any_words": ["bridge"]})
    rich = {"blocks": [{"type": "details", "summary": "News", "blocks": paragraphs(["The ", "bridge"])["blocks"]}]}
    look = Look(rich=tuple(rich["blocks"]))
    await world.tools.telegram.send_message(Secret(world.tokens[0]), chat_id=world.places[0].id, html="", look=look)
    await world.work()
    await world.wait(3)
    assert await shown(world) == ["Rules"]


async def test_a_dry_run_shows_a_long_text_whole(world: World) -> None:
    bench = Bench(world)
    path = await bench.order(content={"variants": [{"text": LONG}]})
    told = await bench.dry_run(task_id=int(path.rpartition("/")[2]), posts=[{"text": "The bridge is open"}])
    assert told["lines"][0]["text"] == LONG.strip()
