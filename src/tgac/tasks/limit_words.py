"""Limits as pieces of a sentence, in the reader's language."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from tgac.kit.web.i18n import _, ngettext
from tgac.tasks.time_words import span_words


def limit_words(limits: Mapping[str, Any]) -> list[str]:
    """What `limits` of a document allows, as pieces of a sentence; nothing where it sets no cap and no pause."""
    found = [words(limits[name]) for name, words in _CAPS.items() if limits.get(name)]
    if found and limits.get("ramp_up_days"):
        days = limits["ramp_up_days"]
        found.append(ngettext("growing to that over %(n)s day", "growing to that over %(n)s days", days))
    if pause := limits.get("pause_s"):
        found.append(_("%(span)s between two comments of a bot", span=span_words(pause)))
    if together := limits.get("per_post_together"):
        found.append(_("comments of all tasks under a post: %(n)s", n=together))
    if threads := limits.get("threads_per_bot"):
        found.append(_("threads a bot is active in: %(n)s", n=threads))
    return found


_CAPS: Final[Mapping[str, Callable[[int], str]]] = {
    "per_channel_hour": lambda n: ngettext(
        "%(n)s comment an hour in a channel", "%(n)s comments an hour in a channel", n
    ),
    "per_channel_day": lambda n: ngettext("%(n)s comment a day in a channel", "%(n)s comments a day in a channel", n),
    "per_bot_hour": lambda n: ngettext("%(n)s comment an hour by a bot", "%(n)s comments an hour by a bot", n),
    "per_bot_day": lambda n: ngettext("%(n)s comment a day by a bot", "%(n)s comments a day by a bot", n),
}
