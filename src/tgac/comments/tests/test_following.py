"""A comment follows its edited post: by itself, after a person's yes, or not at all."""

from typing import Any

import pytest
from tests.support.world import World

from tgac.comments.following import answer_edit
from tgac.comments.tests.hands import run_jobs, sends, the_comment
from tgac.comments.tests.test_afterwards import calls_of, kinds, words
from tgac.kit.errors import Conflict, Refused
from tgac.tasks.queries import find_task
from tgac.tasks.service import change_task
from tgsandbox.faults import read_fault


async def a_comment(world: World, follow: str, text: str = "{One|Two|Three|Four}: {{ post.text }}") -> str:
    """A comment that stands; gives its text."""
    await world.add_task(text, after={"follow_edits": follow})
    await world.post("Before")
    await world.work()
    return (await words(world))[0]


async def edit_post(world: World, text: str = "After") -> None:
    world.clock.advance(1)
    post = list(world.sandbox.world.chats[world.places[0].id].messages)[-1]
    await world.control("PUT", f"/chats/{world.places[0].id}/messages/{post}", text=text)
    await world.work()


async def test_a_comment_is_written_anew_with_the_same_choices(world: World) -> None:
    before = await a_comment(world, "render")
    await edit_post(world)
    assert await words(world) == [before.replace("Before", "After")]
    comment = await the_comment(world)
    assert (comment.state, comment.edit, comment.text) == ("sent", None, before.replace("Before", "After"))
    assert "comment_followed" in await kinds(world)
    assert len(await sends(world)) == 1
    await world.wait(300)
    assert await words(world) == [before.replace("Before", "After")]  # looking after it brings nothing back


async def test_by_default_it_stays_as_it_is(world: World) -> None:
    before = await a_comment(world, "no")
    await edit_post(world)
    assert await words(world) == [before]
    assert await calls_of(world, "editMessageText") == []


async def test_an_edit_that_changes_nothing_of_the_comment_is_no_edit(world: World) -> None:
    await a_comment(world, "render", text="Rules")
    await edit_post(world)
    assert await calls_of(world, "editMessageText") == []


async def test_somebody_is_asked_and_says_yes(world: World) -> None:
    before = await a_comment(world, "ask")
    await edit_post(world)
    comment = await the_comment(world)
    assert comment.edit is not None
    assert (comment.edit["state"], await words(world)) == ("asked", [before])
    async with world.tools.acting(world.anna, world.project_id) as act:
        await answer_edit(act, comment.id, "edit")
    await run_jobs(world)
    assert await words(world) == [before.replace("Before", "After")]


async def test_somebody_is_asked_and_says_no(world: World) -> None:
    before = await a_comment(world, "ask")
    await edit_post(world)
    comment = await the_comment(world)
    with pytest.raises(Refused):
        async with world.tools.acting(world.people["boris"], world.project_id) as act:
            await answer_edit(act, comment.id, "leave")
    async with world.tools.acting(world.anna, world.project_id) as act:
        await answer_edit(act, comment.id, "leave")
    await run_jobs(world)
    assert await words(world) == [before]
    with pytest.raises(Conflict):
        async with world.tools.acting(world.anna, world.project_id) as act:
            await answer_edit(act, comment.id, "edit")


async def test_the_question_goes_when_the_post_is_edited_back(world: World) -> None:
    await a_comment(world, "ask")
    await edit_post(world)
    await edit_post(world, "Before")
    assert (await the_comment(world)).edit is None


FAULTS: list[dict[str, Any]] = [{"kind": "flood", "value": 30}, {"kind": "http", "value": 502}, {"kind": "drop_after"}]


@pytest.mark.parametrize("fault", FAULTS, ids=["429", "502", "lost"])
async def test_an_edit_that_was_not_answered_is_made_again(world: World, fault: dict[str, Any]) -> None:
    before = await a_comment(world, "render")
    world.sandbox.endpoint.faults.add(read_fault({"method": "editMessageText", "times": 1, **fault}))
    await edit_post(world)
    await world.wait(61)
    assert await words(world) == [before.replace("Before", "After")]
    assert (await the_comment(world)).edit is None


async def test_an_edit_that_telegram_refuses_leaves_the_comment_as_it_was(world: World) -> None:
    before = await a_comment(world, "render")
    told = {"kind": "http", "value": 400, "description": "Bad Request: MESSAGE_EDIT_TIME_EXPIRED"}
    world.sandbox.endpoint.faults.add(read_fault({"method": "editMessageText", "times": 1, **told}))
    await edit_post(world)
    comment = await the_comment(world)
    assert (comment.state, comment.text, comment.edit) == ("sent", before, None)
    assert "Telegram refused" in comment.cared["edit"]["sentence"]


