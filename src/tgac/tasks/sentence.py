"""A task reads itself back as one sentence, in the reader's language."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from tgac.kit.web.i18n import _, ngettext
from tgac.tasks.config import Delay, Filter, QuietHours, TaskConfig
from tgac.tasks.queries import Scenery

_HOUR = 3600
_MINUTE = 60


def sentence_of(config: TaskConfig, scenery: Scenery, bot_ids: Collection[int]) -> str:
    """“Under every post of “City News”, 3 to 7 minutes later: one comment by @city_bot.”"""
    known = [scenery.channels[one].title for one in config.targets.channels if one in scenery.channels]
    names = [f"@{scenery.bots[one].username}" for one in bot_ids if one in scenery.bots]
    words = {
        "channels": _channels(known),
        "delay": delay_words(config.timing.window),
        "quiet": _quiet(config.timing.quiet_hours),
        "comments": _comments(config.limits.per_post),
        "bots": _bots(names),
    }
    if config.filter == Filter():
        return _("Under every post %(channels)s, %(delay)s%(quiet)s: %(comments)s %(bots)s.", **words)
    return _(
        "Under every post %(channels)s that passes the filter, %(delay)s%(quiet)s: %(comments)s %(bots)s.", **words
    )


def draft_sentence(document: Mapping[str, Any], scenery: Scenery, bot_ids: Collection[int]) -> str | None:
    """The same of a document that has not been checked, whatever it says; None where it cannot be read."""
    try:
        config = TaskConfig.model_validate({key: value for key, value in document.items() if key != "content"})
    except ValidationError:
        return None
    return sentence_of(config, scenery, bot_ids)


def delay_words(window: Delay) -> str:
    """How long after the post: “3 to 7 minutes later”, in the largest unit in which both ends are whole."""
    low, high = window.min_s, window.max_s
    if high == 0:
        return _("at once")
    if low % _HOUR == high % _HOUR == 0:
        return _hours(low // _HOUR, high // _HOUR)
    if low % _MINUTE == high % _MINUTE == 0:
        return _minutes(low // _MINUTE, high // _MINUTE)
    if low == high:
        return ngettext("%(n)s second later", "%(n)s seconds later", high)
    return ngettext("%(low)s to %(n)s second later", "%(low)s to %(n)s seconds later", high, low=low)


def _hours(low: int, high: int) -> str:
    if low == high:
        return ngettext("%(n)s hour later", "%(n)s hours later", high)
    return ngettext("%(low)s to %(n)s hour later", "%(low)s to %(n)s hours later", high, low=low)


def _minutes(low: int, high: int) -> str:
    if low == high:
        return ngettext("%(n)s minute later", "%(n)s minutes later", high)
    return ngettext("%(low)s to %(n)s minute later", "%(low)s to %(n)s minutes later", high, low=low)


def _channels(titles: Sequence[str]) -> str:
    match titles:
        case []:
            return _("(no channel is chosen yet)")
        case [one]:
            return _("of “%(one)s”", one=one)
        case [one, other]:
            return _("of “%(one)s” and “%(other)s”", one=one, other=other)
        case [one, *rest]:
            return ngettext(
                "of “%(first)s” and %(n)s more channel", "of “%(first)s” and %(n)s more channels", len(rest), first=one
            )
    raise AssertionError("every number of channels has its words")


def _bots(names: Sequence[str]) -> str:
    match names:
        case []:
            return _("(no bot is assigned yet)")
        case [one]:
            return _("by %(one)s", one=one)
        case [one, other]:
            return _("by %(one)s or %(other)s", one=one, other=other)
        case [one, *rest]:
            return ngettext("by %(first)s or %(n)s more bot", "by %(first)s or %(n)s more bots", len(rest), first=one)
    raise AssertionError("every number of bots has its words")


def _comments(count: int) -> str:
    if count == 1:
        return _("one comment")
    return ngettext("up to %(n)s comment", "up to %(n)s comments", count)


def _quiet(hours: QuietHours | None) -> str:
    if hours is None:
        return ""
    return _(", but not from %(begin)s to %(end)s", begin=hours.from_, end=hours.to)
