"""A channel that was linked to another discussion group."""

from typing import Any

from tests.support.world import World
from tgac.channels.models import Channel
from tgac.comments.arrive import take_updates
from tgac.comments.tests.hands import posts
from tgac.kit.queue.runner import Runner
from tgac.wiring import HANDLES


def forward(update_id: int, group_id: int, channel_id: int, *, root_id: int, origin_id: int) -> dict[str, Any]:
    """The automatic forward of a post into a group, as Telegram tells it."""
    channel = {"id": channel_id, "type": "channel", "title": "City news"}
    return {
        "update_id": update_id,
        "message": {
            "message_id": root_id,
            "date": 1_795_348_800 + update_id,
            "chat": {"id": group_id, "type": "supergroup", "title": "Talk"},
            "from": {"id": 777000, "is_bot": False, "first_name": "Telegram"},
            "sender_chat": channel,
            "is_automatic_forward": True,
            "text": f"Post {origin_id}",
            "forward_origin": {
                "type": "channel",
                "chat": channel,
                "message_id": origin_id,
                "date": 1_795_348_800 + update_id,
            },
        },
    }


async def test_numbers_that_the_other_group_gives_again_lose_no_post(world: World) -> None:
    place, bot = world.places[0], world.bots[0]
    await take_updates(world.tools, bot, [forward(900, place.group_id, place.id, root_id=5, origin_id=50)])
    other = place.group_id - 7
    async with world.tools.acting(None, world.project_id) as act:
        (await act.session.get_one(Channel, place.row.id)).group_id = other
    again = forward(901, other, place.id, root_id=5, origin_id=51)
    await take_updates(world.tools, bot, [again])
    await take_updates(world.tools, bot, [again | {"update_id": 902}])
    assert [(post.message_id, post.root_id, post.text) for post in await posts(world)] == [
        (50, 5, "Post 50"),
        (51, 5, "Post 51"),
    ]


async def test_a_thread_in_the_former_group_is_no_place_for_a_comment(world: World) -> None:
    place, bot = world.places[0], world.bots[0]
    await world.add_task()
    await take_updates(world.tools, bot, [forward(900, place.group_id, place.id, root_id=5, origin_id=50)])
    async with world.tools.acting(None, world.project_id) as act:
        (await act.session.get_one(Channel, place.row.id)).group_id = place.group_id - 7
    await Runner(world.tools, HANDLES).run_due()
    (comment,) = await world.comments()
    assert (comment.state, comment.reason) == ("skipped", "no_thread")
    assert await world.said() == []


async def test_reposts_whose_numbers_the_other_group_gives_again_are_two_posts(world: World) -> None:
    place, bot = world.places[0], world.bots[0]
    far = {"type": "channel", "chat": {"id": -1009, "type": "channel", "title": "Far"}, "message_id": 7}

    def repost(update_id: int, group_id: int) -> dict[str, Any]:
        told = forward(update_id, group_id, place.id, root_id=5, origin_id=50)
        told["message"]["forward_origin"] = far | {"date": told["message"]["date"]}
        told["message"]["date"] += update_id * 1000
        return told

    await take_updates(world.tools, bot, [repost(900, place.group_id)])
    other = place.group_id - 7
    async with world.tools.acting(None, world.project_id) as act:
        (await act.session.get_one(Channel, place.row.id)).group_id = other
    await take_updates(world.tools, bot, [repost(901, other)])
    assert [(post.root_id, post.root_group_id) for post in await posts(world)] == [(5, place.group_id), (5, other)]