async def test_a_comment_that_was_deleted_meanwhile_is_told_as_gone(world: World) -> None:
    await a_comment(world, "render")
    comment = await the_comment(world)
    await world.control("DELETE", f"/chats/{world.places[0].group_id}/messages/{comment.message_id}")
    await edit_post(world)
    assert ((await the_comment(world)).state, (await the_comment(world)).reason) == ("deleted", "gone")


async def test_what_a_person_has_approved_changes_only_with_a_person(world: World) -> None:
    before = await a_comment(world, "render")
    comment = await the_comment(world)
    async with world.tools.acting(None, world.project_id) as act:
        row = await act.session.merge(comment)
        row.decision = row.decision | {"approved": True}
    await edit_post(world)
    assert await words(world) == [before]
    edit = (await the_comment(world)).edit
    assert edit is not None
    assert edit["state"] == "asked"


async def test_a_link_that_the_edit_brings_in_does_not_come_through(world: World) -> None:
    await a_comment(world, "render", text="Said: {{ post.text }}")
    await edit_post(world, "Buy at https://evil.example now")
    (said,) = await words(world)
    assert "evil.example" not in said


async def test_what_a_language_model_wrote_is_not_written_over_by_the_template(world: World) -> None:
    before = await a_comment(world, "render")
    async with world.tools.acting(None, world.project_id) as act:
        row = await act.session.merge(await the_comment(world))
        row.decision = row.decision | {"llm": {"state": "written"}}
    await edit_post(world)
    assert await words(world) == [before]
    assert "language model" in (await the_comment(world)).cared["edit"]["sentence"]


FOLLOWS = "Said: {{ post.text }}"
GO = {"text": "Go", "url": "https://a.example/go"}
STAY = {"text": "Stay", "url": "https://a.example/stay"}


async def a_comment_with(world: World, follow: str, *buttons: dict[str, str]) -> int:
    variant = {"text": FOLLOWS, "buttons": [[one] for one in buttons]}
    task_id = await world.add_task(content={"variants": [variant]}, after={"follow_edits": follow})
    await world.post("Before")
    await world.work()
    return task_id


async def give_buttons(
    world: World, task_id: int, *buttons: dict[str, str], text: str = "Said: {{ post.text }}"
) -> None:
    async with world.tools.acting(world.anna, world.project_id) as act:
        document = (await find_task(act, task_id)).config
        content = document["content"] | {"variants": [{"text": text, "buttons": [[one] for one in buttons]}]}
        await change_task(act, task_id, config=document | {"content": content})


async def buttons_of(world: World) -> list[list[dict[str, str]]]:
    (message,) = await world.said()
    rows: list[list[dict[str, str]]] = message.get("reply_markup", {}).get("inline_keyboard", [])
    return rows


@pytest.mark.parametrize("later", [(STAY,), (GO, STAY), ()], ids=["others", "more", "none"])
@pytest.mark.parametrize("text", [FOLLOWS, "Said: Before"])
async def test_no_old_button_stays_under_a_comment_that_follows(
    world: World, text: str, later: tuple[dict[str, str], ...]
) -> None:
    """Also where the words stay as they were."""
    task_id = await a_comment_with(world, "render", GO)
    await give_buttons(world, task_id, *later, text=text)
    await edit_post(world)
    assert await buttons_of(world) == [[one] for one in later]
    await world.wait(300)
    assert await buttons_of(world) == [[one] for one in later], "looking after it brings nothing back"


async def test_what_a_person_says_yes_to_has_its_buttons(world: World) -> None:
    task_id = await a_comment_with(world, "ask", GO)
    await give_buttons(world, task_id, STAY)
    await edit_post(world)
    assert await buttons_of(world) == [[GO]]
    async with world.tools.acting(world.anna, world.project_id) as act:
        await answer_edit(act, (await the_comment(world)).id, "edit")
    await run_jobs(world)
    assert await buttons_of(world) == [[STAY]]


async def test_an_edit_that_is_refused_leaves_the_buttons_as_they_were(world: World) -> None:
    task_id = await a_comment_with(world, "render", GO)
    await give_buttons(world, task_id, STAY)
    told = {"kind": "http", "value": 400, "description": "Bad Request: MESSAGE_EDIT_TIME_EXPIRED"}
    world.sandbox.endpoint.faults.add(read_fault({"method": "editMessageText", "times": 1, **told}))
    await edit_post(world)
    assert await buttons_of(world) == [[GO]]
    assert (await the_comment(world)).decision["buttons"] == [[GO]]
