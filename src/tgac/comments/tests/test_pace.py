"""A bot keeps Telegram's own limits by itself: Telegram never has to ask it to rest."""

from tests.support.world import World

from tgac.comments.tests.hands import sends
from tgac.kit.telegram.pace import CHAT, GROUP


async def test_many_that_are_due_at_once_in_one_group_leave_as_fast_as_telegram_lets_them(world: World) -> None:
    await world.add_task("Rules")
    for _ in range(GROUP.count + 2):
        await world.post()
    await world.work()
    assert len(await sends(world)) == CHAT.count
    held = [one for one in await world.comments() if one.state == "planned"]
    assert len(held) == GROUP.count + 2 - CHAT.count
    for _ in range(int(GROUP.seconds)):
        await world.wait(1)
    assert len(await sends(world)) >= GROUP.count
    for _ in range(30):
        await world.wait(10)
    assert {one.state for one in await world.comments()} == {"sent"}
    assert len(await sends(world)) == GROUP.count + 2, "Telegram refused one, so it was tried again"
