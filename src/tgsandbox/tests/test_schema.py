"""The tables hold us: every method's answer, every update, every word of refusal."""

import json
import re
from importlib import resources
from typing import Any

import pytest
from tests.support.photos import jpeg

from tgsandbox.bot_api.methods import EMULATED
from tgsandbox.refusals import ALSO, LISTED, Refused, refuse
from tgsandbox.schema import METHODS, conforms, misfit
from tgsandbox.tests.hands import Hands, Scene, post

USER = {"id": 1, "is_bot": False, "first_name": "Anna"}


@pytest.mark.parametrize(
    ("type_name", "value", "fits"),
    [
        ("User", USER, True),
        ("User", USER | {"id": "1"}, False),
        ("User", USER | {"id": True}, False),
        ("User", USER | {"nickname": "x"}, False),
        ("User", {"id": 1}, False),
        ("Array of User", [USER, USER], True),
        ("Array of User", [USER, 1], False),
        ("Integer or String", "x", True),
        ("Integer or String", 1.5, False),
        ("ChatMember", {"status": "left", "user": USER}, True),
        ("ChatMember", {"status": "creator", "user": USER}, False),
        ("ChatMember", {"status": "king", "user": USER}, False),
        ("MessageOrigin", {"type": "hidden_user", "sender_user_name": "x", "date": 1}, True),
        ("MessageOrigin", {"type": "user", "sender_user_name": "x", "date": 1}, False),
        ("ReactionType", {"type": "emoji", "emoji": "👍"}, True),
        ("MaybeInaccessibleMessage", {"chat": {"id": 1, "type": "private"}, "message_id": 1, "date": 0}, True),
    ],
)
def test_a_value_conforms_to_the_last_field_or_not(type_name: str, value: Any, fits: bool) -> None:
    assert conforms(type_name, value) is fits


def test_a_misfit_says_where() -> None:
    assert misfit("Array of User")([USER, USER | {"is_bot": 0}]) == "[1].is_bot is int, not Boolean"


def test_every_listed_refusal_stands_in_the_table_of_errors() -> None:
    table = json.loads((resources.files("tgsandbox") / "data" / "errors.json").read_text("utf-8"))["errors"]
    values = {"why": "x", "what": "photos", "kind": "channel", "retry_after": 3}
    for name, (status, text) in LISTED.items():
        said = text.format(**values) if "{" in text else text
        known = [entry for entry in table if entry.get("http") == status and _says(entry["desc"], said)]
        assert known, f"{name}: {said}"


def _says(pattern: str, said: str) -> bool:
    return re.fullmatch(pattern, said) is not None if pattern.startswith("^") else pattern == said


def test_every_other_refusal_has_the_shape_of_telegrams() -> None:
    heads = {400: "Bad Request: ", 403: "Forbidden: "}
    assert not LISTED.keys() & ALSO.keys()
    assert all(text.startswith(heads[status]) for status, text in ALSO.values())


def test_a_refusal_carries_its_parameters() -> None:
    refused = refuse("flood", retry_after=4)
    assert isinstance(refused, Refused)
    assert refused.body()["parameters"] == {"retry_after": 4}


def test_every_emulated_method_is_in_the_tables() -> None:
    assert set(EMULATED) <= METHODS.keys()


async def test_every_method_answers_as_the_tables_say(hands: Hands, scene: Scene) -> None:
    await hands.do("PUT", f"/bots/{scene.bot}", can_manage_bots=True)
    await hands.do("POST", "/limits", enabled=False)
    order = {"manager_id": scene.bot, "owner_id": scene.vera, "name": "Shop", "username": "vera_shop_bot"}
    made = await hands.do("POST", "/managed", **order)
    calls = await walk(hands, scene, made["id"])
    assert {method for method, _ in calls} == set(EMULATED)
    for method, params in calls:
        result = await hands.call(scene.token, method, **params)
        assert any(conforms(kind, result) for kind in METHODS[method]["returns"]), (method, result)


