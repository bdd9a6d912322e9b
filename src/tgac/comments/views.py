"""Comments, posts and events as people and programs see them: words, sentences, links. Nothing here asks the database.

The sentences of events stand in `comments/kinds.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final, NamedTuple

from tgac.bots.models import Bot
from tgac.channels import reasons as channel_reasons
from tgac.channels.models import Channel
from tgac.comments import reasons
from tgac.comments.carried_words import carried_words, manner_words, quoted
from tgac.comments.facts import post_link, version_of
from tgac.comments.kinds import KINDS, UNKNOWN
from tgac.comments.limits import HELD_BY
from tgac.comments.llm_words import model_words
from tgac.comments.models import Comment
from tgac.comments.orders import config_of
from tgac.comments.queries import Around
from tgac.comments.wait_words import wait_facts, waiting_sentence
from tgac.journal.models import Event, PanelEvent
from tgac.kit.telegram.links import message_link
from tgac.kit.web.i18n import N_, _, show_moment
from tgac.people.browsers import shown_browser
from tgac.people.words import role_word
from tgac.posts.models import Post
from tgac.tasks.config import Delay, TaskConfig
from tgac.tasks.limit_words import limit_words
from tgac.tasks.models import Task
from tgac.tasks.text.faults import TextError
from tgac.tasks.text.html import MAX_LENGTH, Run, to_runs, utf16_length
from tgac.tasks.time_words import delay_words
from tgac.tasks.waiting import Standing


class Look(NamedTuple):
    """A state's word (a msgid), the tone of its badge, and its icon where it is not the tone's own."""

    word: str
    tone: str
    icon: str | None = None


STATES: Final[Mapping[str, Look]] = {
    "planned": Look(N_("Planned"), "wait"),
    "awaiting_approval": Look(N_("Waits for approval"), "warn", "user"),
    "sending": Look(N_("Sending"), "busy"),
    "sent": Look(N_("Sent"), "ok"),
    "unknown": Look(N_("Needs a look"), "warn", "eye"),
    "skipped": Look(N_("Skipped"), "off", "skip-forward"),
    "rejected": Look(N_("Rejected"), "bad"),
    "cancelled": Look(N_("Cancelled"), "off", "circle-slash"),
    "expired": Look(N_("Expired"), "off", "clock"),
    "deleted": Look(N_("Deleted"), "bad", "trash"),
}

SOON: Final = timedelta(seconds=75)
"""Until then a post may still wait for its thread, and then for the planner."""


@dataclass(frozen=True, slots=True)
class CommentView:
    """A comment with what it speaks of; `sentence` says why it is in its state, `link` is "" where it has none.
    `waits`: how its wait for readers stands."""

    row: Comment
    post: Post
    channel: Channel
    task: Task
    bot: Bot | None
    sentence: str
    link: str
    waits: Standing | None = None

    @property
    def look(self) -> Look:
        """Its state's word (in the reader's language), tone and icon."""
        word, tone, icon = STATES[self.row.state]
        return Look(_(word), tone, icon)

    @property
    def at(self) -> datetime:
        """The moment that matters about it: when it is due, was sent, or came to its end."""
        due = self.row.send_at if self.row.state in ("planned", "awaiting_approval") else self.row.sent_at
        return due or self.row.changed_at

    @property
    def version(self) -> str:
        """What whoever decides about it names: exactly this is what they have seen."""
        return version_of(self.row)

    @property
    def runs(self) -> Sequence[Run]:
        """Its text in pieces of one look each."""
        return runs_of(self.row.text or "")

    @property
    def is_rich(self) -> bool:
        """Whether it is too long for a message."""
        return utf16_length(plain(self.row.text)) > MAX_LENGTH

    @property
    def quote(self) -> str:
        """What it quotes of its post, or will."""
        kept, content = self.row.decision, self._config.content
        is_to_come = self.row.state in ("planned", "awaiting_approval") and not kept.get("unquoted")
        return str(kept.get("quote") or "") or (quoted(content, self.post.text) if is_to_come else "")

    @property
    def carried(self) -> list[tuple[str, str]]:
        """What readers see beside its words: label and value."""
        return list(carried_words(self.row.decision, self.quote))

    @property
    def manners(self) -> list[str]:
        """What else is done with it, a sentence each."""
        return list(manner_words(self._config.content, self._config.after))

    @property
    def _config(self) -> TaskConfig:
        return config_of(self.task.config) or TaskConfig()

    @property
    def notes(self) -> list[str]:
        """What could not be done with it after it was sent, a sentence each."""
        words = {"pin": _("Not pinned. %(reason)s"), "delete": _("Not deleted. %(reason)s")}
        words["edit"] = _("Not edited. %(reason)s")
        return [words[what] % {"reason": reasons.sentence(told)} for what, told in self.row.cared.items()]

    @property
    def offered(self) -> Sequence[Run]:
        """The text that its edited post makes of it, while somebody is asked whether it follows; else nothing."""
        edit = self.row.edit
        return runs_of(edit["html"]) if edit and edit["state"] == "asked" and self.row.state == "sent" else ()

    @property
    def buttons(self) -> list[list[dict[str, str]]]:
        """The rows of link buttons under it."""
        rows: list[list[dict[str, str]]] = self.row.decision.get("buttons", [])
        return rows


@dataclass(frozen=True, slots=True)
class PostView:
    """A post with its comments; `note` says why there are none."""

    row: Post
    channel: Channel
    link: str
    comments: list[CommentView]
    note: str


@dataclass(frozen=True, slots=True)
class Moment:
    """A line of a timeline. `event` is None for the publication itself, which no bot has to tell."""

    at: datetime
    kind: str
    sentence: str
    icon: str
    event: Event | PanelEvent | None = None
    task: str = ""
    person: str = ""


def comment_view(base: str, comment: Comment, rows: Around, *, zone: tzinfo) -> CommentView:
    """One comment as it is shown; `base` is Config.telegram_link_base."""
    post, channel = rows.posts[comment.post_id], rows.channels[comment.channel_id]
    return CommentView(
        row=comment,
        post=post,
        channel=channel,
        task=rows.tasks[comment.task_id],
        bot=rows.bots.get(comment.bot_id or 0),
        sentence=comment_sentence(comment, zone, rows.waits.get(comment.id)),
        link=comment_link(base, comment, post, channel=channel),
        waits=rows.waits.get(comment.id),
    )


def post_view(base: str, post: Post, channel: Channel, *, comments: list[CommentView], note: str) -> PostView:
    """One post as it is shown."""
    return PostView(post, channel, post_link(base, post, channel), comments, note)


def comment_link(base: str, comment: Comment, post: Post, *, channel: Channel) -> str:
    """Where the comment is read: under its post, or in the group where it stands on its own."""
    if comment.message_id is None:
        return ""
    if post.message_id is None or comment.reason == reasons.UNREPLIED_STAYS.code:
        return message_link(base, channel.group_address, message_id=comment.message_id)
    place = channel.address
    return message_link(base, place, message_id=post.message_id, comment_id=comment.message_id)


def comment_sentence(comment: Comment, zone: tzinfo, waits: Standing | None = None) -> str:
    """Why the comment is in its state; `waits`: how its wait for readers stands."""
    waiting = waiting_sentence(comment, waits, zone) if waits else ""
    if comment.state == "planned" and waiting and comment.reason == reasons.WAITS_FOR_READERS.code:
        return waiting
    if comment.state == "planned" and comment.reason and comment.expires_at:
        held, until = reasons.sentence(readable(comment.reason_data, zone)), show_moment(comment.expires_at, zone)
        return f"{held} {_('It waits, until %(until)s at the latest.', until=until)}"
    if comment.state == "planned" and comment.send_at:
        at = show_moment(comment.send_at, zone, seconds=True)
        return f"{_('Not before %(at)s.', at=at)} {waiting}" if waiting else _("It goes out at %(at)s.", at=at)
    if comment.state == "sending":
        return _("Telegram is asked to post it.")
    return f"{reasons.sentence(readable(comment.reason_data, zone))} {waiting}".strip()


def runs_of(html: str) -> list[Run]:
    """Telegram's HTML in pieces; what cannot be read as such is shown as it is written."""
    try:
        return to_runs(html)
    except TextError:
        return [Run(html)]


