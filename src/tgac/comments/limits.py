"""How often we write: a task's caps, the project's, and how many threads a bot is active in. Counted over all workers
and restarts from what was begun (docs/decisions/0012-what-a-limit-does.md).

Every limit is "at most so many in any so many seconds"; a pause between two comments is "at most one".
"""

import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import ColumnElement, Select, bindparam, case, func, select
from sqlalchemy.orm import InstrumentedAttribute

from tgac.comments.models import Comment
from tgac.kit.act import Act
from tgac.kit.web.i18n import N_
from tgac.settings.service import Holding
from tgac.tasks.config import Limits
from tgac.tasks.facts import Reason

type Scope = Literal["bot", "channel", "project", "threads"]
HOUR_S: Final = 3600
DAY_S: Final = 86_400
ACTIVE_S: Final = 300
"""A thread is active from when a bot begins to write in it until its comment is looked at for the first time."""
AHEAD: Final = timedelta(seconds=60)
"""So far ahead of the clock it still counts: a clock that is set right by seconds must let nothing more through."""
STANDS: Final = ("sending", "sent", "unknown", "deleted")
"""What counts: begun, and not refused. What Telegram refused takes nobody's place."""
_WORDS: Final[Mapping[str, str]] = {
    "limit_channel_hour": N_("Comments in this channel within an hour: %(taken)d; at most %(most)d are allowed."),
    "limit_channel_day": N_("Comments in this channel within a day: %(taken)d; at most %(most)d are allowed."),
    "limit_bot_hour": N_("Comments of the bot within an hour: %(taken)d; at most %(most)d are allowed."),
    "limit_bot_day": N_("Comments of the bot within a day: %(taken)d; at most %(most)d are allowed."),
    "limit_project_hour": N_("Comments of the project within an hour: %(taken)d; at most %(most)d are allowed."),
    "limit_project_day": N_("Comments of the project within a day: %(taken)d; at most %(most)d are allowed."),
    "limit_threads": N_("Threads in which the bot is active: %(taken)d; at most %(most)d are allowed."),
    "limit_pause": N_("The bot pauses for %(seconds)d s between two comments."),
    "limit_errors": N_("Too many of the bot's comments fail: it writes one in %(seconds)d s."),
}
HELD_BY: Final[Mapping[str, str]] = {
    "limit_channel_hour": N_("the channel's limit for an hour"),
    "limit_channel_day": N_("the channel's limit for a day"),
    "limit_bot_hour": N_("the bot's limit for an hour"),
    "limit_bot_day": N_("the bot's limit for a day"),
    "limit_project_hour": N_("the project's limit for an hour"),
    "limit_project_day": N_("the project's limit for a day"),
    "limit_threads": N_("the number of threads a bot is active in"),
    "limit_pause": N_("the bot's pause between two comments"),
}
"""What moved a comment of a dry run, by code (msgids)."""
_SLOW_START: Final[Mapping[str, str]] = {
    "limit_channel_hour": N_(
        "Comments in this channel within an hour: %(taken)d; at most %(most)d of %(full)d are allowed at the start."
    ),
    "limit_channel_day": N_(
        "Comments in this channel within a day: %(taken)d; at most %(most)d of %(full)d are allowed at the start."
    ),
    "limit_bot_hour": N_(
        "Comments of the bot within an hour: %(taken)d; at most %(most)d of %(full)d are allowed at the start."
    ),
    "limit_bot_day": N_(
        "Comments of the bot within a day: %(taken)d; at most %(most)d of %(full)d are allowed at the start."
    ),
}


@dataclass(frozen=True, slots=True)
class Cap:
    """At most `most` in any `seconds`; `full` is what it grows to where that is more."""

    code: str
    scope: Scope
    most: int
    seconds: int
    full: int

    @property
    def is_grown(self) -> bool:
        """Whether it begins smaller than it is."""
        return self.code in _SLOW_START

    def reason(self, taken: int) -> Reason:
        """Why a comment waits, where so many were begun."""
        words = _SLOW_START if self.full > self.most else _WORDS
        values = {"taken": taken, "most": self.most, "full": self.full, "seconds": self.seconds}
        return Reason(self.code, words[self.code], values)


@dataclass(frozen=True, slots=True)
class Full:
    """A cap that is used up: until when, at least, and why."""

    until: datetime
    reason: Reason


@dataclass(frozen=True, slots=True)
class Where:
    """Whose limits a comment uses up."""

    project_id: int
    channel_id: int
    bot_id: int

    def key(self, scope: Scope) -> int:
        """The number by which a scope counts."""
        return {"project": self.project_id, "channel": self.channel_id}.get(scope, self.bot_id)


def slow_cap(seconds: int) -> Cap:
    """What holds for a bot whose comments fail too often."""
    return Cap("limit_errors", "bot", 1, seconds, 1)


def share_of(days: int, newest: datetime, now: datetime) -> float:
    """The part of its caps that something made at `newest` has: one more step each day, all of them after `days`."""
    age = max(0, (now - newest).days)
    return 1.0 if age >= days else (age + 1) / (days + 1)


def caps_of(limits: Limits, holding: Holding, *, newest: datetime, now: datetime) -> tuple[Cap, ...]:
    """The caps that hold for a comment; `newest` is when the youngest of its task, bot and channel came."""
    share = share_of(limits.ramp_up_days or 0, newest, now)
    return tuple(_caps(limits, holding, share))


