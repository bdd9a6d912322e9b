from tests.support.world import World

from tgac.panel.care import concerns
from tgac.panel.health import figures_of


async def test_bots_are_counted_by_how_they_stand_on_each_database(world: World) -> None:
    await world.add_bot("homeless")
    async with world.tools.reading(world.anna, world.project_id) as act:
        assert [(one.which, one.count) for one in await concerns(act)] == [("NEEDS_SETUP", 1)]
    assert (await figures_of(world.tools, world.anna))["bots"] == {"ACTIVE": 1, "NEEDS_SETUP": 1}
