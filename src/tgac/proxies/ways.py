"""Tells the gateway which bot goes through which proxy, out of the database."""

import asyncio
from collections import Counter
from typing import Final

from sqlalchemy import and_, select

from tgac.kit.db.session import DatabaseAway
from tgac.kit.log import log
from tgac.kit.secrets import Keys
from tgac.kit.telegram.types import Way
from tgac.kit.telegram.ways import NoWay
from tgac.kit.tenancy import EVERYONE
from tgac.kit.tools import Tools
from tgac.proxies.jobs import check_soon
from tgac.proxies.models import Proxy, Route
from tgac.proxies.queries import way_of

FRESH_S: Final = 2.0
"""How old what is told may be: a bot that was given a proxy goes through it after this, in every process."""
FAILURES: Final = 3
"""After so many calls in a row that did not get through, the proxy is looked at."""


class ProxyWays:
    """Implements `kit.telegram.ways.Ways`. One for a process: all routes are read at once, every two seconds at most.

    While the database is away the routes that were read last stand.
    """

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._routes: dict[int, Way | str] | None = None
        self._stale_at = 0.0
        self._reading = asyncio.Lock()
        self._failures = Counter[int]()

    async def find(self, bot_id: int) -> Way | None:
        """The bot's proxy. Raises NoWay when its password cannot be opened, or when nothing could be read yet."""
        async with self._reading:
            if self._routes is None or self._tools.clock.monotonic() >= self._stale_at:
                await self._read()
        if self._routes is None:
            raise NoWay("the database does not tell which proxy to take")
        way = self._routes.get(bot_id)
        if isinstance(way, str):
            raise NoWay(way)
        return way

    async def failed(self, bot_id: int) -> None:
        """Count it; every third in a row has the proxy looked at, and its bots moved if it is bad."""
        self._failures[bot_id] += 1
        if self._failures[bot_id] % FAILURES:
            return
        try:
            async with self._tools.acting(None, EVERYONE) as act:
                proxy = await act.session.scalar(_ROUTED.where(Route.telegram_id == bot_id))
                if proxy is not None:
                    check_soon(act, proxy)
        except DatabaseAway as error:
            log().error("proxy_not_reported", error=str(error.orig))

    def worked(self, bot_id: int) -> None:
        """The next failure is the first again."""
        self._failures.pop(bot_id, None)

    async def _read(self) -> None:
        try:
            async with self._tools.reading(None, EVERYONE) as act:
                found = await act.session.execute(_ROUTED.add_columns(Route.telegram_id))
                self._routes = {bot_id: _way(self._tools.keys, proxy) for proxy, bot_id in found}
        except DatabaseAway as error:
            log().error("proxies_not_read", error=str(error.orig))
        self._stale_at = self._tools.clock.monotonic() + FRESH_S


_ROUTED: Final = select(Proxy).join(Route, and_(Route.project_id == Proxy.project_id, Route.proxy_id == Proxy.id))


def _way(keys: Keys, proxy: Proxy) -> Way | str:
    """The way, or why it cannot be taken."""
    try:
        return way_of(keys, proxy)
    except ValueError:
        return f"the password of the proxy {proxy.address} cannot be opened; write it again"
