"""Looking at channels again: one when there is cause, each once a day."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final

from sqlalchemy import select

from tgac.channels.models import Channel, ChannelState
from tgac.channels.verify import verify_channel
from tgac.kit.act import Act
from tgac.kit.errors import Conflict, NotFound
from tgac.kit.queue.jobs import Cancel, Done, Job, Outcome, Snooze
from tgac.kit.telegram.faults import Ambiguous, Conflicted, NotSent, SlowDown
from tgac.kit.tenancy import EVERYONE
from tgac.kit.tools import Tools

STALE_AFTER: Final = timedelta(hours=24)
SPREAD_S: Final = 600.0
"""Checks that are due are spread over the time to the next round, so that bots are not asked all at once."""
WAIT_S: Final = 60.0


@dataclass(frozen=True)
class CheckChannel(Job):
    """Look at a channel: may we still be there?"""

    kind: ClassVar[str] = "check_channel"
    project_id: int
    channel_id: int


@dataclass(frozen=True)
class RecheckChannels(Job):
    """Have every channel looked at that has not been for a day."""

    kind: ClassVar[str] = "recheck_channels"


def check_soon(act: Act, channel: Channel, *, run_after: datetime | None = None) -> None:
    """Have the channel looked at, at once or later; one check of each sort waits at a time."""
    job = CheckChannel(channel.project_id, channel.id)
    act.enqueue(job, run_after=run_after, key=f"check:{channel.id}:later" if run_after else f"check:{channel.id}")


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


async def recheck_channels(tools: Tools, job: RecheckChannels) -> Outcome:
    """Handles RecheckChannels."""
    async with tools.acting(None, EVERYONE) as act:
        stale = select(Channel).where(
            Channel.checked_at < act.now - STALE_AFTER, Channel.state != ChannelState.ARCHIVED
        )
        for channel in await act.session.scalars(stale):
            later = timedelta(seconds=tools.dice.uniform(0, SPREAD_S))
            check_soon(act, channel, run_after=act.now + later)
    return Done()
