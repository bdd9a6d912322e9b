"""The verbs of channels, for whoever stands above."""

from tgac.channels.connect import Connected, connect_channel
from tgac.channels.jobs import CheckChannel, RecheckChannels, check_soon
from tgac.channels.membership import link_changed, membership_changed
from tgac.channels.verify import remove_channel, suspend_channel, verify_channel

__all__ = [
    "CheckChannel",
    "Connected",
    "RecheckChannels",
    "check_soon",
    "connect_channel",
    "link_changed",
    "membership_changed",
    "remove_channel",
    "suspend_channel",
    "verify_channel",
]
