"""Telegram's limits are real buckets that fill with time."""

from tgsandbox.tests.hands import Hands, Scene


async def burst(hands: Hands, scene: Scene, chat_id: int, count: int) -> list[int]:
    """Send so many at once; the statuses."""
    answers = [await hands.ask(scene.token, "sendMessage", chat_id=chat_id, text=str(n)) for n in range(count)]
    return [answer.get("error_code", 200) for answer in answers]


async def test_a_chat_takes_a_short_burst_and_then_one_a_second(hands: Hands, scene: Scene) -> None:
    assert await burst(hands, scene, scene.group, 6) == [200] * 5 + [429]
    answer = await hands.ask(scene.token, "sendMessage", chat_id=scene.group, text="x")
    assert answer["description"] == "Too Many Requests: retry after 1"
    assert answer["parameters"] == {"retry_after": 1}
    hands.clock.advance(1)
    assert await burst(hands, scene, scene.group, 2) == [200, 429]


async def test_a_group_takes_twenty_a_minute(hands: Hands, scene: Scene) -> None:
    for _ in range(20):
        assert await burst(hands, scene, scene.group, 1) == [200]
        hands.clock.advance(1)
    statuses = []
    for _ in range(60):
        statuses += await burst(hands, scene, scene.group, 1)
        hands.clock.advance(1)
    assert statuses[:6] == [200] * 6
    assert statuses.count(200) == 26
    answer = await hands.ask(scene.token, "sendMessage", chat_id=scene.group, text="x")
    assert answer["error_code"] == 429
    hands.clock.advance(answer["parameters"]["retry_after"])
    assert await burst(hands, scene, scene.group, 1) == [200]


async def test_a_bot_sends_thirty_a_second(hands: Hands, scene: Scene) -> None:
    people = [await hands.do("POST", "/users", first_name=f"P{n}") for n in range(31)]
    for person in people:
        await hands.do("POST", f"/private/{scene.bot}/{person['id']}/messages", text="/start")
    statuses = [(await burst(hands, scene, person["id"], 1))[0] for person in people]
    assert statuses == [200] * 30 + [429]


async def test_what_is_refused_costs_nothing(hands: Hands, scene: Scene) -> None:
    for _ in range(10):
        await hands.refusal(scene.token, "sendMessage", chat_id=scene.group, text="")
    assert await burst(hands, scene, scene.group, 5) == [200] * 5


async def test_edits_in_a_group_have_a_budget_of_twenty(hands: Hands, scene: Scene) -> None:
    sent = await hands.call(scene.token, "sendMessage", chat_id=scene.group, text="x")
    edit = {"chat_id": scene.group, "message_id": sent["message_id"], "text": "x"}
    statuses = [(await hands.ask(scene.token, "editMessageText", **edit))["error_code"] for _ in range(21)]
    assert statuses == [400] * 20 + [429]


async def test_the_limits_can_be_lifted_for_load(hands: Hands, scene: Scene) -> None:
    await hands.do("POST", "/limits", enabled=False)
    assert await burst(hands, scene, scene.group, 40) == [200] * 40
