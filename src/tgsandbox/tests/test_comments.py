"""A comment from the post to the reader's answer."""

import pytest

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
    sent = await hands.comment(scene, root_id, "First!")
    assert sent["reply_to_message"]["message_id"] == root_id
    assert sent["message_thread_id"] == root_id


async def test_the_thread_of_a_reply_to_a_comment_is_the_root(hands: Hands, scene: Scene) -> None:
    _, root_id = await post(hands, scene)
    comment = await hands.comment(scene, root_id, "First!")
    body = {"user_id": scene.vera, "text": "Really?", "reply_to": comment["message_id"]}
    answer = await hands.do("POST", f"/chats/{scene.group}/messages", **body)
    assert answer["message_thread_id"] == root_id


async def test_a_bot_never_gets_its_own_messages(hands: Hands, scene: Scene) -> None:
    await hands.call(scene.token, "sendMessage", chat_id=scene.group, text="Hello")
    assert await hands.updates(scene.token) == []


async def test_a_bot_does_not_get_the_messages_of_other_bots(hands: Hands, scene: Scene) -> None:
    other = await hands.do("POST", "/bots", name="Other", username="other_bot")
    await hands.do("PUT", f"/chats/{scene.group}/members/{other['id']}", status="member")
    await hands.updates(scene.token)
    await hands.call(other["token"], "sendMessage", chat_id=scene.group, text="Hello")
    assert await hands.updates(scene.token) == []


async def test_a_comment_of_a_bot_outside_the_group_is_refused(hands: Hands, scene: Scene) -> None:
    _, root_id = await post(hands, scene)
    await hands.do("PUT", f"/chats/{scene.group}/members/{scene.bot}", status="left")
    said = await hands.refusal(scene.token, "sendMessage", chat_id=scene.group, text="x", **_to(root_id))
    assert said == "Forbidden: bot is not a member of the supergroup chat"


async def test_replying_across_chats_does_not_get_round_membership(hands: Hands, scene: Scene) -> None:
    _, root_id = await post(hands, scene)
    await hands.do("PUT", f"/chats/{scene.group}/members/{scene.bot}", status="left")
    reply = {"message_id": root_id, "chat_id": scene.group}
    said = await hands.refusal(scene.token, "sendMessage", chat_id=scene.channel, text="x", reply_parameters=reply)
    assert said == "Forbidden: bot is not a member of the supergroup chat"


async def test_a_reply_to_a_deleted_root_is_refused(hands: Hands, scene: Scene) -> None:
    _, root_id = await post(hands, scene)
    await hands.do("DELETE", f"/chats/{scene.group}/messages/{root_id}")
    said = await hands.refusal(scene.token, "sendMessage", chat_id=scene.group, text="x", **_to(root_id))
    assert said == "Bad Request: message to be replied not found"


async def test_a_reply_to_a_deleted_root_may_go_out_without_a_reply(hands: Hands, scene: Scene) -> None:
    _, root_id = await post(hands, scene)
    await hands.do("PUT", "/settings", unreplied_when_root_gone=True)
    await hands.do("DELETE", f"/chats/{scene.group}/messages/{root_id}")
    sent = await hands.comment(scene, root_id, "x")
    assert "reply_to_message" not in sent


async def test_whoever_allows_it_sends_without_the_reply(hands: Hands, scene: Scene) -> None:
    reply = {"message_id": 999, "allow_sending_without_reply": True}
    sent = await hands.call(scene.token, "sendMessage", chat_id=scene.group, text="x", reply_parameters=reply)
    assert "reply_to_message" not in sent


async def test_a_quote_is_an_exact_part_of_the_post(hands: Hands, scene: Scene) -> None:
    _, root_id = await post(hands, scene, text="😀 The tram opens")
    reply = {"message_id": root_id, "quote": "tram opens"}
    sent = await hands.call(scene.token, "sendMessage", chat_id=scene.group, text="x", reply_parameters=reply)
    assert sent["quote"] == {"text": "tram opens", "position": 7, "is_manual": True}
    reply["quote"] = "tram opened"
    said = await hands.refusal(scene.token, "sendMessage", chat_id=scene.group, text="x", reply_parameters=reply)
    assert said == "Bad Request: QUOTE_TEXT_INVALID"


async def test_a_quote_repeats_the_looks_of_what_it_quotes(hands: Hands, scene: Scene) -> None:
    told = {"chat_id": scene.channel, "text": "The <b>tram</b> opens", "parse_mode": "HTML"}
    await hands.call(scene.token, "sendMessage", **told)
    root_id = (await hands.do("GET", f"/chats/{scene.group}/messages"))[-1]["message_id"]
    reply: dict[str, object] = {"message_id": root_id, "quote": "tram opens"}
    said = await hands.refusal(scene.token, "sendMessage", chat_id=scene.group, text="x", reply_parameters=reply)
    assert said == "Bad Request: QUOTE_TEXT_INVALID"
    reply["quote_entities"] = [{"type": "bold", "offset": 0, "length": 4}]
    sent = await hands.call(scene.token, "sendMessage", chat_id=scene.group, text="x", reply_parameters=reply)
    assert sent["quote"]["entities"] == reply["quote_entities"]


async def test_a_guard_bot_takes_the_comment_away_at_once(hands: Hands, scene: Scene) -> None:
    _, root_id = await post(hands, scene)
    await hands.do("PUT", f"/chats/{scene.group}", guarded=True)
    answer = await hands.ask(scene.token, "sendMessage", chat_id=scene.group, text="x", **_to(root_id))
    assert answer["error_code"] == 500
    assert answer["description"].endswith("sent message was immediately deleted and can't be returned")
    last = (await hands.do("GET", f"/chats/{scene.group}/messages"))[-1]
    assert (last["text"], last["deleted"]) == ("x", True)
    assert (await hands.do("GET", "/calls"))[-1]["executed"] is True


async def test_a_thread_id_is_ignored_in_a_discussion_group_only(hands: Hands, scene: Scene) -> None:
    sent = await hands.call(scene.token, "sendMessage", chat_id=scene.group, text="x", message_thread_id=77)
    assert "message_thread_id" not in sent
    await hands.do("PUT", f"/channels/{scene.channel}/group", group_id=None)
    said = await hands.refusal(scene.token, "sendMessage", chat_id=scene.group, text="x", message_thread_id=77)
    assert said == "Bad Request: message thread not found"


async def test_a_restricted_bot_may_not_write(hands: Hands, scene: Scene) -> None:
    await hands.do("PUT", f"/chats/{scene.group}/members/{scene.bot}", status="restricted")
    said = await hands.refusal(scene.token, "sendMessage", chat_id=scene.group, text="x")
    assert said == "Bad Request: not enough rights to send text messages to the chat"


def _to(root_id: int) -> dict[str, object]:
    return {"reply_parameters": {"message_id": root_id}}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"options": [{"text": str(n)} for n in range(13)]}, "poll can't have more than 12 options"),
        ({"options": [{"text": "x" * 101}, {"text": "y"}]}, "poll options length must not exceed 100"),
        ({"options": [{"text": " "}, {"text": "y"}]}, "poll options must be non-empty"),
        ({"question": "x" * 301}, "poll question length must not exceed 300"),
    ],
)
async def test_a_poll_is_held_to_its_limits(hands: Hands, scene: Scene, wrong: dict[str, object], said: str) -> None:
    asked = {"chat_id": scene.group, "question": "Why?", "options": [{"text": "x"}, {"text": "y"}]} | wrong
    assert await hands.refusal(scene.token, "sendPoll", **asked) == f"Bad Request: {said}"
