"""How proxies are found, and how many bots go through them."""

from collections.abc import Iterable

from sqlalchemy import Select, and_, func, select

from tgac.kit.act import Act
from tgac.kit.errors import NotFound
from tgac.kit.secrets import Keys
from tgac.kit.telegram.types import Way
from tgac.kit.web.i18n import _
from tgac.kit.web.paging import matching
from tgac.proxies.models import Proxy, ProxyState, Route


async def find_proxy(act: Act, proxy_id: int, *, lock: bool = False) -> Proxy:
    """The proxy of the act's project; with `lock` nobody else who locks it goes on until this act ends.

    Raises NotFound.
    """
    statement = select(Proxy).where(Proxy.id == proxy_id)
    proxy = await act.session.scalar(statement.with_for_update(key_share=True) if lock else statement)
    if proxy is None:
        raise NotFound(_("There is nothing here, or it is not yours."))
    return proxy


def proxies_like(q: str = "", state: ProxyState | None = None) -> Select[Proxy]:
    """Proxies whose host or username contains `q`, in that state."""
    statement = select(Proxy)
    if q:
        statement = statement.where(matching(q, Proxy.host, Proxy.username))
    return statement if state is None else statement.where(Proxy.state == state)


async def bots_through(act: Act, proxy_ids: Iterable[int]) -> dict[int, int]:
    """How many bots go through each of these proxies; those without bots are not in it."""
    counted = (
        select(Route.proxy_id, func.count().label("used"))
        .where(Route.proxy_id.in_(list(proxy_ids)))
        .group_by(Route.proxy_id)
    )
    return {row.proxy_id: row.used for row in await act.session.execute(counted)}


async def proxies_of(act: Act, bot_ids: Iterable[int]) -> dict[int, Proxy]:
    """The proxy of each of these bots; bots that go straight are not in it."""
    statement = (
        select(Route.bot_id, Proxy)
        .join(Proxy, and_(Proxy.project_id == Route.project_id, Proxy.id == Route.proxy_id))
        .where(Route.bot_id.in_(list(bot_ids)))
    )
    return {row.bot_id: row.Proxy for row in await act.session.execute(statement)}


async def proxies_with_room(act: Act, *, state: ProxyState | None = None) -> list[Proxy]:
    """Proxies that may take one more bot: working ones first, then the quickest; at most 200."""
    used = select(Route.proxy_id).group_by(Route.proxy_id).having(func.count() >= act.config.max_bots_per_proxy)
    found = await act.session.scalars(
        proxies_like(state=state)
        .where(Proxy.id.not_in(used))
        .order_by(Proxy.state != ProxyState.WORKING, Proxy.latency_ms, Proxy.id)
        .limit(200)
    )
    return list(found)


def way_of(keys: Keys, proxy: Proxy) -> Way:
    """The proxy as the gateway takes it. Raises ValueError when the key that its password was sealed with is gone."""
    sealed = proxy.password_sealed
    password = keys.open(sealed, seal_context(proxy)) if sealed else None
    return Way("http" if proxy.scheme == "http" else "socks5", proxy.host, proxy.port, proxy.username, password)


def seal_context(proxy: Proxy) -> str:
    """Where the password of this proxy belongs."""
    return f"proxies.password_sealed:{proxy.project_id}:{proxy.id}"
