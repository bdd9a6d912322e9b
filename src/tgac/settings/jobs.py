"""What follows from a change of the installation's settings, in slices above."""

from dataclasses import dataclass
from typing import ClassVar

from tgac.kit.queue.jobs import Job, Lane


@dataclass(frozen=True)
class InstallationStopped(Job):
    """The emergency stop of all projects was pressed at a moment (ISO 8601)."""

    kind: ClassVar[str] = "installation_stopped"
    lane: ClassVar[Lane] = Lane.SEND
    at: str
