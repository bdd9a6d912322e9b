"""A comment from the post to the reader's answer."""

from tgsandbox.tests.hands import Hands, Scene, post


async def test_a_post_reaches_the_bot_in_the_channel_and_in_the_group(hands: Hands, scene: Scene) -> None:
    post_id, root_id = await post(hands, scene)
    first, second = await hands.updates(scene.token)
    assert first["channel_post"]["message_id"] == post_id
    forward = second["message"]
    assert forward["message_id"] == root_id
    assert forward["is_automatic_forward"] is True
    assert forward["from"] == {"id": 777000, "is_bot": False, "first_name": "Telegram"}
    assert forward["sender_chat"]["id"] == scene.channel
    assert forward["forward_origin"]["message_id"] == post_id


async def test_a_comment_is_a_reply_to_the_auto_forward(hands: Hands, scene: Scene) -> None:
    _, root_id = await post(hands, scene)
    sent = await hands.call(
        scene.token, "sendMessage", chat_id=scene.group, text="First!", reply_parameters={"message_id": root_id}
    )
    assert sent["reply_to_message"]["message_id"] == root_id
    assert sent["message_thread_id"] == root_id


async def test_a_bot_never_gets_its_own_messages(hands: Hands, scene: Scene) -> None:
    await hands.call(scene.token, "sendMessage", chat_id=scene.group, text="Hello")
    assert await hands.updates(scene.token) == []


async def test_a_comment_of_a_bot_outside_the_group_is_refused(hands: Hands, scene: Scene) -> None:
    _, root_id = await post(hands, scene)
    await hands.do("PUT", f"/chats/{scene.group}/members/{scene.bot}", status="left")
    said = await hands.refusal(
        scene.token, "sendMessage", chat_id=scene.group, text="x", reply_parameters={"message_id": root_id}
    )
    assert said == "Forbidden: bot is not a member of the supergroup chat"
