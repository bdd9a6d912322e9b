"""What a bot hears of another bot in a group: https://core.telegram.org/api/bots/bot-to-bot."""

from typing import Any

import pytest

from tgsandbox.tests.hands import Hands, Scene


@pytest.fixture
async def other(hands: Hands, scene: Scene) -> dict[str, Any]:
    """Another bot, an administrator of the group."""
    bot: dict[str, Any] = await hands.do("POST", "/bots", name="Other", username="other_bot")
    rights = {"can_delete_messages": True}
    await hands.do("PUT", f"/chats/{scene.group}/members/{bot['id']}", status="administrator", rights=rights)
    await hands.updates(bot["token"])
    return bot


async def say(hands: Hands, scene: Scene, text: str = "Hello", **more: Any) -> int:
    sent = await hands.call(scene.token, "sendMessage", chat_id=scene.group, text=text, **more)
    return int(sent["message_id"])


async def switch(hands: Hands, bot_id: int, **switches: bool) -> None:
    await hands.do("PUT", f"/bots/{bot_id}", **switches)


async def test_without_the_mode_an_administrator_hears_no_bot(
    hands: Hands, scene: Scene, other: dict[str, Any]
) -> None:
    await switch(hands, scene.bot, bot_to_bot=True)
    await say(hands, scene)
    assert await hands.updates(other["token"]) == []


async def test_in_the_mode_an_administrator_hears_every_bot_but_itself(
    hands: Hands, scene: Scene, other: dict[str, Any]
) -> None:
    await switch(hands, other["id"], bot_to_bot=True)
    said = await say(hands, scene)
    (update,) = await hands.updates(other["token"])
    assert (update["message"]["message_id"], update["message"]["from"]["id"]) == (said, scene.bot)
    await hands.call(other["token"], "sendMessage", chat_id=scene.group, text="I hear you")
    assert await hands.updates(other["token"]) == []


@pytest.mark.parametrize(("reads_all", "heard"), [(False, 0), (True, 1)], ids=["privacy on", "privacy off"])
async def test_a_plain_member_in_the_mode_hears_bots_with_privacy_off(
    hands: Hands, scene: Scene, other: dict[str, Any], reads_all: bool, heard: int
) -> None:
    await hands.do("PUT", f"/chats/{scene.group}/members/{other['id']}", status="member")
    await switch(hands, other["id"], bot_to_bot=True, can_read_all_group_messages=reads_all)
    await hands.updates(other["token"])
    await say(hands, scene)
    assert len(await hands.updates(other["token"])) == heard


@pytest.mark.parametrize("text", ["/help@other_bot", "/help@other_bot now"])
async def test_a_command_by_name_is_heard_where_one_of_both_is_in_the_mode(
    hands: Hands, scene: Scene, other: dict[str, Any], text: str
) -> None:
    await say(hands, scene, text)
    assert await hands.updates(other["token"]) == []
    await switch(hands, scene.bot, bot_to_bot=True)
    await say(hands, scene, text)
    await say(hands, scene, "/help")
    (update,) = await hands.updates(other["token"])
    assert update["message"]["text"] == text


async def test_a_reply_is_heard_where_one_of_both_is_in_the_mode(
    hands: Hands, scene: Scene, other: dict[str, Any]
) -> None:
    asked = await hands.call(other["token"], "sendMessage", chat_id=scene.group, text="Ask me")
    await switch(hands, scene.bot, bot_to_bot=True)
    await say(hands, scene, reply_parameters={"message_id": asked["message_id"]})
    (update,) = await hands.updates(other["token"])
    assert update["message"]["reply_to_message"]["message_id"] == asked["message_id"]
