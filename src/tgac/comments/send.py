"""Send: at most once. The intent is committed before the call, and no transaction is open during it.

    planned → sending(fence n, deadline) → the call → sent
       certain that nothing was sent → planned     refused → rejected     anything else → unknown

Whoever is killed in the middle leaves `sending` behind; after the deadline that becomes `unknown`, never `planned`.
An answer is written only where its fence is still the row's. docs/decisions/0003-at-most-once.md tells why.
"""

from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from tgac.bots.models import Bot, Seat
from tgac.bots.service import mark_bot_refused, token_of
from tgac.channels.jobs import check_soon
from tgac.channels.models import Channel
from tgac.comments.decide import write_text
from tgac.comments.facts import bot_facts, channel_facts, post_facts
from tgac.comments.gate import Held, Ready, Stop, may_leave
from tgac.comments.jobs import Observe, SendComment
from tgac.comments.models import Comment
from tgac.comments.outcomes import Verdict, of_fault, of_late_start, of_sent
from tgac.comments.reasons import WORKER_LOST, stored
from tgac.journal.service import About, record
from tgac.kit.act import Act
from tgac.kit.log import log
from tgac.kit.queue.jobs import Cancel, Done, Outcome, Snooze
from tgac.kit.secrets import Secret
from tgac.kit.telegram.faults import Fault
from tgac.kit.telegram.types import Button, Look, Sent
from tgac.kit.tools import Tools
from tgac.posts.models import Post
from tgac.tasks.config import TaskConfig
from tgac.tasks.facts import Scene
from tgac.tasks.text.egress import Outgoing, let_out
from tgac.tasks.text.faults import TextError

DEADLINE_S = 60.0
"""After so long without an outcome a sending comment counts as lost: longer than the gateway's longest call."""
START_WITHIN_S = 5.0
"""A process that was stopped and resumed between its intent and its call must not call any more."""
WRITE_AGAIN_S = (0.2, 1.0, 3.0, 10.0, 30.0)
"""Waits between attempts to write an answer down."""
FIRST_LOOK_S = 300.0


@dataclass(frozen=True)
class Intent:
    """What is about to leave. Made in the transaction that recorded it."""

    comment_id: int
    fence: int
    token: Secret
    group_id: int
    root_id: int
    text: Outgoing
    look: Look


async def send_comment(tools: Tools, job: SendComment) -> Outcome:
    """Send one comment, or say why not, or when to look again."""
    started = tools.clock.monotonic()
    async with tools.acting(None, job.project_id) as act:
        intent = await _intend(act, job.comment_id)
    if not isinstance(intent, Intent):
        return intent
    verdict = of_late_start()
    if tools.clock.monotonic() - started < START_WITHIN_S:
        verdict = await _call(tools, intent)
    return await _write(tools, job, intent, verdict=verdict)


async def _write(tools: Tools, job: SendComment, intent: Intent, *, verdict: Verdict) -> Outcome:
    """Write the outcome. Nobody else knows what Telegram said, so a database that is away is waited for."""
    for wait_s in WRITE_AGAIN_S:
        try:
            async with tools.acting(None, job.project_id) as act:
                return await _settle(act, intent, verdict)
        except DBAPIError as error:
            log().error("answer_not_written", comment=intent.comment_id, error=str(error.orig))
            await tools.clock.sleep(wait_s)
    async with tools.acting(None, job.project_id) as act:
        return await _settle(act, intent, verdict)


async def _intend(act: Act, comment_id: int) -> Intent | Outcome:
    """Record that the comment is about to be sent; or end it, or put it off."""
    comment = await act.session.get(Comment, comment_id, with_for_update=True)
    if comment is None:
        return Cancel("the comment was deleted")
    if comment.state == "sending":
        return _look_at_lost(act, comment)
    if comment.state != "planned":
        return Done()
    gate = await may_leave(act, comment)
    if isinstance(gate, Held):
        return Snooze(gate.seconds)
    if isinstance(gate, Stop):
        return _end(act, comment, gate)
    return _freeze(act, comment, gate)


def _look_at_lost(act: Act, comment: Comment) -> Outcome:
    """Somebody recorded the intent and has not come back: after the deadline nobody can know."""
    assert comment.deadline is not None
    left = (comment.deadline - act.now).total_seconds()
    return Snooze(left) if left > 0 else _end(act, comment, Stop("unknown", WORKER_LOST))


def _end(act: Act, comment: Comment, stop: Stop) -> Done:
    comment.state, comment.changed_at = stop.state, act.now
    comment.reason, comment.reason_data = stop.reason.code, stored(stop.reason)
    record(act, f"comment_{stop.state}", comment.reason_data, **about(comment))
    return Done()


def _freeze(act: Act, comment: Comment, ready: Ready) -> Intent | Outcome:
    assert ready.post.root_id is not None
    try:
        text = _text(act, comment, ready)
    except TextError as error:
        return _end(act, comment, Stop("rejected", error.reason))
    comment.state, comment.changed_at, comment.text = "sending", act.now, text.html
    comment.fence += 1
    comment.sending_at = act.now
    comment.deadline = act.now + timedelta(seconds=DEADLINE_S)
    record(act, "comment_sending", {"attempt": comment.fence}, **about(comment))
    token = token_of(act.keys, ready.bot)
    look = look_of(comment, ready.task.config)
    return Intent(comment.id, comment.fence, token, comment.group_id, ready.post.root_id, text, look)


