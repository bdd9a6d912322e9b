"""A dry run as people and programs see it: lines, figures, and a table to take away."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any, Final

from tgac.comments.carried_words import carried_words, manner_words, quoted
from tgac.comments.dry_run import Line, Totals
from tgac.comments.dry_run_service import Subject, Tryout
from tgac.comments.facts import kept_buttons, kept_poll
from tgac.comments.reasons import sentence, stored
from tgac.comments.views import plain, readable, why
from tgac.kit.sheets import write_sheet
from tgac.kit.web.i18n import _, ngettext, show_moment
from tgac.tasks.config import TaskConfig
from tgac.tasks.wait_words import awaited

COLUMNS: Final = (
    "published", "channel", "post", "comment", "due", "bot", "variant", "text", "carries", "reason", "sentence",
    "tasks_before",
)  # fmt: skip
_GROWING: Final = ("per_channel_hour", "per_channel_day", "per_bot_hour", "per_bot_day")
_CUT: Final = 500
"""Characters of a post that a table shows."""


@dataclass(frozen=True, slots=True)
class LineView:
    """A line for a page, with times in the task's zone; `because` are the values that were compared, in pairs, and
    `carried` what the comment has beside its words."""

    row: Line
    published: str
    due: str
    sentence: str
    text: str
    because: list[tuple[str, str]]
    carried: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How often a reason held, and its sentence the first time."""

    code: str
    count: int
    example: str


def line_views(tryout: Tryout, most: int) -> list[LineView]:
    """The newest lines."""
    zone = tryout.subject.zone
    return [
        LineView(
            line,
            show_moment(line.post.published_at, zone),
            show_moment(line.plan.send_at, zone, seconds=True) if line.plan else "",
            _sentence(line, zone),
            _text(line),
            why(line.decision.values, zone),
            list(_carried(line, tryout.subject)),
        )
        for line in tryout.run.lines[:most]
    ]


def reason_counts(totals: Totals, zone: tzinfo) -> list[ReasonCount]:
    """Why there would be none, the commonest reason first."""
    return [
        ReasonCount(code, count, sentence(readable(stored(totals.examples[code]), zone)))
        for code, count in totals.left_out.most_common()
    ]


def manners(tryout: Tryout) -> list[str]:
    """What would be done with each comment, a sentence each."""
    config = tryout.subject.config
    wait = _("Each comment would wait until somebody has approved it.") if config.approval.mode == "all" else ""
    return [*([wait] if wait else []), *manner_words(config.content, config.after)]


def unknowns(tryout: Tryout) -> list[str]:
    """What a dry run cannot know of this task, a sentence each."""
    return list(_unknowns(tryout.subject.config))


def _unknowns(config: TaskConfig) -> Iterator[str]:
    wait, limits, content = config.timing.awaits, config.limits, config.content
    if wait.is_on:
        said = _("Each comment would wait for: %(what)s.", what=awaited(wait))
        said += " " + _("What readers would write is not known here: the latest moment is shown.")
        yield said if wait.otherwise == "send" else f"{said} {_('Where they do not, none is sent.')}"
    if limits.ramp_up_days and any(getattr(limits, name) for name in _GROWING):
        days = limits.ramp_up_days
        yield ngettext(
            "Limits count as grown: a task, bot or channel that is younger than %(n)s day has only a part of them.",
            "Limits count as grown: a task, bot or channel that is younger than %(n)s days has only a part of them.",
            days,
        )
    if content.kind == "llm":
        yield _("The model is not asked: the texts are the template's, which stand in where it fails.")
        yield _("An answer of the model that breaks a rule is asked for once more, which costs as much again.")
    if content.quote:
        yield _("Whether Telegram takes the quote is known only when it is sent; else the comment goes without it.")
    if content.pin:
        yield _("Whether the bot may pin is known only when it is sent; else the comment stands unpinned.")
    yield _("Comments that were really sent, refusals and delays of Telegram play no part.")


def busiest_hour(totals: Totals) -> tuple[datetime, int] | None:
    """The hour with the most comments, and how many."""
    return max(totals.single_hours.items(), key=lambda one: (one[1], -one[0].timestamp()), default=None)


def busiest_day(totals: Totals) -> tuple[date, int] | None:
    """The day with the most comments, and how many."""
    return max(totals.days.items(), key=lambda one: (one[1], -one[0].toordinal()), default=None)


def llm_cost(tryout: Tryout) -> dict[str, Any] | None:
    """What a language model would use for these comments, rather too much than too little; None where none writes."""
    totals, (price_in, price_out) = tryout.run.totals, tryout.subject.prices
    if tryout.subject.config.content.kind != "llm":
        return None
    cost = (totals.tokens_in * price_in + totals.tokens_out * price_out) / 1_000_000
    is_known = price_in > 0 or price_out > 0
    return {
        "answers": totals.comments,
        "tokens_in": totals.tokens_in,
        "tokens_out": totals.tokens_out,
        "cost_usd": round(cost, 4) if is_known else None,
    }


