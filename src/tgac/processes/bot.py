"""The bot process: asks Telegram for the updates of the service bot and of every project's bots.

Each bot has one poller over all processes (Telegram answers 409 to a second one), held by a lease. The offset moves
only when everything before it is committed, so stopping or killing this process at any point loses nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from tgac.bots.models import Bot
from tgac.bots.service import mark_bot_refused, token_of
from tgac.comments.arrive import ALLOWED, take_updates
from tgac.kit.log import log
from tgac.kit.queue.store import drop_leases, take_lease
from tgac.kit.secrets import Secret, new_secret
from tgac.kit.telegram import faults
from tgac.kit.telegram.types import Kind
from tgac.kit.telegram.updates import offset_after, read_update
from tgac.kit.tenancy import EVERYONE
from tgac.kit.tools import Tools
from tgac.people.service_bot import handle_service_update
from tgac.processes.shared import end_task

LOOK_FOR_BOTS_S = 1.0
LEASE_S = 15.0
POLL_S = 25
SERVICE_KINDS: tuple[Kind, ...] = ("message", "callback_query")
SERVICE = "poll:service"

type Take = Callable[[Sequence[dict[str, Any]]], Awaitable[None]]


@dataclass(frozen=True)
class Source:
    """A bot whose updates are asked for, and what is done with them. `take` returns when they are committed."""

    name: str
    token: Secret
    kinds: tuple[Kind, ...]
    take: Take
    bot: Bot | None = None


async def run_bots(tools: Tools, stopping: asyncio.Event) -> None:
    """Poll for every bot that no other process polls, until `stopping`."""
    owner = new_secret(12)
    pollers: dict[str, asyncio.Task[None]] = {}
    while not stopping.is_set():
        try:
            await _attend(tools, owner, pollers)
        except DBAPIError as error:
            log().error("bots_unreachable", error=str(error.orig))
        await tools.clock.sleep(LOOK_FOR_BOTS_S)
    for poller in pollers.values():
        await end_task(poller)
    async with tools.acting(None, EVERYONE) as act:
        await drop_leases(act.session, owner)


async def _attend(tools: Tools, owner: str, pollers: dict[str, asyncio.Task[None]]) -> None:
    """Start a poller for every bot whose lease is ours, and end those of bots that are gone."""
    sources = {source.name: source for source in await _sources(tools)}
    async with tools.acting(None, EVERYONE) as act:
        ours = {
            name
            for name in sources
            if await take_lease(act.session, name=name, owner=owner, now=act.now, lease_s=LEASE_S)
        }
    for name in list(pollers):
        if name not in ours or pollers[name].done():
            await end_task(pollers.pop(name))
    for name in ours - set(pollers):
        pollers[name] = asyncio.create_task(_poll(tools, sources[name]))


async def _sources(tools: Tools) -> list[Source]:
    async with tools.reading(None, EVERYONE) as act:
        bots = list(await act.session.scalars(select(Bot).where(Bot.status.in_(("ACTIVE", "PAUSED"))).order_by(Bot.id)))
    return [_service(tools), *(_project_bot(tools, bot) for bot in bots)]


def _service(tools: Tools) -> Source:
    async def take(raw: Sequence[dict[str, Any]]) -> None:
        for one in raw:
            update = read_update(one)
            if update is not None:
                await handle_service_update(tools, update)

    return Source(SERVICE, tools.config.telegram_bot_token, SERVICE_KINDS, take)


def _project_bot(tools: Tools, bot: Bot) -> Source:
    async def take(raw: Sequence[dict[str, Any]]) -> None:
        await take_updates(tools, bot, raw)

    return Source(f"poll:{bot.telegram_id}", token_of(tools.keys, bot), ALLOWED, take, bot)


async def _poll(tools: Tools, source: Source) -> None:
    offset: int | None = None
    while True:
        try:
            raw = await tools.telegram.get_updates(source.token, offset=offset, timeout_s=POLL_S, allowed=source.kinds)
            await source.take(raw)
            offset = offset_after(raw, offset)
        except faults.RefusedBot as refused:
            await _refused(tools, source, refused)
            return
        except faults.Fault as fault:
            await _rest(tools, source, fault)
        except DBAPIError as error:
            log().error("updates_not_written", source=source.name, error=str(error.orig))
            await tools.clock.sleep(1.0)


async def _rest(tools: Tools, source: Source, fault: faults.Fault) -> None:
    log().warning("poll_failed", source=source.name, fault=str(fault))
    if fault.reason == "webhook_active":
        await tools.telegram.delete_webhook(source.token)
        return
    await tools.clock.sleep(fault.retry_after if isinstance(fault, faults.SlowDown) else 2.0)


async def _refused(tools: Tools, source: Source, refused: faults.RefusedBot) -> None:
    log().error("bot_refused", source=source.name, fault=str(refused))
    if source.bot is None:
        await tools.clock.sleep(30.0)
        return
    async with tools.acting(None, source.bot.project_id) as act:
        await mark_bot_refused(act, source.bot.id, refused.description)
