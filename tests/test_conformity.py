"""What we ask of Telegram, and what the emulated Telegram answers us, is what the Bot API's tables say."""

import json
from collections.abc import Sequence
from importlib import resources
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests.support.panel import a_panel
from tests.support.world import World, a_world
from tgac.bots.health import check_bot
from tgac.kit.secrets import Secret
from tgac.kit.telegram.gateway import Gateway
from tgac.kit.telegram.types import Button, Look
from tgsandbox.schema import conforms, misfit

API: dict[str, Any] = json.loads(resources.files("tgsandbox").joinpath("data/bot-api-10.3.json").read_text("utf-8"))
USED = {
    *("getMe", "getUpdates", "getChat", "getChatMember", "sendMessage", "editMessageText", "deleteMessage"),
    *("answerCallbackQuery", "deleteWebhook"),
}


async def live_through_everything(world: World) -> None:
    """Connect, post, comment, look after it, be refused; a comment that stands alone is taken back."""
    await world.add_task(content=with_a_button())
    await world.post("Hello")
    await world.post("Pictures", album=["photo", "video"])
    await world.post("Said elsewhere", forward_from="Somebody hidden")
    await world.work()
    await world.wait(2)
    await world.wait(300)
    await check_bot(world.tools, world.anna, project_id=world.project_id, bot_id=world.bots[0].id)
    await world.control("PUT", "/settings", unreplied_when_root_gone=True)
    post = await world.post("Deleted at once")
    await world.take_in()
    path = f"/chats/{world.places[0].group_id}/messages/{post['thread_ids'][0]}"
    await world.control("DELETE", path)
    await world.work()


def with_a_button() -> dict[str, Any]:
    buttons = [[{"text": "Rules", "url": "https://example.org/rules"}]]
    return {"variants": [{"name": "A", "text": "Rules of <b>{{ channel.title }}</b>", "buttons": buttons}]}


def faults_of(calls: Sequence[dict[str, Any]]) -> list[str]:
    """What in these calls is not as the tables say: method, names, types, what is required."""
    found: list[str] = []
    for call in calls:
        method = API["methods"].get(call["method"])
        if method is None:
            found.append(f"{call['method']}: no such method")
            continue
        known, asked = method["params"], call["params"] or {}
        found += [f"{call['method']}.{name}: no such parameter" for name in asked if name not in known]
        found += [
            f"{call['method']}.{name}: required"
            for name, about in known.items()
            if about["required"] and name not in asked
        ]
        found += [
            f"{call['method']}.{name} {misfit(known[name]['type'])(value)}"
            for name, value in asked.items()
            if name in known and not conforms(known[name]["type"], value)
        ]
    return found


async def test_every_call_of_the_line_is_as_the_tables_say(tmp_path: Path) -> None:
    async with a_world("sqlite", tmp_path) as world:
        await live_through_everything(world)
        calls = await world.control("GET", "/calls")
    assert faults_of(calls) == []
    assert {call["method"] for call in calls} >= USED - {"answerCallbackQuery"}
    assert len(calls) > 20


async def test_every_call_of_a_sign_in_is_as_the_tables_say(tmp_path: Path) -> None:
    async with a_panel("sqlite", tmp_path) as panel:
        await panel.add_user("boris")
        boris = await panel.phone("boris")
        browser = panel.browser()
        await browser.begin()
        await boris.sign_in(browser)
        calls = await panel.control("GET", "/calls")
    assert faults_of(calls) == []
    assert {call["method"] for call in calls} >= {"getUpdates", "sendMessage", "answerCallbackQuery"}


async def test_every_answer_that_the_line_gets_is_as_the_tables_say(tmp_path: Path) -> None:
    async with a_world("sqlite", tmp_path) as world:
        await world.work()
        post = await world.post("Hello")
        under = {"message_id": post["thread_ids"][0]}
        bot, group_id = world.bots[0], world.places[0].group_id
        token = world.tokens[0]
        asked: list[tuple[str, dict[str, Any]]] = [
            ("getMe", {}),
            ("getUpdates", {"timeout": 0}),
            ("getChat", {"chat_id": group_id}),
            ("getChatMember", {"chat_id": group_id, "user_id": bot.telegram_id}),
            (
                "sendMessage",
                {"chat_id": group_id, "text": "A", "reply_parameters": under},
            ),
            ("deleteWebhook", {}),
        ]
        answers = {method: await raw_answer(world, token, method, params=params) for method, params in asked}
        sent = answers["sendMessage"]["message_id"]
        edit = {"chat_id": group_id, "message_id": sent, "text": "B"}
        answers["editMessageText"] = await raw_answer(world, token, "editMessageText", params=edit)
        gone = {"chat_id": group_id, "message_id": sent}
        answers["deleteMessage"] = await raw_answer(world, token, "deleteMessage", params=gone)
    for method, result in answers.items():
        assert any(conforms(one, result) for one in API["methods"][method]["returns"]), (method, result)
    by_hand(answers, bot_id=bot.telegram_id, group_id=group_id, root_id=post["thread_ids"][0])