def plain(html: str | None) -> str:
    """A comment's words without their looks."""
    return "".join(run.text for run in runs_of(html or ""))


def why(decision: Mapping[str, Any], zone: tzinfo) -> list[tuple[str, str]]:
    """The values that led to a decision: label and value, readable."""
    delay, quiet = decision.get("delay"), decision.get("quiet_hours")
    bots = ", ".join(f"@{name}" for name in decision.get("bots", []))
    rows = [
        (_("Published"), _shown(decision.get("published_at"), zone)),
        (_("Seen"), _shown(decision.get("seen_at"), zone)),
        (_("Delay"), _span(delay) if delay else ""),
        (_("Quiet hours"), _quiet(quiet) if quiet else _("none")),
        (_("Time zone"), decision.get("time_zone", "")),
        (_("Bots that may write"), bots or _("none")),
        (_("Comments already there"), _taken(decision)),
        (_("Limits"), "; ".join(limit_words(decision.get("limits", {})))),
        (_("Limits count"), _("as grown to their full size") if decision.get("limits_grown") else ""),
        (_("Held up by"), _(HELD_BY[decision["held_by"]]) if decision.get("held_by") in HELD_BY else ""),
        (_("Chosen bot"), f"@{decision['bot']}" if decision.get("bot") else ""),
        (_("Due"), _shown(decision.get("send_at"), zone)),
        *wait_facts(decision, _shown(decision.get("wait_until"), zone)),
        (_("Readers"), _("not known here: at the last moment") if decision.get("readers") == "unknown" else ""),
        (_("Not later than"), _shown(decision.get("expires_at"), zone)),
        (_("Variant"), decision.get("variant") or ""),
        (_("Language model"), model_words(decision.get("llm") or {})),
        (_("Seed"), str(decision.get("seed", ""))),
    ]
    return [(label, value) for label, value in rows if value] if decision else []


