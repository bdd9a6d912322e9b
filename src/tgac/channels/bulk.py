"""One thing done with many channels, and what came of it for each."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import select

from tgac.channels.change import change_channel, remove_channel
from tgac.channels.forms import ChannelAction, ChannelOrder
from tgac.channels.jobs import check_soon
from tgac.channels.models import Channel, ChannelState
from tgac.channels.queries import channels_found
from tgac.kit.act import Act
from tgac.kit.errors import AppError, Conflict, Invalid
from tgac.kit.tenancy import Right, require
from tgac.kit.web.i18n import _

APART: Final = timedelta(seconds=0.2)
"""Looks at many channels are spread, as those at a list are."""


@dataclass(frozen=True, slots=True)
class Told:
    """What came of it for one channel: `code` and `message` say why nothing was done; "" where it was."""

    channel_id: int
    title: str = ""
    code: str = ""
    message: str = ""

    @property
    def name(self) -> str:
        """What people call it."""
        return self.title or str(self.channel_id)

    @property
    def ok(self) -> bool:
        """Whether it was done."""
        return not self.code


type _Verb = Callable[[Act, Channel, int], Awaitable[None]]


async def order_channels(act: Act, order: ChannelOrder) -> list[Told]:
    """Do it with each channel that is meant. What cannot be done with one is told and keeps no other from it.

    Raises Refused, Invalid (`ids`) where neither or both of `ids` and `filter` are there.
    """
    require(act, Right.EDIT)
    if (order.ids is None) == (order.filter is None):
        raise Invalid(_("Name the channels, or the filter that they match."), field="ids")
    asked = channels_found(order.filter) if order.filter else select(Channel).where(Channel.id.in_(order.ids or ()))
    channels = list(await act.session.scalars(asked.order_by(Channel.id)))
    told = [await _tried(act, channel, n, order.action) for n, channel in enumerate(channels)]
    known = {channel.id for channel in channels}
    missing = [one for one in dict.fromkeys(order.ids or ()) if one not in known]
    return told + [Told(one, code="not_found", message=_("It is not there.")) for one in missing]


async def _tried(act: Act, channel: Channel, n: int, action: ChannelAction) -> Told:
    """Verbs refuse before they write, so one that is refused leaves nothing behind in the act.

    Where somebody was faster, what was written before cannot stay either: all of it is refused.
    """
    channel_id, title = channel.id, channel.title
    try:
        await _VERBS[action](act, channel, n)
    except AppError as error:
        if not act.session.is_active:
            raise
        return Told(channel_id, title, error.code, error.message)
    return Told(channel_id, title)


async def _check(act: Act, channel: Channel, n: int) -> None:
    if channel.state == ChannelState.ARCHIVED:
        raise Conflict(_("The channel is in the archive. Take it out first."), code="channel_archived")
    check_soon(act, channel, run_after=act.now + n * APART)


async def _archive(act: Act, channel: Channel, n: int) -> None:
    await change_channel(act, channel.id, state="archived")


async def _unarchive(act: Act, channel: Channel, n: int) -> None:
    if channel.state != ChannelState.ARCHIVED:
        raise Conflict(_("The channel is not in the archive."), code="not_archived")
    await change_channel(act, channel.id, state="active")


async def _remove(act: Act, channel: Channel, n: int) -> None:
    await remove_channel(act, channel.id)


_VERBS: Final[Mapping[ChannelAction, _Verb]] = {
    "check": _check,
    "archive": _archive,
    "unarchive": _unarchive,
    "remove": _remove,
}