def _text(act: Act, comment: Comment, ready: Ready) -> Outgoing:
    """The planned text, held against the last gate again; written anew where the post was edited since."""
    post = ready.post
    if post.edited_at is None or post.edited_at <= comment.created_at:
        return let_out(comment.text or "", allowed=frozenset(comment.decision["allowed"]))
    facts = post_facts(act.config.telegram_link_base, post, ready.channel)
    config = TaskConfig.model_validate(ready.task.config)
    zone = config.timing.zone or ZoneInfo(ready.project.time_zone)
    moment = act.now.astimezone(zone)
    scene = Scene(facts, channel_facts(ready.channel), bot_facts(ready.bot), moment, facts.language or "en")
    return write_text(config, scene, seed=comment.decision["seed"], previous_text=None)


def look_of(comment: Comment, config: dict[str, object]) -> Look:
    """How the comment is shown besides its text."""
    content = TaskConfig.model_validate(config).content
    rows = comment.decision.get("buttons", [])
    keyboard = tuple(tuple(Button(one["text"], url=one["url"]) for one in row) for row in rows)
    return Look(keyboard=keyboard, link_preview=content.link_preview, silent=content.silent)


async def _call(tools: Tools, intent: Intent) -> Verdict:
    try:
        sent = await tools.telegram.send_comment(
            intent.token, chat_id=intent.group_id, root_id=intent.root_id, html=intent.text.html, look=intent.look
        )
    except Fault as fault:
        if fault.unknown:
            log().error("telegram_unknown_refusal", comment=intent.comment_id, fault=str(fault))
        return of_fault(fault)
    taken_back = None if sent.replied_to == intent.root_id else await _take_back(tools, intent, sent)
    return of_sent(sent, root_id=intent.root_id, taken_back=taken_back)


async def _take_back(tools: Tools, intent: Intent, sent: Sent) -> bool:
    """The root was deleted under us and the comment stands in the open group: delete it at once."""
    try:
        await tools.telegram.delete_message(intent.token, chat_id=sent.chat_id, message_id=sent.message_id)
    except Fault as fault:
        log().error("comment_not_taken_back", comment=intent.comment_id, fault=str(fault))
        return False
    return True


async def _settle(act: Act, intent: Intent, verdict: Verdict) -> Outcome:
    """Write the outcome, unless the comment has moved on since (then its later state stands)."""
    comment = await act.session.get(Comment, intent.comment_id, with_for_update=True)
    if comment is None:
        log().warning("comment_deleted_while_sending", comment=intent.comment_id, state=verdict.state)
        return Done()
    if comment.fence != intent.fence or comment.state not in ("sending", "unknown"):
        record(act, "answer_too_late", {"state": verdict.state}, **about(comment))
        return Done()
    was_given_up = comment.state == "unknown"
    reason = verdict.reason
    comment.state, comment.changed_at, comment.message_id = verdict.state, act.now, verdict.message_id
    comment.reason, comment.reason_data = (reason.code, stored(reason)) if reason else (None, {})
    record(act, f"comment_{verdict.state}", comment.reason_data | _numbers(verdict), **about(comment))
    await _apply(act, comment, intent, verdict)
    if verdict.again_s is None:
        return Done()
    comment.send_at = act.now + timedelta(seconds=verdict.again_s)
    if was_given_up:
        # Whoever gave the comment up has ended its job: it needs another, under a key that cannot meet the old one.
        job = SendComment(act.project_id, comment.id)
        act.enqueue(job, run_after=comment.send_at, key=f"send:{comment.id}:{comment.fence}")
    return Snooze(verdict.again_s)


def _numbers(verdict: Verdict) -> dict[str, float | int]:
    named = {"message_id": verdict.message_id, "again_s": verdict.again_s}
    return {name: value for name, value in named.items() if value is not None}


async def _apply(act: Act, comment: Comment, intent: Intent, verdict: Verdict) -> None:
    """What the answer tells of the bot, its seat and the post. Meanwhile the bot may be gone or have another token."""
    bot = await act.session.get(Bot, comment.bot_id)
    if verdict.state == "sent":
        comment.sent_at = act.now
        if bot is not None:
            bot.commented_at = act.now
        look = Observe(act.project_id, comment.id)
        act.enqueue(look, run_after=act.now + timedelta(seconds=FIRST_LOOK_S), key=f"observe:{comment.id}")
    if verdict.post_gone:
        (await act.session.get_one(Post, comment.post_id)).gone_at = act.now
    if verdict.bot_refused and bot is not None and token_of(act.keys, bot) == intent.token:
        await mark_bot_refused(act, bot.id, comment.reason or "")
    if verdict.slow_s is not None or verdict.seat_lost:
        await _touch_seat(act, comment, verdict)


async def _touch_seat(act: Act, comment: Comment, verdict: Verdict) -> None:
    place = (Seat.bot_id == comment.bot_id, Seat.channel_id == comment.channel_id)
    seat = await act.session.scalar(select(Seat).where(*place))
    if seat is None:
        return
    if verdict.slow_s is not None:
        seat.slow_until = act.now + timedelta(seconds=verdict.slow_s)
    if verdict.seat_lost:
        seat.state, seat.reason = "lost", "refused_by_telegram"
        check_soon(act, await act.session.get_one(Channel, comment.channel_id))


def about(comment: Comment) -> About:
    """What an event of this comment is about."""
    return {
        "post_id": comment.post_id,
        "comment_id": comment.id,
        "task_id": comment.task_id,
        "bot_id": comment.bot_id,
        "channel_id": comment.channel_id,
    }
