"""Fixtures that every test may ask for."""

import gc
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
import structlog
from hypothesis import Phase, settings
from playwright.async_api import Browser
from tests.support.browser import chromium
from tests.support.world import World, a_world

# A busy machine is slow, and slow is no failure.
settings.register_profile("tgac", deadline=None)
settings.register_profile("unshrunk", deadline=None, database=None, phases=[Phase.explicit, Phase.generate])
settings.load_profile("tgac")


def _keep_quiet(logger: object, name: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
    raise structlog.DropEvent


# Lines of the log are shown to nobody here; drawing a traceback takes a second. `capture_logs` sees them all the same.
structlog.configure(processors=[_keep_quiet])

DATABASES = ("sqlite", "postgres")


def pytest_collection_finish() -> None:
    """What is there now stays until the end: the collector need not go through it again and again, a second each."""
    _keep_what_is_there()


@pytest.hookimpl(trylast=True)
def pytest_runtest_teardown(item: pytest.Item, nextitem: pytest.Item | None) -> None:
    """Between two files no test holds anything: what is there was made to be used again, as statements and routes."""
    if nextitem is None or nextitem.path != item.path:
        _keep_what_is_there()


def _keep_what_is_there() -> None:
    gc.collect()
    gc.freeze()


@pytest.fixture(params=DATABASES)
def database(request: pytest.FixtureRequest) -> str:
    """Each database in turn: `sqlite`, `postgres`."""
    return str(request.param)


@pytest.fixture
async def world(database: str, tmp_path: Path) -> AsyncIterator[World]:
    """Anna's project with one bot and one channel, on each database."""
    async with a_world(database, tmp_path) as made:
        yield made


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for all tests of a process that drive it: to start one takes a second of the processor.

    Each test opens a context, which knows nothing of any other; it runs in the loop of the session, as this does.
    """
    async with chromium() as started:
        yield started
