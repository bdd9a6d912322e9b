"""Requests of every shape, held against the tables; the record of calls."""

import json
from typing import Any

import aiohttp
import pytest
from tests.support.photos import jpeg

from tgsandbox.tests.hands import Hands, Scene

FIELDS = {"n", "at", "bot_id", "method", "chat_id", "params", "fault", "executed", "status", "description", "ms"}


def url(hands: Hands, scene: Scene, method: str = "sendMessage") -> str:
    return f"{hands.sandbox.url}/bot{scene.token}/{method}"


async def test_json_form_multipart_and_query_say_the_same(hands: Hands, scene: Scene) -> None:
    text = {"chat_id": str(scene.group), "text": "x", "reply_markup": json.dumps({"inline_keyboard": []})}
    parts = aiohttp.FormData(default_to_multipart=True)
    for name, value in text.items():
        parts.add_field(name, value)
    for how in ({"json": text | {"chat_id": scene.group}}, {"data": text}, {"data": parts}, {"params": text}):
        how_given: dict[str, Any] = how
        async with hands.session.post(url(hands, scene), **how_given) as answer:
            assert (await answer.json())["result"]["text"] == "x"
    calls = await hands.do("GET", "/calls?method=sendMessage")
    assert all(call["params"] == calls[0]["params"] for call in calls)
    assert calls[0]["params"]["reply_markup"] == {"inline_keyboard": []}


async def test_a_method_may_be_called_with_get_and_in_any_case(hands: Hands, scene: Scene) -> None:
    async with hands.session.get(url(hands, scene, "getme")) as answer:
        assert (await answer.json())["result"]["id"] == scene.bot
    assert (await hands.do("GET", "/calls"))[-1]["method"] == "getMe"


async def test_a_photo_can_be_uploaded_and_downloaded(hands: Hands, scene: Scene) -> None:
    parts = aiohttp.FormData()
    parts.add_field("chat_id", str(scene.group))
    parts.add_field("photo", jpeg(640, 480), filename="a.jpg", content_type="image/jpeg")
    async with hands.session.post(url(hands, scene, "sendPhoto"), data=parts) as answer:
        photo = (await answer.json())["result"]["photo"][-1]
    file = await hands.call(scene.token, "getFile", file_id=photo["file_id"])
    async with hands.session.get(f"{hands.sandbox.url}/file/bot{scene.token}/{file['file_path']}") as answer:
        assert await answer.read() == jpeg(640, 480)
    again = await hands.call(scene.token, "sendPhoto", chat_id=scene.group, photo=photo["file_id"])
    assert again["photo"] == [photo]


