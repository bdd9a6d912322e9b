"""The panel and the JSON API: one FastAPI application, and its server."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from tgac.kit.tools import Tools
from tgac.wiring import guarded, make_app


class Server(uvicorn.Server):
    """uvicorn, but signals are ours."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the signals alone."""
        yield


@asynccontextmanager
async def serving(app: ASGIApp, *, host: str, port: int) -> AsyncIterator[Server]:
    """Answer requests inside the block. When it begins, the port is open; when it ends, every answer has left."""
    settings = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_level="warning",
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=5,
        proxy_headers=False,
    )
    server = Server(settings)
    running = asyncio.create_task(server.serve())
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
    async with serving(guarded(make_app(tools)), host=tools.config.host, port=tools.config.port):
        await stopping.wait()
