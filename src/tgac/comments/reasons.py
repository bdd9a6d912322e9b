"""Why a comment was not written, or what became of it: codes for programs, sentences for people."""

from typing import Any

from tgac.kit.web.i18n import N_, _
from tgac.tasks.facts import Param, Reason

NO_THREAD = Reason("no_thread", N_("Telegram made no discussion thread for this post."))
POST_GONE = Reason("post_gone", N_("The post is no longer in the discussion group."))
NO_BOT = Reason("no_bot", N_("None of the task's bots may write in this channel."))
CHANNEL_SUSPENDED = Reason("channel_suspended", N_("The channel is suspended."))
PROJECT_NOT_ACTIVE = Reason("project_not_active", N_("The project is paused or archived."))
PROJECT_STOPPED = Reason("project_stopped", N_("The project's emergency stop was pressed."))
INSTALLATION_STOPPED = Reason("installation_stopped", N_("An admin pressed the emergency stop of the installation."))
TASK_OFF = Reason("task_off", N_("The task was switched off before the comment was due."))
BOT_NOT_ACTIVE = Reason("bot_not_active", N_("The bot is paused, revoked or removed."))
SEAT_LOST = Reason("seat_lost", N_("The bot has lost its place in the channel or its group."))
TASK_UNREADABLE = Reason(
    "task_unreadable", N_("The task's settings cannot be read any more: open the task, look at them and save it.")
)
LINE_FAILED = Reason("line_failed", N_("A fault in the program: it stands in the log, and nothing was sent."))
EXPIRED = Reason("expired", N_("It could not be sent in time."))
PAUSED = Reason("paused", N_("The task or the project is paused."))
QUIET = Reason("quiet_hours", N_("These are the task's quiet hours; they end at %(until)s."))
WAITS_FOR_READERS = Reason("waits_for_readers", N_("It waits for its readers."))
WAIT_OVER = Reason("wait_over", N_("It has waited for its readers as long as it may: it goes out all the same."))
FLOOD_WAIT = Reason("flood_wait", N_("Telegram asked the bot to rest in this group until %(until)s."))
TELEGRAM_PACE = Reason("telegram_pace", N_("The bot keeps Telegram's own limits; there is room at %(until)s."))
WORKER_LOST = Reason(
    "worker_lost", N_("The sending process was lost in the middle: Telegram may or may not have the comment.")
)
CANCELLED_BY_PERSON = Reason("cancelled_by_person", N_("Somebody cancelled it."))
SKIPPED_BY_PERSON = Reason("skipped_by_person", N_("Somebody decided against it."))
NEEDS_APPROVAL = Reason("needs_approval", N_("The task lets its comments wait: somebody has to approve it."))
IN_REVIEW = Reason("in_review", N_("The channel is still in its review period: somebody has to approve it."))
NOT_APPROVED = Reason("not_approved", N_("Nobody approved it in time."))
POST_EDITED = Reason("post_edited", N_("The post was edited: what waited for approval spoke of other words."))
CONFIRMED_BY_PERSON = Reason("confirmed_by_person", N_("Somebody looked and confirmed it."))
CONFIRMED_BY_REPLY = Reason("confirmed_by_reply", N_("A reader replied to it: it is there."))
CONFIRMED_BY_WITNESS = Reason("confirmed_by_witness", N_("Another bot of the project saw it: it is there."))
DROPPED_BY_PERSON = Reason("dropped_by_person", N_("Somebody looked: it is not there."))
DELETED_AT_ONCE = Reason(
    "deleted_at_once", N_("It was posted and removed in the same moment: another bot guards this group.")
)
GONE = Reason("gone", N_("The comment is no longer there: it was deleted."))
UNREPLIED = Reason(
    "root_gone", N_("The post had been deleted: the comment went out on its own and was taken back at once.")
)
UNREPLIED_STAYS = Reason(
    "root_gone_left", N_("The post had been deleted: the comment stands on its own and could not be taken back.")
)
SENT = Reason("sent", N_("Sent as planned."))

