"""What becomes of a bot that is to come into a project: the words for lines of a list and for requests."""

from collections.abc import Mapping
from typing import Final

from tgac.kit.web.i18n import N_, _

ADDED: Final = "added"
KNOWN: Final = "known"
REPEATED: Final = "repeated"
UNREACHED: Final = "unreached"
REFUSED: Final = "refused"
NOT_GIVEN: Final = "not_given"

OUTCOMES: Final[Mapping[str, str]] = {
    ADDED: N_("Added."),
    KNOWN: N_("Known already."),
    REPEATED: N_("Stands in the list more than once."),
    "bot_taken": N_("In use in another project."),
    "bad_token": N_("Not a token."),
    "token_refused": N_("Telegram does not accept it."),
    "not_a_bot": N_("Not a bot."),
    "service_bot": N_("This is the service bot. Comments need a bot of their own."),
    UNREACHED: N_("Telegram was not reached. Send the list again: what is there stays as it is."),
    NOT_GIVEN: N_("Telegram does not give its token."),
    REFUSED: N_("Not added: you may not add bots to this project any more."),
}


def outcome_sentence(outcome: str | None) -> str:
    """The outcome for people; "" while there is none."""
    return _(OUTCOMES[outcome]) if outcome else ""
