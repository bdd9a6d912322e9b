"""Whether readers have talked as a task waits for. Pure: the same talk gives the same answer, whenever one asks.

What was said later does not undo a condition that has held, and what comes after the last moment does not count: so it
plays no part how late somebody looks, nor in which order or how often Telegram told of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import zip_longest
from typing import Final, Literal

from tgac.tasks.config import WaitFor

_ASKING: Final = "?？؟"


@dataclass(frozen=True, slots=True)
class Said:
    """A reader's comment: when it was written, and since when it has asked something: its author may edit it."""

    at: datetime
    asks_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a wait stands at a moment: `open` until `at` at least, `heard` since `at`, or `missed` at `at`, its last
    moment. `said` counts readers' comments so far, `asked` says that one of them is a question."""

    state: Literal["open", "heard", "missed"]
    at: datetime
    said: int
    asked: bool


def standing(wait: WaitFor, talk: Iterable[Said], *, since: datetime, last: datetime, now: datetime) -> Standing:
    """How the wait stands at `now`. `since` is the post's publication, `last` when the wait ends in any case."""
    so_far = [one for one in talk if one.at <= last]
    told = len(so_far), any(one.asks_at is not None and one.asks_at <= last for one in so_far)
    heard = heard_at(wait, so_far, since)
    if heard is not None and heard <= min(now, last):
        return Standing("heard", heard, *told)
    if now >= last:
        return Standing("missed", last, *told)
    return Standing("open", min(heard or last, last), *told)


def heard_at(wait: WaitFor, talk: Iterable[Said], since: datetime) -> datetime | None:
    """The first moment at which all that is waited for holds together, as far as the talk is known: it lies ahead where
    a silence has to last a little longer. None while a comment or a question is missing."""
    said = sorted(talk, key=lambda one: one.at)
    moments = [max(one.at, since) for one in said]
    if len(moments) < wait.reader_comments:
        return None
    asked = min((max(one.asks_at, since) for one in said if one.asks_at), default=None)
    if wait.question and asked is None:
        return None
    counted = moments[wait.reader_comments - 1] if wait.reader_comments else since
    least = max(counted, asked) if wait.question and asked else counted
    silence = timedelta(seconds=wait.silence_s or 0)
    if not silence:
        return least
    ends = (max(before + silence, least) for before in (since, *moments))
    return next(end for end, after in zip_longest(ends, moments) if after is None or end < after)


def asks(text: str) -> bool:
    """Whether the words ask something: a question mark that is not part of an address."""
    return any(mark in word and not _is_address(word) for word in text.split() for mark in _ASKING)


def _is_address(word: str) -> bool:
    before = word.partition("?")[0]
    return "://" in word or word.lower().startswith("www.") or ("." in before and "/" in before)