@pytest.mark.parametrize(
    ("method", "params", "said"),
    [
        ("sendMessage", {"text": "x"}, "Bad Request: chat_id is empty"),
        ("sendMessage", {"chat_id": 1}, "Bad Request: message text is empty"),
        ("sendPhoto", {"chat_id": "{group}"}, "Bad Request: there is no photo in the request"),
        (
            "sendPhoto",
            {"chat_id": "{group}", "photo": "nothing"},
            "Bad Request: wrong file identifier/HTTP URL specified",
        ),
        ("getFile", {"file_id": "nothing"}, "Bad Request: invalid file_id"),
        (
            "deleteMessage",
            {"chat_id": "{group}", "message_id": "x"},
            "Bad Request: message identifier is not specified",
        ),
        ("getChatMember", {"chat_id": "{group}", "user_id": "x"}, "Bad Request: invalid user_id specified"),
        ("sendChatAction", {"chat_id": "{group}", "action": "dance"}, "Bad Request: wrong parameter action in request"),
        ("getUpdates", {"timeout": "soon"}, 'Bad Request: parameter "timeout" must be a number'),
        (
            "sendMessage",
            {"chat_id": "{group}", "text": "x", "reply_parameters": "{"},
            "Bad Request: can't parse reply parameters JSON object",
        ),
        (
            "sendMessage",
            {"chat_id": "{group}", "text": "x", "reply_parameters": {"message_id": "x"}},
            'Bad Request: can\'t parse reply parameters: field "message_id" must be of type Number',
        ),
        (
            "sendMessage",
            {"chat_id": "{group}", "text": "x", "reply_parameters": {"allow_sending_without_reply": "yes"}},
            'Bad Request: can\'t parse reply parameters: field "allow_sending_without_reply" must be of type Boolean',
        ),
        ("setMyCommands", {"commands": [{"command": "A B", "description": "x"}]}, "Bad Request: BOT_COMMAND_INVALID"),
        (
            "setMessageReaction",
            {"chat_id": "{group}", "message_id": 1, "reaction": [{"type": "mood"}]},
            'Bad Request: can\'t parse reaction: field "type" must be of type String',
        ),
        ("sendDice", {"chat_id": "{group}"}, "Bad Request: method is not emulated by the sandbox"),
        (
            "sendMessage",
            {"chat_id": "{group}", "text": "x", "business_connection_id": "b"},
            'Bad Request: parameter "business_connection_id" is not emulated by the sandbox',
        ),
        ("sendMessages", {}, "Not Found: method not found"),
    ],
)
async def test_a_request_that_does_not_fit_is_refused(
    hands: Hands, scene: Scene, method: str, params: dict[str, Any], said: str
) -> None:
    given = {name: scene.group if value == "{group}" else value for name, value in params.items()}
    assert await hands.refusal(scene.token, method, **given) == said


async def test_unknown_parameters_are_ignored_as_telegram_does(hands: Hands, scene: Scene) -> None:
    await hands.call(scene.token, "sendMessage", chat_id=scene.group, text="x", colour="red")
    assert "colour" not in (await hands.do("GET", "/calls"))[-1]["params"]


async def test_a_body_that_is_not_json_is_refused(hands: Hands, scene: Scene) -> None:
    headers = {"Content-Type": "application/json"}
    async with hands.session.post(url(hands, scene), data=b"{", headers=headers) as answer:
        assert answer.status == 400
    async with hands.session.post(url(hands, scene), data=b'{"text": "\xff"}', headers=headers) as answer:
        assert (await answer.json())["description"] == "Bad Request: strings must be encoded in UTF-8"


async def test_every_call_is_written_down_in_order_without_tokens(hands: Hands, scene: Scene) -> None:
    await hands.call(scene.token, "sendMessage", chat_id=scene.group, text=f"my token is {scene.token}")
    await hands.refusal(scene.token, "sendMessage", chat_id=scene.group, text="")
    await hands.ask(f"{scene.bot}:{'x' * 35}", "getMe")
    await hands.call(scene.token, "setWebhook", url="", secret_token="hush")
    calls = await hands.do("GET", "/calls")
    assert [call["n"] for call in calls] == list(range(1, len(calls) + 1))
    good, bad, stranger, hook = calls[-4:]
    assert set(good) == FIELDS
    assert (good["bot_id"], good["chat_id"], good["status"], good["executed"]) == (scene.bot, scene.group, 200, True)
    assert (bad["status"], bad["executed"]) == (400, False)
    assert bad["description"] == "Bad Request: message text is empty"
    assert (stranger["bot_id"], stranger["status"]) == (None, 401)
    written = json.dumps(calls)
    assert scene.token not in written
    assert "hush" not in json.dumps(hook)


async def test_the_record_is_bounded(hands: Hands, scene: Scene) -> None:
    await hands.do("PUT", "/calls", cap=3)
    for _ in range(5):
        await hands.call(scene.token, "getMe")
    calls = await hands.do("GET", "/calls")
    assert len(calls) == 3
    assert [call["n"] for call in calls] == sorted(call["n"] for call in calls)
    assert len(await hands.do("GET", f"/calls?after={calls[1]['n']}")) == 1
