"""What Telegram's answer to a send means for the comment: pure, from the answer to a verdict."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from tgac.comments import reasons
from tgac.kit.telegram import faults
from tgac.kit.telegram.types import Sent
from tgac.tasks.facts import Reason

ROOM_AGAIN_S = 3.0
NOT_REACHED_S = 5.0
"""How long to wait when Telegram could not be reached at all."""


@dataclass(frozen=True)
class Verdict:
    """The state that the comment goes to, why, and what else the answer tells.

    `again_s`: back to `planned`, to be tried after so many seconds. `slow_s`: Telegram asked for so much rest.
    `without_quote`: the next try quotes nothing. `without_file_id`: it gives Telegram the file itself.
    `files`: what Telegram calls the file that went along, by kind.
    """

    state: str
    reason: Reason | None = None
    message_id: int | None = None
    again_s: float | None = None
    slow_s: float | None = None
    post_gone: bool = False
    seat_lost: bool = False
    bot_refused: bool = False
    without_quote: bool = False
    without_file_id: bool = False
    files: Mapping[str, str] = field(default_factory=dict)


def of_sent(sent: Sent, *, root_id: int, taken_back: bool | None) -> Verdict:
    """It stands under its post; or beside it, and `taken_back` tells whether it could be deleted."""
    if sent.replied_to == root_id:
        return Verdict("sent", reasons.SENT, message_id=sent.message_id, files=sent.files)
    if taken_back:
        return Verdict("rejected", reasons.UNREPLIED, message_id=sent.message_id, post_gone=True)
    return Verdict("sent", reasons.UNREPLIED_STAYS, message_id=sent.message_id, post_gone=True)


def of_late_start() -> Verdict:
    """This process was stopped between its intent and its call; nothing was sent."""
    return Verdict("planned", again_s=0.0)


def of_no_room() -> Verdict:
    """As many files are being given to Telegram as this process holds at once; nothing was sent."""
    return Verdict("planned", again_s=ROOM_AGAIN_S)


def of_file_gone() -> Verdict:
    """The file is not there any more; nothing was sent."""
    return Verdict("rejected", reasons.FILE_GONE)


def of_fault(fault: faults.Fault, *, by_file_id: bool = False) -> Verdict:
    """Telegram refused, or its answer is missing. `by_file_id`: a file was named that Telegram should know."""
    if fault.reason == "bad_file" and by_file_id:
        return Verdict("planned", again_s=0.0, without_file_id=True)
    words = fault.description or fault.code
    if isinstance(fault, faults.SlowDown):
        return Verdict("planned", again_s=fault.retry_after, slow_s=fault.retry_after)
    if isinstance(fault, faults.NotSent):
        return Verdict("planned", again_s=NOT_REACHED_S)
    if isinstance(fault, faults.DeletedAtOnce):
        return Verdict("deleted", reasons.DELETED_AT_ONCE)
    return _of_refusal(fault, words) if fault.nothing_sent else Verdict("unknown", reasons.answer_lost(words))


def _of_refusal(fault: faults.Fault, words: str) -> Verdict:
    if fault.reason in ("root_gone", "thread_gone"):
        return Verdict("rejected", reasons.POST_GONE, post_gone=True)
    if fault.reason == "bad_quote":
        return Verdict("planned", again_s=0.0, without_quote=True)
    return Verdict(
        "rejected",
        reasons.telegram_refused(fault.code, words),
        seat_lost=isinstance(fault, faults.RefusedChat | faults.Migrated),
        bot_refused=isinstance(fault, faults.RefusedBot),
    )
