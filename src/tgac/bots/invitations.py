"""The links by which a person adds a bot to a channel and to its discussion group."""

from dataclasses import dataclass
from typing import Final

from tgac.bots.models import Bot
from tgac.kit.config import Config
from tgac.kit.telegram.links import add_to_channel_link, add_to_group_link

CHANNEL_RIGHTS: Final = ("manage_chat",)
"""The least that makes an administrator, so that posts arrive and admins can be looked up; it may publish nothing."""
GROUP_RIGHTS: Final = ("delete_messages",)
"""An administrator sees posts whatever the bot's privacy mode is; this right lets it take back its old comments."""


@dataclass(frozen=True, slots=True)
class Invitations:
    """Each link asks its reader for the place and shows the rights before it adds the bot."""

    channel: str
    group: str


def invitations(config: Config, bot: Bot) -> Invitations:
    """The two links of a bot."""
    base = config.telegram_link_base
    return Invitations(
        channel=add_to_channel_link(base, bot.username, rights=CHANNEL_RIGHTS),
        group=add_to_group_link(base, bot.username, payload="comments", rights=GROUP_RIGHTS),
    )
