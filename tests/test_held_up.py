"""What was held up meets a world that has changed: night has fallen, the group is another one."""

from tests.support.world import World
from tgac.channels.models import Channel
from tgac.comments.tests.hands import sends, the_comment
from tgac.people.projects import pause_project, resume_project


async def test_what_was_held_up_into_the_quiet_hours_waits_for_their_end(world: World) -> None:
    quiet = {"from": "12:30", "to": "13:00"}
    timing = {"delay": {"min_s": 60, "max_s": 60}, "time_zone": "UTC", "quiet_hours": quiet, "expire_after_s": 7200}
    await world.add_task("Rules", timing=timing)
    await world.post("Hello")
    await world.work()
    async with world.tools.acting(world.anna, world.project_id) as act:
        await pause_project(act)
    await world.wait(2000)
    async with world.tools.acting(world.anna, world.project_id) as act:
        await resume_project(act)
    await world.wait(60)
    assert await sends(world) == []
    await world.wait(1600)
    assert (await the_comment(world)).state == "sent"


async def test_a_comment_does_not_go_into_a_group_that_is_no_longer_the_channels(world: World) -> None:
    await world.add_task("Rules", timing={"delay": {"min_s": 600, "max_s": 600}})
    await world.post("Hello")
    await world.work()
    async with world.tools.acting(None, world.project_id) as act:
        channel = await act.session.get_one(Channel, world.places[0].row.id)
        channel.group_id = channel.group_id - 1
    await world.wait(601)
    assert ((await the_comment(world)).state, await sends(world)) == ("cancelled", [])
