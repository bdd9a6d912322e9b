"""getUpdates: confirming, waiting, choosing and forgetting."""

import asyncio

import pytest

from tgsandbox.tests.hands import Hands, Scene, post


async def poll(hands: Hands, token: str, **params: object) -> "asyncio.Task[dict[str, object]]":
    """A long poll that has reached the sandbox and waits there."""
    task = asyncio.create_task(hands.ask(token, "getUpdates", **params))
    bot = hands.sandbox.world.tokens[token]
    while not hands.sandbox.endpoint.pollers.is_waiting(bot):  # noqa: ASYNC110 - nothing tells when a poll began
        await asyncio.sleep(0.005)
    return task


async def test_updates_stay_until_they_are_confirmed(hands: Hands, scene: Scene) -> None:
    await post(hands, scene)
    first = await hands.call(scene.token, "getUpdates")
    assert await hands.call(scene.token, "getUpdates") == first
    rest = await hands.call(scene.token, "getUpdates", offset=first[1]["update_id"])
    assert rest == first[1:]
    assert await hands.call(scene.token, "getUpdates", offset=first[1]["update_id"] + 1) == []


async def test_a_negative_offset_keeps_the_last_ones_only(hands: Hands, scene: Scene) -> None:
    await post(hands, scene)
    await post(hands, scene)
    everything = await hands.call(scene.token, "getUpdates")
    assert await hands.call(scene.token, "getUpdates", offset=-1) == everything[-1:]
    assert await hands.call(scene.token, "getUpdates") == everything[-1:]


async def test_the_limit_is_kept(hands: Hands, scene: Scene) -> None:
    await post(hands, scene)
    assert len(await hands.call(scene.token, "getUpdates", limit=1)) == 1


async def test_a_long_poll_ends_when_something_happens(hands: Hands, scene: Scene) -> None:
    waiting = await poll(hands, scene.token, timeout=30)
    await post(hands, scene)
    answer = await waiting
    assert answer["ok"]
    assert answer["result"]


async def test_a_long_poll_ends_empty_when_its_time_is_over(hands: Hands, scene: Scene) -> None:
    waiting = await poll(hands, scene.token, timeout=30)
    hands.clock.advance(29.9)
    await asyncio.sleep(0.05)
    assert not waiting.done()
    hands.clock.advance(0.2)
    assert (await waiting)["result"] == []


async def test_a_second_poller_ends_the_first(hands: Hands, scene: Scene) -> None:
    waiting = await poll(hands, scene.token, timeout=30)
    assert await hands.call(scene.token, "getUpdates") == []
    answer = await waiting
    assert answer["error_code"] == 409
    assert answer["description"] == (
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
    )


async def test_updates_are_kept_for_a_day(hands: Hands, scene: Scene) -> None:
    await post(hands, scene)
    hands.clock.advance(24 * 3600 + 1)
    await post(hands, scene)
    assert len(await hands.call(scene.token, "getUpdates")) == 2
    hands.clock.advance(24 * 3600 + 1)
    assert await hands.call(scene.token, "getUpdates") == []


async def test_allowed_updates_are_remembered(hands: Hands, scene: Scene) -> None:
    await hands.call(scene.token, "getUpdates", allowed_updates=["channel_post"])
    await post(hands, scene)
    assert [list(update)[1] for update in await hands.updates(scene.token)] == ["channel_post"]
    await hands.call(scene.token, "getUpdates", allowed_updates=[])
    await post(hands, scene)
    assert len(await hands.updates(scene.token)) == 2


async def test_reactions_come_only_when_asked_for(hands: Hands, scene: Scene) -> None:
    post_id, root_id = await post(hands, scene)
    await hands.updates(scene.token)
    path = f"/chats/{scene.group}/messages/{root_id}/reactions"
    await hands.do("POST", path, user_id=scene.vera, emoji="👍")
    assert await hands.updates(scene.token) == []
    await hands.call(scene.token, "getUpdates", allowed_updates=["message_reaction", "message_reaction_count"])
    await hands.do("POST", path, user_id=scene.vera, emoji="🔥")
    (update,) = await hands.updates(scene.token)
    assert update["message_reaction"]["old_reaction"] == [{"type": "emoji", "emoji": "👍"}]
    assert update["message_reaction"]["new_reaction"] == [{"type": "emoji", "emoji": "🔥"}]
    path = f"/chats/{scene.channel}/messages/{post_id}/reactions"
    await hands.do("POST", path, user_id=scene.vera, emoji="👍")
    (update,) = await hands.updates(scene.token)
    assert update["message_reaction_count"]["reactions"][0]["total_count"] == 1


async def test_reactions_come_to_administrators_only(hands: Hands, scene: Scene) -> None:
    _, root_id = await post(hands, scene)
    await hands.do("PUT", f"/chats/{scene.group}/members/{scene.bot}", status="member")
    await hands.updates(scene.token, allowed_updates=["message_reaction"])
    await hands.updates(scene.token)
    path = f"/chats/{scene.group}/messages/{root_id}/reactions"
    await hands.do("POST", path, user_id=scene.vera, emoji="👍")
    assert await hands.updates(scene.token) == []


async def test_getting_updates_is_refused_while_a_webhook_is_set(hands: Hands, scene: Scene) -> None:
    waiting = await poll(hands, scene.token, timeout=30)
    await hands.call(scene.token, "setWebhook", url="http://127.0.0.1:9/hook")
    assert (await waiting)["description"] == "Conflict: terminated by setWebhook request"
    said = await hands.refusal(scene.token, "getUpdates")
    assert said.startswith("Conflict: can't use getUpdates method while webhook is active")
    await hands.call(scene.token, "deleteWebhook")
    assert await hands.call(scene.token, "getUpdates") == []


@pytest.mark.parametrize("times", [1, 2])
async def test_a_duplicated_update_comes_again_after_it_was_confirmed(hands: Hands, scene: Scene, times: int) -> None:
    await hands.do("POST", "/faults", kind="duplicate_update", chat_id=scene.channel, times=times)
    await post(hands, scene)
    first = await hands.call(scene.token, "getUpdates")
    again = await hands.call(scene.token, "getUpdates", offset=first[-1]["update_id"] + 1)
    assert again == first[:1]
    assert await hands.call(scene.token, "getUpdates", offset=first[-1]["update_id"] + 1) == []
