"""The pages and the API of tasks before a small world, and a second project of Anna's that has things of its own."""

from typing import Any

from tests.support.world import World

from tgac.bots.models import Bot, BotStatus
from tgac.bots.tests.front import Front
from tgac.channels.models import Channel
from tgac.kit.tenancy import EVERYONE
from tgac.people.projects import create_project
from tgac.tasks import (
    api,
    editor_web,
    media_api,
    media_web,
    playlists_api,
    playlists_web,
    versions_api,
    versions_web,
    web,
)
from tgac.wiring import include

PARTS = (api, versions_api, media_api, playlists_api, editor_web, web, media_web, versions_web, playlists_web)


class Desk(Front):
    """Asks as one of the cast; paths are below the project's."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.world = world
        include(self.app, *(part.router for part in PARTS))

    def document(self, text: str = "Hello", **parts: Any) -> dict[str, Any]:
        """A good document for the world's channel, `parts` over it."""
        channels = [place.row.id for place in self.world.places]
        return {"targets": {"channels": channels}, "content": {"variants": [{"text": text}]}} | parts

    async def create(self, name: str = "Rules", **parts: Any) -> Any:
        """A task by the API, without bots and OFF."""
        return await self.data("POST", "/tasks", json={"name": name, "config": self.document(**parts)})

    async def order(self, name: str = "Rules", **parts: Any) -> str:
        """The path of a task that is ON with the world's bots."""
        path = f"/tasks/{(await self.create(name, **parts))['id']}"
        await self.data("POST", f"{path}/assign", json={"bot_ids": [bot.id for bot in self.world.bots]})
        await self.data("POST", f"{path}/toggle", json={"status": "ON"})
        return path

    async def a_row_elsewhere(self) -> tuple[int, int]:
        """A channel and a bot of another project: their numbers."""
        tools, now = self.world.tools, self.world.clock.now()
        async with tools.acting(self.world.anna, EVERYONE) as act:
            project = await create_project(act, "Another")
            channel = Channel(
                project_id=project.id, telegram_id=-1009, title="Elsewhere", username=None, group_id=-1008,
                group_title="Elsewhere", claimed_by=self.world.anna.user_id, checked_at=now, created_at=now,
            )  # fmt: skip
            bot = Bot(
                project_id=project.id, telegram_id=99, username="else_bot", name="Else", token_sealed="x",
                status=BotStatus.ACTIVE, created_at=now,
            )  # fmt: skip
            act.session.add_all([channel, bot])
            await act.flush()
            return channel.id, bot.id
