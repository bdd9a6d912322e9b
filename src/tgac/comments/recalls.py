"""Recalls: comments that a person takes back, one of them or all that a task sent within the last hours.

Each comment is a job of its own with its own outcome; what was not placed by the program itself is left alone
(comments/afterwards.py).
"""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, Select, func, select

from tgac.comments import reasons
from tgac.comments.afterwards import message_of
from tgac.comments.facts import about
from tgac.comments.jobs import TakeBack
from tgac.comments.models import Comment, Recall, RecallItem
from tgac.comments.queries import find_comment
from tgac.journal.service import record
from tgac.kit.act import Act
from tgac.kit.errors import Conflict, NotFound
from tgac.kit.tenancy import Right, require
from tgac.kit.web.i18n import _
from tgac.tasks.facts import Reason
from tgac.tasks.queries import find_task

MOST = 10_000
"""Comments that one recall takes back."""
STANDING = ("sent", "sending", "unknown")
"""What stands under a post, or may stand there."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a recall is; the figures are comments."""

    total: int
    deleted: int
    stays: int

    @property
    def waiting(self) -> int:
        return self.total - self.deleted - self.stays


async def take_back_comment(act: Act, comment_id: int) -> Comment:
    """Have a comment deleted in Telegram. Raises NotFound, Refused, Conflict where it does not stand or is not ours."""
    require(act, Right.REVIEW)
    comment = await find_comment(act, comment_id, locked=True)
    if comment.state != "sent":
        raise Conflict(_("Only a comment that was sent can be taken back."), code="wrong_state")
    message = await message_of(act, comment)
    if isinstance(message, Reason):
        raise Conflict(message.sentence, code=message.code)
    _order(act, comment, recall_id=None)
    return comment


async def recall_comments(act: Act, task_id: int, *, minutes: int) -> Recall:
    """Have every comment of the task deleted that was sent within the last `minutes`.

    Raises NotFound, Refused, Conflict where there is none, or more than MOST.
    """
    require(act, Right.EDIT)
    task = await find_task(act, task_id)
    since = act.now - timedelta(minutes=minutes)
    asked = select(Comment).where(standing_since(task.id, since)).order_by(Comment.id).limit(MOST + 1)
    comments = list(await act.session.scalars(asked))
    if not comments:
        words = _("This task has sent no comment in that time that could still stand.")
        raise Conflict(words, code="nothing_to_recall")
    if len(comments) > MOST:
        raise Conflict(_("More than %(most)s comments at once: choose a shorter time.", most=MOST), code="too_many")
    user_id = act.principal.user_id if act.principal else None
    recall = Recall(task_id=task.id, user_id=user_id, since=since, until=act.now)
    act.session.add(recall)
    await act.flush()
    act.session.add_all(RecallItem(recall_id=recall.id, comment_id=one.id, reason_data={}) for one in comments)
    for comment in comments:
        _order(act, comment, recall_id=recall.id)
    record(act, "comments_taken_back", {"count": len(comments)}, task_id=task.id)
    return recall


def _order(act: Act, comment: Comment, *, recall_id: int | None) -> None:
    """Under a key of its own: what is waiting to be deleted for another reason must not swallow this order."""
    job = TakeBack(act.project_id, comment.id, "taken_back", recall_id)
    act.enqueue(job, key=f"take-back:{comment.id}:{recall_id or 'one'}")
    record(act, "comment_recalled", **about(comment))


def standing_since(task_id: int, since: object) -> ColumnElement[bool]:
    """Comments of a task that were begun to be sent since then and stand, or may stand."""
    return (Comment.task_id == task_id) & (Comment.sending_at >= since) & Comment.state.in_(STANDING)


async def find_recall(act: Act, recall_id: int) -> Recall:
    """The recall of the act's project. Raises NotFound."""
    recall = await act.session.scalar(select(Recall).where(Recall.id == recall_id))
    if recall is None:
        raise NotFound(_("There is nothing here, or it is not yours."))
    return recall


def recalls_of(task_id: int) -> Select[Recall]:
    """The recalls of a task."""
    return select(Recall).where(Recall.task_id == task_id)


def items_of(recall_id: int) -> Select[RecallItem]:
    """The comments of a recall."""
    return select(RecallItem).where(RecallItem.recall_id == recall_id)


async def progress_of(act: Act, recalls: list[Recall]) -> dict[int, Progress]:
    """How far these recalls are, in one statement."""
    asked = select(RecallItem.recall_id, RecallItem.state, func.count(RecallItem.id))
    asked = asked.where(RecallItem.recall_id.in_([one.id for one in recalls]))
    counted: dict[int, dict[str, int]] = {one.id: {} for one in recalls}
    for recall_id, state, count in await act.session.execute(asked.group_by(RecallItem.recall_id, RecallItem.state)):
        counted[recall_id][state] = count
    return {
        number: Progress(sum(states.values()), states.get("deleted", 0), states.get("stays", 0))
        for number, states in counted.items()
    }


def said_of(item: RecallItem) -> str:
    """What became of one comment, in the reader's language."""
    if item.state == "waiting":
        return _("Waiting.")
    return _("Deleted.") if item.state == "deleted" else reasons.sentence(item.reason_data)
