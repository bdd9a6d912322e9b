"""What a person can do about a comment. Sending again is not among it: a reader must never see one twice."""

import re
from typing import Final

from sqlalchemy import select

from tgac.comments.facts import about
from tgac.comments.forms import Resolution
from tgac.comments.models import Comment
from tgac.comments.queries import find_comment
from tgac.comments.reasons import CANCELLED_BY_PERSON, CONFIRMED_BY_PERSON, DROPPED_BY_PERSON, stored
from tgac.comments.views import STATES
from tgac.journal.service import record
from tgac.kit.act import Act
from tgac.kit.errors import Conflict, Invalid
from tgac.kit.tenancy import Right, require
from tgac.kit.web.i18n import _
from tgac.tasks.facts import Reason

_COMMENT: Final = re.compile(r"[?&]comment=([0-9]{1,9})(?![0-9])")
_LAST: Final = re.compile(r"//[^?#]+/([0-9]{1,9})(?:[?#]|$)")


async def cancel_comment(act: Act, comment_id: int) -> Comment:
    """Let a planned comment not be sent. Raises NotFound, Refused, Conflict for one that is not planned (any more)."""
    require(act, Right.REVIEW)
    comment = await _in_state(act, comment_id, "planned")
    end_comment(act, comment, state="cancelled", reason=CANCELLED_BY_PERSON, kind="comment_cancelled")
    return comment


async def resolve_comment(act: Act, comment_id: int, resolution: Resolution) -> Comment:
    """Write down what a person found where Telegram's answer was lost. Nothing is sent, whatever the answer.

    Where it stands is kept for its link alone. Looking after it by a number that a person typed could meet another
    message of the bot, and looking is an edit. Raises NotFound, Refused, Conflict, Invalid (field `link`).
    """
    require(act, Right.REVIEW)
    comment = await _in_state(act, comment_id, "unknown")
    if resolution.answer == "not_there":
        end_comment(act, comment, state="rejected", reason=DROPPED_BY_PERSON, kind="comment_dropped")
        return comment
    comment.message_id = await _place(act, comment, resolution)
    comment.sent_at = comment.sending_at or act.now
    end_comment(act, comment, state="sent", reason=CONFIRMED_BY_PERSON, kind="comment_confirmed")
    return comment


def message_number(link: str) -> int:
    """The comment's number in the group from the link that Telegram copies. Raises Invalid (field `link`)."""
    found = _COMMENT.search(link) or _LAST.search(link.strip())
    if found is None:
        raise Invalid(_("This is no link to a comment. Copy it in Telegram."), field="link")
    return int(found[1])


async def _in_state(act: Act, comment_id: int, state: str) -> Comment:
    comment = await find_comment(act, comment_id, locked=True)
    if comment.state != state:
        word = _(STATES[comment.state].word)
        raise Conflict(
            _("That cannot be done any more. The comment's state: %(state)s.", state=word), code="wrong_state"
        )
    return comment


async def _place(act: Act, comment: Comment, resolution: Resolution) -> int | None:
    number = message_number(resolution.link) if resolution.link else resolution.message_id
    if number is None:
        return None
    taken = select(Comment.id).where(Comment.channel_id == comment.channel_id, Comment.message_id == number)
    if await act.session.scalar(taken.limit(1)) is not None:
        raise Invalid(_("This is the link of another comment."), field="link")
    return number


def end_comment(act: Act, comment: Comment, *, state: str, reason: Reason, kind: str) -> None:
    """Put the comment, locked by whoever calls, into a state that it does not leave by itself."""
    comment.state, comment.changed_at = state, act.now
    comment.reason, comment.reason_data = reason.code, stored(reason)
    data = {"message_id": comment.message_id} if comment.message_id is not None else {}
    record(act, kind, comment.reason_data | data, **about(comment))
