"""What of a project is broken or waits for a person, counted, and where it is mended. One statement for each kind."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import func, select

from tgac.bots.models import Bot
from tgac.bots.showing import STANDINGS
from tgac.bots.status import Standing, standing_in_sql
from tgac.channels.models import Channel, ChannelState
from tgac.channels.reasons import REASON_WORDS
from tgac.comments.models import Comment
from tgac.comments.review import WAITING
from tgac.kit.act import Act
from tgac.kit.web.i18n import N_, _, ngettext
from tgac.kit.web.pages import Tone
from tgac.proxies.models import Proxy, ProxyState

_BAD: Final = (Standing.DEAD, Standing.REVOKED)
_CHANNELS: Final[Mapping[str, str]] = {
    ChannelState.SUSPENDED: N_("Nothing is sent there any more."),
    ChannelState.PENDING: N_("Nothing is sent there yet."),
}


@dataclass(frozen=True, slots=True)
class Concern:
    """`count` things of a `kind` ("bots") stand in the same bad way, named by the code `which`.

    `what` and `hint` tell it to people; `path` (below the project) leads to just these.
    """

    kind: str
    which: str
    count: int
    what: str
    hint: str
    tone: Tone
    path: str

    @property
    def words(self) -> str:
        """How many, and what about them."""
        return f"{_COUNTED[self.kind](self.count)}: {self.what}"


async def concerns(act: Act) -> list[Concern]:
    """What needs a hand: what is broken first, then what waits. Empty where all is well."""
    found = [*await _comments(act), *await _bots(act), *await _channels(act), *await _proxies(act)]
    return sorted(found, key=lambda one: one.tone != "bad")


async def _bots(act: Act) -> list[Concern]:
    bots = select(Bot.id, standing_in_sql(act.now).label("standing")).subquery()
    asked = select(bots.c.standing, func.count()).where(bots.c.standing != Standing.ACTIVE.value)
    asked = asked.group_by(bots.c.standing)
    counts = {row[0]: row[1] for row in await act.session.execute(asked)}
    return [
        Concern("bots", one, count, _(look.word), _(look.hint), "bad" if one in _BAD else "warn", f"/bots?status={one}")
        for one, look in STANDINGS.items()
        if (count := counts.get(one.value, 0))
    ]


async def _channels(act: Act) -> list[Concern]:
    asked = (
        select(Channel.state, Channel.reason, func.count(Channel.id))
        .where(Channel.state.in_(_CHANNELS), Channel.reason.is_not(None))
        .group_by(Channel.state, Channel.reason)
        .order_by(Channel.state.desc(), func.count(Channel.id).desc(), Channel.reason)
    )
    found: list[Concern] = []
    for state, reason, count in await act.session.execute(asked):
        assert reason is not None, "asked for"
        tone: Tone = "bad" if state == ChannelState.SUSPENDED else "warn"
        path = f"/channels?state={state}&reason={reason}"
        found.append(Concern("channels", reason, count, _(REASON_WORDS[reason]), _(_CHANNELS[state]), tone, path))
    return found


async def _proxies(act: Act) -> list[Concern]:
    asked = select(func.count(Proxy.id)).where(Proxy.state == ProxyState.FAILING)
    count = (await act.session.scalars(asked)).one()
    hint = _("Their bots are moved to others that work, where there is room.")
    path = "/proxies?state=failing"
    return [Concern("proxies", "failing", count, _("Failing"), hint, "bad", path)] if count else []


async def _comments(act: Act) -> list[Concern]:
    asked = (
        select(Comment.state, func.count(Comment.id))
        .where(Comment.state.in_(("unknown", WAITING)))
        .group_by(Comment.state)
    )
    counts = {row[0]: row[1] for row in await act.session.execute(asked)}
    unknown, waiting = counts.get("unknown", 0), counts.get(WAITING, 0)
    lost = _("Telegram did not say whether they were written. Look, and say what is true.")
    held = _("They go out once somebody approves them, or never.")
    found = [
        Concern("comments", "unknown", unknown, _("Needs a look"), lost, "bad", "/comments?state=unknown"),
        Concern("comments", WAITING, waiting, _("Waits for approval"), held, "warn", "/review"),
    ]
    return [one for one in found if one.count]


_COUNTED: Final[dict[str, Callable[[int], str]]] = {
    "bots": lambda n: ngettext("%(n)s bot", "%(n)s bots", n),
    "channels": lambda n: ngettext("%(n)s channel", "%(n)s channels", n),
    "proxies": lambda n: ngettext("%(n)s proxy", "%(n)s proxies", n),
    "comments": lambda n: ngettext("%(n)s comment", "%(n)s comments", n),
}
