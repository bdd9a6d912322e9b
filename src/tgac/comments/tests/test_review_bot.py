"""Approval in the service bot's chat: who is asked, what a tap and a reply do, and what everybody sees afterwards."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete
from tests.support.world import World, a_world

from tgac.comments.facts import version_of
from tgac.comments.models import Comment
from tgac.comments.review import approve_comment, ask_in_telegram, skip_comment
from tgac.comments.review_bot import html_of
from tgac.comments.tests.test_carried import FILES, a_file
from tgac.kit.errors import Refused
from tgac.kit.telegram.types import Chat, Kind, Message
from tgac.kit.telegram.updates import read_update
from tgac.kit.tenancy import EVERYONE
from tgac.kit.web.i18n import using
from tgac.people.models import Member, User
from tgac.people.service_bot import handle_service_update
from tgac.wiring import ANSWERS

TIMING = {"delay": {"min_s": 60, "max_s": 60}}


@dataclass
class Chats:
    """The world, and everybody's chat with the service bot."""

    world: World
    offset: int | None = None
    answers: list[Any] = field(default_factory=list)

    async def hear(self) -> None:
        token = self.world.tools.config.telegram_bot_token
        kinds: tuple[Kind, ...] = ("message", "callback_query")
        for raw in await self.world.tools.telegram.get_updates(token, offset=self.offset, timeout_s=0, allowed=kinds):
            self.offset = raw["update_id"] + 1
            update = read_update(raw)
            if update is not None:
                await handle_service_update(self.world.tools, update, answers=ANSWERS)

    def path(self, who: str) -> str:
        return f"/private/{self.world.service_bot['id']}/{self.world.telegram_ids[who]}/messages"

    async def say(self, who: str, text: str, **more: Any) -> None:
        await self.world.control("POST", self.path(who), text=text, **more)
        await self.hear()

    async def read(self, who: str) -> list[dict[str, Any]]:
        """What the bot has written to somebody, oldest first."""
        found = await self.world.control("GET", self.path(who))
        return [one for one in found if one["from"]["is_bot"]]

    async def asked(self, who: str) -> dict[str, Any]:
        """The message about the comment."""
        return next(one for one in await self.read(who) if "City news" in words_of(one))

    async def press(self, who: str, verb: str, *, message: dict[str, Any] | None = None) -> dict[str, Any]:
        shown = message or await self.asked(who)
        buttons = [one for row in shown.get("reply_markup", {}).get("inline_keyboard", []) for one in row]
        data = next(one["callback_data"] for one in buttons if one["callback_data"].endswith(f":{verb}"))
        return await self.press_data(who, data, message_id=shown["message_id"])

    async def press_data(self, who: str, data: str, *, message_id: int) -> dict[str, Any]:
        body = {"user_id": self.world.telegram_ids[who], "chat_id": self.world.telegram_ids[who], "data": data}
        pressing = asyncio.create_task(self.world.control("POST", "/callbacks", message_id=message_id, **body))
        while not pressing.done():
            await self.hear()
            await asyncio.sleep(0.005)
        told: dict[str, Any] = await pressing
        return told

    async def forge(self, who: str, data: str) -> None:
        """A press that the sandbox would not make: of a button that was never shown to this person."""
        person = {"id": self.world.telegram_ids[who], "is_bot": False, "first_name": who}
        chat = {"id": person["id"], "type": "private"}
        raw = {"id": "1", "from": person, "data": data, "message": {"message_id": 1, "chat": chat, "date": 0}}
        update = read_update({"update_id": 1, "callback_query": raw})
        assert update is not None
        await handle_service_update(self.world.tools, update, answers=ANSWERS)


def words_of(message: dict[str, Any]) -> str:
    """What is read in a message, whichever form it has."""
    return str(message.get("text") or message.get("caption") or message.get("rich_message"))


