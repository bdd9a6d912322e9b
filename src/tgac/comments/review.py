"""Approval: what a task or a channel's review period lets wait for a person, and what that person decides.

    awaiting_approval → planned (approved) | skipped | expired | cancelled (the post was edited or is gone)

Whoever decides names the version that they saw (`facts.version_of`): what was shown is what is approved. A decision
locks the comment, so of two at the same moment one acts and the other is told what was done. What is approved goes out
when it is due or, approved later, at once, but never after its own deadline: an unanswered one expires at `approve_by`,
or goes out where the task says so. In a review period nothing goes out unanswered.
"""

from datetime import datetime, timedelta
from html import escape
from typing import Final

from sqlalchemy import select

from tgac.channels.models import Channel
from tgac.comments.facts import about, form_of, kept_buttons, kept_media, kept_poll, version_of
from tgac.comments.files import name_files
from tgac.comments.jobs import ExpireApproval, SendComment, ShowReview, WriteComment
from tgac.comments.models import Comment
from tgac.comments.queries import find_comment, lock_comment
from tgac.comments.reasons import (
    IN_REVIEW,
    NEEDS_APPROVAL,
    NOT_APPROVED,
    POST_GONE,
    SKIPPED_BY_PERSON,
    sentence,
    stored,
)
from tgac.comments.rewrite import another_text
from tgac.comments.service import end_comment
from tgac.journal.service import record
from tgac.kit.act import Act
from tgac.kit.errors import Conflict, Invalid
from tgac.kit.queue.jobs import Done, Outcome, Snooze
from tgac.kit.tenancy import Right, require
from tgac.kit.tools import Tools
from tgac.kit.web.i18n import N_, _, language
from tgac.people.models import Member
from tgac.posts.models import Post
from tgac.tasks.config import Approval
from tgac.tasks.facts import Reason
from tgac.tasks.text.egress import Outgoing, let_out
from tgac.tasks.text.faults import TextError

WAITING: Final = "awaiting_approval"
_DONE: Final = {
    "approved": N_("@%(who)s has approved this comment already."),
    "skipped": N_("@%(who)s has skipped this comment already."),
}


def is_reviewed(act: Act, channel: Channel, review_days: int) -> bool:
    """Whether comments there wait for a person at this moment, whatever their task says."""
    ends = channel.review_ends(review_days)
    return ends is not None and act.now < ends


def hold_for_review(act: Act, comment: Comment, approval: Approval, *, in_review: bool) -> None:
    """Let a comment that has just been planned wait for a person, until its time to be answered is over."""
    assert comment.send_at is not None
    assert comment.expires_at is not None, "what is planned has a deadline"
    reason, sends = (IN_REVIEW, False) if in_review else (NEEDS_APPROVAL, approval.otherwise == "send")
    comment.state, comment.reason, comment.reason_data = WAITING, reason.code, stored(reason)
    before, comment.approve_by = comment.approve_by, comment.expires_at
    if approval.mode == "all":
        answered_by = max(comment.send_at, act.now) + timedelta(seconds=approval.expire_s)
        comment.approve_by = min(comment.expires_at, answered_by, before or answered_by)
    comment.decision = comment.decision | {"unanswered": "send" if sends else "skip"}
    record(act, "comment_waits", comment.reason_data, **about(comment))
    act.enqueue(
        ExpireApproval(comment.project_id, comment.id), run_after=comment.approve_by, key=f"expire:{comment.id}"
    )
    show_reviewers(act, comment)


def show_reviewers(act: Act, comment: Comment) -> None:
    """Let those who are asked in Telegram see the comment as it stands when this act has ended."""
    act.enqueue(ShowReview(comment.project_id, comment.id))


async def approve_comment(act: Act, comment_id: int, version: str | None = None) -> Comment:
    """Let a waiting comment go out, as it was shown under `version` (None: as it stands).

    Raises NotFound, Refused, Conflict where it waits no more, is another by now, or comes too late.
    """
    require(act, Right.REVIEW)
    comment = await _waiting(act, comment_id, version)
    assert comment.send_at is not None
    _decided(act, comment, "approved")
    _release(act, comment)
    record(act, "comment_approved", {"send_at": comment.send_at.isoformat()}, **about(comment))
    return comment


async def skip_comment(act: Act, comment_id: int, version: str | None = None) -> Comment:
    """Let a waiting comment not go out. Raises as `approve_comment` does."""
    require(act, Right.REVIEW)
    comment = await _waiting(act, comment_id, version)
    _decided(act, comment, "skipped")
    end_comment(act, comment, state="skipped", reason=SKIPPED_BY_PERSON, kind="comment_skipped")
    return comment


async def edit_comment(act: Act, comment_id: int, text: str, version: str | None = None) -> Comment:
    """Give a waiting comment another text (Telegram's HTML); it goes on waiting, as another version.

    The text passes the gate that every text passes: nothing may be clickable that the task's author has not written
    out. A label that the task wants stays. Raises Invalid (field `text`), and as `approve_comment` does.
    """
    require(act, Right.REVIEW)
    comment = await _waiting(act, comment_id, version)
    try:
        allowed = frozenset(comment.decision.get("allowed", ()))
        said = _labelled(text, comment)
        written = let_out(said, allowed=allowed, form=form_of(comment))
    except TextError as error:
        raise Invalid(error.sentence, field="text") from None
    if written.html != comment.text:
        _put(act, comment, written, {"edited": True})
        record(act, "comment_edited", **about(comment))
    return comment


