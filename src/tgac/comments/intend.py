"""Intend: the last look at comments that are due, and the record that they are about to be sent.

The record (`sending`, a fence one higher, a deadline) is committed before anything is asked of Telegram.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from tgac.bots.service import token_of
from tgac.comments.decide import write_text
from tgac.comments.evidence import confirm_seen
from tgac.comments.facts import (
    about,
    bot_facts,
    channel_facts,
    form_of,
    kept_media,
    kept_poll,
    look_of,
    media_of,
    post_facts,
    quote_of,
    written_at,
)
from tgac.comments.files import Files, files_for
from tgac.comments.gate import Gate, Held, Ready, Stop, may_leave
from tgac.comments.models import Comment
from tgac.comments.queries import lock_comment, lock_comments
from tgac.comments.reasons import WAIT_OVER, WORKER_LOST, heard, stored
from tgac.journal.service import record
from tgac.kit.act import Act
from tgac.kit.queue.jobs import Cancel, Done, Outcome, Snooze
from tgac.kit.secrets import Secret
from tgac.kit.telegram.types import Look
from tgac.kit.tools import Tools
from tgac.tasks.facts import Scene
from tgac.tasks.text.egress import Outgoing, let_out
from tgac.tasks.text.faults import TextError

TYPING_S = 4.0
"""How long “typing…” is seen before the comment; Telegram shows it for five seconds at most."""
DEADLINE_S = 60.0
"""After so long without an outcome a sending comment counts as lost: longer than the gateway's longest call."""
TOLD_FROM_S = 5.0
"""A wait shorter than this is nobody's concern."""
LOOK_AGAIN_S = 300.0
"""How long a comment that is held up is left alone at most."""
LOOK_SELDOM_S = 3600.0
"""The same where a job tells of everything that may let it go or end it."""


@dataclass(frozen=True)
class Intent:
    """What is about to leave. Made in the transaction that recorded it; `began` (monotonic) is when that began."""

    comment_id: int
    fence: int
    token: Secret
    group_id: int
    root_id: int
    text: Outgoing
    look: Look
    media_id: int | None
    began: float
    pin: bool
    delete_after_s: int | None


@dataclass(frozen=True)
class Typing:
    """“typing…” is to be shown before anything else. It is shown once, whatever becomes of it."""

    token: Secret
    group_id: int


async def intend(tools: Tools, project_id: int, comment_ids: Sequence[int]) -> list[Intent | Typing | Outcome]:
    """Record of each comment that it is about to be sent; or end it, or put it off. One transaction for all."""
    began = tools.clock.monotonic()
    async with tools.acting(None, project_id) as act:
        comments = await lock_comments(act, comment_ids)
        planned = [comment for comment in comments.values() if comment.state == "planned"]
        gates = await may_leave(act, planned) if planned else {}
        files = await files_for(act, planned, [gate for gate in gates.values() if isinstance(gate, Ready)])
        outcomes = [_one(act, comments.get(number), gates, files, began=began) for number in comment_ids]
        await confirm_seen(act, comments.values())
        return outcomes


def _one(
    act: Act, comment: Comment | None, gates: dict[int, Gate], files: Files, *, began: float
) -> Intent | Typing | Outcome:
    if comment is None:
        return Cancel("the comment was deleted")
    if comment.state == "sending":
        return _look_at_lost(act, comment)
    if comment.state != "planned":
        return Done()
    gate = gates[comment.id]
    if isinstance(gate, Held):
        return _hold(act, comment, gate)
    if isinstance(gate, Stop):
        return _end(act, comment, gate)
    return _type(act, comment, gate) or _freeze(act, comment, gate, files, began=began)


def _type(act: Act, comment: Comment, ready: Ready) -> Typing | Snooze | None:
    """“typing…” comes first where the task wants it, once, and only where the comment still comes in time after it.
    Several jobs may look at a comment at one moment: none cuts it short."""
    _tell_waited(act, comment, ready)
    too_late = comment.expires_at is not None and comment.expires_at - act.now <= timedelta(seconds=TYPING_S)
    if not ready.config.timing.types or too_late:
        return None
    if comment.typing_at is not None:
        left = min(TYPING_S, TYPING_S - (act.now - comment.typing_at).total_seconds())
        return Snooze(left) if left > 0 else None
    comment.typing_at = act.now
    return Typing(token_of(act.keys, ready.bot), comment.group_id)


def _look_at_lost(act: Act, comment: Comment) -> Outcome:
    """Somebody recorded the intent and has not come back: after the deadline nobody can know."""
    assert comment.deadline is not None
    left = (comment.deadline - act.now).total_seconds()
    if left > DEADLINE_S:  # the clock was set back
        comment.deadline, left = act.now + timedelta(seconds=DEADLINE_S), DEADLINE_S
    return Snooze(left) if left > 0 else _end(act, comment, Stop("unknown", WORKER_LOST))


