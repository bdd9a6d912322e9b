"""Looking at channels again: one when there is cause, each once a day. The handlers are in `recheck.py`."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from tgac.channels.models import Channel
from tgac.kit.act import Act
from tgac.kit.queue.jobs import Job


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


@dataclass(frozen=True)
class TellClient(Job):
    """Tell the client whose channel it is how it stands there."""

    kind: ClassVar[str] = "tell_client"
    project_id: int
    channel_id: int


def tell_client_soon(act: Act, channel: Channel) -> None:
    """Have the client told, where it is a client's channel."""
    if channel.client_telegram_id is not None:
        job = TellClient(channel.project_id, channel.id)
        act.enqueue(job, key=f"tell:{channel.id}:{act.now.timestamp():.3f}")


def check_soon(act: Act, channel: Channel, *, run_after: datetime | None = None) -> None:
    """Have the channel looked at, at once or later; one later check waits at a time.

    What has to be looked at once is a job of its own for each moment: behind a check that waits for Telegram, or that
    runs and has seen all it looks at, it would be forgotten.
    """
    sort = "later" if run_after else f"{act.now.timestamp():.3f}"
    act.enqueue(CheckChannel(channel.project_id, channel.id), run_after=run_after, key=f"check:{channel.id}:{sort}")
