"""Private chats: who may begin, blocking, buttons, managed bots and tokens."""

import asyncio
from typing import Any

from tgsandbox.tests.hands import Hands, Scene


async def greet(hands: Hands, scene: Scene, text: str = "/start abc") -> None:
    await hands.do("POST", f"/private/{scene.bot}/{scene.vera}/messages", text=text)


async def test_a_bot_does_not_write_first(hands: Hands, scene: Scene) -> None:
    said = await hands.refusal(scene.token, "sendMessage", chat_id=scene.vera, text="Hello")
    assert said == "Forbidden: bot can't initiate conversation with a user"
    await greet(hands, scene)
    sent = await hands.call(scene.token, "sendMessage", chat_id=scene.vera, text="Hello")
    assert sent["chat"] == {"id": scene.vera, "type": "private", "first_name": "Vera", "username": "vera"}


async def test_a_start_link_reaches_the_bot_with_its_payload(hands: Hands, scene: Scene) -> None:
    await greet(hands, scene)
    (update,) = await hands.updates(scene.token)
    assert update["message"]["text"] == "/start abc"
    assert update["message"]["entities"] == [{"type": "bot_command", "offset": 0, "length": 6}]


async def test_a_blocked_bot_may_not_write_and_is_told(hands: Hands, scene: Scene) -> None:
    await greet(hands, scene)
    await hands.do("PUT", f"/private/{scene.bot}/{scene.vera}", blocked=True)
    update = (await hands.updates(scene.token))[-1]
    assert update["my_chat_member"]["new_chat_member"]["status"] == "kicked"
    said = await hands.refusal(scene.token, "sendMessage", chat_id=scene.vera, text="x")
    assert said == "Forbidden: bot was blocked by the user"
    await greet(hands, scene)
    await hands.call(scene.token, "sendMessage", chat_id=scene.vera, text="x")


async def test_a_bot_does_not_write_to_bots_nor_to_the_deactivated(hands: Hands, scene: Scene) -> None:
    await greet(hands, scene)
    await hands.do("PUT", f"/users/{scene.vera}", deactivated=True)
    said = await hands.refusal(scene.token, "sendMessage", chat_id=scene.vera, text="x")
    assert said == "Forbidden: user is deactivated"
    said = await hands.refusal(scene.token, "sendMessage", chat_id=scene.bot, text="x")
    assert said == "Forbidden: bot can't send messages to bots"


async def with_button(hands: Hands, scene: Scene) -> dict[str, Any]:
    await greet(hands, scene)
    keyboard = {"inline_keyboard": [[{"text": "Yes", "callback_data": "yes"}]]}
    sent = await hands.call(scene.token, "sendMessage", chat_id=scene.vera, text="Sure?", reply_markup=keyboard)
    await hands.updates(scene.token)
    return {"user_id": scene.vera, "chat_id": scene.vera, "message_id": sent["message_id"], "data": "yes"}


async def test_a_press_waits_for_the_bots_answer(hands: Hands, scene: Scene) -> None:
    press = await with_button(hands, scene)
    pressing = asyncio.create_task(hands.do("POST", "/callbacks", **press))
    (update,) = await hands.call(scene.token, "getUpdates", timeout=5)
    query = update["callback_query"]
    assert (query["data"], query["from"]["id"]) == ("yes", scene.vera)
    assert query["message"]["message_id"] == press["message_id"]
    answer = {"callback_query_id": query["id"], "text": "Done", "show_alert": True}
    await hands.call(scene.token, "answerCallbackQuery", **answer)
    assert await pressing == {"answered": True, "text": "Done", "show_alert": True}
    said = await hands.refusal(scene.token, "answerCallbackQuery", callback_query_id=query["id"])
    assert said == "Bad Request: query is too old and response timeout expired or query ID is invalid"


async def test_a_press_that_nobody_answers_ends_after_ten_seconds(hands: Hands, scene: Scene) -> None:
    press = await with_button(hands, scene)
    pressing = asyncio.create_task(hands.do("POST", "/callbacks", **press))
    await hands.call(scene.token, "getUpdates", timeout=5)
    hands.clock.advance(10.1)
    assert await pressing == {"answered": False}


async def test_only_a_button_that_is_there_can_be_pressed(hands: Hands, scene: Scene) -> None:
    press = await with_button(hands, scene)
    status, answer = await hands.raw("POST", "/callbacks", press | {"data": "no"})
    assert (status, answer["error"]["field"]) == (422, "data")


async def test_the_manager_gets_the_token_of_a_bot_that_a_person_made_for_it(hands: Hands, scene: Scene) -> None:
    order = {"manager_id": scene.bot, "owner_id": scene.vera, "name": "Shop", "username": "vera_shop_bot"}
    status, _ = await hands.raw("POST", "/managed", order)
    assert status == 422
    await hands.do("PUT", f"/bots/{scene.bot}", can_manage_bots=True)
    assert (await hands.call(scene.token, "getMe"))["can_manage_bots"] is True
    made = await hands.do("POST", "/managed", **order)
    (update,) = await hands.updates(scene.token)
    assert (update["managed_bot"]["user"]["id"], update["managed_bot"]["bot"]["id"]) == (scene.vera, made["id"])
    assert await hands.call(scene.token, "getManagedBotToken", user_id=made["id"]) == made["token"]
    said = await hands.refusal(made["token"], "getManagedBotToken", user_id=made["id"])
    assert said == "Bad Request: managed bot not found"
    rival = await hands.do("POST", "/bots", name="Rival", username="rival_bot", can_manage_bots=True)
    said = await hands.refusal(rival["token"], "getManagedBotToken", user_id=made["id"])
    assert said == "Bad Request: managed bot not found"


async def test_a_revoked_token_is_dead_and_the_manager_is_told(hands: Hands, scene: Scene) -> None:
    await hands.do("PUT", f"/bots/{scene.bot}", can_manage_bots=True)
    order = {"manager_id": scene.bot, "owner_id": scene.vera, "name": "Shop", "username": "vera_shop_bot"}
    made = await hands.do("POST", "/managed", **order)
    fresh = await hands.do("POST", f"/bots/{made['id']}/revoke")
    assert await hands.refusal(made["token"], "getMe") == "Unauthorized"
    assert await hands.call(scene.token, "getManagedBotToken", user_id=made["id"]) == fresh["token"]
    assert [list(update)[1] for update in await hands.updates(scene.token)] == ["managed_bot", "managed_bot"]


async def test_tokens_are_checked_as_telegram_does(hands: Hands, scene: Scene) -> None:
    unknown = await hands.ask(f"{scene.bot}:{'x' * 35}", "getMe")
    assert (unknown["error_code"], unknown["description"]) == (401, "Unauthorized")
    malformed = await hands.ask("12345", "getMe")
    assert (malformed["error_code"], malformed["description"]) == (404, "Not Found")


async def test_a_bot_that_logged_out_is_told_so(hands: Hands, scene: Scene) -> None:
    await hands.call(scene.token, "logOut")
    answer = await hands.ask(scene.token, "getMe")
    assert (answer["error_code"], answer["description"]) == (400, "Logged out")


async def test_a_frozen_bot_can_do_nothing(hands: Hands, scene: Scene) -> None:
    await hands.do("PUT", f"/bots/{scene.bot}", frozen=True)
    assert await hands.refusal(scene.token, "getMe") == "Bad Request: FROZEN_METHOD_INVALID"
