"""When a comment is due: inside the delay window, never in quiet hours, never too late. Pure.

Everything is reckoned in UTC; the zone only says what the clock on the wall shows, so midnight and the days when clocks
change need no case of their own.
"""

import random
from collections.abc import Iterator
from datetime import UTC, datetime, time, timedelta, tzinfo

from tgac.kit.web.i18n import N_

from .config import QuietHours, Timing
from .facts import Reason


def when(
    published_at: datetime, seen_at: datetime, timing: Timing, zone: tzinfo, dice: random.Random
) -> datetime | Reason:
    """The moment (UTC) at which the comment is due, or why there is none any more.

    A post seen after its window is commented at once, until `expires_at`. A moment in quiet hours moves to their end,
    and from there by a part of the window, so that the morning does not begin with all of the night's comments.
    """
    published_at, seen_at = published_at.astimezone(UTC), seen_at.astimezone(UTC)
    window = timing.window
    first = max(published_at + timedelta(seconds=window.min_s), seen_at)
    last = max(published_at + timedelta(seconds=window.max_s), first)
    due = _between(first, last, dice)
    awake = after_quiet(due, timing.quiet_hours, zone)
    limit = expires_at(published_at, timing, zone)
    if awake > limit:
        params = {"due": awake.isoformat(), "limit": limit.isoformat()}
        return Reason("too_late", N_("The comment would have come at %(due)s, after %(limit)s."), params)
    if awake == due:
        return due
    return _spread(awake, limit, timing, zone=zone, dice=dice)


def waits_until(due: datetime, timing: Timing, zone: tzinfo, dice: random.Random) -> datetime | None:
    """The moment (UTC) until which a comment that is due waits for readers at most; None where its task waits for none.

    A moment in quiet hours moves to their end, as the one at which a comment is due.
    """
    if not timing.awaits.is_on:
        return None
    last = due.astimezone(UTC) + timedelta(seconds=timing.awaits.deadline_s)
    awake = after_quiet(last, timing.quiet_hours, zone)
    if awake == last:
        return last
    return _spread(awake, awake + timedelta(seconds=timing.expiry_s), timing, zone=zone, dice=dice)


def _spread(awake: datetime, limit: datetime, timing: Timing, *, zone: tzinfo, dice: random.Random) -> datetime:
    """The end of quiet hours moved on by a part of the window, at most to `limit`."""
    window = timing.window
    later = _between(awake, min(awake + timedelta(seconds=window.max_s - window.min_s), limit), dice)
    return awake if is_quiet(later, timing.quiet_hours, zone) else later


def expires_at(published_at: datetime, timing: Timing, zone: tzinfo) -> datetime:
    """After this moment (UTC) the comment is not sent any more: the window's end, moved out of quiet hours, and the
    config's `expire_after_s`."""
    end = published_at.astimezone(UTC) + timedelta(seconds=timing.window.max_s)
    return after_quiet(end, timing.quiet_hours, zone) + timedelta(seconds=timing.expiry_s)


def is_quiet(moment: datetime, quiet: QuietHours | None, zone: tzinfo) -> bool:
    """Whether the clock on the wall of `zone` stands within the quiet hours; their end is outside."""
    if quiet is None:
        return False
    wall = moment.astimezone(zone).time()
    begin, end = time.fromisoformat(quiet.from_), time.fromisoformat(quiet.to)
    if begin < end:
        return begin <= wall < end
    return wall >= begin or wall < end


def after_quiet(moment: datetime, quiet: QuietHours | None, zone: tzinfo) -> datetime:
    """`moment`, or the end of the quiet hours in which it lies (UTC)."""
    moment = moment.astimezone(UTC)
    if quiet is None or not is_quiet(moment, quiet, zone):
        return moment
    return min(end for end in _ends(moment, quiet, zone) if end > moment and not is_quiet(end, quiet, zone))


def _ends(moment: datetime, quiet: QuietHours, zone: tzinfo) -> Iterator[datetime]:
    """Ends of quiet hours around a moment. On the day when clocks go back there may be two; where they go forward over
    the end, Python's reckoning gives the moment as far behind the gap, which is late by the gap at most."""
    today = moment.astimezone(zone).date()
    wall = time.fromisoformat(quiet.to)
    for days in range(-1, 4):
        for fold in (0, 1):
            end = datetime.combine(today + timedelta(days=days), wall, tzinfo=zone).replace(fold=fold)
            yield end.astimezone(UTC)


def _between(first: datetime, last: datetime, dice: random.Random) -> datetime:
    return first + (last - first) * dice.random()
