"""What can be done with proxies."""

from dataclasses import dataclass, field

from sqlalchemy import select

from tgac.journal.service import record
from tgac.kit.act import Act
from tgac.kit.errors import Conflict, Invalid
from tgac.kit.secrets import Secret
from tgac.kit.tenancy import Right, require
from tgac.kit.web.i18n import _
from tgac.proxies.addresses import Address, read_line, well_formed
from tgac.proxies.forms import MAX_LINES, ProxyFields
from tgac.proxies.jobs import check_soon
from tgac.proxies.models import Proxy, ProxyState, Route
from tgac.proxies.queries import bots_through, find_proxy, seal_context


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line of a list that was left out: its number from 1, and why. Never the line itself: it holds a password."""

    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a list: how many were added, which lines were there already, which could not be read."""

    added: list[Proxy] = field(default_factory=list)
    known: list[BadLine] = field(default_factory=list)
    bad: list[BadLine] = field(default_factory=list)


async def add_proxy(act: Act, fields: ProxyFields) -> Proxy:
    """Take a proxy into the project; it is checked soon. Raises Invalid, Conflict (`proxy_known`), Refused."""
    require(act, Right.EDIT)
    address = well_formed(fields.address, allow_private=act.config.allow_private_hosts)
    await _require_unknown(act, address)
    (proxy,) = await _added(act, [address])
    record(act, "proxy_added", {"proxy": proxy.address})
    return proxy


async def import_proxies(act: Act, text: str) -> Imported:
    """Take in a list, one `scheme://user:password@host:port` per line; empty lines and `#` lines are skipped.

    The good lines are kept whatever the others are. Raises Invalid (field `text`) for too many lines, Refused.
    """
    require(act, Right.EDIT)
    lines = text.splitlines()
    if len(lines) > MAX_LINES:
        raise Invalid(_("Send at most %(limit)s lines at once.", limit=MAX_LINES), code="too_many_lines", field="text")
    taken = await _keys(act)
    report, fresh = Imported(), list[Address]()
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            address = read_line(line, allow_private=act.config.allow_private_hosts)
        except Invalid as error:
            report.bad.append(BadLine(number, error.message))
            continue
        if address.key in taken:
            report.known.append(BadLine(number, _("Already there.")))
            continue
        taken.add(address.key)
        fresh.append(address)
    report.added.extend(await _added(act, fresh))
    if fresh:
        record(act, "proxies_imported", {"count": len(fresh)})
    return report


async def change_proxy(act: Act, proxy_id: int, fields: ProxyFields) -> Proxy:
    """Put other values in the place of a proxy's; it is checked again.

    A stored password is never sent to another place: where the address changes it must be written again.
    Raises Invalid, NotFound, Conflict, Refused.
    """
    require(act, Right.EDIT)
    proxy = await find_proxy(act, proxy_id, lock=True)
    address = well_formed(fields.address, allow_private=act.config.allow_private_hosts)
    moved = address.key != (proxy.scheme, proxy.host, proxy.port, proxy.username)
    if moved:
        await _require_unknown(act, address)
        if proxy.password_sealed and address.username and fields.password is None:
            raise Invalid(_("Write the password again: the proxy is another one."), field="password")
    proxy.scheme, proxy.host, proxy.port, proxy.username = address.key
    if moved or fields.password is not None:
        _seal(act, proxy, address.password)
    proxy.state, proxy.reason, proxy.latency_ms = ProxyState.UNCHECKED, None, None
    record(act, "proxy_changed", {"proxy": proxy.address})
    check_soon(act, proxy)
    await act.flush()
    return proxy


async def remove_proxy(act: Act, proxy_id: int) -> None:
    """Take the proxy out of the project. Raises NotFound, Refused, Conflict (`proxy_in_use`) while bots use it."""
    require(act, Right.EDIT)
    proxy = await find_proxy(act, proxy_id, lock=True)
    used = (await bots_through(act, [proxy_id])).get(proxy_id, 0)
    if used:
        words = _("Bots that go through this proxy: %(used)s. Give them another way first.", used=used)
        raise Conflict(words, code="proxy_in_use")
    record(act, "proxy_removed", {"proxy": proxy.address})
    await act.session.delete(proxy)
    await act.flush()


async def send_through(act: Act, proxy_id: int, *, bot_id: int, telegram_id: int) -> Proxy:
    """From now on the bot goes through this proxy. The one place that holds the limit of bots per proxy.

    The proxy's row is locked (SQLite has one writer anyway), so that of many at once only so many get in.
    Raises NotFound, Conflict (`proxy_full`).
    """
    proxy = await find_proxy(act, proxy_id, lock=True)
    route = await act.session.scalar(select(Route).where(Route.bot_id == bot_id))
    if route is not None and route.proxy_id == proxy_id:
        return proxy
    used, limit = (await bots_through(act, [proxy_id])).get(proxy_id, 0), act.config.max_bots_per_proxy
    if used >= limit:
        words = _("This proxy serves %(used)s of at most %(limit)s bots.", used=used, limit=limit)
        raise Conflict(words, code="proxy_full", field="proxy_id")
    if route is None:
        act.session.add(Route(bot_id=bot_id, telegram_id=telegram_id, proxy_id=proxy_id))
    else:
        route.proxy_id = proxy_id
    await act.flush()
    return proxy


async def send_straight(act: Act, bot_id: int) -> bool:
    """From now on the bot goes through no proxy. Tells whether it went through one."""
    route = await act.session.scalar(select(Route).where(Route.bot_id == bot_id))
    if route is None:
        return False
    await act.session.delete(route)
    await act.flush()
    return True


async def _added(act: Act, addresses: list[Address]) -> list[Proxy]:
    made = []
    for address in addresses:
        scheme, host, port, username = address.key
        proxy = Proxy(scheme=scheme, host=host, port=port, username=username, state=ProxyState.UNCHECKED)
        proxy.created_at = act.now
        made.append(proxy)
    act.session.add_all(made)
    await act.flush()
    for proxy, address in zip(made, addresses, strict=True):
        _seal(act, proxy, address.password)
        check_soon(act, proxy)
    return made


def _seal(act: Act, proxy: Proxy, password: str) -> None:
    """Sealed for the row, so its number must be known."""
    proxy.password_sealed = act.keys.seal(Secret(password), seal_context(proxy)) if password else None


async def _keys(act: Act) -> set[tuple[str, str, int, str]]:
    rows = await act.session.execute(select(Proxy.scheme, Proxy.host, Proxy.port, Proxy.username))
    return {(row.scheme, row.host, row.port, row.username) for row in rows}


async def _require_unknown(act: Act, address: Address) -> None:
    if address.key in await _keys(act):
        raise Conflict(_("This proxy is in the project already."), code="proxy_known", field="host")