async def walk(hands: Hands, scene: Scene, managed_id: int) -> list[tuple[str, dict[str, Any]]]:
    """Every emulated method once, with parameters that succeed, in an order that works."""
    chat = {"chat_id": scene.group}
    texts = [await hands.call(scene.token, "sendMessage", **chat, text=str(n)) for n in range(5)]
    edited, pinned, gone, many, reacted = [chat | {"message_id": text["message_id"]} for text in texts]
    photo = await hands.call(scene.token, "sendPhoto", **chat, photo="https://example.org/a.jpg", caption="x")
    file_id = photo["photo"][0]["file_id"]
    query = await pressed(hands, scene)
    button = {"inline_keyboard": [[{"text": "x", "callback_data": "x"}]]}
    marked = {"caption": "<b>x</b>", "parse_mode": "HTML"}
    return [
        ("getMe", {}),
        ("getUpdates", {}),
        ("setWebhook", {"url": "http://127.0.0.1:9/"}),
        ("getWebhookInfo", {}),
        ("deleteWebhook", {}),
        ("setMyName", {"name": "Desk"}),
        ("getMyName", {}),
        ("setMyDescription", {"description": "x"}),
        ("getMyDescription", {}),
        ("setMyShortDescription", {"short_description": "x"}),
        ("getMyShortDescription", {"language_code": "ru"}),
        ("setMyCommands", {"commands": [{"command": "start", "description": "Begin"}]}),
        ("getMyCommands", {}),
        ("deleteMyCommands", {}),
        ("setMyProfilePhoto", {"photo": {"type": "static", "photo": "attach://me"}, "me": jpeg(640, 640)}),
        ("getUserProfilePhotos", {"user_id": scene.bot}),
        ("removeMyProfilePhoto", {}),
        ("getFile", {"file_id": file_id}),
        ("answerCallbackQuery", {"callback_query_id": query}),
        ("getManagedBotToken", {"user_id": managed_id}),
        ("replaceManagedBotToken", {"user_id": managed_id}),
        ("getChat", chat),
        ("getChatMember", chat | {"user_id": scene.anna}),
        ("getChatAdministrators", chat),
        ("getChatMemberCount", chat),
        ("sendMessage", chat | {"text": "see https://example.org", "protect_content": True}),
        ("sendRichMessage", chat | {"rich_message": {"blocks": [{"type": "paragraph", "text": "x"}]}}),
        ("sendPhoto", chat | {"photo": file_id, "has_spoiler": True}),
        ("sendAnimation", chat | {"animation": "https://example.org/a.gif"} | marked),
        ("sendDocument", chat | {"document": "https://example.org/a.pdf"}),
        ("sendVideo", chat | {"video": "https://example.org/a.mp4"}),
        ("sendPoll", chat | {"question": "Which?", "options": [{"text": "A"}, {"text": "B"}]}),
        ("sendChatAction", chat | {"action": "typing"}),
        ("editMessageText", edited | {"text": "changed"}),
        ("editMessageReplyMarkup", edited | {"reply_markup": button}),
        ("editMessageCaption", chat | {"message_id": photo["message_id"], "caption": "y"}),
        ("pinChatMessage", pinned),
        ("unpinChatMessage", pinned),
        ("setMessageReaction", reacted | {"reaction": [{"type": "emoji", "emoji": "👍"}]}),
        ("deleteMessage", gone),
        ("deleteMessages", chat | {"message_ids": [many["message_id"]]}),
        ("leaveChat", chat),
        ("close", {}),
        ("logOut", {}),
    ]


async def pressed(hands: Hands, scene: Scene) -> str:
    """The id of a callback query that waits."""
    keyboard = {"inline_keyboard": [[{"text": "x", "callback_data": "x"}]]}
    sent = await hands.call(scene.token, "sendMessage", chat_id=scene.group, text="x", reply_markup=keyboard)
    press = {"user_id": scene.vera, "chat_id": scene.group, "message_id": sent["message_id"], "data": "x"}
    await hands.updates(scene.token)
    hands.background(hands.do("POST", "/callbacks", **press))
    updates = await hands.call(scene.token, "getUpdates", timeout=5, offset=-1)
    return str(updates[-1]["callback_query"]["id"])


async def test_every_kind_of_update_conforms(hands: Hands, scene: Scene) -> None:
    kinds = ["message", "edited_message", "channel_post", "edited_channel_post", "callback_query", "my_chat_member"]
    kinds += ["chat_member", "message_reaction", "message_reaction_count", "managed_bot"]
    await hands.call(scene.token, "getUpdates", allowed_updates=kinds)
    await hands.do("PUT", f"/bots/{scene.bot}", can_manage_bots=True)
    post_id, root_id = await post(hands, scene)
    await hands.do("PUT", f"/chats/{scene.channel}/messages/{post_id}", text="Better")
    for chat_id, message_id in ((scene.channel, post_id), (scene.group, root_id)):
        path = f"/chats/{chat_id}/messages/{message_id}/reactions"
        await hands.do("POST", path, user_id=scene.vera, emoji="👍")
    await hands.do("PUT", f"/chats/{scene.group}/members/{scene.vera}", status="member")
    order = {"manager_id": scene.bot, "owner_id": scene.vera, "name": "Shop", "username": "vera_shop_bot"}
    await hands.do("POST", "/managed", **order)
    updates = await hands.call(scene.token, "getUpdates")
    await pressed(hands, scene)
    await hands.do("PUT", f"/chats/{scene.group}/members/{scene.bot}", status="kicked")
    updates += await hands.call(scene.token, "getUpdates")
    assert {list(update)[1] for update in updates} == set(kinds)
    assert all(conforms("Update", update) for update in updates)
