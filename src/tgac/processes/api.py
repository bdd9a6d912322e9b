"""The panel and the JSON API: one FastAPI application, and its server."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from tgac.kit.config import ConfigError
from tgac.kit.log import log
from tgac.kit.tools import Tools
from tgac.wiring import guarded, make_app


class Server(uvicorn.Server):
    """uvicorn, but signals are ours."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


def open_port(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises ConfigError with the reason: uvicorn would end the process from within."""
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise ConfigError(f"HOST {host} with PORT {port} cannot be listened on: {error.strerror}") from None


@asynccontextmanager
async def serving(app: ASGIApp, *, host: str, port: int) -> AsyncIterator[Server]:
    """Answer requests inside the block. When it begins, the port is open; when it ends, every answer has left.

    Raises ConfigError where the port cannot be opened.
    """
    listening = open_port(host, port)
    settings = uvicorn.Config(
        app,
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=5,
        proxy_headers=False,
    )
    server = Server(settings)
    running = asyncio.create_task(server.serve([listening]))
    while not server.started and not running.done():
        await asyncio.wait([running], timeout=0.01)
    try:
        if running.done():
            await running
        yield server
    finally:
        server.should_exit = True
        await running


async def run_api(tools: Tools, stopping: asyncio.Event) -> None:
    """Serve the panel until `stopping`."""
    app = make_app(tools)
    async with serving(guarded(app), host=tools.config.host, port=tools.config.port):
        log().info("panel_listens", address=tools.config.base_url)
        try:
            await stopping.wait()
        finally:
            app.state.streams.end()
