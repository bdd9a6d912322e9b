from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.world import World, a_world

from tgac.kit.telegram.gateway import Gateway
from tgac.proxies.ways import ProxyWays


@pytest.fixture
async def world(database: str, tmp_path: Path) -> AsyncIterator[World]:
    """Anna's project where proxies on loopback are allowed; its gateway asks the database for each bot's way."""
    async with a_world(database, tmp_path, allow_private_hosts=True) as made:
        gateway = Gateway(made.sandbox.url, limit=0, allow_private=True, connect_timeout_s=2.0)
        gateway.ways = ProxyWays(made.tools)
        await made.tools.telegram.aclose()  # type: ignore[attr-defined]
        made.tools.telegram = gateway
        yield made
        await gateway.aclose()
