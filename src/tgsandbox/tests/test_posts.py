"""Posts and their way into the discussion group."""

from typing import Any

from tgsandbox.tests.hands import Hands, Scene, post


async def test_a_channel_without_a_group_has_no_threads(hands: Hands, scene: Scene) -> None:
    made = await hands.do("POST", "/channels", title="Alone", owner_id=scene.anna, group=False)
    assert made["group_id"] is None
    posted = await hands.do("POST", f"/channels/{made['id']}/posts", text="Hello")
    assert posted["thread_ids"] == []


async def test_a_post_with_a_keyboard_has_no_comments(hands: Hands, scene: Scene) -> None:
    keyboard = [[{"text": "Vote", "callback_data": "v"}]]
    posted = await hands.do("POST", f"/channels/{scene.channel}/posts", text="Hello", keyboard=keyboard)
    assert posted["thread_ids"] == []
    kinds = [next(kind for kind in update if kind != "update_id") for update in await hands.updates(scene.token)]
    assert kinds == ["channel_post"]


async def test_an_album_is_one_update_an_item_and_one_thread(hands: Hands, scene: Scene) -> None:
    posted = await hands.do("POST", f"/channels/{scene.channel}/posts", text="Look", album=["photo", "photo", "video"])
    assert len(posted["message_ids"]) == len(posted["thread_ids"]) == 3
    assert posted["thread_ids"] == sorted(posted["thread_ids"])
    messages = [message_of(update) for update in await hands.updates(scene.token)]
    assert len({message["media_group_id"] for message in messages}) == 1
    assert [message.get("caption") for message in messages[:3]] == ["Look", None, None]


async def test_a_reply_to_any_item_of_an_album_stands_in_its_one_thread(hands: Hands, scene: Scene) -> None:
    posted = await hands.do("POST", f"/channels/{scene.channel}/posts", album=["photo", "photo"])
    sent = await hands.comment(scene, posted["thread_ids"][1], "x")
    assert sent["message_thread_id"] == posted["thread_ids"][0]


async def test_auto_forwards_of_an_album_may_lack_the_group_id(hands: Hands, scene: Scene) -> None:
    await hands.do("PUT", "/settings", album_group_on_forward=False)
    await hands.do("POST", f"/channels/{scene.channel}/posts", album=["photo", "photo"])
    updates = await hands.updates(scene.token)
    assert all("media_group_id" in update["channel_post"] for update in updates[:2])
    assert not any("media_group_id" in update["message"] for update in updates[2:])


async def test_the_auto_forward_may_come_before_the_post(hands: Hands, scene: Scene) -> None:
    await hands.do("PUT", "/settings", forward_first=True)
    await post(hands, scene)
    first, second = await hands.updates(scene.token)
    assert "message" in first
    assert "channel_post" in second


async def test_the_origin_of_a_repost_is_its_author_not_our_post(hands: Hands, scene: Scene) -> None:
    other = await hands.do("POST", "/channels", title="Other", owner_id=scene.vera, group=False)
    source = {"chat_id": other["id"], "message_id": 5}
    await hands.do("POST", f"/channels/{scene.channel}/posts", text="Copied", forward_from=source)
    published, forward = [message_of(update) for update in await hands.updates(scene.token)]
    assert published["forward_origin"]["chat"]["id"] == other["id"]
    assert forward["forward_origin"] == published["forward_origin"]
    assert forward["is_automatic_forward"] is True


async def test_an_edited_post_is_told_twice(hands: Hands, scene: Scene) -> None:
    post_id, root_id = await post(hands, scene)
    await hands.updates(scene.token)
    await hands.do("PUT", f"/chats/{scene.channel}/messages/{post_id}", text="Better")
    first, second = await hands.updates(scene.token)
    assert first["edited_channel_post"]["text"] == "Better"
    assert first["edited_channel_post"]["edit_date"]
    assert (second["edited_message"]["message_id"], second["edited_message"]["text"]) == (root_id, "Better")


async def test_nothing_tells_of_a_deletion(hands: Hands, scene: Scene) -> None:
    post_id, root_id = await post(hands, scene)
    await hands.updates(scene.token)
    await hands.do("DELETE", f"/chats/{scene.channel}/messages/{post_id}")
    assert await hands.updates(scene.token) == []
    shown = await hands.do("GET", f"/chats/{scene.group}/messages")
    assert [message["deleted"] for message in shown if message["message_id"] == root_id] == [True]


async def test_a_post_of_a_bot_is_forwarded_as_well(hands: Hands, scene: Scene) -> None:
    sent = await hands.call(scene.token, "sendMessage", chat_id=scene.channel, text="From the bot")
    assert sent["sender_chat"]["id"] == scene.channel
    (update,) = await hands.updates(scene.token)
    assert update["message"]["forward_origin"]["message_id"] == sent["message_id"]


async def test_a_bot_without_the_right_does_not_post(hands: Hands, scene: Scene) -> None:
    await hands.do("PUT", f"/chats/{scene.channel}/members/{scene.bot}", status="administrator")
    said = await hands.refusal(scene.token, "sendMessage", chat_id=scene.channel, text="x")
    assert said == "Bad Request: need administrator rights in the channel chat"


async def test_a_group_belongs_to_one_channel(hands: Hands, scene: Scene) -> None:
    other = await hands.do("POST", "/channels", title="Other", owner_id=scene.anna, group=False)
    status, answer = await hands.raw("PUT", f"/channels/{other['id']}/group", {"group_id": scene.group})
    assert (status, answer["error"]["field"]) == (422, "group_id")
    await hands.do("PUT", f"/channels/{scene.channel}/group", group_id=None)
    await hands.do("PUT", f"/channels/{other['id']}/group", group_id=scene.group)
    posted = await hands.do("POST", f"/channels/{other['id']}/posts", text="Hello")
    assert len(posted["thread_ids"]) == 1


def message_of(update: dict[str, Any]) -> dict[str, Any]:
    """The message in an update, of whatever kind."""
    return next(value for kind, value in update.items() if kind != "update_id")
