"""Settle: what Telegram answered is written down, where the fence of its intent is still the comment's."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select

from tgac.bots.models import Bot, Seat
from tgac.bots.queries import bots_numbered
from tgac.bots.service import mark_bot_refused, token_of
from tgac.channels.jobs import check_soon
from tgac.channels.models import Channel
from tgac.channels.settle import lose_seat
from tgac.comments.afterwards import look_after
from tgac.comments.evidence import confirm_seen
from tgac.comments.facts import about
from tgac.comments.failing import judge_bot, note_well
from tgac.comments.files import keep_name
from tgac.comments.intend import Intent
from tgac.comments.jobs import PostGone, SendComment
from tgac.comments.models import Comment
from tgac.comments.outcomes import Verdict
from tgac.comments.queries import lock_comments
from tgac.comments.reasons import DELETED_AT_ONCE, POST_GONE, SENT, stored
from tgac.comments.review import void_approvals
from tgac.journal.service import record
from tgac.kit.act import Act
from tgac.kit.log import log
from tgac.kit.queue.jobs import Done, Outcome, Snooze
from tgac.kit.tools import Tools
from tgac.posts.models import Post

FAILED = ("rejected", "unknown")


@dataclass(frozen=True)
class Answer:
    """What Telegram's answer to an intent means."""

    intent: Intent
    verdict: Verdict


async def settle(tools: Tools, project_id: int, answers: Sequence[Answer]) -> list[Outcome]:
    """Write these outcomes, in one transaction."""
    numbers = [answer.intent.comment_id for answer in answers]
    async with tools.acting(None, project_id) as act:
        comments = await lock_comments(act, numbers)
        bots = await bots_numbered(act, {one.bot_id for one in comments.values() if one.bot_id is not None})
        outcomes = [await _settle(act, comments.get(answer.intent.comment_id), answer, bots=bots) for answer in answers]
        await confirm_seen(act, comments.values())
        failing = {one.bot_id for one in comments.values() if one.state in FAILED}
        for bot in bots.values():
            if bot.id in failing:
                await judge_bot(act, bot)
        return outcomes


async def _settle(act: Act, comment: Comment | None, answer: Answer, *, bots: dict[int, Bot]) -> Outcome:
    """Write the outcome, unless the comment has moved on since (then its later state stands)."""
    intent, verdict = answer.intent, answer.verdict
    if comment is None:
        log().warning("comment_deleted_while_sending", comment=intent.comment_id, state=verdict.state)
        return Done()
    if comment.fence != intent.fence or comment.state not in ("sending", "unknown"):
        record(act, "answer_too_late", {"state": verdict.state}, **about(comment))
        # Planned again: perhaps by this very answer, in a commit of which the database did not say that it was done.
        return Snooze(_left_s(act, comment)) if comment.state == "planned" else Done()
    was_given_up = comment.state == "unknown"
    reason = verdict.reason
    comment.state, comment.changed_at, comment.message_id = verdict.state, act.now, verdict.message_id
    comment.reason, comment.reason_data = (reason.code, stored(reason)) if reason else (None, {})
    record(act, f"comment_{verdict.state}", comment.reason_data | _numbers(verdict), **about(comment))
    await _apply(act, comment, answer, bot=bots.get(comment.bot_id or 0))
    if verdict.again_s is None:
        return Done()
    comment.send_at = act.now + timedelta(seconds=verdict.again_s)
    if was_given_up:
        # Whoever gave the comment up has ended its job: it needs another, under a key that cannot meet the old one.
        job = SendComment(act.project_id, comment.id)
        act.enqueue(job, run_after=comment.send_at, key=f"send:{comment.id}:{comment.fence}")
    return Snooze(verdict.again_s)


def _left_s(act: Act, comment: Comment) -> float:
    return max(0.0, (comment.send_at - act.now).total_seconds()) if comment.send_at else 0.0


def _numbers(verdict: Verdict) -> dict[str, float | int]:
    named = {"message_id": verdict.message_id, "again_s": verdict.again_s}
    return {name: value for name, value in named.items() if value is not None}


async def _apply(act: Act, comment: Comment, answer: Answer, *, bot: Bot | None) -> None:
    """What the answer tells of the bot, its seat and the post. Meanwhile the bot may be gone or have another token."""
    intent, verdict = answer.intent, answer.verdict
    if verdict.state == "sent":
        comment.sent_at = act.now
        if bot is not None:
            bot.commented_at = act.now
            note_well(act, bot)
        look_after(act, comment, pin=intent.pin and comment.reason == SENT.code, delete_after_s=intent.delete_after_s)
    if intent.media_id is not None and intent.look.file is not None:
        known = verdict.files.get(intent.look.file.kind)
        await keep_name(act, comment.bot_id, intent.media_id, "" if verdict.without_file_id else known)
    if verdict.without_quote:
        comment.decision = comment.decision | {"quote": None, "unquoted": True}
        record(act, "comment_unquoted", **about(comment))
    if verdict.post_gone:
        (await act.session.get_one(Post, comment.post_id)).gone_at = act.now
        await void_approvals(act, [comment.post_id], POST_GONE)
        act.enqueue(PostGone(act.project_id, comment.post_id), key=f"post-gone:{comment.post_id}")
    if comment.reason == DELETED_AT_ONCE.code:
        (await act.session.get_one(Channel, comment.channel_id)).guard_seen_at = act.now
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
        lose_seat(act, seat, "refused_by_telegram")
        check_soon(act, await act.session.get_one(Channel, comment.channel_id))
