"""What was changed, in people's words: the names of fields and what stands in them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from sqlalchemy import select

from tgac.bots.models import Bot
from tgac.comments.change_words import kept_changes
from tgac.journal.models import Event, PanelEvent
from tgac.kit.act import Act
from tgac.kit.web.i18n import N_, _, ngettext
from tgac.people.words import role_word
from tgac.profiles.words import FIELD_WORDS, language_name
from tgac.settings.forms import PRESET_WORDS
from tgac.tasks.web import STATUS_WORDS

LABELS: Final[Mapping[str, str]] = {
    "collision_limit_per_post": N_("Comments under one post"),
    "preset": N_("Timing of a task that is made"),
    "default_quota_projects": N_("Projects a user may have"),
    "quota_projects": N_("Projects a user may have"),
    "time_zone": N_("Time zone"),
    "role": N_("Role"),
    "status": N_("State"),
    "bots": N_("Bots"),
    "channels": N_("Channels"),
    "targets.channels": N_("Channels"),
    "targets.playlists": N_("Playlists"),
    "per_hour": N_("Comments in an hour"),
    "per_day": N_("Comments in a day"),
    "active_threads_per_bot": N_("Threads a bot is active in"),
    "review_days": N_("Review period in days"),
    "llm_tokens_per_day": N_("Tokens for written comments a day"),
    "tags": N_("Tags"),
    "note": N_("Note"),
    "timing.preset": N_("Timing"),
    **{name: word for name, word in FIELD_WORDS.items() if name},
}
"""What pages call that which was changed, as the forms call it; the API says the key."""
_PROJECT: Final = {"active": N_("Active"), "paused": N_("Paused"), "archived": N_("Archived")}
_LONGEST: Final = 300


def label_of(key: str) -> str:
    """What a page calls the field of this key; a key of a task's document that has no word is shown as it is."""
    code, dot, name = key.partition(".")
    if dot and name in FIELD_WORDS and key not in LABELS:
        return f"{_(FIELD_WORDS[name])}: {language_name(code)}"
    return _(LABELS[key]) if key in LABELS else key


def value_of(key: str, value: Any, bots: Mapping[int, str]) -> str:
    """What stood in a field, as a person would say it; "" for nothing. `bots` are usernames by number."""
    if value is None or value in ("", [], {}):
        return ""
    if key in _IN_WORDS:
        return _IN_WORDS[key](value, bots)
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, list):
        value = ", ".join(value_of("", one, bots) for one in value)
    if isinstance(value, dict):
        value = ", ".join(f"{name}: {value_of('', one, bots) or '—'}" for name, one in value.items())
    text = str(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


async def bots_named(act: Act, events: Iterable[Event | PanelEvent | None]) -> dict[int, str]:
    """The usernames of the bots that these events speak of by number, as far as they are still there."""
    changed = [kept_changes(event).get("bots", []) for event in events if event is not None]
    numbers = {one for sides in changed for side in sides if isinstance(side, list) for one in side}
    if not numbers:
        return {}
    found = await act.session.execute(select(Bot.id, Bot.username).where(Bot.id.in_(numbers)))
    return {row.id: f"@{row.username}" for row in found}


def _word(words: Mapping[str, str]) -> Callable[[Any, Mapping[int, str]], str]:
    return lambda value, _bots: _(words[value]) if value in words else str(value)


def _named(value: Any, bots: Mapping[int, str]) -> str:
    return ", ".join(bots.get(one) or _("removed") for one in value)


def _counted(value: Any, _bots: Mapping[int, str]) -> str:
    many = len(value) if isinstance(value, list) else int(value)
    return ngettext("%(n)s channel", "%(n)s channels", many)


def _playlists(value: Any, _bots: Mapping[int, str]) -> str:
    return ngettext("%(n)s playlist", "%(n)s playlists", len(value))


_IN_WORDS: Final[Mapping[str, Callable[[Any, Mapping[int, str]], str]]] = {
    "role": lambda value, _bots: role_word(value),
    "preset": _word(PRESET_WORDS),
    "timing.preset": _word(PRESET_WORDS),
    "status": _word({**STATUS_WORDS, **_PROJECT}),
    "tags": lambda value, _bots: " ".join(f"#{tag}" for tag in value.split()),
    "bots": _named,
    "channels": _counted,
    "targets.channels": _counted,
    "targets.playlists": _playlists,
}
