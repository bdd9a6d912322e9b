"""Editing, deleting, pinning: whose, when, with what words."""

from typing import Any

import pytest

from tgsandbox.tests.hands import Hands, Scene, post

NOT_MODIFIED = (
    "Bad Request: message is not modified: specified new message content and reply markup are exactly the same "
    "as a current content and reply markup of the message"
)
KEYBOARD = {"inline_keyboard": [[{"text": "Rules", "url": "https://example.org/rules"}]]}


async def sent(hands: Hands, scene: Scene, **more: Any) -> dict[str, Any]:
    """A message of the bot in the group, as parameters that name it."""
    message = await hands.call(
        scene.token, "sendMessage", chat_id=scene.group, text="<b>Hi</b>", parse_mode="HTML", **more
    )
    return {"chat_id": scene.group, "message_id": message["message_id"]}


async def test_an_identical_edit_says_not_modified(hands: Hands, scene: Scene) -> None:
    same = await sent(hands, scene, reply_markup=KEYBOARD, link_preview_options={"is_disabled": True})
    edit = same | {"text": "<b>Hi</b>", "parse_mode": "HTML", "reply_markup": KEYBOARD}
    assert await hands.refusal(scene.token, "editMessageText", **edit) == NOT_MODIFIED
    del edit["reply_markup"]
    edited = await hands.call(scene.token, "editMessageText", **edit)
    assert "reply_markup" not in edited
    assert edited["edit_date"]


async def test_an_edit_of_what_is_gone_says_so(hands: Hands, scene: Scene) -> None:
    gone = await sent(hands, scene)
    await hands.do("DELETE", f"/chats/{scene.group}/messages/{gone['message_id']}")
    said = await hands.refusal(scene.token, "editMessageText", **gone, text="x")
    assert said == "Bad Request: message to edit not found"
    await hands.do("PUT", "/settings", edit_gone_as_id_invalid=True)
    assert await hands.refusal(scene.token, "editMessageText", **gone, text="x") == "Bad Request: MESSAGE_ID_INVALID"


async def test_only_its_own_messages_can_a_bot_edit(hands: Hands, scene: Scene) -> None:
    _, root_id = await post(hands, scene)
    said = await hands.refusal(scene.token, "editMessageText", chat_id=scene.group, message_id=root_id, text="x")
    assert said == "Bad Request: message can't be edited"


async def test_the_text_of_a_photo_is_its_caption(hands: Hands, scene: Scene) -> None:
    photo = await hands.call(scene.token, "sendPhoto", chat_id=scene.group, photo="https://example.org/a.jpg")
    named = {"chat_id": scene.group, "message_id": photo["message_id"]}
    said = await hands.refusal(scene.token, "editMessageText", **named, text="x")
    assert said == "Bad Request: there is no text in the message to edit"
    edited = await hands.call(scene.token, "editMessageCaption", **named, caption="x")
    assert edited["caption"] == "x"


async def test_a_keyboard_can_be_put_under_a_message_later(hands: Hands, scene: Scene) -> None:
    named = await sent(hands, scene)
    edited = await hands.call(scene.token, "editMessageReplyMarkup", **named, reply_markup=KEYBOARD)
    assert edited["reply_markup"] == KEYBOARD
    assert await hands.refusal(scene.token, "editMessageReplyMarkup", **named, reply_markup=KEYBOARD) == NOT_MODIFIED


async def test_own_messages_can_be_deleted_for_48_hours(hands: Hands, scene: Scene) -> None:
    await hands.do("PUT", f"/chats/{scene.group}/members/{scene.bot}", status="member")
    first, second = await sent(hands, scene), await sent(hands, scene)
    assert await hands.call(scene.token, "deleteMessage", **first) is True
    assert await hands.refusal(scene.token, "deleteMessage", **first) == "Bad Request: message to delete not found"
    hands.clock.advance(48 * 3600 + 1)
    said = await hands.refusal(scene.token, "deleteMessage", **second)
    assert said == "Bad Request: message can't be deleted for everyone"


async def test_with_the_right_everything_can_be_deleted_at_any_time(hands: Hands, scene: Scene) -> None:
    _, root_id = await post(hands, scene)
    hands.clock.advance(100 * 3600)
    assert await hands.call(scene.token, "deleteMessage", chat_id=scene.group, message_id=root_id) is True


async def test_without_the_right_others_messages_stay(hands: Hands, scene: Scene) -> None:
    await hands.do("PUT", f"/chats/{scene.group}/members/{scene.bot}", status="member")
    _, root_id = await post(hands, scene)
    said = await hands.refusal(scene.token, "deleteMessage", chat_id=scene.group, message_id=root_id)
    assert said == "Bad Request: message can't be deleted"


async def test_several_are_deleted_at_once_and_unknown_ones_passed_over(hands: Hands, scene: Scene) -> None:
    named = await sent(hands, scene)
    ids = [named["message_id"], 999]
    assert await hands.call(scene.token, "deleteMessages", chat_id=scene.group, message_ids=ids) is True
    shown = await hands.do("GET", f"/chats/{scene.group}/messages")
    assert shown[-1]["deleted"] is True
    said = await hands.refusal(scene.token, "deleteMessages", chat_id=scene.group, message_ids=[])
    assert said == "Bad Request: message identifiers are not specified"


async def test_pinning_needs_the_right(hands: Hands, scene: Scene) -> None:
    named = await sent(hands, scene)
    assert await hands.call(scene.token, "pinChatMessage", **named) is True
    full = await hands.call(scene.token, "getChat", chat_id=scene.group)
    assert full["pinned_message"]["message_id"] == named["message_id"]
    assert await hands.call(scene.token, "unpinChatMessage", **named) is True
    await hands.do("PUT", f"/chats/{scene.group}/members/{scene.bot}", status="member")
    said = await hands.refusal(scene.token, "pinChatMessage", **named)
    assert said == "Bad Request: not enough rights to manage pinned messages in the chat"


@pytest.mark.parametrize(
    ("button", "said"),
    [
        ({"text": "x", "url": "http://localhost:80"}, "Bad Request: BUTTON_URL_INVALID"),
        ({"text": "x", "callback_data": "я" * 33}, "Bad Request: BUTTON_DATA_INVALID"),
        (
            {"text": "x"},
            "Bad Request: can't parse inline keyboard button: text buttons are unallowed in the inline keyboard",
        ),
        ({"url": "https://example.org"}, "Bad Request: can't parse reply markup: can't find field \"text\""),
        (
            {"text": ["x"], "callback_data": "x"},
            'Bad Request: can\'t parse reply markup: field "text" must be of type String',
        ),
    ],
)
async def test_a_button_is_held_to_telegrams_rules(
    hands: Hands, scene: Scene, button: dict[str, Any], said: str
) -> None:
    markup = {"inline_keyboard": [[button]]}
    params = {"chat_id": scene.group, "text": "x", "reply_markup": markup}
    assert await hands.refusal(scene.token, "sendMessage", **params) == said