def _shown(value: object, zone: tzinfo) -> str:
    moment = _moment(value)
    return show_moment(moment, zone, seconds=True) if moment else ""


def _moment(value: object) -> datetime | None:
    """The aware moment that an ISO text names; None for any other text."""
    if not isinstance(value, str) or "T" not in value:
        return None
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _span(delay: Mapping[str, int]) -> str:
    return delay_words(Delay.model_validate(delay))


def _quiet(quiet: Mapping[str, str]) -> str:
    return f"{quiet['from']}–{quiet['to']}"


def _taken(decision: Mapping[str, Any]) -> str:
    if "taken" not in decision:
        return ""
    return _("%(taken)s of at most %(limit)s", taken=decision["taken"], limit=decision.get("limit", ""))


def readable(data: Mapping[str, Any], zone: tzinfo) -> dict[str, Any]:
    """A stored reason whose moments are written as people write them."""
    values = data.get("values", {})
    return {**data, "values": {name: _shown(value, zone) or value for name, value in values.items()}}


def why_none(post: Post, left: Event | None, now: datetime) -> str:
    """Why there is no comment and no decision; `left` is the event that tells why no task was asked."""
    if left is not None:
        return _left_reason(left.data)
    if now - post.seen_at < SOON:
        return _("It is being looked at.")
    return _("No task has looked at it, and why is not known.")


def _left_reason(data: Mapping[str, Any]) -> str:
    if data.get("failed"):
        return reasons.LINE_FAILED.sentence
    if data.get("task"):
        return _("No task was on for this channel.")
    if data.get("installation"):
        return reasons.INSTALLATION_STOPPED.sentence
    if data.get("state", "active") != "active":
        return reasons.CHANNEL_SUSPENDED.sentence
    if data.get("project", "active") != "active":
        return reasons.PROJECT_NOT_ACTIVE.sentence
    return reasons.PROJECT_STOPPED.sentence


