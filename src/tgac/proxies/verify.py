"""Looking whether a proxy reaches Telegram, and giving its bots another when it does not."""

from sqlalchemy import select

from tgac.journal.service import record
from tgac.kit.act import Act
from tgac.kit.errors import Conflict, NotFound
from tgac.kit.queue.jobs import Cancel, Done, Outcome
from tgac.kit.telegram.faults import Fault
from tgac.kit.tools import Tools
from tgac.kit.web.i18n import _
from tgac.proxies.jobs import CheckProxy
from tgac.proxies.models import Proxy, ProxyState, Route
from tgac.proxies.queries import bots_through, find_proxy, proxies_with_room, way_of
from tgac.proxies.service import send_through


async def verify_proxy(tools: Tools, *, project_id: int, proxy_id: int) -> Proxy:
    """Ask Telegram for an answer through the proxy and write down what came: `latency_ms`, or the error in `reason`.

    When it fails, its bots go through working proxies that have room, each as long as there is one. Raises NotFound.
    """
    async with tools.reading(None, project_id) as act:
        asked = await find_proxy(act, proxy_id)
    latency_ms, problem = await _tried(tools, asked)
    async with tools.acting(None, project_id) as act:
        proxy = await find_proxy(act, proxy_id, lock=True)
        if _way(proxy) != _way(asked):
            return proxy  # changed meanwhile; a check of its own is waiting
        await _learn(act, proxy, latency_ms=latency_ms, problem=problem)
    if problem:
        await _replace(tools, proxy)
    return proxy


async def check_proxy(tools: Tools, job: CheckProxy) -> Outcome:
    """Handles CheckProxy."""
    try:
        await verify_proxy(tools, project_id=job.project_id, proxy_id=job.proxy_id)
    except NotFound:
        return Cancel("the proxy is gone")
    return Done()


async def _tried(tools: Tools, proxy: Proxy) -> tuple[int | None, str]:
    """Milliseconds, or what went wrong."""
    try:
        return round(1000 * await tools.telegram.reach(way_of(tools.keys, proxy))), ""
    except Fault as fault:
        return None, fault.description or fault.code
    except ValueError:
        return None, _("Its password cannot be opened any more. Write it again.")


async def _learn(act: Act, proxy: Proxy, *, latency_ms: int | None, problem: str) -> None:
    was, proxy.state = proxy.state, ProxyState.FAILING if problem else ProxyState.WORKING
    proxy.reason, proxy.latency_ms, proxy.checked_at = problem[:300] or None, latency_ms, act.now
    if problem and was != ProxyState.FAILING and await bots_through(act, [proxy.id]):
        record(act, "proxy_failed", {"proxy": proxy.address, "reason": proxy.reason})


async def _replace(tools: Tools, failed: Proxy) -> None:
    """Each bot in an act of its own: no two acts ever hold the locks of two proxies."""
    async with tools.reading(None, failed.project_id) as act:
        routes = list(await act.session.scalars(select(Route).where(Route.proxy_id == failed.id).order_by(Route.id)))
        others = await proxies_with_room(act, state=ProxyState.WORKING)
    for route in routes:
        for other in others:
            if await _moved(tools, route, other, failed=failed):
                break


async def _moved(tools: Tools, route: Route, other: Proxy, *, failed: Proxy) -> bool:
    """Whether the bot needs no further try: it goes another way now, by us or by a person."""
    try:
        async with tools.acting(None, failed.project_id) as act:
            if await act.session.scalar(select(Route.proxy_id).where(Route.bot_id == route.bot_id)) != failed.id:
                return True
            await send_through(act, other.id, bot_id=route.bot_id, telegram_id=route.telegram_id)
            record(act, "proxy_replaced", {"proxy": failed.address, "by": other.address}, bot_id=route.bot_id)
    except (Conflict, NotFound):
        return False
    return True


def _way(proxy: Proxy) -> tuple[object, ...]:
    return proxy.scheme, proxy.host, proxy.port, proxy.username, proxy.password_sealed
