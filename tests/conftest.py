"""Fixtures that every test may ask for."""

import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.world import World, a_world

DATABASES = os.environ.get("TGAC_TEST_DATABASES", "sqlite,postgres").split(",")


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest) -> str:
    """Each database in turn: `sqlite`, `postgres`."""
    return str(request.param)


@pytest.fixture
async def world(database: str, tmp_path: Path) -> AsyncIterator[World]:
    """Anna's project with one bot and one channel, on each database."""
    async with a_world(database, tmp_path) as made:
        yield made