@pytest.fixture
async def chats(database: str, tmp_path: Path) -> AsyncIterator[Chats]:
    """Anna and Vera, a reviewer, want to be asked; Boris may only look. All have begun a chat with the bot."""
    async with a_world(database, tmp_path) as world:
        made = Chats(world)
        async with world.tools.acting(world.anna, world.project_id) as act:
            act.session.add(Member(user_id=world.people["vera"].user_id, role="reviewer"))
        for who in ("anna", "boris", "vera"):
            await made.say(who, "/start")
        for who in ("anna", "vera"):
            await wish(world, who)
        yield made


async def wish(world: World, who: str, language: str = "en") -> None:
    with using(language):
        async with world.tools.acting(world.people[who], world.project_id) as act:
            await ask_in_telegram(act, True)


async def a_waiting(chats: Chats, text: str = "{One|Two} rules", **config: Any) -> Comment:
    await chats.world.add_task(text, timing=TIMING, approval={"mode": "all", "expire_s": 600}, **config)
    await chats.world.post("The bridge is open")
    await chats.world.work()
    return await the_comment(chats)


async def the_comment(chats: Chats) -> Comment:
    (comment,) = await chats.world.comments()
    return comment


async def test_who_wants_it_is_shown_the_comment_beside_its_post(chats: Chats) -> None:
    comment = await a_waiting(chats)
    for who in ("anna", "vera"):
        text = (await chats.asked(who))["text"]
        assert comment.text is not None
        assert comment.text in text
        assert "The bridge is open" in text
    assert len(await chats.read("boris")) == 1, "Boris heard a greeting alone"


async def test_a_tap_approves_what_was_shown_and_everybody_sees_who_did_it(chats: Chats) -> None:
    await a_waiting(chats)
    told = await chats.press("vera", "a")
    assert told["text"] == "Approved."
    await chats.world.wait(61)
    assert len(await chats.world.said()) == 1
    for who in ("anna", "vera"):
        message = await chats.asked(who)
        assert "Approved by @vera." in message["text"]
        assert "reply_markup" not in message


async def test_what_is_decided_in_the_panel_is_told_in_the_chats_too(chats: Chats) -> None:
    comment = await a_waiting(chats)
    async with chats.world.tools.acting(chats.world.anna, chats.world.project_id) as act:
        await skip_comment(act, comment.id, version_of(comment))
    await chats.world.work()
    assert "Skipped by @anna." in (await chats.asked("vera"))["text"]


async def test_the_second_tap_is_told_who_was_faster(chats: Chats) -> None:
    await a_waiting(chats)
    late = await chats.asked("anna")
    await chats.press("vera", "s")
    told = await chats.press("anna", "a", message=late)
    assert told["text"] == "@vera has skipped this comment already."
    assert (await the_comment(chats)).state == "skipped"


async def test_another_variant_comes_with_buttons_of_its_own(chats: Chats) -> None:
    before = await a_waiting(chats)
    old = await chats.asked("anna")
    await chats.press("vera", "v")
    comment = await the_comment(chats)
    assert comment.text != before.text
    stale = next(one["callback_data"] for row in old["reply_markup"]["inline_keyboard"] for one in row)
    told = await chats.press_data("anna", stale, message_id=old["message_id"])
    assert told["text"] == "The comment was changed meanwhile. Look at it again."
    await chats.world.work()
    assert comment.text is not None
    assert comment.text in (await chats.asked("anna"))["text"]
    assert (await chats.press("anna", "a"))["text"] == "Approved."


async def test_a_reply_is_other_words_and_passes_the_same_gate(chats: Chats) -> None:
    await a_waiting(chats)
    number = (await chats.asked("vera"))["message_id"]
    await chats.say("vera", "Go to https://evil.example", reply_to=number)
    assert "evil.example is not written out" in (await chats.read("vera"))[-1]["text"]
    await chats.say("vera", "Be kind & fair <3", reply_to=number)
    comment = await the_comment(chats)
    assert (comment.state, comment.text) == ("awaiting_approval", "Be kind &amp; fair &lt;3")
    await chats.world.work()
    assert "Be kind & fair <3" in (await chats.asked("anna"))["text"]
    await chats.press("anna", "a")
    await chats.world.wait(61)
    assert [one["text"] for one in await chats.world.said()] == ["Be kind & fair <3"]


