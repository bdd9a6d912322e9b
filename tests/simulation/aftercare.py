"""What must have become of comments: their words, pins, edits, deletions, recalls, approval, and what models wrote."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from tests.simulation.month import Month
from tests.simulation.orders import LABEL, OFFENDING, Order
from tests.simulation.stage import rows
from tgac.comments.failing import SLOW_PAUSE_S, WINDOW
from tgac.comments.models import Comment, LlmDay, RecallItem
from tgac.comments.reasons import TAKEN_BACK
from tgac.journal.models import Event
from tgsandbox.entities import formatted
from tgsandbox.model import Stored

type Said = Mapping[tuple[int, int], Stored]

CLOCK_S = 45.0
"""Our clock is wrong by so much at times."""
ANSWERED_FOR = ("root_gone", "root_gone_left")


async def cared_for(month: Month, said: Said, comments: Sequence[Comment]) -> list[str]:
    """Everything about it that should not have happened, as sentences."""
    stage, tasks = month.stage, month.stage.tasks
    placed = [(one, said[one.group_id, one.message_id]) for one in comments if (one.group_id, one.message_id) in said]
    days, items = await rows(stage, LlmDay), await rows(stage, RecallItem)
    budget = stage.ground.config.llm_tokens_per_day
    return [
        *_as_we_say(placed, tasks),
        *_pinned(month, placed, tasks),
        *_edited(month, placed, tasks),
        *_deleted(month, placed, tasks),
        *_approved(placed, tasks),
        *_by_models(said, placed, tasks),
        *_slowed(await rows(stage, Event), comments, said, month.machines.clock_set),
        *(f"the models of day {one.day} have cost {one.tokens}" for one in days if not 0 <= one.tokens <= budget),
        *(f"comment {one.comment_id} of recall {one.recall_id} still waits" for one in items if one.state == "waiting"),
        *_recalled(items, {comment.id: (comment, stored) for comment, stored in placed}),
    ]


def _as_we_say(placed: Sequence[tuple[Comment, Stored]], tasks: Mapping[int, Order]) -> Iterator[str]:
    """The words that stand in Telegram are those that we say stand there."""
    for comment, stored in placed:
        if comment.state != "sent" or stored.deleted or comment.edit is not None:
            continue
        poll = stored.body.get("poll", {})
        there = stored.body.get("text") or stored.body.get("caption") or poll.get("question")
        ours = formatted(comment.text or "", parse_mode="HTML", given=None)[0]
        if there != ours:
            yield f"comment {comment.id} says {there!r} and not {ours!r}"


def _pinned(month: Month, placed: Sequence[tuple[Comment, Stored]], tasks: Mapping[int, Order]) -> Iterator[str]:
    """What is pinned is a comment whose task wants it; and what shall be is, or says why not."""
    wanted = {
        (stored.chat.id, stored.id): comment
        for comment, stored in placed
        if tasks[comment.task_id]["content"].get("pin")
    }
    for where in month.watch.pinned - wanted.keys():
        yield f"message {where} was pinned, and no task wants it"
    for where, comment in wanted.items():
        if comment.state == "sent" and where not in month.watch.pinned and "pin" not in comment.cared:
            told = comment.reason in ANSWERED_FOR or comment.reason == "confirmed_by_person"
            if not told:
                yield f"comment {comment.id} is not pinned and does not say why"


def _edited(month: Month, placed: Sequence[tuple[Comment, Stored]], tasks: Mapping[int, Order]) -> Iterator[str]:
    """Only comments that follow their posts change."""
    follow = {
        (stored.chat.id, stored.id)
        for comment, stored in placed
        if tasks[comment.task_id].get("after", {}).get("follow_edits", "no") != "no"
    }
    for where in month.watch.edited - follow:
        yield f"message {where} was edited, and its comment follows nothing"


def _deleted(month: Month, placed: Sequence[tuple[Comment, Stored]], tasks: Mapping[int, Order]) -> Iterator[str]:
    """What we deleted we say we deleted, and why, and not before its time; what is to go is gone, or says why not."""
    of_ours = {(stored.chat.id, stored.id): (comment, stored) for comment, stored in placed}
    for where, at in month.watch.deleted.items():
        found = of_ours.get(where)
        if found is None:
            continue  # it stood beside its post, and the answer to its sending was lost
        comment, stored = found
        codes = {reason.code for reason in TAKEN_BACK.values()}
        if comment.state == "deleted" and comment.reason == TAKEN_BACK["time_is_up"].code:
            due = stored.body["date"] + tasks[comment.task_id].get("after", {}).get("delete_after_s", 10**9)
            if at.timestamp() < due - CLOCK_S:
                yield f"comment {comment.id} was deleted {at}, before {datetime.fromtimestamp(due, UTC)}"
        elif comment.state == "sent" or (comment.state == "deleted" and comment.reason not in {*codes, "gone"}):
            yield f"comment {comment.id} was deleted by us and is {comment.state} ({comment.reason})"
    for comment, stored in placed:
        if comment.state == "deleted" and not stored.deleted:
            yield f"comment {comment.id} is deleted ({comment.reason}), and still stands"
        due_after = tasks[comment.task_id].get("after", {}).get("delete_after_s")
        is_told = "delete" in comment.cared or comment.reason == "confirmed_by_person"
        if due_after and comment.state == "sent" and not stored.deleted and not is_told:
            yield f"comment {comment.id} still stands and does not say why"


def _recalled(items: Sequence[RecallItem], placed: Mapping[int, tuple[Comment, Stored]]) -> Iterator[str]:
    for item in items:
        _comment, stored = placed.get(item.comment_id, (None, None))
        if item.state == "deleted" and stored is not None and not stored.deleted:
            yield f"comment {item.comment_id} was recalled, and still stands"
        if item.state == "stays" and not item.reason_data:
            yield f"comment {item.comment_id} stays after its recall without a reason"


def _approved(placed: Sequence[tuple[Comment, Stored]], tasks: Mapping[int, Order]) -> Iterator[str]:
    """Nothing leaves unapproved where a person has to approve it."""
    for comment, stored in placed:
        asked = tasks[comment.task_id].get("approval", {}).get("mode") == "all"
        if asked and not comment.decision.get("approved"):
            yield f"comment {comment.id} was sent, and nobody has approved it ({stored.body['date']})"


def _by_models(said: Said, placed: Sequence[tuple[Comment, Stored]], tasks: Mapping[int, Order]) -> Iterator[str]:
    """What a model wrote bears its label, and nothing stands that it must not say."""
    for where, stored in said.items():
        if OFFENDING in str(stored.body):
            yield f"message {where} says what no task allows"
    for comment, stored in placed:
        by_model = comment.decision.get("llm", {}).get("state") == "written"
        if by_model and not stored.body.get("text", "").endswith(LABEL):
            yield f"comment {comment.id} was written by a model and does not say so"


def _slowed(
    events: Sequence[Event], comments: Sequence[Comment], said: Said, clock_set: Sequence[datetime]
) -> Iterator[str]:
    """A bot that is slowed down writes no more than one comment a minute."""
    sent: dict[int, list[datetime]] = {}
    for comment in comments:
        stored = said.get((comment.group_id, comment.message_id or 0))
        if stored is not None and comment.state in ("sent", "deleted") and comment.bot_id is not None:
            sent.setdefault(comment.bot_id, []).append(datetime.fromtimestamp(stored.body["date"], UTC))
    for event in events:
        if event.kind != "bot_slowed" or event.bot_id is None:
            continue
        ends = min(
            (
                one.at
                for one in events
                if one.bot_id == event.bot_id
                and one.kind != "bot_slowed"
                and one.at > event.at
                and one.kind in ("bot_quick_again", "bot_paused_for_errors", "bot_paused", "bot_resumed")
            ),
            default=event.at + WINDOW,
        )
        slow = sorted(at for at in sent.get(event.bot_id, []) if event.at < at < min(ends, event.at + WINDOW))
        for first, last in pairwise(slow):
            is_measured = not any(first <= at <= last for at in clock_set)
            if is_measured and last - first < timedelta(seconds=SLOW_PAUSE_S - 2):
                yield f"bot {event.bot_id} is slowed down since {event.at} and wrote at {first} and {last}"
