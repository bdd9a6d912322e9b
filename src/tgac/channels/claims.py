"""Whose channel it is: the claim, and what keeps it from holding."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final

from sqlalchemy import bindparam, select

from tgac.channels import reasons
from tgac.channels.inspection import Inspection
from tgac.channels.models import Channel, ChannelState
from tgac.kit.act import Act
from tgac.people.models import Member, User


async def claimer_of(act: Act, channel: Channel) -> int | None:
    """The Telegram id of who claims the channel; None while nobody does, or they never signed in with Telegram."""
    return (await claimed_channels(act, [channel.id]))[channel.id][1]


_CLAIMED: Final = (
    select(Channel, User.telegram_id)
    .outerjoin(User, User.id == Channel.claimed_by)
    .where(Channel.id.in_(bindparam("channels")))
)
_MEMBERS: Final = (
    select(Member.user_id, User.telegram_id)
    .join(User, User.id == Member.user_id)
    .where(Member.user_id.in_(bindparam("users")))
)


async def claimed_channels(act: Act, channel_ids: Collection[int]) -> dict[int, tuple[Channel, int | None]]:
    """These channels with their `claimer_of`, by number; those that are not there are left out."""
    found = await act.session.execute(_CLAIMED, {"channels": list(channel_ids)})
    return {
        channel.id: (channel, telegram_id if channel.client_telegram_id is None else channel.client_telegram_id)
        for channel, telegram_id in found
    }


async def telegram_id_of(act: Act, user_id: int) -> int | None:
    """Who a user is in Telegram; None until they have signed in there."""
    found: int | None = await act.session.scalar(select(User.telegram_id).where(User.id == user_id))
    return found


async def claiming_members(act: Act, channels: Iterable[Channel]) -> dict[int, int | None]:
    """Who of those that claim these channels is a member of the act's project, with their Telegram id."""
    claiming = {channel.claimed_by for channel in channels if channel.claimed_by is not None}
    return {row.user_id: row.telegram_id for row in await act.session.execute(_MEMBERS, {"users": list(claiming)})}


def claim_problem(channel: Channel, seen: Inspection, members: Mapping[int, int | None]) -> str | None:
    """The code of what keeps the claim from holding; None when it holds. Asked where a witness has looked; `members`
    are `claiming_members`."""
    if channel.client_telegram_id is None:
        if channel.claimed_by is None:
            return reasons.UNCLAIMED
        if channel.claimed_by not in members:
            return reasons.CLAIMER_LEFT
        if members[channel.claimed_by] is None:
            return reasons.TELEGRAM_UNKNOWN
    if seen.claimed:
        return None
    return reasons.CLAIMER_NOT_ADMIN if channel.state == ChannelState.PENDING else reasons.OWNER_LOST