async def test_a_reply_to_what_is_out_of_date_changes_nothing(chats: Chats) -> None:
    comment = await a_waiting(chats)
    number = (await chats.asked("vera"))["message_id"]
    async with chats.world.tools.acting(chats.world.anna, chats.world.project_id) as act:
        await approve_comment(act, comment.id)
    await chats.say("vera", "Be kind", reply_to=number)
    assert (await the_comment(chats)).text == comment.text
    assert "has approved this comment already" in (await chats.read("vera"))[-1]["text"]


@pytest.mark.parametrize("who", ["boris", "stranger", "former"])
async def test_a_tap_of_who_may_not_decide_does_nothing(chats: Chats, who: str) -> None:
    comment = await a_waiting(chats)
    data = f"review:{chats.world.project_id}:{comment.id}:{version_of(comment)}:a"
    vera = chats.world.people["vera"].user_id
    if who != "boris":
        async with chats.world.tools.acting(None, EVERYONE) as act:
            await act.session.execute(delete(Member).where(Member.user_id == vera))
    if who == "former":
        await chats.press("vera", "a")
        await chats.say("vera", "Be kind", reply_to=(await chats.asked("vera"))["message_id"])
    else:
        await chats.forge("boris" if who == "boris" else "vera", data)
    after = await the_comment(chats)
    assert (after.state, after.text) == ("awaiting_approval", comment.text)


async def test_a_blocked_users_tap_does_nothing(chats: Chats) -> None:
    await a_waiting(chats)
    async with chats.world.tools.acting(None, EVERYONE) as act:
        (await act.session.get_one(User, chats.world.people["vera"].user_id)).state = "blocked"
    await chats.press("vera", "a")
    assert (await the_comment(chats)).state == "awaiting_approval"


@pytest.mark.parametrize("data", ["review:", "review:1:1:zz:a", "review:1:999999:" + "0" * 16 + ":a", "review:x"])
async def test_a_tap_that_means_nothing_does_nothing(chats: Chats, data: str) -> None:
    await a_waiting(chats)
    await chats.forge("anna", data)
    assert (await the_comment(chats)).state == "awaiting_approval"


async def test_an_edited_post_is_told_and_takes_the_buttons_away(chats: Chats) -> None:
    await a_waiting(chats)
    place = chats.world.places[0]
    posts = await chats.world.control("GET", f"/chats/{place.id}/messages")
    path = f"/chats/{place.id}/messages/{posts[-1]['message_id']}"
    await chats.world.control("PUT", path, text="The bridge is closed")
    await chats.world.work()
    message = await chats.asked("vera")
    assert "The post was edited" in message["text"]
    assert "reply_markup" not in message


async def test_an_unanswered_comment_is_told_to_have_expired(chats: Chats) -> None:
    await a_waiting(chats)
    await chats.world.wait(700)
    assert "Nobody approved it in time." in (await chats.asked("anna"))["text"]


async def test_everybody_is_asked_in_their_own_language(chats: Chats) -> None:
    await wish(chats.world, "vera", "ru")
    await a_waiting(chats)
    assert "Ждёт одобрения" in (await chats.asked("vera"))["text"]
    assert "Waits for approval" in (await chats.asked("anna"))["text"]


async def test_who_has_blocked_the_bot_holds_nobody_up(chats: Chats) -> None:
    path = chats.path("anna").removesuffix("/messages")
    await chats.world.control("PUT", path, blocked=True)
    await a_waiting(chats)
    assert (await chats.press("vera", "a"))["text"] == "Approved."


async def test_who_may_only_look_is_not_asked(chats: Chats) -> None:
    with pytest.raises(Refused):
        await wish(chats.world, "boris")


async def test_a_comment_too_long_to_be_shown_whole_is_not_approved_there(chats: Chats) -> None:
    await a_waiting(chats, "x" * 31_000)
    message = await chats.asked("anna")
    assert "cannot be shown here as a whole" in message["text"]
    shown = [one["callback_data"][-1] for row in message["reply_markup"]["inline_keyboard"] for one in row]
    assert shown == ["s"]


