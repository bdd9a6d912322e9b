"""Who is what where, and who is told of it."""

import pytest

from tgsandbox.schema import conforms
from tgsandbox.tests.hands import Hands, Scene, promote


async def test_a_bot_is_told_who_added_it(hands: Hands, scene: Scene) -> None:
    bot = await hands.do("POST", "/bots", name="Other", username="other_bot")
    await promote(hands, scene.channel, bot["id"])
    (update,) = await hands.updates(bot["token"])
    change = update["my_chat_member"]
    assert change["from"]["id"] == scene.anna
    assert change["old_chat_member"]["status"] == "left"
    assert change["new_chat_member"]["can_post_messages"] is True


async def test_another_administrator_may_be_the_one_who_did_it(hands: Hands, scene: Scene) -> None:
    path = f"/chats/{scene.group}/members/{scene.bot}"
    await hands.do("PUT", path, **{"status": "kicked", "from": scene.vera})
    (update,) = await hands.updates(scene.token)
    assert update["my_chat_member"]["from"]["id"] == scene.vera


async def test_the_same_place_again_tells_nobody(hands: Hands, scene: Scene) -> None:
    await promote(hands, scene.group, scene.bot)
    assert await hands.updates(scene.token) == []


async def test_changes_of_others_come_only_when_asked_for_and_to_administrators(hands: Hands, scene: Scene) -> None:
    path = f"/chats/{scene.group}/members/{scene.vera}"
    await hands.call(scene.token, "getUpdates", allowed_updates=["chat_member"])
    await hands.do("PUT", path, status="member")
    (update,) = await hands.updates(scene.token)
    assert update["chat_member"]["new_chat_member"]["user"]["id"] == scene.vera
    await hands.do("PUT", f"/chats/{scene.group}/members/{scene.bot}", status="member")
    await hands.do("PUT", path, status="kicked")
    assert await hands.updates(scene.token) == []


@pytest.mark.parametrize("status", ["administrator", "member", "restricted", "left", "kicked"])
async def test_every_status_is_shown_as_the_tables_say(hands: Hands, scene: Scene, status: str) -> None:
    put = await hands.do("PUT", f"/chats/{scene.group}/members/{scene.vera}", status=status)
    shown = await hands.call(scene.token, "getChatMember", chat_id=scene.group, user_id=scene.vera)
    assert put == shown
    assert shown["status"] == status
    assert conforms("ChatMember", shown)


async def test_the_owner_is_the_creator(hands: Hands, scene: Scene) -> None:
    shown = await hands.call(scene.token, "getChatMember", chat_id=scene.channel, user_id=scene.anna)
    assert shown["status"] == "creator"
    status, answer = await hands.raw("PUT", f"/chats/{scene.channel}/members/{scene.anna}", {"status": "left"})
    assert (status, answer["error"]["field"]) == (422, "user_id")


async def test_a_bot_is_no_plain_member_of_a_channel(hands: Hands, scene: Scene) -> None:
    put = await hands.do("PUT", f"/chats/{scene.channel}/members/{scene.bot}", status="member")
    assert put["status"] == "left"


async def test_only_administrators_see_the_members_of_a_channel(hands: Hands, scene: Scene) -> None:
    public = await hands.do("POST", "/channels", title="Open", username="open_news", owner_id=scene.anna, group=False)
    said = await hands.refusal(scene.token, "getChatMember", chat_id="@open_news", user_id=scene.vera)
    assert said == "Bad Request: member list is inaccessible"
    await promote(hands, public["id"], scene.bot)
    shown = await hands.call(scene.token, "getChatMember", chat_id="@open_news", user_id=scene.vera)
    assert shown["status"] == "left"
    assert await hands.refusal(scene.token, "getChatMember", chat_id=public["id"], user_id=1) == (
        "Bad Request: user not found"
    )


@pytest.mark.parametrize(
    ("status", "said"),
    [
        ("left", "Forbidden: bot is not a member of the {} chat"),
        ("kicked", "Forbidden: bot was kicked from the {} chat"),
    ],
)
async def test_whoever_is_out_is_told_how(hands: Hands, scene: Scene, status: str, said: str) -> None:
    for chat_id, kind in ((scene.channel, "channel"), (scene.group, "supergroup")):
        await hands.do("PUT", f"/chats/{chat_id}/members/{scene.bot}", status=status)
        assert await hands.refusal(scene.token, "sendMessage", chat_id=chat_id, text="x") == said.format(kind)
        assert await hands.refusal(scene.token, "getChat", chat_id=chat_id) == said.format(kind)


async def test_the_channel_and_its_group_name_each_other(hands: Hands, scene: Scene) -> None:
    channel = await hands.call(scene.token, "getChat", chat_id=scene.channel)
    group = await hands.call(scene.token, "getChat", chat_id=scene.group)
    assert (channel["linked_chat_id"], group["linked_chat_id"]) == (scene.group, scene.channel)
    await hands.do("PUT", f"/channels/{scene.channel}/group", group_id=None)
    assert "linked_chat_id" not in await hands.call(scene.token, "getChat", chat_id=scene.channel)


async def test_a_strangers_chat_is_not_found(hands: Hands, scene: Scene) -> None:
    made = await hands.do("POST", "/channels", title="Closed", owner_id=scene.vera, group=False)
    for chat_id in (made["id"], -100, 12345, "@nobody_here", "text"):
        assert await hands.refusal(scene.token, "getChat", chat_id=chat_id) == "Bad Request: chat not found"
    assert await hands.refusal(scene.token, "getChat") == "Bad Request: chat_id is empty"


async def test_a_bot_that_leaves_is_out(hands: Hands, scene: Scene) -> None:
    await hands.call(scene.token, "leaveChat", chat_id=scene.group)
    (update,) = await hands.updates(scene.token)
    assert update["my_chat_member"]["new_chat_member"]["status"] == "left"
    said = await hands.refusal(scene.token, "sendMessage", chat_id=scene.group, text="x")
    assert said == "Forbidden: bot is not a member of the supergroup chat"


async def test_administrators_are_people_unless_bots_are_asked_for(hands: Hands, scene: Scene) -> None:
    other = await hands.do("POST", "/bots", name="Other", username="other_bot")
    await promote(hands, scene.group, other["id"])
    shown = await hands.call(scene.token, "getChatAdministrators", chat_id=scene.group)
    assert {member["user"]["id"] for member in shown} == {scene.anna, scene.bot}
    shown = await hands.call(scene.token, "getChatAdministrators", chat_id=scene.group, return_bots=True)
    assert other["id"] in {member["user"]["id"] for member in shown}
    assert await hands.call(scene.token, "getChatMemberCount", chat_id=scene.group) == 3
