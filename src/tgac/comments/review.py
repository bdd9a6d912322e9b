"""The review period: what is planned in a channel that was confirmed lately waits for a person.

    awaiting_approval → planned (approved) | skipped | expired

It goes out when it is due or, approved later, at once, but never after its own deadline: an unanswered one expires.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import ClassVar

from sqlalchemy import select

from tgac.channels.models import Channel
from tgac.comments.facts import about
from tgac.comments.jobs import SendComment
from tgac.comments.models import Comment
from tgac.comments.queries import find_comment
from tgac.comments.reasons import IN_REVIEW, NOT_APPROVED, SKIPPED_BY_PERSON, stored
from tgac.comments.service import end_comment
from tgac.journal.service import record
from tgac.kit.act import Act
from tgac.kit.errors import Conflict
from tgac.kit.queue.jobs import Done, Job, Outcome, Snooze
from tgac.kit.tenancy import Right, require
from tgac.kit.tools import Tools
from tgac.kit.web.i18n import _

WAITING = "awaiting_approval"


@dataclass(frozen=True)
class ExpireApproval(Job):
    """Let a comment that nobody has approved expire at its deadline."""

    kind: ClassVar[str] = "expire_approval"
    project_id: int
    comment_id: int


def is_reviewed(act: Act, channel: Channel, review_days: int) -> bool:
    """Whether comments there wait for a person at this moment."""
    return channel.confirmed_at is not None and act.now - channel.confirmed_at < timedelta(days=review_days)


def hold_for_review(act: Act, comment: Comment) -> None:
    """Let a comment that has just been planned wait for a person."""
    assert comment.expires_at is not None, "what is planned has a deadline"
    comment.state, comment.reason, comment.reason_data = WAITING, IN_REVIEW.code, stored(IN_REVIEW)
    record(act, "comment_waits", comment.reason_data, **about(comment))
    job = ExpireApproval(comment.project_id, comment.id)
    act.enqueue(job, run_after=comment.expires_at, key=f"expire:{comment.id}")


async def approve_comment(act: Act, comment_id: int) -> Comment:
    """Let a waiting comment go out, as it is shown. Raises NotFound, Refused, Conflict where it waits no more."""
    require(act, Right.REVIEW)
    comment = await _waiting(act, comment_id)
    assert comment.send_at is not None
    assert comment.expires_at is not None
    if act.now > comment.expires_at:
        raise Conflict(_("It is too late for this comment: it would come after its time."), code="too_late")
    comment.state, comment.reason, comment.reason_data, comment.changed_at = "planned", None, {}, act.now
    comment.send_at = max(comment.send_at, act.now)
    comment.decision = comment.decision | {"approved": True}
    record(act, "comment_approved", {"send_at": comment.send_at.isoformat()}, **about(comment))
    act.enqueue(SendComment(act.project_id, comment.id), run_after=comment.send_at, key=f"send:{comment.id}")
    return comment


async def skip_comment(act: Act, comment_id: int) -> Comment:
    """Let a waiting comment not go out. Raises NotFound, Refused, Conflict where it waits no more."""
    require(act, Right.REVIEW)
    comment = await _waiting(act, comment_id)
    end_comment(act, comment, state="skipped", reason=SKIPPED_BY_PERSON, kind="comment_skipped")
    return comment


async def expire_approval(tools: Tools, job: ExpireApproval) -> Outcome:
    """Handles ExpireApproval."""
    async with tools.acting(None, job.project_id) as act:
        comment = await act.session.scalar(select(Comment).where(Comment.id == job.comment_id).with_for_update())
        if comment is None or comment.state != WAITING or comment.expires_at is None:
            return Done()
        left = (comment.expires_at - act.now).total_seconds()
        if left > 0:
            return Snooze(left)
        end_comment(act, comment, state="expired", reason=NOT_APPROVED, kind="comment_expired")
    return Done()


async def _waiting(act: Act, comment_id: int) -> Comment:
    comment = await find_comment(act, comment_id, locked=True)
    if comment.state != WAITING:
        raise Conflict(_("This comment does not wait for approval any more."), code="wrong_state")
    return comment
