"""What tasks would have done with posts: the planner's own `decide`, post by post. Pure; nothing is kept but the totals
and the lines that will be shown.

The posts come in the order of time. Every task that is on for their channel is asked as the planner asks it, oldest
first, so that the tried task meets the others under the same post; what has really been sent there plays no part.
"""

import hashlib
from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, tzinfo
from typing import Any

from tgac.comments.decide import Decision, Order, Plan, Thread, decide
from tgac.comments.dry_run_limits import Book
from tgac.comments.limits import Cap, Where
from tgac.comments.reasons import collision
from tgac.tasks.config import TaskConfig
from tgac.tasks.facts import ChannelFacts, PostFacts, Reason
from tgac.tasks.text.prompt import data_of, estimate, system_words

_COLLISION = collision(0, 0).code


@dataclass(frozen=True, slots=True)
class Taker:
    """A task that is asked about the posts of a channel; `is_tried` marks the one that the dry run is about."""

    name: str
    order: Order
    zone: tzinfo
    is_tried: bool = False
    caps: tuple[Cap, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """A channel with its tasks in the planner's order; `limit` is how many comments the project may have at a post."""

    channel: ChannelFacts
    takers: tuple[Taker, ...]
    limit: int


@dataclass(frozen=True, slots=True)
class Tried:
    """A post to be tried in a channel. `has_root` and `is_gone` are what the planner's Thread says of it."""

    post: PostFacts
    channel_id: int
    has_root: bool = True
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    """One decision about one post. `others` are the tasks that had taken the place before."""

    post: PostFacts
    channel: ChannelFacts
    n: int
    decision: Decision
    others: tuple[str, ...]

    @property
    def plan(self) -> Plan | None:
        """The comment, where there would be one."""
        return self.decision.outcome if isinstance(self.decision.outcome, Plan) else None

    @property
    def reason(self) -> Reason | None:
        """Why not, where there would be none."""
        return self.decision.outcome if isinstance(self.decision.outcome, Reason) else None


@dataclass(slots=True)
class Totals:
    """The figures; days and hours are those of the tried task's zone, at which comments would go out.

    `lost` counts by task how often it was there before the tried one, `taken` how often it came too late for it.
    """

    posts: int = 0
    commented: int = 0
    comments: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    examples: dict[str, Reason] = field(default_factory=dict)
    days: Counter[date] = field(default_factory=Counter)
    hours: Counter[int] = field(default_factory=Counter)
    single_hours: Counter[datetime] = field(default_factory=Counter)
    bots: Counter[str] = field(default_factory=Counter)
    variants: Counter[str] = field(default_factory=Counter)
    lost: Counter[str] = field(default_factory=Counter)
    taken: Counter[str] = field(default_factory=Counter)
    tokens_in: int = 0
    tokens_out: int = 0


class DryRun:
    """Takes posts one by one. `keep` is how many of the newest lines stay (None: all)."""

    def __init__(self, places: Mapping[int, Place], *, keep: int | None) -> None:
        self.totals = Totals()
        self._places = places
        self._lines: deque[Line] = deque(maxlen=keep)
        self._previous: dict[int, str] = {}
        self._book = Book()

    @property
    def lines(self) -> list[Line]:
        """The lines that were kept, newest post first."""
        return list(reversed(self._lines))

    def take_all(self, posts: Iterable[Tried]) -> None:
        """Decide about these posts, oldest first."""
        for post in posts:
            self._take(post)

    def _take(self, tried: Tried) -> None:
        place = self._places[tried.channel_id]
        self.totals.posts += 1
        before: list[str] = []
        is_commented = False
        for taker in place.takers:
            for n in range(1, taker.order.config.limits.times + 1):
                decision = self._decide(tried, place, taker, n=n, taken=len(before))
                if taker.is_tried:
                    line = Line(tried.post, place.channel, n, decision, tuple(before))
                    self._note(line, taker.zone)
                    self._count_tokens(line, taker.order.config)
                    is_commented = is_commented or line.plan is not None
                elif is_commented and _is_collision(decision):
                    self.totals.taken[taker.name] += 1
                if isinstance(decision.outcome, Plan):
                    before.append(taker.name)
                    self._previous[tried.channel_id] = decision.outcome.text.html
        self.totals.commented += is_commented

    def _decide(self, tried: Tried, place: Place, taker: Taker, *, n: int, taken: int) -> Decision:
        previous = self._previous.get(tried.channel_id)
        thread = Thread(tried.has_root, tried.is_gone, taken, place.limit, previous)
        seed = seed_of(taker.order.task_id, tried.post.id, n)
        decision = decide(tried.post, place.channel, taker.order, thread, zone=taker.zone, seed=seed)
        plan = decision.outcome
        if not isinstance(plan, Plan):
            return decision
        where = Where(0, tried.channel_id, plan.bot.id)
        quiet = taker.order.config.timing.quiet_hours
        latest = _said(_at_the_latest(decision, plan), taker)
        return self._book.place(latest, where, taker.caps, quiet=quiet, zone=taker.zone)

    def _note(self, line: Line, zone: tzinfo) -> None:
        totals = self.totals
        self._lines.append(line)
        if plan := line.plan:
            due = plan.send_at.astimezone(zone)
            totals.comments += 1
            totals.days[due.date()] += 1
            totals.hours[due.hour] += 1
            totals.single_hours[due.replace(minute=0, second=0, microsecond=0)] += 1
            totals.bots[plan.bot.username] += 1
            totals.variants[plan.text.variant] += 1
        elif reason := line.reason:
            totals.left_out[reason.code] += 1
            totals.examples.setdefault(reason.code, reason)
            if reason.code == _COLLISION:
                totals.lost.update(set(line.others))

    def _count_tokens(self, line: Line, config: TaskConfig) -> None:
        """What a language model would use for it; nothing is asked."""
        if line.plan and config.content.kind == "llm":
            llm = config.content.llm
            tokens_in, tokens_out = estimate(llm, system_words(llm), data_of(line.post, line.channel))
            self.totals.tokens_in += tokens_in
            self.totals.tokens_out += tokens_out


def seed_of(task_id: int, post_id: int, n: int) -> int:
    """The seed of a dry run: the same task and post give the same comment again. The line throws real dice."""
    return int.from_bytes(hashlib.sha256(f"dry run:{task_id}:{post_id}:{n}".encode()).digest()[:4])


def _at_the_latest(decision: Decision, plan: Plan) -> Decision:
    """What readers would say under a post nobody knows: a comment that waits for them stands at its last moment."""
    return replace(decision, outcome=replace(plan, send_at=plan.wait_until)) if plan.wait_until else decision


def _said(decision: Decision, taker: Taker) -> Decision:
    """With what it took for granted: that the limits have grown, and nothing of what readers would say."""
    plan, limits = decision.outcome, taker.order.config.limits
    assumed: dict[str, Any] = (
        {"limits_grown": True} if limits.ramp_up_days and any(cap.is_grown for cap in taker.caps) else {}
    )
    if isinstance(plan, Plan) and plan.wait_until:
        assumed |= {"readers": "unknown"}
    return replace(decision, values=decision.values | assumed)


def _is_collision(decision: Decision) -> bool:
    return isinstance(decision.outcome, Reason) and decision.outcome.code == _COLLISION
