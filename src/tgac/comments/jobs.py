"""The jobs of the line, in the order of time."""

from dataclasses import dataclass
from typing import ClassVar

from tgac.kit.queue.jobs import Job, Lane


@dataclass(frozen=True)
class PlanPost(Job):
    """Decide, for every task, what becomes of a post."""

    kind: ClassVar[str] = "plan_post"
    project_id: int
    post_id: int


@dataclass(frozen=True)
class SendComment(Job):
    """Send a planned comment."""

    kind: ClassVar[str] = "send_comment"
    lane: ClassVar[Lane] = Lane.SEND
    max_attempts: ClassVar[int] = 1000
    project_id: int
    comment_id: int


@dataclass(frozen=True)
class Observe(Job):
    """Look whether a sent comment still stands; `look` counts the looks so far."""

    kind: ClassVar[str] = "observe"
    lane: ClassVar[Lane] = Lane.OBSERVE
    project_id: int
    comment_id: int
    look: int = 0


@dataclass(frozen=True)
class ForgetUpdates(Job):
    """Drop the numbers of updates that Telegram cannot send again."""

    kind: ClassVar[str] = "forget_updates"


@dataclass(frozen=True)
class ExpireApproval(Job):
    """Let a comment that nobody has approved expire at its deadline, or go out where its task says so."""

    kind: ClassVar[str] = "expire_approval"
    project_id: int
    comment_id: int


@dataclass(frozen=True)
class ShowReview(Job):
    """Let those who are asked in Telegram see a comment that waits for approval, or what became of it."""

    kind: ClassVar[str] = "show_review"
    project_id: int
    comment_id: int
