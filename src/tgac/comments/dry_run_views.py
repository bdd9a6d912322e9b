"""A dry run as people and programs see it: lines, figures, and a table to take away."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any, Final

from tgac.comments.dry_run import Line, Totals
from tgac.comments.dry_run_service import Tryout
from tgac.comments.reasons import sentence, stored
from tgac.comments.views import plain, readable, why
from tgac.kit.sheets import write_sheet
from tgac.kit.web.i18n import _, show_moment
from tgac.tasks.wait_words import awaited

COLUMNS: Final = (
    "published", "channel", "post", "comment", "due", "bot", "variant", "text", "reason", "sentence", "tasks_before",
)  # fmt: skip
_CUT: Final = 500
"""Characters of a post that a table shows."""


@dataclass(frozen=True, slots=True)
class LineView:
    """A line for a page, with times in the task's zone; `because` are the values that were compared, in pairs."""

    row: Line
    published: str
    due: str
    sentence: str
    text: str
    because: list[tuple[str, str]]


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
        )
        for line in tryout.run.lines[:most]
    ]


def reason_counts(totals: Totals, zone: tzinfo) -> list[ReasonCount]:
    """Why there would be none, the commonest reason first."""
    return [
        ReasonCount(code, count, sentence(readable(stored(totals.examples[code]), zone)))
        for code, count in totals.left_out.most_common()
    ]


def wait_note(tryout: Tryout) -> str:
    """What a dry run cannot know of a task that waits for readers; "" of one that does not."""
    wait = tryout.subject.config.timing.wait_for
    if not wait.is_on:
        return ""
    said = _("Each comment would wait for: %(what)s.", what=awaited(wait))
    said += " " + _("What readers would write is not known here: the latest moment is shown.")
    return said if wait.otherwise == "send" else f"{said} {_('Where they do not, none is sent.')}"


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
        "waits_for_readers": tryout.subject.config.timing.wait_for.is_on,
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
        "lines": [_line_json(line, zone) for line in lines],
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
            line.reason.code if line.reason else "",
            _sentence(line, zone),
            ", ".join(dict.fromkeys(line.others)),
        ]


def _line_json(line: Line, zone: tzinfo) -> dict[str, Any]:
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
        "reason": reason.code if reason else None,
        "sentence": _sentence(line, zone) or None,
        "compared": dict(reason.params) if reason else {},
        "tasks_before": list(dict.fromkeys(line.others)),
        "decision": line.decision.values,
    }


def _sentence(line: Line, zone: tzinfo) -> str:
    return sentence(readable(stored(line.reason), zone)) if line.reason else ""


def _text(line: Line) -> str:
    return plain(line.plan.text.html) if line.plan else ""
