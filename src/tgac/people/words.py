"""What people are called."""

from collections.abc import Mapping
from typing import Final

from tgac.kit.tenancy import Role, TokenScope
from tgac.kit.web.i18n import N_, _
from tgac.people.models import NoticesWanted

ROLES: Final[Mapping[str, str]] = {
    Role.OWNER: N_("Owner"),
    Role.EDITOR: N_("Editor"),
    Role.REVIEWER: N_("Reviewer"),
    Role.VIEWER: N_("Viewer"),
}
_MEANINGS: Final[Mapping[str, str]] = {
    Role.OWNER: N_("everything, members and settings too"),
    Role.EDITOR: N_("bots, channels and tasks"),
    Role.REVIEWER: N_("decides about comments"),
    Role.VIEWER: N_("only looks"),
}
SCOPES: Final[Mapping[str, str]] = {
    TokenScope.READ: N_("Looks only"),
    TokenScope.WRITE: N_("Works in projects; not what is their owners’ alone"),
    TokenScope.ADMIN: N_("All that you may"),
}
NOTICES: Final[Mapping[str, str]] = {
    NoticesWanted.DAILY: N_("Once a day, together"),
    NoticesWanted.AT_ONCE: N_("Each at once"),
    NoticesWanted.CRITICAL: N_("Only what is critical"),
}


def role_word(role: str) -> str:
    """The role by its word."""
    return _(ROLES[role]) if role in ROLES else role


def role_choices() -> list[tuple[str, str]]:
    """Every role for a form, with what it may do."""
    return [(role, f"{_(word)}: {_(_MEANINGS[role])}") for role, word in ROLES.items()]
