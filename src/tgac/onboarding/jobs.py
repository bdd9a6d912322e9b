"""The jobs of a run. All stand in the lane behind the comments'; how many look at once is bounded in `looks.py`."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from tgac.kit.act import Act
from tgac.kit.queue.jobs import Job
from tgac.onboarding.models import Item


@dataclass(frozen=True)
class LookAtItem(Job):
    """See where a channel of a run stands; again and again until it is ready, or only this time."""

    kind: ClassVar[str] = "look_at_item"
    project_id: int
    item_id: int
    once: bool = False


@dataclass(frozen=True)
class WatchRun(Job):
    """While the page of a run is open, have its channels looked at often."""

    kind: ClassVar[str] = "watch_run"
    project_id: int
    run_id: int


@dataclass(frozen=True)
class TryItem(Job):
    """Write the test comment of a channel, and take it back."""

    kind: ClassVar[str] = "try_item"
    max_attempts: ClassVar[int] = 1000
    project_id: int
    item_id: int


@dataclass(frozen=True)
class RehearseItem(Job):
    """See what would happen under the newest post of a channel that has become ready."""

    kind: ClassVar[str] = "rehearse_item"
    project_id: int
    item_id: int


def look_on(act: Act, item: Item, *, run_after: datetime | None = None) -> None:
    """Let the channel be looked at until it is ready."""
    act.enqueue(LookAtItem(item.project_id, item.id), run_after=run_after, key=f"onboarding:{item.id}")


def look_soon(act: Act, item: Item) -> None:
    """Let the channel be looked at once, at once, whenever its next turn is."""
    act.enqueue(LookAtItem(item.project_id, item.id, once=True), key=f"onboarding:{item.id}:soon")


def try_soon(act: Act, item: Item) -> None:
    """Let the test comment be written."""
    act.enqueue(TryItem(item.project_id, item.id), key=f"onboarding:{item.id}:trial")


def rehearse_soon(act: Act, item: Item) -> None:
    """Let the first dry run be made."""
    act.enqueue(RehearseItem(item.project_id, item.id), key=f"onboarding:{item.id}:dry_run")
