"""The bot process: asks Telegram for the updates of the service bot and of every project's bots.

Each bot has one poller over all processes (Telegram answers 409 to a second one), held by a lease. The offset moves
only when everything before it is committed, so stopping or killing this process at any point loses nothing.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from tgac.bots.managed import managed_bot_changed
from tgac.bots.models import Bot
from tgac.bots.service import mark_bot_refused, token_of
from tgac.comments.arrive import ALLOWED, take_updates
from tgac.kit.db.session import DatabaseAway
from tgac.kit.log import log
from tgac.kit.queue.store import drop_leases, keep_leases, take_lease
from tgac.kit.secrets import Secret, new_secret
from tgac.kit.telegram import faults
from tgac.kit.telegram.types import Kind, ManagedBotUpdate
from tgac.kit.telegram.updates import offset_after, read_update
from tgac.kit.tenancy import EVERYONE
from tgac.kit.tools import Tools
from tgac.people.service_bot import handle_service_update
from tgac.wiring import ANSWERS

LOOK_FOR_BOTS_S = 1.0
LEASE_S = 15.0
RENEW_S = 4.0
POLL_S = 25
SERVICE_KINDS: tuple[Kind, ...] = ("message", "callback_query", "managed_bot")
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
    pollers = Pollers(tools)
    while not stopping.is_set():
        try:
            await pollers.attend()
        except DatabaseAway as error:
            log().error("bots_unreachable", error=str(error.orig))
        await tools.clock.sleep(LOOK_FOR_BOTS_S)
    await pollers.end()


class Pollers:
    """The pollers of this process, each held by a lease. One that fails is begun again at the next look."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._owner = new_secret(12)
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._tokens: dict[str, Secret] = {}
        self._opened: dict[str, Secret | None] = {}
        self._renewed_at = tools.clock.monotonic()

    async def attend(self) -> None:
        """Begin to poll for bots that nobody polls, stop for those that are gone, another process's or have another
        token."""
        sources = {source.name: source for source in await self._sources()}
        ours = await self._kept() & set(sources)
        for name in list(self._tasks):
            if name not in ours or self._tasks[name].done() or self._tokens[name] != sources[name].token:
                await self._end(name)
        for name in await self._taken(set(sources) - set(self._tasks)):
            self._tasks[name] = asyncio.create_task(_poll(self._tools, sources[name]))
            self._tokens[name] = sources[name].token

    async def end(self) -> None:
        """Stop them all and give up their leases."""
        for name in list(self._tasks):
            await self._end(name)
        async with self._tools.acting(None, EVERYONE) as act:
            await drop_leases(act.session, self._owner)

    async def _sources(self) -> list[Source]:
        """The service bot, and every bot whose token can be opened."""
        async with self._tools.reading(None, EVERYONE) as act:
            living = select(Bot).where(Bot.status.in_(("ACTIVE", "PAUSED"))).order_by(Bot.id)
            bots = list(await act.session.scalars(living))
        # Opening costs a derived key each, and this is asked every second: what was opened is kept by its sealed form.
        self._opened = {bot.token_sealed: self._open(bot) for bot in bots}
        projects = (_project_bot(self._tools, bot, token) for bot in bots if (token := self._opened[bot.token_sealed]))
        return [_service(self._tools), *projects]

    def _open(self, bot: Bot) -> Secret | None:
        """The bot's token; None where the key that it was sealed with is gone."""
        if bot.token_sealed in self._opened:
            return self._opened[bot.token_sealed]
        try:
            return token_of(self._tools.keys, bot)
        except ValueError as error:
            log().error("token_not_opened", bot=bot.id, error=str(error))
            return None

    async def _kept(self) -> set[str]:
        """Which of ours we still hold; renewed now and then, in one statement."""
        now = self._tools.clock.monotonic()
        if not self._tasks or now - self._renewed_at < RENEW_S:
            return set(self._tasks)
        async with self._tools.acting(None, EVERYONE) as act:
            kept = await keep_leases(act.session, owner=self._owner, now=act.now, lease_s=LEASE_S)
        self._renewed_at = now
        return kept

    async def _taken(self, names: set[str]) -> list[str]:
        if not names:
            return []
        async with self._tools.acting(None, EVERYONE) as act:
            return [
                name
                for name in sorted(names)
                if await take_lease(act.session, name=name, owner=self._owner, now=act.now, lease_s=LEASE_S)
            ]

    async def _end(self, name: str) -> None:
        task = self._tasks.pop(name)
        task.cancel()
        await asyncio.wait([task])
        if not task.cancelled() and (error := task.exception()):
            log().error("poller_failed", source=name, exc_info=error)


def _service(tools: Tools) -> Source:
    async def take(raw: Sequence[dict[str, Any]]) -> None:
        for one in raw:
            await take_service_update(tools, one)

    return Source(SERVICE, tools.config.telegram_bot_token, SERVICE_KINDS, take)


async def take_service_update(tools: Tools, raw: dict[str, Any]) -> None:
    """Do what one update of the service bot asks for. One that breaks us is left out, with a line in the log."""
    update = read_update(raw)
    if update is None:
        return
    try:
        if isinstance(update.event, ManagedBotUpdate):
            await managed_bot_changed(tools, update.update_id, update.event)
        else:
            await handle_service_update(tools, update, answers=ANSWERS)
    except DatabaseAway:
        raise
    except Exception as error:  # noqa: BLE001  an update that breaks us must not hold up those behind it
        log().error("service_update_left_out", update=update.update_id, exc_info=error)


def _project_bot(tools: Tools, bot: Bot, token: Secret) -> Source:
    async def take(raw: Sequence[dict[str, Any]]) -> None:
        await take_updates(tools, bot, raw)

    return Source(f"poll:{bot.telegram_id}", token, ALLOWED, take, bot)


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
        except DatabaseAway as error:
            log().error("updates_not_written", source=source.name, error=str(error.orig))
            await tools.clock.sleep(1.0)


async def _rest(tools: Tools, source: Source, fault: faults.Fault) -> None:
    log().warning("poll_failed", source=source.name, fault=str(fault))
    if fault.reason == "webhook_active":
        try:
            return await tools.telegram.delete_webhook(source.token)
        except faults.Fault as other:
            fault = other
    await tools.clock.sleep(fault.retry_after if isinstance(fault, faults.SlowDown) else 2.0)
    return None


async def _refused(tools: Tools, source: Source, refused: faults.RefusedBot) -> None:
    """The bot is shut out, unless it was removed or got another token while the refused one was in use."""
    log().error("bot_refused", source=source.name, fault=str(refused))
    if source.bot is None:
        await tools.clock.sleep(30.0)
        return
    async with tools.acting(None, source.bot.project_id) as act:
        # Locked: another token may be put in at this very moment, and then it is the one that counts.
        bot = await act.session.get(Bot, source.bot.id, with_for_update=True)
        if bot is not None and token_of(act.keys, bot) == source.token:
            await mark_bot_refused(act, bot.id, refused.description)
