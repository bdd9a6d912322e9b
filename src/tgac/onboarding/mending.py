"""The one button that mends what is missing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from tgac.bots.invitations import invitations
from tgac.bots.models import Bot
from tgac.channels import reasons as of_channels
from tgac.channels.models import Channel
from tgac.kit.config import Config
from tgac.kit.telegram.links import chat_link
from tgac.kit.web.i18n import _
from tgac.onboarding import steps
from tgac.onboarding.models import Item


@dataclass(frozen=True, slots=True)
class Mend:
    """A link, or with `posts` a form that is sent to `href`."""

    label: str
    href: str
    posts: bool = False

    @property
    def leads_away(self) -> bool:
        """Whether it leads to Telegram."""
        return not self.href.startswith("/")


@dataclass(frozen=True, slots=True)
class Place:
    """What something is missing for: a channel of a run and its bot."""

    config: Config
    item: Item
    channel: Channel
    bot: Bot | None

    @property
    def root(self) -> str:
        """The project's pages."""
        return f"/projects/{self.item.project_id}"

    @property
    def run(self) -> str:
        """The run's page."""
        return f"{self.root}/onboarding/{self.item.run_id}"


def mend_for(place: Place) -> Mend:
    """What mends the item's reason."""
    return _MENDS.get(place.item.reason or "", _open_channel_here)(place)


def _add_a_bot(place: Place) -> Mend:
    return Mend(_("Add a bot"), f"{place.root}/bots")


def _open_bot(place: Place) -> Mend:
    return Mend(_("Open the bot"), f"{place.root}/bots/{place.item.bot_id}")


def _add_to_channel(place: Place) -> Mend:
    if place.bot is None:
        return _add_a_bot(place)
    return Mend(_("Add to the channel"), invitations(place.config, place.bot).channel)


def _add_to_group(place: Place) -> Mend:
    if place.bot is None:
        return _add_a_bot(place)
    return Mend(_("Add to the group"), invitations(place.config, place.bot).group)


def _help_with_group(place: Place) -> Mend:
    return Mend(_("How to link a group"), f"{place.run}#link-a-group")


def _open_account(place: Place) -> Mend:
    return Mend(_("Open the account"), "/account")


def _open_channel_there(place: Place) -> Mend:
    return Mend(_("Open in Telegram"), chat_link(place.config.telegram_link_base, place.channel.address))


def _open_channel_here(place: Place) -> Mend:
    return Mend(_("Open the channel"), f"{place.root}/channels/{place.item.channel_id}")


def _try_again(place: Place) -> Mend:
    return Mend(_("Try again"), f"{place.run}/channels/{place.item.channel_id}/look", posts=True)


def _go_on(place: Place) -> Mend:
    return Mend(_("I have looked"), f"{place.run}/channels/{place.item.channel_id}/skip", posts=True)


def _open_overview(place: Place) -> Mend:
    return Mend(_("Open the overview"), place.root)


_MENDS: Final[Mapping[str, Callable[[Place], Mend]]] = {
    steps.NO_ROOM: _add_a_bot,
    of_channels.NO_BOTS: _add_a_bot,
    of_channels.BOT_FULL: _add_a_bot,
    of_channels.BOT_REFUSED: _open_bot,
    **dict.fromkeys(of_channels.MENDED_IN_CHANNEL, _add_to_channel),
    **dict.fromkeys(of_channels.MENDED_IN_GROUP, _add_to_group),
    of_channels.NO_GROUP: _help_with_group,
    of_channels.GROUP_MISMATCH: _help_with_group,
    of_channels.TELEGRAM_UNKNOWN: _open_account,
    steps.POST_HAS_BUTTONS: _open_channel_there,
    steps.TRIAL_NO_POST: _open_channel_there,
    steps.TRIAL_REFUSED: _try_again,
    steps.TRIAL_UNKNOWN: _go_on,
    steps.TRIAL_STAYS: _go_on,
    steps.TRIAL_HALTED: _open_overview,
}
"""Whose channel it is, and what is in the archive, is settled on the channel's own page."""
