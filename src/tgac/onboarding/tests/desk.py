"""What the tests of onboarding do with a small world: channels in Telegram that nobody has connected, and runs."""

from dataclasses import dataclass
from typing import Any

from tests.support.world import World

from tgac.bots.models import Bot
from tgac.onboarding.models import Item, Run
from tgac.onboarding.queries import find_run
from tgac.onboarding.service import start_run
from tgac.onboarding.showing import Row, RunView, shown_run


@dataclass
class Found:
    """A channel with its group, in Telegram."""

    name: str
    id: int
    group_id: int | None


async def a_channel(world: World, name: str, *, owner: str = "anna", group: bool = True) -> Found:
    """A channel that our project does not know."""
    body = {"title": name.title(), "username": name, "owner_id": world.telegram_ids[owner], "group": group}
    made = await world.control("POST", "/channels", **body)
    return Found(name, made["id"], made.get("group_id"))


async def admit(world: World, chat_id: int | None, bot: Bot, status: str = "administrator", **rights: bool) -> None:
    """An admin gives the bot this standing in a chat."""
    body = {"status": status, "rights": rights or {"can_delete_messages": True}}
    await world.control("PUT", f"/chats/{chat_id}/members/{bot.telegram_id}", **body)


async def welcome(world: World, found: Found, bot: Bot) -> None:
    """The bot is added wherever it has to be."""
    await admit(world, found.id, bot, can_manage_chat=True)
    await admit(world, found.group_id, bot)


async def begin(world: World, *names: str, **options: Any) -> int:
    """Anna begins a run; gives its number."""
    async with world.tools.acting(world.anna, world.project_id) as act:
        return (await start_run(act, [f"@{name}" for name in names], **options)).run.id


async def seen(world: World, run_id: int) -> RunView:
    """The run as its page shows it."""
    async with world.tools.reading(world.anna, world.project_id) as act:
        return await shown_run(act, await find_run(act, run_id))


async def row(world: World, run_id: int, name: str) -> Row:
    """One channel of it, by the name under which it was given."""
    view = await seen(world, run_id)
    return next(one for one in view.rows if name in (one.channel.username, (one.channel.ref or "").lstrip("@")))


async def change(world: World, run: Run | Item) -> None:
    """Put a changed row back."""
    async with world.tools.acting(None, world.project_id) as act:
        await act.session.merge(run)
