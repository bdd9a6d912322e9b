"""A task reads itself back as one sentence, in the reader's language."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pydantic import ValidationError

from tgac.kit.web.i18n import _, ngettext
from tgac.tasks.config import EVERY_DAY, Approval, Delay, Filter, Preset, QuietHours, TaskConfig, WaitFor, filled
from tgac.tasks.filter_words import filter_words
from tgac.tasks.limit_words import limit_words
from tgac.tasks.reach import Reach
from tgac.tasks.time_words import days_words, delay_words, share_words
from tgac.tasks.wait_words import wait_sentence

_SAID_OF_CONTENT = ("quote", "pin")
_NAMED = 3
"""So many playlists are named."""


def sentence_of(config: TaskConfig, reach: Reach) -> str:
    """“Under every post of “City News”, 3 to 7 minutes later: one comment by @city_bot.”"""
    words = {
        "channels": _channels(reach),
        "delay": delay_words(config.timing.window),
        "quiet": _quiet(config.timing.quiet_hours),
        "comments": _comments(config.limits.times),
        "bots": _bots(reach),
    }
    conditions = filter_words(config.filter)
    if not conditions:
        said = _("Under every post %(channels)s, %(delay)s%(quiet)s: %(comments)s %(bots)s.", **words)
    elif config.filter.forwarded or len(conditions) > 1:
        said = _(
            "Under every post %(channels)s that passes the filter, %(delay)s%(quiet)s: %(comments)s %(bots)s.", **words
        )
    else:
        conditions = []
        said = _(
            "Under every post %(channels)s except forwarded ones, %(delay)s%(quiet)s: %(comments)s %(bots)s.", **words
        )
    return " ".join([said, *_which(config.filter, conditions), *_awaited(config.timing.awaits), *_manners(config)])


def _awaited(wait: WaitFor) -> Iterator[str]:
    if wait.is_on:
        yield wait_sentence(wait)


def _which(wanted: Filter, conditions: Sequence[str]) -> Iterator[str]:
    if conditions:
        yield _("The filter takes only posts %(conditions)s.", conditions="; ".join(conditions))
    if len(wanted.days) < len(EVERY_DAY):
        yield _("Only on %(days)s.", days=days_words(wanted.days))
    if wanted.part < 1:
        yield _("Of these posts it takes %(share)s, picked evenly.", share=share_words(wanted.part))


def _manners(config: TaskConfig) -> Iterator[str]:
    """What else is done around a comment, a sentence each; nothing of what goes without saying."""
    if limits := limit_words(config.limits.model_dump()):
        yield _("Limits: %(limits)s.", limits="; ".join(limits))
    if config.timing.types:
        yield _("“typing…” is seen before it.")
    if config.content.quote:
        yield _("It quotes the post.")
    if config.content.kind == "llm":
        yield _("A language model writes it; the task’s own text stands in where it cannot.")
    if config.approval.mode == "all":
        yield _approval(config.approval)
    if config.content.pin:
        yield _("It is pinned.")
    if config.after.follow_edits != "no":
        asked = config.after.follow_edits == "ask"
        yield _("When the post is edited, somebody is asked.") if asked else _("When the post is edited, it follows.")
    if config.after.delete_after_s is not None:
        yield _("It is deleted %(span)s.", span=delay_words(Delay.once(config.after.delete_after_s)))
    if not config.after.delete_with_post:
        yield _("It stays when the post goes.")


def draft_sentence(document: Mapping[str, Any], reach: Reach, own: Mapping[str, Preset]) -> str | None:
    """The same of a document that has not been checked, whatever it says; None where it cannot be read.

    `own` are the project's presets. What it is aimed at and what it says are left aside: the sentence takes neither
    from the document.
    """
    said = document.get("content", {})
    content: dict[str, Any] = {name: said.get(name) is True for name in _SAID_OF_CONTENT}
    content["kind"] = "llm" if said.get("kind") == "llm" else "template"
    told = {name: part for name, part in document.items() if name != "targets"} | {"content": content}
    try:
        return sentence_of(TaskConfig.model_validate(filled(told, own)), reach)
    except (ValidationError, KeyError):
        return None


def _channels(reach: Reach) -> str:
    return _titles(reach) + _playlists(reach.playlists)


def _titles(reach: Reach) -> str:
    if not reach.channels or not reach.titles:
        return _("(no channel is chosen yet)")
    if reach.channels == 1:
        return _("of “%(one)s”", one=reach.titles[0])
    if reach.channels == len(reach.titles):
        return _("of “%(one)s” and “%(other)s”", one=reach.titles[0], other=reach.titles[1])
    first, more = reach.titles[0], reach.channels - 1
    return ngettext(
        "of “%(first)s” and %(n)s more channel", "of “%(first)s” and %(n)s more channels", more, first=first
    )


def _playlists(names: Sequence[str]) -> str:
    if not names:
        return ""
    if len(names) <= _NAMED:
        shown = ", ".join(names)
        return " " + ngettext("(playlist %(names)s)", "(playlists %(names)s)", len(names), names=shown)
    return " " + ngettext(
        "(playlist %(first)s and %(n)s more)", "(playlist %(first)s and %(n)s more)", len(names) - 1, first=names[0]
    )


def _bots(reach: Reach) -> str:
    names = [f"@{name}" for name in reach.usernames]
    if not reach.bots or not names:
        return _("(no bot is assigned yet)")
    if reach.bots == 1:
        return _("by %(one)s", one=names[0])
    if reach.bots == len(names):
        return _("by %(one)s or %(other)s", one=names[0], other=names[1])
    return ngettext("by %(first)s or %(n)s more bot", "by %(first)s or %(n)s more bots", reach.bots - 1, first=names[0])


def _approval(approval: Approval) -> str:
    if approval.otherwise == "send":
        return _("It waits until somebody has approved it or nobody has answered in time.")
    return _("It waits until somebody has approved it.")


def _comments(count: int) -> str:
    if count == 1:
        return _("one comment")
    return ngettext("up to %(n)s comment", "up to %(n)s comments", count)


def _quiet(hours: QuietHours | None) -> str:
    if hours is None:
        return ""
    return _(", but not from %(begin)s to %(end)s", begin=hours.from_, end=hours.to)
