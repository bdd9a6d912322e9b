"""Checking proxies: one when there is cause, all of them again and again."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final

from sqlalchemy import select

from tgac.kit.act import Act
from tgac.kit.queue.jobs import Done, Job, Outcome
from tgac.kit.tenancy import EVERYONE
from tgac.kit.tools import Tools
from tgac.proxies.models import Proxy

EVERY_S: Final = 600.0
"""How often each is checked; the checks are spread over that time."""


@dataclass(frozen=True)
class CheckProxy(Job):
    """Look whether a proxy reaches Telegram."""

    kind: ClassVar[str] = "check_proxy"
    project_id: int
    proxy_id: int


@dataclass(frozen=True)
class CheckProxies(Job):
    """Have every proxy looked at."""

    kind: ClassVar[str] = "check_proxies"


def check_soon(act: Act, proxy: Proxy, *, run_after: datetime | None = None) -> None:
    """Have the proxy looked at, at once or later; one check of each sort waits at a time."""
    job = CheckProxy(proxy.project_id, proxy.id)
    act.enqueue(job, run_after=run_after, key=f"proxy:{proxy.id}:later" if run_after else f"proxy:{proxy.id}")


async def check_proxies(tools: Tools, job: CheckProxies) -> Outcome:
    """Handles CheckProxies."""
    async with tools.acting(None, EVERYONE) as act:
        for proxy in await act.session.scalars(select(Proxy)):
            later = timedelta(seconds=tools.dice.uniform(0, EVERY_S))
            check_soon(act, proxy, run_after=act.now + later)
    return Done()
