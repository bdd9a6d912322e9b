"""Afterwards: what is done with a comment that was sent. Pinning and deleting are jobs of their own.

Each may run twice: pinning what is pinned and deleting what is deleted change nothing. A message's number is used only
where Telegram itself told it in the answer to our own send: nothing of anybody else's can be met.
"""

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update

from tgac.bots.models import Bot, BotStatus
from tgac.bots.service import token_of
from tgac.comments import reasons
from tgac.comments.facts import about
from tgac.comments.jobs import Observe, PinComment, PostGone, TakeBack
from tgac.comments.models import Comment, RecallItem
from tgac.comments.observe import LOOKS_S
from tgac.comments.orders import config_of
from tgac.comments.queries import lock_comment, scenery_of
from tgac.comments.reasons import stored
from tgac.comments.service import end_comment
from tgac.journal.service import record
from tgac.kit.act import Act
from tgac.kit.queue.jobs import Done, Outcome, Snooze
from tgac.kit.secrets import Secret
from tgac.kit.telegram import faults
from tgac.kit.tools import Tools
from tgac.tasks.facts import Reason
from tgac.tasks.models import Task

LATER_S = 60.0
"""After an answer that says nothing. The act is asked for again: done twice, it is done once."""
SENDING_S = 5.0
"""How often to look whether a comment that is being sent has arrived."""


@dataclass(frozen=True)
class Message:
    """A comment of ours as Telegram knows it."""

    token: Secret
    group_id: int
    message_id: int
    silent: bool = True


def look_after(act: Act, comment: Comment, *, pin: bool, delete_after_s: float | None) -> None:
    """Leave what follows once Telegram has told that a comment stands: looks, and what its task wants done with it."""
    look = Observe(act.project_id, comment.id)
    act.enqueue(look, run_after=act.now + timedelta(seconds=LOOKS_S[0]), key=f"observe:{comment.id}")
    if pin:
        act.enqueue(PinComment(act.project_id, comment.id), key=f"pin:{comment.id}")
    if delete_after_s is not None:
        due = act.now + timedelta(seconds=delete_after_s)
        act.enqueue(TakeBack(act.project_id, comment.id, "time_is_up"), run_after=due, key=f"time-is-up:{comment.id}")


async def pin_comment(tools: Tools, job: PinComment) -> Outcome:
    """Handles PinComment. Where it may not be pinned, the comment stands all the same, and the reason is told."""
    async with tools.reading(None, job.project_id) as act:
        asked = await _to_pin(act, job.comment_id)
    if asked is None:
        return Done()
    told = asked if isinstance(asked, Reason) else await call(_pin(tools, asked))
    if isinstance(told, Snooze):
        return told
    async with tools.acting(None, job.project_id) as act:
        comment = await lock_comment(act, job.comment_id)
        if comment is not None and comment.state == "sent":
            note(act, comment, "pin", told)
    return Done()


async def _to_pin(act: Act, comment_id: int) -> Message | Reason | None:
    comment = await act.session.get(Comment, comment_id)
    if comment is None or comment.state != "sent" or comment.message_id is None:
        return None
    if reason := await may_speak(act, comment):
        return reason
    message = await message_of(act, comment)
    if isinstance(message, Reason):
        return message
    task = await act.session.get_one(Task, comment.task_id)
    config = config_of(task.config)
    return Message(message.token, message.group_id, message.message_id, config is None or config.content.silent)


def _pin(tools: Tools, message: Message) -> Awaitable[None]:
    place = {"chat_id": message.group_id, "message_id": message.message_id}
    return tools.telegram.pin_message(message.token, **place, silent=message.silent)


async def take_back(tools: Tools, job: TakeBack) -> Outcome:
    """Handles TakeBack: the comment is deleted in Telegram, or it is told why it stays."""
    async with tools.reading(None, job.project_id) as act:
        asked = await _to_delete(act, job.comment_id)
    if isinstance(asked, Snooze):
        return asked
    told: Message | Reason | Snooze | None = asked
    if isinstance(asked, Message):
        place = {"chat_id": asked.group_id, "message_id": asked.message_id}
        told = await call(tools.telegram.delete_message(asked.token, **place))
    if isinstance(told, Snooze):
        return told
    async with tools.acting(None, job.project_id) as act:
        await _write_taken_back(act, job, told if isinstance(told, Reason) else None)
    return Done()


async def take_back_given_up(tools: Tools, job: TakeBack) -> None:
    """The last attempt has failed: it is told where the comment stands, and a recall comes to its end."""
    async with tools.acting(None, job.project_id) as act:
        await _write_taken_back(act, job, reasons.LINE_FAILED)


