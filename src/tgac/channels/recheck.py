"""What is done when it is time to look at channels."""

from datetime import timedelta
from itertools import batched, groupby
from typing import Final

from sqlalchemy import and_, or_, select

from tgac.bots.jobs import CheckPlaces
from tgac.bots.models import Seat
from tgac.channels import reasons
from tgac.channels.jobs import CheckChannel, RecheckChannels, check_soon
from tgac.channels.models import Channel, ChannelState
from tgac.channels.settle import suspend_channel
from tgac.channels.verify import verify_channel
from tgac.kit.errors import Conflict, NotFound
from tgac.kit.queue.jobs import Cancel, Done, Outcome, Snooze
from tgac.kit.telegram.faults import Ambiguous, Conflicted, NotSent, SlowDown
from tgac.kit.tenancy import EVERYONE
from tgac.kit.tools import Tools
from tgac.people.members import MemberEnded
from tgac.people.models import Member

STALE_AFTER: Final = timedelta(hours=24)
PENDING_STALE_AFTER: Final = timedelta(minutes=55)
"""A pending channel is looked at every hour of its first day (a group that becomes linked tells nobody), then daily."""
SPREAD_S: Final = 600
"""Checks that are due are spread over the time to the next round, so that bots are not asked all at once."""
SLICE_S: Final = 10
"""They come in slices: one look at the queue takes several of them."""
TOGETHER: Final = 5
"""So many of a project come at once: what is read and written for them is read and written together."""
WAIT_S: Final = 60.0


async def check_channel(tools: Tools, job: CheckChannel) -> Outcome:
    """Handles CheckChannel. What waiting may mend is waited for: silence of Telegram suspends nothing."""
    try:
        await verify_channel(tools, project_id=job.project_id, channel_id=job.channel_id)
    except NotFound:
        return Cancel("the channel is gone")
    except SlowDown as fault:
        return Snooze(fault.retry_after)
    except (NotSent, Ambiguous, Conflicted, Conflict):
        return Snooze(WAIT_S)
    return Done()


async def check_places(tools: Tools, job: CheckPlaces) -> Outcome:
    """Handles CheckPlaces."""
    async with tools.acting(None, job.project_id) as act:
        served = select(Seat.channel_id).where(Seat.bot_id == job.bot_id)
        there = select(Channel).where(Channel.id.in_(served), Channel.state != ChannelState.ARCHIVED)
        for channel in await act.session.scalars(there):
            check_soon(act, channel)
    return Done()


async def recheck_channels(tools: Tools, job: RecheckChannels) -> Outcome:
    """Handles RecheckChannels."""
    async with tools.acting(None, EVERYONE) as act:
        is_fresh = and_(Channel.state == ChannelState.PENDING, Channel.created_at > act.now - STALE_AFTER)
        stale = select(Channel).where(
            Channel.state != ChannelState.ARCHIVED,
            or_(
                Channel.checked_at < act.now - STALE_AFTER,
                and_(is_fresh, Channel.checked_at < act.now - PENDING_STALE_AFTER),
                and_(Channel.checked_at.is_(None), Channel.created_at < act.now - PENDING_STALE_AFTER),
            ),
        )
        ordered = await act.session.scalars(stale.order_by(Channel.project_id, Channel.id))
        for _project_id, of_project in groupby(ordered, key=lambda channel: channel.project_id):
            for some in batched(of_project, TOGETHER):
                later = timedelta(seconds=tools.dice.randrange(0, SPREAD_S, SLICE_S))
                for channel in some:
                    check_soon(act, channel, run_after=act.now + later)
    return Done()


async def end_claims(tools: Tools, job: MemberEnded) -> Outcome:
    """Handles MemberEnded: the channels that this person has claimed are closed until another member claims them."""
    async with tools.acting(None, job.project_id) as act:
        if await act.session.scalar(select(Member.id).where(Member.user_id == job.user_id)) is not None:
            return Done()
        open_ = Channel.state.in_((ChannelState.ACTIVE, ChannelState.PENDING, ChannelState.SUSPENDED))
        claimed = select(Channel).where(Channel.claimed_by == job.user_id, Channel.client_telegram_id.is_(None), open_)
        for channel in await act.session.scalars(claimed.order_by(Channel.id).with_for_update(key_share=True)):
            channel.checked_at = act.now
            if channel.state == ChannelState.PENDING:
                channel.reason, channel.reason_bot_id = reasons.CLAIMER_LEFT, None
            else:
                suspend_channel(act, channel, reasons.CLAIMER_LEFT)
    return Done()
