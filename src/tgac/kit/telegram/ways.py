"""Ways out to Telegram: straight, or through a proxy. Which bot goes which way is told to the gateway by `Ways`."""

import asyncio
from typing import Any, Protocol

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp_socks import ProxyConnectionError, ProxyConnector, ProxyError, ProxyTimeoutError, ProxyType

from tgac.kit.net import HostRefused, resolve_public
from tgac.kit.telegram.types import Way


class NoWay(Exception):
    """The bot has a proxy but it cannot be used; the text says why. It must not go straight instead."""


class Ways(Protocol):
    """Which way each bot goes; asked before every call."""

    async def find(self, bot_id: int) -> Way | None:
        """The proxy of the bot with this Telegram id, None to go straight. Raises NoWay."""
        ...

    async def failed(self, bot_id: int) -> None:
        """A call of this bot did not get through its proxy. Raises nothing."""
        ...

    def worked(self, bot_id: int) -> None:
        """A call of this bot was answered."""
        ...


class ProxyFailed(aiohttp.ClientError):
    """The proxy did not make the connection: not one byte has gone to Telegram."""


class ThroughProxy(ProxyConnector):
    """Connects through a proxy whose host is resolved and looked at for each connection.

    aiohttp-socks raises plain Exceptions, which a caller of aiohttp does not expect; here they become ProxyFailed.
    """

    def __init__(self, way: Way, *, allow_private: bool, limit: int, keepalive_timeout: float) -> None:
        password = way.password.reveal() if way.password else ""
        super().__init__(
            way.host,
            way.port,
            proxy_type=ProxyType.HTTP if way.scheme == "http" else ProxyType.SOCKS5,
            username=way.username or None,
            password=password if way.username else None,
            limit=limit,
            keepalive_timeout=keepalive_timeout,
        )
        self._way = way
        self._allow_private = allow_private

    async def _wrap_create_connection(self, *given: Any, **named: Any) -> tuple[asyncio.Transport, ResponseHandler]:
        try:
            found = await resolve_public(self._way.host, self._way.port, allow_private=self._allow_private)
            self._proxy_host = found  # read by the call below before it waits for anything
            return await super()._wrap_create_connection(*given, **named)
        except HostRefused as error:
            told = str(error)
        except (ProxyError, ProxyConnectionError, ProxyTimeoutError, OSError, ValueError, EOFError) as error:
            told = str(error) or type(error).__name__
        raise ProxyFailed(told)
