"""Whose channel it is: the claim, and what keeps it from holding."""

from sqlalchemy import Select, select

from tgac.channels import reasons
from tgac.channels.inspection import Inspection
from tgac.channels.models import Channel, ChannelState
from tgac.kit.act import Act
from tgac.kit.errors import NotFound
from tgac.kit.web.i18n import _
from tgac.people.models import Member, User


async def claimer_of(act: Act, channel: Channel) -> int | None:
    """The Telegram id of who claims the channel; None while nobody does, or they never signed in with Telegram."""
    if channel.client_telegram_id is not None:
        return channel.client_telegram_id
    return None if channel.claimed_by is None else await telegram_id_of(act, channel.claimed_by)


async def find_claimed(act: Act, channel_id: int) -> tuple[Channel, int | None]:
    """The channel with its `claimer_of`, in one question. Raises NotFound."""
    asked = select(Channel, User.telegram_id).outerjoin(User, User.id == Channel.claimed_by)
    found = (await act.session.execute(asked.where(Channel.id == channel_id))).one_or_none()
    if found is None:
        raise NotFound(_("There is nothing here, or it is not yours."))
    channel, telegram_id = found
    return channel, channel.client_telegram_id if channel.client_telegram_id is not None else telegram_id


async def telegram_id_of(act: Act, user_id: int) -> int | None:
    """Who a user is in Telegram; None until they have signed in there."""
    found: int | None = await act.session.scalar(select(User.telegram_id).where(User.id == user_id))
    return found


async def claim_problem(act: Act, channel: Channel, seen: Inspection) -> str | None:
    """The code of what keeps the claim from holding; None when it holds. Asked where a witness has looked."""
    if channel.client_telegram_id is None:
        if channel.claimed_by is None:
            return reasons.UNCLAIMED
        claimer = (await act.session.execute(_claiming_member(channel))).one_or_none()
        if claimer is None:
            return reasons.CLAIMER_LEFT
        if claimer.telegram_id is None:
            return reasons.TELEGRAM_UNKNOWN
    if seen.claimed:
        return None
    return reasons.CLAIMER_NOT_ADMIN if channel.state == ChannelState.PENDING else reasons.OWNER_LOST


def _claiming_member(channel: Channel) -> Select[int | None]:
    of_project = Member.project_id == channel.project_id
    asked = select(User.telegram_id).join(Member, Member.user_id == User.id)
    return asked.where(of_project, User.id == channel.claimed_by)