async def test_a_long_comment_is_shown_whole_and_approved_or_changed_there(chats: Chats) -> None:
    await a_waiting(chats, "{One|Two}" + "x" * 6_000)
    message = await chats.asked("vera")
    assert "x" * 6_000 in words_of(message)
    assert "The bridge is open" in words_of(message)
    await chats.press("vera", "v")
    await chats.world.work()
    await chats.say("vera", "Short", reply_to=message["message_id"])
    await chats.world.work()
    assert "Short" in (await chats.asked("vera"))["text"]
    await chats.press("vera", "a")
    await chats.world.wait(61)
    (said,) = await chats.world.said()
    assert said["text"] == "Short"


POLL = {"options": ["Yes", "No"], "multiple": True}
BUTTONS = [[{"text": "Rules", "url": "https://example.com/rules"}]]


async def a_waiting_with(chats: Chats, variant: dict[str, Any], **more: Any) -> Comment:
    content = {"variants": [{"text": "Look at this"} | variant], **more}
    return await a_waiting(chats, content=content)


def verbs_of(message: dict[str, Any]) -> list[str]:
    return [one["callback_data"][-1] for row in message["reply_markup"]["inline_keyboard"] for one in row]


@pytest.mark.parametrize("kind", FILES)
async def test_a_file_is_sent_beside_the_question_and_the_comment_approved_there(chats: Chats, kind: str) -> None:
    await a_waiting_with(chats, {"media": {"media_id": await a_file(chats.world, kind)}})
    for who in ("anna", "vera"):
        (beside,) = [one for one in await chats.read(who) if kind in one]
        shown = beside[kind][-1] if kind == "photo" else beside[kind]
        assert chats.world.sandbox.world.files[shown["file_id"]].content == FILES[kind][0]
        asked = await chats.asked(who)
        assert beside["message_id"] < asked["message_id"]
        assert FILES[kind][1] in asked["text"]
        assert "a" in verbs_of(asked)
    await chats.press("vera", "a")
    await chats.world.wait(61)
    assert kind in (await chats.world.said())[0]
    assert len([one for one in await chats.read("vera") if kind in one]) == 1, "it is sent once"


async def test_what_cannot_be_sent_there_is_not_approved_there(chats: Chats) -> None:
    await chats.world.control("POST", "/faults", kind="http", method="sendPhoto", times=9, value=502)
    await a_waiting_with(chats, {"media": {"media_id": await a_file(chats.world)}})
    message = await chats.asked("anna")
    assert "cannot be shown here as a whole" in message["text"]
    assert verbs_of(message) == ["s"]


async def test_poll_buttons_quote_and_what_is_done_with_it_are_told(chats: Chats) -> None:
    await a_waiting_with(chats, {"poll": POLL, "buttons": BUTTONS}, quote=True, pin=True, silent=False)
    text = (await chats.asked("anna"))["text"]
    for told in (
        "Quote: The bridge is open",
        "Anonymous poll (several answers): Yes / No",
        "Button: [Rules] https://example.com/rules",
        "Readers hear it. It is pinned.",
    ):
        assert told in text
    assert "a" in verbs_of(await chats.asked("anna"))


async def test_a_long_comment_tells_what_it_carries_as_well(chats: Chats) -> None:
    await a_waiting_with(chats, {"text": "x" * 6_000, "buttons": BUTTONS}, quote=True)
    told = words_of(await chats.asked("anna"))
    assert "[Rules] https://example.com/rules" in told
    assert "x" * 6_000 in told
    assert "Quote:" in told


def test_a_replys_looks_become_telegrams_html() -> None:
    chat = Chat(1, "private")
    entities = (
        {"type": "bold", "offset": 0, "length": 5},
        {"type": "italic", "offset": 4, "length": 1},
        {"type": "text_link", "offset": 6, "length": 2, "url": "https://a.example/?b=1&c"},
    )
    message = Message(chat, 1, datetime(2026, 9, 30, tzinfo=UTC), text="ab🙂c <& z", entities=entities)
    assert html_of(message) == '<b>ab🙂<i>c</i></b> <a href="https://a.example/?b=1&amp;c">&lt;&amp;</a> z'