async def another_comment(act: Act, comment_id: int, version: str | None = None) -> Comment:
    """Write a waiting comment anew by its task: another variant, or other picks. It goes on waiting.

    Raises Conflict (`no_variant`) where the task knows nothing else to say, and as `approve_comment` does.
    """
    require(act, Right.REVIEW)
    comment = await _waiting(act, comment_id, version)
    if "llm" in comment.decision:
        return _ask_again(act, comment)
    written, seed = await another_text(act, comment)
    buttons = kept_buttons(written.buttons)
    changed = {"seed": seed, "variant": written.variant, "buttons": buttons, "allowed": sorted(written.allowed)}
    changed |= {"poll": kept_poll(written.poll), "media": kept_media(written.media)}
    _put(act, comment, written, changed | {"edited": False, "tried": written.tried})
    await name_files(act, [comment])
    record(act, "comment_rewritten", {"name": written.variant}, **about(comment))
    return comment


def _ask_again(act: Act, comment: Comment) -> Comment:
    """Back to the language model; the comment waits again as soon as it has its words."""
    comment.state, comment.reason, comment.reason_data, comment.changed_at = "planned", None, {}, act.now
    comment.decision = comment.decision | {"llm": {"state": "wanted"}}
    act.enqueue(WriteComment(act.project_id, comment.id))
    show_reviewers(act, comment)
    return comment


async def void_approvals(act: Act, post_ids: list[int], reason: Reason) -> None:
    """The posts were edited or are gone: what waits under them, or was approved and has not left, is cancelled."""
    asked = select(Comment).where(Comment.post_id.in_(post_ids), Comment.state.in_((WAITING, "planned")))
    for comment in await act.session.scalars(asked.order_by(Comment.id).with_for_update()):
        if comment.state == WAITING or comment.decision.get("approved"):
            end_comment(act, comment, state="cancelled", reason=reason, kind="comment_cancelled")
            show_reviewers(act, comment)


async def is_asked_in_telegram(act: Act) -> bool:
    """Whether the act's author is shown each comment that waits by the service bot."""
    require(act, Right.LOOK)
    return (await _membership(act)).reviews_in is not None


async def ask_in_telegram(act: Act, wanted: bool) -> bool:
    """Let the act's author be shown each comment that waits by the service bot, in the language in use; or no more."""
    require(act, Right.REVIEW)
    (await _membership(act)).reviews_in = language() if wanted else None
    return wanted


async def _membership(act: Act) -> Member:
    assert act.principal is not None
    return (await act.session.scalars(select(Member).where(Member.user_id == act.principal.user_id))).one()


async def expire_approval(tools: Tools, job: ExpireApproval) -> Outcome:
    """Handles ExpireApproval."""
    async with tools.acting(None, job.project_id) as act:
        comment = await lock_comment(act, job.comment_id)
        if comment is None or comment.state != WAITING:
            return Done()
        left = (_answer_by(comment) - act.now).total_seconds()
        if left > 0:
            return Snooze(left)
        if comment.decision.get("unanswered") == "send":
            _release(act, comment)
            record(act, "comment_unanswered", **about(comment))
        else:
            end_comment(act, comment, state="expired", reason=NOT_APPROVED, kind="comment_expired")
        show_reviewers(act, comment)
    return Done()


async def _waiting(act: Act, comment_id: int, version: str | None) -> Comment:
    """The comment, locked: it waits, in time, and is what whoever decides has seen."""
    comment = await find_comment(act, comment_id, locked=True)
    if comment.state != WAITING:
        raise Conflict(what_was_done(comment), code="wrong_state")
    if act.now > _answer_by(comment):
        raise Conflict(_("It is too late for this comment: it would come after its time."), code="too_late")
    if version is not None and version != version_of(comment):
        raise Conflict(_("The comment was changed meanwhile. Look at it again."), code="changed_meanwhile")
    post = await act.session.get_one(Post, comment.post_id)
    if post.gone_at is not None:
        raise Conflict(POST_GONE.sentence, code="wrong_state")
    return comment


def _answer_by(comment: Comment) -> datetime:
    by = comment.approve_by or comment.expires_at
    assert by is not None
    return by


def what_was_done(comment: Comment) -> str:
    """Why a comment does not wait any more: who decided, or what became of it."""
    review = comment.decision.get("review") or {}
    if review.get("did") in _DONE and comment.state not in ("cancelled", "expired"):
        return _(_DONE[review["did"]], who=review.get("who", ""))
    told = sentence(comment.reason_data) if comment.reason else ""
    return f"{_('This comment does not wait for approval any more.')} {told}".strip()


def _decided(act: Act, comment: Comment, did: str) -> None:
    assert act.principal is not None
    comment.decision = comment.decision | {"review": {"did": did, "who": act.principal.username}}
    show_reviewers(act, comment)


def _release(act: Act, comment: Comment) -> None:
    """Back among what is planned: it goes out with these very words."""
    assert comment.send_at is not None
    comment.state, comment.reason, comment.reason_data, comment.changed_at = "planned", None, {}, act.now
    comment.send_at = max(comment.send_at, act.now)
    comment.decision = comment.decision | {"approved": True}
    act.enqueue(SendComment(act.project_id, comment.id), run_after=comment.send_at, key=f"send:{comment.id}")


def _labelled(text: str, comment: Comment) -> str:
    """With the label as its last line."""
    label = comment.decision.get("label")
    if not label or comment.decision.get("poll") or text.rstrip().endswith(escape(label)):
        return text
    return f"{text.rstrip()}\n\n{escape(label)}"


def _put(act: Act, comment: Comment, written: Outgoing, changed: dict[str, object]) -> None:
    comment.text, comment.changed_at = written.html, act.now
    comment.decision = comment.decision | changed
    show_reviewers(act, comment)
