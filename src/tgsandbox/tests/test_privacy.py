"""What a plain member with privacy mode on gets, and what it does not."""

import pytest

from tgsandbox.tests.hands import Hands, Scene, post


@pytest.fixture
async def plain(hands: Hands, scene: Scene) -> Scene:
    """The bot is a plain member of the group."""
    await hands.do("PUT", f"/chats/{scene.group}/members/{scene.bot}", status="member")
    await hands.updates(scene.token)
    return scene


async def say(hands: Hands, scene: Scene, text: str, reply_to: int | None = None) -> None:
    body = {"user_id": scene.vera, "text": text} | ({"reply_to": reply_to} if reply_to else {})
    await hands.do("POST", f"/chats/{scene.group}/messages", **body)


async def test_a_plain_member_does_not_get_the_auto_forward(hands: Hands, plain: Scene) -> None:
    await post(hands, plain)
    assert [list(update)[1] for update in await hands.updates(plain.token)] == ["channel_post"]


async def test_with_privacy_off_a_plain_member_gets_everything(hands: Hands, plain: Scene) -> None:
    await hands.do("PUT", f"/bots/{plain.bot}", can_read_all_group_messages=True)
    assert (await hands.call(plain.token, "getMe"))["can_read_all_group_messages"] is True
    await post(hands, plain)
    await say(hands, plain, "Hello")
    assert len(await hands.updates(plain.token)) == 3


@pytest.mark.parametrize(
    ("text", "comes"),
    [
        ("Hello", False),
        ("/help", True),
        ("/help@helper_bot now", True),
        ("/help@other_bot", False),
        ("see /help", False),
    ],
)
async def test_a_plain_member_gets_commands_for_it(hands: Hands, plain: Scene, text: str, comes: bool) -> None:
    await say(hands, plain, text)
    assert bool(await hands.updates(plain.token)) is comes


async def test_a_plain_member_gets_replies_to_itself(hands: Hands, plain: Scene) -> None:
    sent = await hands.call(plain.token, "sendMessage", chat_id=plain.group, text="Ask me")
    await say(hands, plain, "Why?", sent["message_id"])
    (update,) = await hands.updates(plain.token)
    assert update["message"]["reply_to_message"]["message_id"] == sent["message_id"]


async def test_an_administrator_gets_readers_comments(hands: Hands, scene: Scene) -> None:
    await say(hands, scene, "Hello")
    assert (await hands.updates(scene.token))[0]["message"]["text"] == "Hello"
