"""Spans, delays and weekdays as people say them, in the reader's language."""

from collections.abc import Callable, Iterable
from typing import Final

from tgac.kit.web.i18n import N_, _, ngettext, show_number
from tgac.tasks.config import Delay

_DAYS_FROM: Final = 48 * 3600
"""Below two days people count hours."""
_UNITS: Final[tuple[tuple[int, Callable[[int], str]], ...]] = (
    (86_400, lambda n: ngettext("%(n)s day", "%(n)s days", n)),
    (3600, lambda n: ngettext("%(n)s hour", "%(n)s hours", n)),
    (60, lambda n: ngettext("%(n)s minute", "%(n)s minutes", n)),
    (1, lambda n: ngettext("%(n)s second", "%(n)s seconds", n)),
)
_LATER: Final[dict[int, tuple[Callable[[int], str], Callable[[int, int], str]]]] = {
    3600: (
        lambda n: ngettext("%(n)s hour later", "%(n)s hours later", n),
        lambda low, n: ngettext("%(low)s to %(n)s hour later", "%(low)s to %(n)s hours later", n, low=low),
    ),
    60: (
        lambda n: ngettext("%(n)s minute later", "%(n)s minutes later", n),
        lambda low, n: ngettext("%(low)s to %(n)s minute later", "%(low)s to %(n)s minutes later", n, low=low),
    ),
    1: (
        lambda n: ngettext("%(n)s second later", "%(n)s seconds later", n),
        lambda low, n: ngettext("%(low)s to %(n)s second later", "%(low)s to %(n)s seconds later", n, low=low),
    ),
}
WEEKDAYS: Final = (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun"))


def span_words(seconds: int) -> str:
    """So long: “15 minutes”, “1 hour 30 minutes”, “3 days”."""
    said, left = [], seconds
    for size, words in _UNITS:
        count, rest = divmod(left, size)
        if count and (size < _UNITS[0][0] or left >= _DAYS_FROM):
            said.append(words(count))
            left = rest
    return " ".join(said) or _UNITS[-1][1](0)


def delay_words(window: Delay) -> str:
    """How long after the post: “3 to 7 minutes later”, “30 seconds to 15 minutes later”."""
    low, high = window.min_s, window.max_s
    if high == 0:
        return _("at once")
    units = [size for size in _LATER if low % size == high % size == 0 and high < size * _most(size)]
    if not units and low == high:
        return _("%(span)s later", span=span_words(high))
    if not units:
        return _("%(low)s to %(high)s later", low=span_words(low), high=span_words(high))
    once, between = _LATER[units[0]]
    return once(high // units[0]) if low == high else between(low // units[0], high // units[0])


def _most(size: int) -> int:
    """So many of a unit are told as such: 90 seconds are a minute and a half, 48 hours are days."""
    return 48 if size == 3600 else 60


def days_words(days: Iterable[int]) -> str:
    """Weekdays by their short names; Monday is 0."""
    return ", ".join(_(WEEKDAYS[day]) for day in sorted(days))


def share_words(share: float) -> str:
    """A part of the posts in percent."""
    return f"{show_number(round(share * 100, 2))} %"
