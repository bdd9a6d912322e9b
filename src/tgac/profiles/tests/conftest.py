"""The pages and the API of profiles before a small world."""

from collections.abc import Sequence

import pytest
from tests.support.world import World

from tgac.bots.tests.front import Front
from tgac.profiles import api, web
from tgsandbox.model import Profile


class Desk(Front):
    """The front of a project's bots with their profiles, and Telegram behind it."""

    def __init__(self, world: World) -> None:
        super().__init__(world, first=(api, web))
        self.world = world

    @property
    def path(self) -> str:
        """The first bot's profile."""
        return f"/bots/{self.world.bots[0].id}/profile"

    @property
    def telegram(self) -> Profile:
        """What Telegram has of the first bot."""
        return self.world.sandbox.world.bots[self.world.bots[0].telegram_id].profile

    def calls(self, *methods: str) -> Sequence[str]:
        """The methods that were called, in order, of those that change a profile or of those named."""
        made = [one["method"] for one in self.world.sandbox.endpoint.calls.shown()]
        return [
            one for one in made if (one in methods if methods else one.startswith(("setMy", "deleteMy", "removeMy")))
        ]


@pytest.fixture
def desk(world: World) -> Desk:
    """Anna's project on each database."""
    return Desk(world)
