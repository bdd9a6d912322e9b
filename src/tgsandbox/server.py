"""The sandbox as a running server: `async with` it, or `start` and `stop` it."""

import asyncio
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from tgsandbox.calls import CallLog
from tgsandbox.clock import Clock, RealClock
from tgsandbox.endpoint import Endpoint
from tgsandbox.faults import Faults
from tgsandbox.limits import Limits
from tgsandbox.requests import MAX_BODY
from tgsandbox.routes import add_routes
from tgsandbox.world import World


class CannotListen(Exception):
    """The port cannot be opened; the text says which and why, in one line."""


@dataclass(slots=True)
class Sandbox:
    """A running sandbox. `url` has no slash at its end; `world` is its state; `stop` ends it."""

    host: str
    port: int
    world: World
    endpoint: Endpoint
    runner: web.AppRunner
    site: web.TCPSite | None = None
    closing: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    async def stop(self) -> None:
        """Close the port, end every poll and webhook."""
        for task in self.closing:
            task.cancel()
        await asyncio.gather(*self.closing, return_exceptions=True)
        self.endpoint.pollers.end_all()
        await self.endpoint.webhooks.close()
        await self.runner.cleanup()

    async def listen(self) -> None:
        """Open the port; a free one is chosen when it is 0."""
        self.site = web.TCPSite(self.runner, self.host, self.port, reuse_address=True, backlog=1024)
        await self.site.start()
        self.port = self.runner.addresses[0][1]

    def close_port(self, seconds: float, spare: web.Request) -> None:
        """Refuse connections for so long; every open one but that of `spare` is cut."""
        task = asyncio.create_task(self._closed(seconds, spare))
        self.closing.add(task)
        task.add_done_callback(self.closing.discard)

    async def _closed(self, seconds: float, spare: web.Request) -> None:
        if self.site is None:
            return
        site, self.site = self.site, None
        await site.stop()
        for connection in self._connections():
            if connection.transport and connection.transport is not spare.transport:
                connection.transport.abort()
            connection.force_close()
        await self.endpoint.world.clock.sleep(seconds)
        await self.listen()

    def _connections(self) -> list[RequestHandler]:
        return list(self.runner.server.connections) if self.runner.server else []


async def start(host: str = "127.0.0.1", port: int = 0, *, clock: Clock | None = None, limits: bool = True) -> Sandbox:
    """Start the sandbox. `port` 0 chooses a free one; `clock` moves its time; `limits` off lifts Telegram's limits.

    Raises CannotListen.
    """
    time = clock or RealClock()
    world = World(time)
    endpoint = Endpoint(world, limits=Limits(time, enabled=limits), faults=Faults(), calls=CallLog())
    app = web.Application(client_max_size=MAX_BODY)
    add_routes(app, world, endpoint)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    sandbox = Sandbox(host, port, world, endpoint, runner)
    endpoint.on_close_port = sandbox.close_port
    try:
        await sandbox.listen()
    except OSError as error:
        await sandbox.stop()
        raise CannotListen(f"the sandbox cannot listen on {host}:{port}: {error.strerror}") from None
    return sandbox
