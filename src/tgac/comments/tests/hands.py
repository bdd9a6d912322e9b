"""What the tests of the line do again and again."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import select
from tests.support.world import World

from tgac.comments.jobs import SendComment
from tgac.comments.models import Comment
from tgac.comments.send import send_comment
from tgac.kit.queue.jobs import Outcome
from tgac.kit.queue.runner import Runner
from tgac.kit.secrets import Secret
from tgac.kit.telegram.gateway import Gateway
from tgac.kit.telegram.types import PLAIN, Look, Sent
from tgac.posts.models import Post
from tgac.tasks.service import toggle_task
from tgac.wiring import HANDLES

DAY_S = 86_400.0


async def run_jobs(world: World) -> None:
    """Run what is due without asking Telegram for updates."""
    await Runner(world.tools, HANDLES).run_due()


async def sends(world: World) -> list[dict[str, Any]]:
    """Every sendMessage of the project's bots that came to Telegram, answered or not."""
    calls: list[dict[str, Any]] = await world.control("GET", "/calls?method=sendMessage")
    return [one for one in calls if one["bot_id"] != world.service_bot["id"]]


async def the_comment(world: World) -> Comment:
    """The only comment there is."""
    (comment,) = await world.comments()
    return comment


async def posts(world: World) -> Sequence[Post]:
    """Every post of the project, oldest first."""
    async with world.tools.reading(None, world.project_id) as act:
        return list(await act.session.scalars(select(Post).order_by(Post.id)))


async def switch(world: World, task_id: int, status: Any) -> None:
    """Anna switches a task."""
    async with world.tools.acting(world.anna, world.project_id) as act:
        await toggle_task(act, task_id, status)


async def pass_days(world: World, days: int) -> None:
    """Let days pass: a look every six hours."""
    for _ in range(days * 4):
        await world.wait(DAY_S / 4)


async def until_port_is_open(world: World) -> None:
    """The sandbox opens its port in a task of its own: let it."""
    while world.sandbox.site is None:  # noqa: ASYNC110  the sandbox tells nobody
        await asyncio.sleep(0.01)


class Between(Gateway):
    """The real gateway, with something that happens before a comment's request leaves or after its answer came."""

    def __init__(
        self, world: World, *, before: Callable[[], Awaitable[None]] | None = None, after: Callable[[], Awaitable[None]]
    ) -> None:
        super().__init__(world.sandbox.url)
        self._before = before
        self._after = after

    async def send_comment(self, token: Secret, *, chat_id: int, root_id: int, html: str, look: Look = PLAIN) -> Sent:
        if self._before is not None:
            await self._before()
        sent = await super().send_comment(token, chat_id=chat_id, root_id=root_id, html=html, look=look)
        await self._after()
        return sent


async def nothing() -> None:
    """Nothing happens."""


async def send_through(world: World, telegram: Gateway, comment: Comment) -> Outcome:
    """Send a comment as a worker whose Telegram is `telegram`."""
    tools = replace(world.tools, telegram=telegram)
    try:
        return await send_comment(tools, SendComment(world.project_id, comment.id))
    finally:
        await telegram.aclose()
