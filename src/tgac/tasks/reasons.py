"""Why a bot does not serve a task: codes for programs, sentences for people."""

from typing import Final

from tgac.bots.models import Bot
from tgac.channels.reasons import BOT_FULL
from tgac.kit.web.i18n import _

BOT_UNKNOWN: Final = "no_such_bot"
NOT_ACTIVE: Final = "bot_not_active"
NO_SEAT: Final = "no_seat"


def sentence(reason: str, bot: Bot | None) -> str:
    """The sentence of a reason; a bot of somebody else's is told like one that does not exist."""
    if bot is None:
        return _("There is no such bot in this project.")
    if reason == NOT_ACTIVE:
        return _("@%(bot)s is not active.", bot=bot.username)
    if reason == BOT_FULL:
        return _(
            "@%(bot)s may not write in any of the task's channels, and serves as many as a bot may.", bot=bot.username
        )
    return _("@%(bot)s may not write in any of the task's channels.", bot=bot.username)
