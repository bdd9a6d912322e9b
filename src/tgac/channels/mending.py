"""The one button that mends what is missing at a channel."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select

from tgac.bots.invitations import invitations
from tgac.bots.models import Bot
from tgac.channels.models import Channel
from tgac.channels.reasons import MENDED_BY_CLAIM, MENDED_IN_CHANNEL, MENDED_IN_GROUP, NO_BOTS
from tgac.kit.act import Act
from tgac.kit.web.i18n import _


@dataclass(frozen=True, slots=True)
class Mend:
    """What the button says, also in few words, and where it leads; `posts` where it is pressed, not followed."""

    label: str
    short: str
    href: str
    posts: bool = False


async def mends_of(act: Act, channels: Iterable[Channel]) -> dict[int, Mend]:
    """The button for each channel that lacks something."""
    troubled = [channel for channel in channels if channel.reason]
    hang_on = {channel.reason_bot_id for channel in troubled if channel.reason_bot_id}
    bots = {bot.id: bot for bot in await act.session.scalars(select(Bot).where(Bot.id.in_(hang_on)))}
    return {
        one.id: mend(act, one.reason or "", bots.get(one.reason_bot_id or 0), channel_id=one.id) for one in troubled
    }


def mend(act: Act, code: str, bot: Bot | None, *, channel_id: int | None) -> Mend:
    """The button that mends `code`, which hangs on `bot`; a look once more where nothing nearer is known."""
    root = f"/projects/{act.project_id}"
    if code == NO_BOTS:
        return Mend(_("Add a bot"), _("Add a bot"), f"{root}/bots")
    if bot is not None and code in MENDED_IN_CHANNEL:
        label = _("Add @%(bot)s to the channel", bot=bot.username)
        return Mend(label, _("Add to the channel"), invitations(act.config, bot).channel)
    if bot is not None and code in MENDED_IN_GROUP:
        label = _("Add @%(bot)s to the group", bot=bot.username)
        return Mend(label, _("Add to the group"), invitations(act.config, bot).group)
    if code in MENDED_BY_CLAIM:
        return Mend(_("It is my channel"), _("It is mine"), f"{root}/channels/{channel_id}/claim", posts=True)
    return Mend(_("Check now"), _("Check now"), f"{root}/channels/{channel_id}/check", posts=True)