async def _to_delete(act: Act, comment_id: int) -> Message | Reason | Snooze | None:
    """None: there is nothing left to delete."""
    comment = await act.session.get(Comment, comment_id)
    if comment is None or comment.state == "deleted":
        return None
    if comment.state == "sending":
        return Snooze(SENDING_S)
    if comment.state == "unknown":
        return reasons.NOT_KNOWN_THERE
    return await message_of(act, comment) if comment.state == "sent" else reasons.NEVER_SENT


async def _write_taken_back(act: Act, job: TakeBack, stays: Reason | None) -> None:
    comment = await lock_comment(act, job.comment_id)
    if comment is None:
        return
    if comment.state == "sent" and stays is None:
        end_comment(act, comment, state="deleted", reason=reasons.TAKEN_BACK[job.why], kind="comment_taken_back")
        comment.cared = {name: one for name, one in comment.cared.items() if name != "delete"}
    elif comment.state in ("sent", "unknown") and stays is not None:
        note(act, comment, "delete", stays)
    if job.recall_id is not None:
        item = (RecallItem.recall_id == job.recall_id) & (RecallItem.comment_id == comment.id)
        gone = comment.state == "deleted"
        values = {"state": "deleted" if gone else "stays", "reason_data": {} if gone or not stays else stored(stays)}
        await act.session.execute(update(RecallItem).where(item).values(**values))


async def post_gone(tools: Tools, job: PostGone) -> Outcome:
    """Handles PostGone. Of a deletion Telegram tells nobody: that the post is gone was seen at its thread."""
    async with tools.acting(None, job.project_id) as act:
        asked = select(Comment, Task).join(Task, Task.id == Comment.task_id)
        asked = asked.where(Comment.post_id == job.post_id, Comment.state.in_(("sent", "sending")))
        for comment, task in await act.session.execute(asked):
            config = config_of(task.config)
            if config is not None and config.after.delete_with_post:
                act.enqueue(TakeBack(act.project_id, comment.id, "deleted_with_post"), key=f"with-post:{comment.id}")
    return Done()


async def message_of(act: Act, comment: Comment) -> Message | Reason:
    """Where a sent comment stands and who wrote it; or why nothing can be done to it."""
    if comment.reason == reasons.CONFIRMED_BY_PERSON.code or comment.message_id is None:
        return reasons.PLACE_TOLD
    bot = await act.session.get(Bot, comment.bot_id)
    if bot is None or bot.status == BotStatus.REVOKED:
        return reasons.BOT_AWAY
    return Message(token_of(act.keys, bot), comment.group_id, comment.message_id)


async def may_speak(act: Act, comment: Comment) -> Reason | None:
    """Why nothing more may be said in the comment's channel at this moment. Deleting is not saying."""
    _task, channel, post, project, bot = await scenery_of(act, comment)
    if project.stopped_at is not None:
        return reasons.PROJECT_STOPPED
    if project.status != "active":
        return reasons.PROJECT_NOT_ACTIVE
    if channel.state != "active":
        return reasons.CHANNEL_SUSPENDED
    if bot is None or bot.status != BotStatus.ACTIVE:
        return reasons.BOT_NOT_ACTIVE
    return reasons.POST_GONE if post.gone_at is not None else None


def note(act: Act, comment: Comment, what: str, told: Reason | None) -> None:
    """Write down what came of an act (`pin`, `delete`, `edit`): `told` is why it was not done, None for done."""
    done, failed = _KINDS[what]
    kept = {name: one for name, one in comment.cared.items() if name != what}
    comment.cared = kept | ({what: stored(told)} if told else {})
    record(act, failed if told else done, stored(told) if told else {}, **about(comment))


_KINDS = {
    "pin": ("comment_pinned", "comment_not_pinned"),
    "delete": ("comment_taken_back", "comment_stays"),
    "edit": ("comment_followed", "comment_not_followed"),
}
_REFUSED = {
    "may_not_pin": reasons.MAY_NOT_PIN,
    "may_not_delete": reasons.MAY_NOT_DELETE,
    "not_text": reasons.FORM_STAYS,
    "gone": reasons.GONE,
}


async def call(asking: Awaitable[None]) -> Reason | Snooze | None:
    """Ask Telegram for something that may be asked for twice: None where it is done, why not, or when again."""
    try:
        await asking
    except faults.SlowDown as slow:
        return Snooze(slow.retry_after)
    except (faults.NotSent, faults.Ambiguous):
        return Snooze(LATER_S)
    except faults.NotModified:
        return None
    except faults.Fault as fault:
        return _REFUSED.get(fault.reason) or reasons.telegram_refused(fault.code, fault.description or fault.code)
    return None
