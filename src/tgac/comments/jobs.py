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
class PinComment(Job):
    """Pin a comment that was sent."""

    kind: ClassVar[str] = "pin_comment"
    project_id: int
    comment_id: int


@dataclass(frozen=True)
class TakeBack(Job):
    """Delete a comment in Telegram. `why` is a code of `reasons.TAKEN_BACK`; `recall_id`: the recall it is part of."""

    kind: ClassVar[str] = "take_back"
    project_id: int
    comment_id: int
    why: str
    recall_id: int | None = None


@dataclass(frozen=True)
class PostGone(Job):
    """A post is gone: the comments under it go as well, where their tasks say so."""

    kind: ClassVar[str] = "post_gone"
    project_id: int
    post_id: int


@dataclass(frozen=True)
class FollowPost(Job):
    """A post was edited: its comments follow, or somebody is asked, where their tasks say so."""

    kind: ClassVar[str] = "follow_post"
    project_id: int
    post_id: int


@dataclass(frozen=True)
class EditComment(Job):
    """Bring a comment in Telegram to the text that it shall have."""

    kind: ClassVar[str] = "edit_comment"
    project_id: int
    comment_id: int


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


@dataclass(frozen=True)
class HearReaders(Job):
    """Readers have written under a post: let what waited for it leave. `since`: the first of what was noted."""

    kind: ClassVar[str] = "hear_readers"
    project_id: int
    post_id: int
    since: int


@dataclass(frozen=True)
class WriteComment(Job):
    """Have a language model write a planned comment, or leave it its template's words; then hand it on."""

    kind: ClassVar[str] = "write_comment"
    project_id: int
    comment_id: int
