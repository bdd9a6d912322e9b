"""Events after which something may be wrong in a project, or well again: soon after them somebody looks."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import ClassVar, Final

from tgac.kit.queue.jobs import Job

SOON_S: Final = 20
"""What goes wrong together is looked at together: events of so many seconds have one look at their end."""
TROUBLE: Final = frozenset(
    {
        "bot_failing",
        "bot_paused_for_errors",
        "bot_quick_again",
        "bot_refused",
        "bot_removed",
        "bot_resumed",
        "bot_slowed",
        "bot_token_replaced",
        "bot_well",
        "channel_archived",
        "channel_removed",
        "channel_reopened",
        "channel_suspended",
        "proxy_failed",
        "proxy_removed",
        "proxy_replaced",
    }
)


@dataclass(frozen=True)
class LookForTrouble(Job):
    """Look at the project's rows: what is wrong there. Handled by a slice above, which knows the rows."""

    kind: ClassVar[str] = "look_for_trouble"
    project_id: int


def look_after(moment: datetime, project_id: int) -> tuple[LookForTrouble, datetime, str]:
    """The look for what happened at `moment`, when it is due, and its key: one for each stretch of `SOON_S`.

    A look that has begun already is of an earlier stretch, so nothing that happens meanwhile is missed.
    """
    due = (moment.timestamp() // SOON_S + 1) * SOON_S
    return LookForTrouble(project_id), datetime.fromtimestamp(due, UTC), f"trouble:{project_id}:{due:.0f}"
