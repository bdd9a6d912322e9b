"""The one table of what is wrong: how it is seen in the rows, how it is told, where it is mended."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, select

from tgac.bots.models import Bot, BotStatus
from tgac.channels.models import Channel, ChannelState
from tgac.channels.reasons import sentence
from tgac.kit.web.i18n import N_, _
from tgac.proxies.models import Proxy, ProxyState, Route

type Row = Any
"""A row of a kind's table."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of trouble.

    `when` is the condition on a row of the table `of` that has it, given since when what went wrong counts; `name` is
    what the row is called, and `about` a JSON or a text that its `words` may need. `title` and `hint` are msgids,
    filled with %(name)s and %(more)s. A `critical` one is told at once to everybody who may mend it. `path` leads to
    the row, below the project.
    """

    icon: str
    title: str
    hint: str
    path: str
    of: type[Bot] | type[Proxy] | type[Channel]
    when: Callable[[ColumnElement[datetime]], ColumnElement[bool]]
    critical: bool = False
    name: Callable[[Row], str] = lambda row: str(row.username)
    about: Callable[[Row], Any] = lambda row: row.reason
    more: Callable[[Any], str] = lambda told: str(told or "")


def _shut_out(_since: ColumnElement[datetime]) -> ColumnElement[bool]:
    return Bot.status == BotStatus.REVOKED


def _paused_for_errors(_since: ColumnElement[datetime]) -> ColumnElement[bool]:
    return (Bot.status == BotStatus.PAUSED) & Bot.errors.is_not(None)


def _slowed(since: ColumnElement[datetime]) -> ColumnElement[bool]:
    return (Bot.slowed_at > since) & (Bot.status == BotStatus.ACTIVE)


def _failing(_since: ColumnElement[datetime]) -> ColumnElement[bool]:
    return (Bot.failing_since < Bot.health_at) & (Bot.status != BotStatus.REVOKED)


def _failing_proxies(_since: ColumnElement[datetime]) -> ColumnElement[bool]:
    return (Proxy.state == ProxyState.FAILING) & ~_is_used()


def _stranding_proxies(_since: ColumnElement[datetime]) -> ColumnElement[bool]:
    return (Proxy.state == ProxyState.FAILING) & _is_used()


def _is_used() -> ColumnElement[bool]:
    return select(Route.id).where(Route.project_id == Proxy.project_id, Route.proxy_id == Proxy.id).exists()


def _suspended(_since: ColumnElement[datetime]) -> ColumnElement[bool]:
    return Channel.state == ChannelState.SUSPENDED


def _host(proxy: Row) -> str:
    return str(proxy.host)


def _errors(told: Any) -> str:
    return _("Failed: %(failures)s of %(count)s.", failures=told["failures"], count=told["count"]) if told else ""


KINDS: Final[Mapping[str, Kind]] = {
    "bot_refused": Kind(
        "circle-x",
        N_("Telegram has shut @%(name)s out"),
        N_("It writes nothing any more. Give it a new token, or another bot its tasks. %(more)s"),
        "/bots/%(id)s",
        Bot,
        _shut_out,
        critical=True,
    ),
    "bot_paused_for_errors": Kind(
        "circle-pause",
        N_("@%(name)s was paused: its comments fail"),
        N_("It writes nothing until somebody resumes it. %(more)s"),
        "/bots/%(id)s",
        Bot,
        _paused_for_errors,
        critical=True,
        about=lambda bot: bot.errors,
        more=_errors,
    ),
    "proxy_stranded": Kind(
        "globe",
        N_("The proxy %(name)s fails, and no other has room for its bots"),
        N_("Bots that go through it cannot write. Add a proxy that works. %(more)s"),
        "/proxies/%(id)s",
        Proxy,
        _stranding_proxies,
        critical=True,
        name=_host,
    ),
    "channel_suspended": Kind(
        "megaphone",
        N_("Nothing is sent to the channel “%(name)s” any more"),
        "%(more)s",
        "/channels/%(id)s",
        Channel,
        _suspended,
        name=lambda channel: str(channel.title),
        more=lambda code: sentence(code) if code else "",
    ),
    "bot_slowed": Kind(
        "circle-alert",
        N_("@%(name)s was slowed down: its comments fail"),
        N_("It writes one comment a minute at most, and is paused where that does not help."),
        "/bots/%(id)s",
        Bot,
        _slowed,
    ),
    "bot_failing": Kind(
        "circle-alert",
        N_("@%(name)s does not answer its health check"),
        "%(more)s",
        "/bots/%(id)s",
        Bot,
        _failing,
    ),
    "proxy_failing": Kind(
        "globe",
        N_("The proxy %(name)s does not lead to Telegram any more"),
        N_("Its bots were moved to others that work. %(more)s"),
        "/proxies/%(id)s",
        Proxy,
        _failing_proxies,
        name=_host,
    ),
}
CRITICAL: Final = tuple(name for name, kind in KINDS.items() if kind.critical)