def moment_of(
    event: Event | PanelEvent, *, decision: Mapping[str, Any], zone: tzinfo, task: str = "", person: str = ""
) -> Moment:
    """An event as a line of a timeline; `decision` is its comment's."""
    kind = KINDS.get(_variant(event), UNKNOWN)
    sentence = _(kind.msgid, **_values(event, decision, zone)).strip()
    return Moment(event.at, event.kind, sentence, kind.icon, event, task, person)


def published(post: Post) -> Moment:
    """The first line of a post's timeline."""
    kind = KINDS["post_published"]
    return Moment(post.published_at, "post_published", _(kind.msgid), kind.icon)


def _variant(event: Event | PanelEvent) -> str:
    """The row of KINDS: some kinds have several sentences, by what their data say."""
    if event.kind == "comment_planned" and "again_s" in event.data:
        return "comment_retry"
    if event.kind == "comment_sent" and event.data.get("sentence") == reasons.UNREPLIED_STAYS.msgid:
        return "comment_sent_alone"
    if event.kind == "invitation_withdrawn" and event.data.get("username"):
        return "member_uninvited"
    if event.kind == "task_toggled":
        return f"task_{str(event.data.get('to', '')).lower()}"
    return event.kind


def _values(event: Event | PanelEvent, decision: Mapping[str, Any], zone: tzinfo) -> dict[str, object]:
    data = event.data
    code = str(data.get("reason", ""))
    problem = channel_reasons.sentence(code) if code in channel_reasons.SENTENCES else code
    return {
        "kind": event.kind.replace("_", " "),
        "at": _due(data.get("send_at"), event.at, zone),
        "because": _because(data.get("send_at"), decision),
        "reason": reasons.sentence(readable(data, zone)) if "values" in data else "",
        "left": _left_reason(data),
        "again_s": round(float(data.get("again_s", 0))),
        "attempt": data.get("attempt", 1),
        "message_id": data.get("message_id", "—"),
        "username": data.get("username", ""),
        "title": data.get("title", ""),
        "name": data.get("name", ""),
        "browser": shown_browser(str(data.get("browser", ""))),
        "role": role_word(str(data.get("role", ""))),
        "proxy": data.get("proxy", ""),
        "by": data.get("by", ""),
        "bot": data.get("bot", ""),
        "client": data.get("client", ""),
        "ref": data.get("ref", ""),
        "count": data.get("count", ""),
        "failures": data.get("failures", ""),
        "answer": code,
        "problem": problem,
    }


def _due(send_at: object, told: datetime, zone: tzinfo) -> str:
    """When it is due: the time alone where that is on the day on which it is told."""
    moment = _moment(send_at)
    if moment is None:
        return ""
    here = moment.astimezone(zone)
    same_day = here.date() == told.astimezone(zone).date()
    return here.strftime("%H:%M:%S") if same_day else show_moment(moment, zone, seconds=True)


def _because(send_at: object, decision: Mapping[str, Any]) -> str:
    """Why then: the delay; and where that was not enough, what moved it."""
    delay, quiet = decision.get("delay"), decision.get("quiet_hours")
    due, published_at, seen_at = (
        _moment(one) for one in (send_at, decision.get("published_at"), decision.get("seen_at"))
    )
    if not delay or not due or not published_at or not seen_at:
        return ""
    said = _("Its delay: %(span)s.", span=_span(delay))
    after = (due - published_at).total_seconds()
    if after <= delay["max_s"] + 1:
        return f"{said} {_('Then it waits for its readers.')}" if decision.get("wait_for") else said
    if quiet and due > seen_at:
        return f"{said} {_('Quiet hours %(hours)s moved it.', hours=_quiet(quiet))}"
    return f"{said} {_('The post was seen late.')}"