def grown_caps(limits: Limits, holding: Holding) -> tuple[Cap, ...]:
    """The caps that hold once everything is old enough."""
    return tuple(_caps(limits, holding, 1.0))


def _caps(limits: Limits, holding: Holding, share: float) -> Iterator[Cap]:
    grown: tuple[tuple[str, Scope, int | None, int], ...] = (
        ("limit_channel_hour", "channel", limits.per_channel_hour, HOUR_S),
        ("limit_channel_day", "channel", limits.per_channel_day, DAY_S),
        ("limit_bot_hour", "bot", limits.per_bot_hour, HOUR_S),
        ("limit_bot_day", "bot", limits.per_bot_day, DAY_S),
    )
    for code, scope, full, seconds in grown:
        if full is not None:
            yield Cap(code, scope, max(1, math.ceil(full * share)), seconds, full)
    threads = holding.active_threads_per_bot
    fixed: tuple[tuple[str, Scope, int | None, int], ...] = (
        ("limit_project_hour", "project", holding.per_hour, HOUR_S),
        ("limit_project_day", "project", holding.per_day, DAY_S),
        ("limit_threads", "threads", min(threads, limits.threads_per_bot or threads), ACTIVE_S),
        ("limit_pause", "bot", 1 if limits.pause_s else None, limits.pause_s or 0),
    )
    yield from (Cap(code, scope, most, seconds, most) for code, scope, most, seconds in fixed if most is not None)


@dataclass(slots=True)
class _Tally:
    """How many were begun within a window, and the first of them."""

    count: int
    first: datetime | None


@dataclass
class Ledger:
    """What was begun lately, by scope, number and window in seconds; `count` adds what is about to begin.

    `windows` are those that any cap at hand looks at.
    """

    windows: set[tuple[Scope, int]] = field(default_factory=set)
    tallies: dict[tuple[Scope, int, int], _Tally] = field(default_factory=dict)

    def full(self, where: Where, caps: Iterable[Cap]) -> Full | None:
        """The cap that is used up, the one that lasts longest; None where there is room."""
        found = [full for cap in caps if (full := self._full(where, cap))]
        return max(found, key=lambda one: one.until, default=None)

    def count(self, where: Where, now: datetime) -> None:
        """One more begins at this moment: it counts for the caps of every task."""
        for scope, seconds in self.windows:
            tally = self.tallies.setdefault((scope, where.key(scope), seconds), _Tally(0, None))
            tally.count += 1
            tally.first = tally.first or now

    def _full(self, where: Where, cap: Cap) -> Full | None:
        tally = self.tallies.get((cap.scope, where.key(cap.scope), cap.seconds))
        if tally is None or tally.first is None or tally.count < cap.most:
            return None
        return Full(tally.first + timedelta(seconds=cap.seconds), cap.reason(tally.count))


async def ledger_of(act: Act, caps: Mapping[Where, Sequence[Cap]]) -> Ledger:
    """What was begun within the windows of these caps, in at most one statement for each scope."""
    ledger = Ledger()
    wanted: dict[Scope, tuple[set[int], set[int]]] = {}
    for where, held in caps.items():
        for cap in held:
            keys, windows = wanted.setdefault(cap.scope, (set(), set()))
            keys.add(where.key(cap.scope))
            windows.add(cap.seconds)
    for scope, (keys, windows) in wanted.items():
        ledger.windows |= {(scope, seconds) for seconds in windows}
        await _look_up(act, ledger, scope, keys=keys, windows=sorted(windows))
    return ledger


_COLUMN: Final[Mapping[Scope, InstrumentedAttribute[int] | InstrumentedAttribute[int | None]]] = {
    "bot": Comment.bot_id,
    "threads": Comment.bot_id,
    "channel": Comment.channel_id,
    "project": Comment.project_id,
}


def _counting(scope: Scope, windows: int) -> Select[Any]:
    """For each of some windows how many were begun within it, and the first of them."""
    key = _COLUMN[scope]
    counted = Comment.post_id if scope == "threads" else Comment.id
    columns: list[ColumnElement[Any]] = []
    for at in range(windows):
        inside = Comment.sending_at > bindparam(f"since_{at}")
        columns.append(func.count(case((inside, counted)).distinct()))
        columns.append(func.min(case((inside, Comment.sending_at))))
    begun = Comment.sending_at.between(bindparam("longest"), bindparam("ahead"))
    asked = select(key, *columns).where(key.in_(bindparam("keys")), begun, Comment.state.in_(STANDS))
    return asked.group_by(key)


async def _look_up(act: Act, ledger: Ledger, scope: Scope, *, keys: Collection[int], windows: Sequence[int]) -> None:
    """What lies far ahead of the clock was begun before it was set back: it counts not."""
    since = {f"since_{at}": act.now - timedelta(seconds=seconds) for at, seconds in enumerate(windows)}
    asked = _counting(scope, len(windows))
    given = since | {"keys": list(keys), "longest": min(since.values()), "ahead": act.now + AHEAD}
    for row in await act.session.execute(asked, given):
        number, *told = row
        for at, seconds in enumerate(windows):
            ledger.tallies[scope, number, seconds] = _Tally(told[2 * at], told[2 * at + 1])
