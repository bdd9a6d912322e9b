"""Following: a comment that stands is brought to what its edited post makes of it, by itself or after a person's yes.

`Comment.edit` is None where there is nothing to do, else

    asked → (a person: leave) → None
    asked → (a person: edit) ↘
    a task that renders again → editing(before) → None

While it is `editing`, `Comment.text` and its buttons are what shall stand: whoever looks after the comment in between
brings it about as well. What Telegram refuses brings back what was there before.
"""

from typing import Any, Literal
from zoneinfo import ZoneInfo

from sqlalchemy import select

from tgac.comments import reasons
from tgac.comments.afterwards import call, may_speak, message_of, note
from tgac.comments.decide import write_text
from tgac.comments.facts import (
    about,
    bot_facts,
    buttons_of,
    channel_facts,
    form_of,
    kept_buttons,
    look_of,
    media_of,
    post_facts,
)
from tgac.comments.jobs import EditComment, FollowPost
from tgac.comments.models import Comment
from tgac.comments.orders import config_of
from tgac.comments.queries import find_comment, lock_comment, scenery_of
from tgac.comments.service import end_comment
from tgac.journal.service import record
from tgac.kit.act import Act
from tgac.kit.errors import Conflict
from tgac.kit.queue.jobs import Done, Outcome, Snooze
from tgac.kit.secrets import Secret
from tgac.kit.telegram.types import Look
from tgac.kit.tenancy import Right, require
from tgac.kit.tools import Tools
from tgac.kit.web.i18n import _
from tgac.tasks.config import TaskConfig
from tgac.tasks.facts import Reason, Scene
from tgac.tasks.models import Task
from tgac.tasks.text.egress import Outgoing, let_out
from tgac.tasks.text.faults import TextError

SENDING_S = 10.0


async def follow_post(tools: Tools, job: FollowPost) -> Outcome:
    """Handles FollowPost. What is still planned is written anew when it leaves; what is on its way is waited for."""
    async with tools.acting(None, job.project_id) as act:
        asked = select(Comment, Task).join(Task, Task.id == Comment.task_id).where(Comment.post_id == job.post_id)
        asked = asked.where(Comment.state.in_(("sent", "sending"))).order_by(Comment.id).with_for_update(of=Comment)
        found = [(row[0], row[1]) for row in await act.session.execute(asked)]
        if any(comment.state == "sending" for comment, _task in found):
            return Snooze(SENDING_S)
        for comment, task in found:
            config = config_of(task.config)
            if config is not None and config.after.follow_edits != "no":
                await _follow(act, comment, task, config)
    return Done()


async def _follow(act: Act, comment: Comment, task: Task, config: TaskConfig) -> None:
    if stays := _why_it_stays(comment):
        note(act, comment, "edit", stays)
        return
    text = await _rewritten(act, comment, config)
    if isinstance(text, Reason):
        note(act, comment, "edit", text)
        return
    if media_of(comment) != text.media:
        note(act, comment, "edit", reasons.FILE_STAYS)
        return
    buttons = kept_buttons(text.buttons)
    if (text.html, buttons) == (comment.text, buttons_of(comment)):
        if comment.edit and comment.edit["state"] == "asked":
            comment.edit = None
        return
    reason = reasons.TASK_OFF if task.status == "OFF" else await may_speak(act, comment)
    if reason is not None:
        note(act, comment, "edit", reason)
        return
    edit = {"html": text.html, "allowed": sorted(text.allowed), "buttons": buttons}
    # What a person has approved, or a model has written, does not become the template's text without a person.
    is_theirs = comment.decision.get("approved") or comment.decision.get("written_at")
    if config.after.follow_edits == "ask" or is_theirs:
        comment.edit = edit | {"state": "asked"}
        record(act, "comment_edit_asked", **about(comment))
    else:
        _begin(act, comment, edit)


def _why_it_stays(comment: Comment) -> Reason | None:
    if comment.decision.get("poll"):
        return reasons.POLL_STAYS
    is_by_model = comment.decision.get("llm", {}).get("state") == "written"
    return reasons.MODEL_STAYS if is_by_model else None


async def _rewritten(act: Act, comment: Comment, config: TaskConfig) -> Outgoing | Reason:
    """What the task makes of the post as it is, with the same variant and choices; times as when it was sent."""
    _task, channel, post, project, bot = await scenery_of(act, comment)
    if bot is None:
        return reasons.BOT_NOT_ACTIVE
    facts = post_facts(act.config.telegram_link_base, post, channel)
    zone = config.timing.zone or ZoneInfo(project.time_zone)
    moment = (comment.sent_at or act.now).astimezone(zone)
    scene = Scene(facts, channel_facts(channel), bot_facts(bot), moment, facts.language or "en")
    try:
        return write_text(config, scene, seed=comment.decision["seed"], skip=comment.decision.get("tried", 0))
    except TextError as error:
        return error.reason


