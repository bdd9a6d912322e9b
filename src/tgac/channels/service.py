"""The verbs of channels, for whoever stands above."""

from tgac.channels.change import change_channel, propose_channel, remove_channel
from tgac.channels.connect import Connected, claim_channel, connect_channel
from tgac.channels.importing import import_channels
from tgac.channels.jobs import CheckChannel, RecheckChannels, check_soon
from tgac.channels.membership import link_changed, membership_changed
from tgac.channels.settle import suspend_channel
from tgac.channels.verify import verify_channel

__all__ = [
    "CheckChannel",
    "Connected",
    "RecheckChannels",
    "change_channel",
    "check_soon",
    "claim_channel",
    "connect_channel",
    "import_channels",
    "link_changed",
    "membership_changed",
    "propose_channel",
    "remove_channel",
    "suspend_channel",
    "verify_channel",
]
