"""The words of profiles for people."""

from typing import Final

from babel import Locale, UnknownLocaleError

from tgac.kit.web.i18n import N_, _, language

FIELD_WORDS: Final = {
    "name": N_("Name"),
    "short_description": N_("Short description"),
    "description": N_("Description"),
    "commands": N_("Commands"),
    "photo": N_("Photo"),
    "": N_("The whole profile"),
}
STATE_WORDS: Final = {
    "saved": (N_("not applied"), "wait"),
    "applying": (N_("being applied"), "busy"),
    "applied": (N_("applied"), "ok"),
    "failed": (N_("failed"), "bad"),
    "done": (N_("done"), "ok"),
    "waiting": (N_("waiting"), "wait"),
}


def language_name(code: str) -> str:
    """A language's name in the language in use, with its code."""
    if not code:
        return _("All languages")
    try:
        name = Locale.parse(code).get_display_name(language())
    except (UnknownLocaleError, ValueError):
        name = None
    return f"{name} ({code})" if name else code