def tryout_json(tryout: Tryout) -> dict[str, Any]:
    """All of it for programs; `lines` are the newest, newest first."""
    totals, zone, export = tryout.run.totals, tryout.subject.zone, tryout.export
    lines, peak = tryout.run.lines, busiest_hour(totals)
    return {
        "task_id": tryout.subject.task.id if tryout.subject.task else None,
        "channel_id": tryout.channel.id if tryout.channel else None,
        "time_zone": str(zone),
        "posts": totals.posts,
        "posts_commented": totals.commented,
        "comments": totals.comments,
        "approval": tryout.subject.config.approval.mode,
        "manners": _manners_json(tryout.subject.config),
        "unknown": unknowns(tryout),
        "waits_for_readers": tryout.subject.config.timing.awaits.is_on,
        "llm": llm_cost(tryout),
        "reasons": [
            {"reason": one.code, "count": one.count, "example": one.example} for one in reason_counts(totals, zone)
        ],
        "per_day": [{"day": day.isoformat(), "comments": count} for day, count in sorted(totals.days.items())],
        "per_hour": [totals.hours[hour] for hour in range(24)],
        "busiest_hour": {"hour": peak[0].isoformat(), "comments": peak[1]} if peak else None,
        "bots": dict(totals.bots.most_common()),
        "variants": dict(totals.variants.most_common()),
        "collisions": {"lost_to": dict(totals.lost.most_common()), "taken_from": dict(totals.taken.most_common())},
        "lines": [_line_json(line, zone, tryout.subject) for line in lines],
        "more": totals.posts - len({(line.channel.id, line.post.id) for line in lines}),
        "export": {"name": export.name, "left_out": export.left_out, "edited": export.edited} if export else None,
    }


def tryout_csv(tryout: Tryout) -> bytes:
    """Every line that was kept as a table, newest first."""
    return write_sheet(COLUMNS, _rows(tryout))


def _rows(tryout: Tryout) -> Iterator[list[str]]:
    zone = tryout.subject.zone
    for line in tryout.run.lines:
        plan = line.plan
        yield [
            show_moment(line.post.published_at, zone, seconds=True),
            line.channel.title,
            line.post.link or line.post.text[:_CUT],
            "yes" if plan else "no",
            show_moment(plan.send_at, zone, seconds=True) if plan else "",
            f"@{plan.bot.username}" if plan else "",
            plan.text.variant if plan else "",
            _text(line),
            "; ".join(f"{label}: {value}" for label, value in _carried(line, tryout.subject)),
            line.reason.code if line.reason else "",
            _sentence(line, zone),
            ", ".join(dict.fromkeys(line.others)),
        ]


def _line_json(line: Line, zone: tzinfo, subject: Subject) -> dict[str, Any]:
    plan, reason = line.plan, line.reason
    return {
        "post": {
            "id": line.post.id,
            "channel_id": line.channel.id,
            "text": line.post.text[:_CUT],
            "link": line.post.link or None,
            "published_at": line.post.published_at,
        },
        "n": line.n,
        "comment": plan is not None,
        "send_at": plan.send_at if plan else None,
        "wait_until": plan.wait_until if plan else None,
        "local_time": plan.send_at.astimezone(zone).isoformat(timespec="seconds") if plan else None,
        "bot": plan.bot.username if plan else None,
        "variant": plan.text.variant if plan else None,
        "text": plan.text.html if plan else None,
        "carries": _carries(line, subject) | {"quote": _quote(line, subject)} if plan else None,
        "reason": reason.code if reason else None,
        "sentence": _sentence(line, zone) or None,
        "compared": dict(reason.params) if reason else {},
        "tasks_before": list(dict.fromkeys(line.others)),
        "decision": line.decision.values,
    }


def _carries(line: Line, subject: Subject) -> dict[str, Any]:
    """As a decision keeps it: what the comment has beside its words."""
    plan = line.plan
    if plan is None:
        return {}
    text, file = plan.text, subject.files.get(plan.text.media or 0)
    told = {"id": text.media, "kind": file.kind if file else None, "name": file.name if file else None}
    return {
        "media": told if text.media else None,
        "poll": kept_poll(text.poll),
        "buttons": kept_buttons(text.buttons),
    }


def _carried(line: Line, subject: Subject) -> Iterator[tuple[str, str]]:
    return carried_words(_carries(line, subject), _quote(line, subject)) if line.plan else iter(())


def _quote(line: Line, subject: Subject) -> str:
    return quoted(subject.config.content, line.post.text)


def _manners_json(config: TaskConfig) -> dict[str, Any]:
    content, after = config.content, config.after
    return {
        "silent": content.silent,
        "pin": content.pin,
        "typing": config.timing.types,
        "delete_after_s": after.delete_after_s,
        "delete_with_post": after.delete_with_post,
        "follow_edits": after.follow_edits,
    }


def _sentence(line: Line, zone: tzinfo) -> str:
    return sentence(readable(stored(line.reason), zone)) if line.reason else ""


def _text(line: Line) -> str:
    return plain(line.plan.text.html) if line.plan else ""