def _end(act: Act, comment: Comment, stop: Stop) -> Done:
    comment.state, comment.changed_at = stop.state, act.now
    comment.reason, comment.reason_data = stop.reason.code, stored(stop.reason)
    record(act, f"comment_{stop.state}", comment.reason_data, **about(comment))
    return Done()


def _hold(act: Act, comment: Comment, held: Held) -> Snooze:
    """Put it off, and say what holds it up. It is looked at again when it expires, and before that (`Held`)."""
    if held.seconds >= TOLD_FROM_S:
        if comment.reason != held.reason.code:
            record(act, "comment_held", stored(held.reason), **about(comment))
        comment.reason, comment.reason_data = held.reason.code, stored(held.reason)
    again = LOOK_SELDOM_S if held.is_told else LOOK_AGAIN_S
    left = (comment.expires_at - act.now).total_seconds() + 0.001 if comment.expires_at else again
    return Snooze(min(held.seconds, again, left))


def _freeze(act: Act, comment: Comment, ready: Ready, files: Files, *, began: float) -> Intent | Outcome:
    assert ready.post.root_id is not None
    try:
        text = _text(act, comment, ready)
    except TextError as error:
        return _end(act, comment, Stop("rejected", error.reason))
    given = files.take(act, comment, ready.bot.id)
    if isinstance(given, Stop):
        return _end(act, comment, given)
    if isinstance(given, Held):
        return _hold(act, comment, given)
    comment.state, comment.changed_at, comment.text = "sending", act.now, text.html
    comment.reason, comment.reason_data = None, {}
    comment.fence += 1
    comment.sending_at, comment.seen_id, comment.witness_id = act.now, None, None
    comment.deadline = act.now + timedelta(seconds=DEADLINE_S)
    record(act, "comment_sending", {"attempt": comment.fence}, **about(comment))
    token = token_of(act.keys, ready.bot)
    look = replace(_quoting(comment, ready, look_of(comment, ready.config.content)), file=given)
    rest = (look, media_of(comment), began, ready.config.content.pin, ready.config.after.delete_after_s)
    return Intent(comment.id, comment.fence, token, comment.group_id, ready.post.root_id, text, *rest)


def _quoting(comment: Comment, ready: Ready, look: Look) -> Look:
    """With the quote, if the task wants one and Telegram has not refused it."""
    wanted = ready.config.content.quote and not comment.decision.get("unquoted")
    quote = quote_of(ready.post) if wanted else None
    comment.decision = comment.decision | ({"quote": quote.text} if quote else {})
    return replace(look, quote=quote)


def _text(act: Act, comment: Comment, ready: Ready) -> Outgoing:
    """The planned text, held against the last gate again; written anew where the post was edited since."""
    post = ready.post
    is_fresh = post.edited_at is None or post.edited_at <= written_at(comment)
    if is_fresh or comment.decision.get("approved"):  # what a person has approved goes out as they saw it
        allowed = frozenset(comment.decision["allowed"])
        return let_out(comment.text or "", allowed=allowed, form=form_of(comment))
    facts = post_facts(act.config.telegram_link_base, post, ready.channel)
    zone = ready.config.timing.zone or ZoneInfo(ready.project.time_zone)
    moment = act.now.astimezone(zone)
    scene = Scene(facts, channel_facts(ready.channel), bot_facts(ready.bot), moment, facts.language or "en")
    text = write_text(ready.config, scene, seed=comment.decision["seed"], skip=comment.decision.get("tried", 0))
    comment.decision = comment.decision | {"poll": kept_poll(text.poll), "media": kept_media(text.media)}
    return text


def _tell_waited(act: Act, comment: Comment, ready: Ready) -> None:
    """Once, how the wait for readers ended."""
    if ready.waited is None or "waited" in comment.decision:
        return
    is_heard = ready.waited.state == "heard"
    reason = heard(ready.waited.said) if is_heard else WAIT_OVER
    told = {"heard": is_heard, "said": ready.waited.said, "at": ready.waited.at.isoformat()}
    comment.decision = comment.decision | {"waited": told}
    record(act, "comment_waited", stored(reason), **about(comment))


async def give_up(tools: Tools, project_id: int, comment_id: int, stop: Stop) -> None:
    """The last attempt has failed before anything left: the comment ends. One that may have left is looked at."""
    async with tools.acting(None, project_id) as act:
        comment = await lock_comment(act, comment_id)
        if comment is not None and comment.state == "planned":
            _end(act, comment, stop)
        elif comment is not None and comment.state == "sending":
            _end(act, comment, Stop("unknown", WORKER_LOST))
            await confirm_seen(act, [comment])