NOT_KNOWN_THERE = Reason("not_known_there", N_("Whether it is there is not known: look under the post first."))
PLACE_TOLD = Reason(
    "place_told", N_("Where it stands was told by a person; the program deletes only what it placed: delete it there.")
)
BOT_AWAY = Reason("bot_away", N_("The bot that wrote it was removed or shut out: delete it in Telegram."))
POLL_STAYS = Reason("poll_stays", N_("Telegram lets nobody edit a poll."))
FILE_STAYS = Reason("file_stays", N_("The file of a comment that stands is not added, taken away or exchanged."))
FORM_STAYS = Reason(
    "form_stays",
    N_("Telegram did not turn a text into a rich message, or back: what crosses 4,096 characters stays as it was."),
)
FILE_GONE = Reason("file_gone", N_("The file that it was to carry was removed."))
FILE_UNDER_WAY = Reason("file_under_way", N_("The bot is giving the file to Telegram for another comment."))
MODEL_STAYS = Reason("model_stays", N_("A language model wrote it, so the template does not write over it."))
NEVER_SENT = Reason("never_sent", N_("It was not sent, so there is nothing to delete."))
MAY_NOT_DELETE = Reason(
    "may_not_delete",
    N_("Telegram does not let the bot delete it: after 48 hours it needs the right to delete messages in the group."),
)
MAY_NOT_PIN = Reason("may_not_pin", N_("The bot may not pin messages in the group: give it that right."))
TAKEN_BACK = {
    one.code: one
    for one in (
        Reason("taken_back", N_("Somebody took it back.")),
        Reason("time_is_up", N_("Its time was up, as the task says.")),
        Reason("deleted_with_post", N_("Its post is gone.")),
    )
}
"""Why a comment was deleted by its own bot."""


def collision(taken: int, limit: int) -> Reason:
    """The project already comments this post as often as it may."""
    return Reason(
        "collision",
        N_("Comments of the project under this post: %(taken)d; at most %(limit)d are allowed."),
        {"taken": taken, "limit": limit},
    )


def heard(said: int) -> Reason:
    """Readers have done what was waited for."""
    return Reason("heard", N_("What it waited for has come. Comments by readers: %(said)d."), {"said": said})


def waited_in_vain(said: int, until: str) -> Reason:
    """Readers have not done what was waited for; `until` is the last moment, as ISO text."""
    words = N_("What it waited for had not come by %(until)s. Comments by readers: %(said)d.")
    return Reason("waited_in_vain", words, {"said": said, "until": until})


def telegram_refused(code: str, description: str) -> Reason:
    """Telegram said no, in its own words."""
    return Reason(code, N_("Telegram refused: %(description)s"), {"description": description[:200]})


def answer_lost(description: str) -> Reason:
    """The answer is missing or says nothing."""
    return Reason(
        "answer_lost",
        N_("Telegram's answer was lost (%(description)s): the comment may or may not be there."),
        {"description": description[:200]},
    )


def of_stored(code: str, data: dict[str, Any]) -> Reason:
    """The reason that a row keeps under this code."""
    return Reason(code, data["sentence"], data.get("values", {}))


_UNUSED = {
    "off": N_("No language model is set up."),
    "budget": N_("The day's budget for language models is spent."),
    "lost": N_("The process was lost while the model was asked; it is not asked twice."),
    "not_asked": N_("The task, project or channel was not active: the model was not asked."),
    "slow": N_("The model took too long."),
}


def llm_unused(code: str, problem: str) -> Reason:
    """Why a language model's words are not used; `problem` is what the endpoint or the caller said."""
    if code in _UNUSED:
        return Reason(f"llm_{code}", _UNUSED[code])
    return Reason("llm_unused", N_("Asking it failed: %(problem)s."), {"problem": problem[:200]})


def stored(reason: Reason) -> dict[str, Any]:
    """A reason's words and values as a row keeps them."""
    return {"sentence": reason.msgid, "values": dict(reason.params)}


def sentence(data: dict[str, Any]) -> str:
    """The sentence of a stored reason, in the reader's language."""
    values: dict[str, Param] = data.get("values", {})
    return _(data["sentence"], **values) if data.get("sentence") else ""