def by_hand(answers: dict[str, Any], *, bot_id: int, group_id: int, root_id: int) -> None:
    """What the documentation says in words, without the tables: https://core.telegram.org/bots/api."""
    assert answers["getMe"]["id"] == bot_id
    assert answers["getMe"]["is_bot"] is True
    assert isinstance(answers["getMe"]["can_join_groups"], bool)
    posts = [one["channel_post"] for one in answers["getUpdates"] if "channel_post" in one]
    forwards = [one["message"] for one in answers["getUpdates"] if "message" in one]
    (forward,) = [one for one in forwards if one.get("is_automatic_forward")]
    assert posts[0]["chat"]["type"] == "channel"
    assert forward["is_automatic_forward"] is True
    assert forward["from"]["id"] == 777000
    assert forward["sender_chat"]["id"] == posts[0]["chat"]["id"]
    assert forward["forward_origin"]["type"] == "channel"
    assert forward["forward_origin"]["message_id"] == posts[0]["message_id"]
    assert answers["getChat"]["type"] == "supergroup"
    assert answers["getChat"]["linked_chat_id"] == posts[0]["chat"]["id"]
    assert answers["getChatMember"]["status"] == "administrator"
    assert answers["getChatMember"]["can_delete_messages"] is True
    assert answers["sendMessage"]["chat"]["id"] == group_id
    assert answers["sendMessage"]["reply_to_message"]["message_id"] == root_id
    assert answers["editMessageText"]["edit_date"] >= answers["sendMessage"]["date"]
    assert answers["deleteMessage"] is True
    assert answers["deleteWebhook"] is True


async def raw_answer(world: World, token: str, method: str, *, params: dict[str, Any]) -> Any:
    """The `result` as it came over HTTP."""
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{world.sandbox.url}/bot{token}/{method}", json=params) as answer,
    ):
        told = await answer.json()
    assert told["ok"] is True, told
    return told["result"]


async def test_a_comment_asks_exactly_what_the_documentation_says(tmp_path: Path) -> None:
    async with a_world("sqlite", tmp_path) as world:
        post = await world.post("Hello")
        gateway = Gateway(world.sandbox.url)
        place, root_id = world.places[0], post["thread_ids"][0]
        look = Look(keyboard=((Button("Rules", url="https://example.org"),),), link_preview=False, silent=True)
        token = Secret(world.tokens[0])
        await gateway.send_comment(token, chat_id=place.group_id, root_id=root_id, html="<b>Hi</b>", look=look)
        await gateway.aclose()
        (call,) = await world.control("GET", "/calls?method=sendMessage")
    assert call["params"] == {
        "chat_id": place.group_id,
        "text": "<b>Hi</b>",
        "parse_mode": "HTML",
        "reply_parameters": {"message_id": root_id, "allow_sending_without_reply": False},
        "link_preview_options": {"is_disabled": True},
        "disable_notification": True,
        "reply_markup": {"inline_keyboard": [[{"text": "Rules", "url": "https://example.org"}]]},
    }


@pytest.mark.parametrize(
    ("call", "fault"),
    [
        ({"method": "sendComment", "params": {}}, "sendComment: no such method"),
        ({"method": "getChat", "params": {}}, "getChat.chat_id: required"),
        ({"method": "getMe", "params": {"now": True}}, "getMe.now: no such parameter"),
        ({"method": "getChat", "params": {"chat_id": 1.5}}, "getChat.chat_id is none of"),
    ],
)
def test_the_check_sees_what_is_wrong(call: dict[str, Any], fault: str) -> None:
    assert any(one.startswith(fault) for one in faults_of([call]))