def _begin(act: Act, comment: Comment, edit: dict[str, Any]) -> None:
    is_editing = comment.edit is not None and comment.edit["state"] == "editing"
    before = _before(comment.edit if is_editing else None, comment)
    comment.edit = {"buttons": buttons_of(comment)} | edit | {"state": "editing"} | before
    comment.text = edit["html"]
    comment.decision = comment.decision | {"buttons": comment.edit["buttons"]}
    # A key for each text: a job that is running has another one in hand.
    key = f"edit:{comment.id}:{act.now.timestamp()}"
    act.enqueue(EditComment(act.project_id, comment.id), key=key)


def _before(edit: dict[str, Any] | None, comment: Comment) -> dict[str, Any]:
    """What stands in Telegram while another edit is under way, or stands now."""
    if edit is None:
        return {"before": comment.text, "buttons_before": buttons_of(comment)}
    return {"before": edit["before"], "buttons_before": edit.get("buttons_before", edit.get("buttons", []))}


async def answer_edit(act: Act, comment_id: int, answer: Literal["edit", "leave"]) -> Comment:
    """A person says whether a comment follows its edited post. Raises NotFound, Refused, Conflict."""
    require(act, Right.REVIEW)
    comment = await find_comment(act, comment_id, locked=True)
    if comment.edit is None or comment.edit["state"] != "asked" or comment.state != "sent":
        raise Conflict(_("There is nothing to decide about this comment any more."), code="wrong_state")
    if answer == "leave":
        comment.edit = None
        record(act, "comment_edit_left", **about(comment))
        return comment
    _begin(act, comment, {name: comment.edit[name] for name in ("html", "allowed", "buttons") if name in comment.edit})
    return comment


async def edit_comment(tools: Tools, job: EditComment) -> Outcome:
    """Handles EditComment. Editing twice to the same text is editing once."""
    async with tools.reading(None, job.project_id) as act:
        asked = await _to_edit(act, job.comment_id)
    if asked is None:
        return Done()
    if isinstance(asked, Reason):
        told: Reason | Snooze | None = asked
        made = None
    else:
        token, text, look, place = asked
        made = {"html": text.html, "buttons": kept_buttons(look.keyboard)}
        told = await call(tools.telegram.edit_message(token, **place, html=text.html, look=look))
    if isinstance(told, Snooze):
        return told
    async with tools.acting(None, job.project_id) as act:
        comment = await lock_comment(act, job.comment_id)
        if comment is not None and comment.state == "sent" and comment.edit is not None:
            _write(act, comment, made, told)
    return Done()


async def _to_edit(act: Act, comment_id: int) -> tuple[Secret, Outgoing, Look, dict[str, int]] | Reason | None:
    comment = await act.session.get(Comment, comment_id)
    if comment is None or comment.state != "sent" or comment.edit is None or comment.edit["state"] != "editing":
        return None
    reason, message = await may_speak(act, comment), await message_of(act, comment)
    if reason is not None or isinstance(message, Reason):
        return reason or message  # type: ignore[return-value]
    config = config_of((await act.session.get_one(Task, comment.task_id)).config)
    if config is None:
        return reasons.TASK_UNREADABLE
    text = let_out(comment.edit["html"], allowed=frozenset(comment.edit["allowed"]), form=form_of(comment))
    place = {"chat_id": message.group_id, "message_id": message.message_id}
    return message.token, text, look_of(comment, config.content), place


def _write(act: Act, comment: Comment, made: dict[str, Any] | None, told: Reason | None) -> None:
    assert comment.edit is not None
    wanted = {"html": comment.edit["html"], "buttons": buttons_of(comment)}
    if made and made != wanted:  # edited once more meanwhile: the job of that edit goes on from here
        if told is None:
            comment.edit = comment.edit | {"before": made["html"], "buttons_before": made["buttons"]}
        return
    if told is reasons.GONE:
        end_comment(act, comment, state="deleted", reason=reasons.GONE, kind="comment_gone")
        return
    if told is None:
        comment.decision = comment.decision | {"allowed": comment.edit["allowed"]}
    else:
        comment.text = comment.edit["before"]
        comment.decision = comment.decision | {"buttons": comment.edit.get("buttons_before", buttons_of(comment))}
    comment.edit = None
    note(act, comment, "edit", told)
