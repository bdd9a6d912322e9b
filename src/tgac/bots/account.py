"""What Telegram tells about a token. No act is open here."""

import re
from typing import Final

from tgac.kit.errors import Invalid, Unavailable
from tgac.kit.secrets import Secret
from tgac.kit.telegram.faults import BY_PROXY, Bug, Fault, RefusedBot
from tgac.kit.telegram.types import User
from tgac.kit.tools import Tools
from tgac.kit.web.i18n import _

_TOKEN: Final = re.compile(r"[0-9]{5,16}:[A-Za-z0-9_-]{30,50}")


def well_formed(token: str) -> Secret:
    """The token without what stands around it. Raises Invalid (field `token`)."""
    token = token.strip()
    if not _TOKEN.fullmatch(token):
        raise Invalid(
            _("This is not a bot token. @BotFather gives one that looks like 123456789:AAE…"),
            code="bad_token",
            field="token",
        )
    return Secret(token)


def bot_id_of(token: Secret) -> int:
    """The number of the account: the half of a token that is no secret."""
    return int(token.reveal().partition(":")[0])


async def account_behind(tools: Tools, token: Secret) -> User:
    """Whose token it is.

    Raises Invalid (field `token`) for one that is of no use, and the Faults that waiting may mend.
    """
    account = await _owner_of(tools, token)
    if not account.is_bot or not account.username:
        raise Invalid(_("This account is not a bot."), code="not_a_bot", field="token")
    if account.id == bot_id_of(tools.config.telegram_bot_token):
        raise Invalid(
            _("This is the service bot. Comments need a bot of their own."), code="service_bot", field="token"
        )
    return account


async def _owner_of(tools: Tools, token: Secret) -> User:
    try:
        return await tools.telegram.get_me(token)
    except (RefusedBot, Bug) as fault:
        words = _("Telegram does not accept this token: %(answer)s", answer=fault.description)
        raise Invalid(words, code="token_refused", field="token") from None


def silent(fault: Fault) -> Unavailable:
    """What a person is told when Telegram could not be asked."""
    if fault.reason == BY_PROXY:
        words = _("The bot's proxy does not lead to Telegram: %(problem)s", problem=fault.description)
        return Unavailable(words, code="proxy_failed")
    return Unavailable(_("Telegram cannot be reached. Try again in a minute."), code="telegram_unavailable")
