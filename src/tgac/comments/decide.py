"""The planner's heart: a pure function from facts to a decision. It reads no clock, no database and throws no dice."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any

from tgac.comments.reasons import NO_BOT, NO_THREAD, POST_GONE, collision
from tgac.tasks.config import TaskConfig
from tgac.tasks.facts import BotFacts, ChannelFacts, PostFacts, Reason, Scene
from tgac.tasks.filters import why_not
from tgac.tasks.text.egress import Outgoing
from tgac.tasks.text.faults import TextError
from tgac.tasks.text.render import render
from tgac.tasks.timing import expires_at, waits_until, when


@dataclass(frozen=True, slots=True)
class Order:
    """A task as the planner sees it; `bots` are those that serve it and may write in this channel."""

    task_id: int
    config: TaskConfig
    bots: tuple[BotFacts, ...]


@dataclass(frozen=True, slots=True)
class Thread:
    """What is known of the place where the comment would stand. `taken` counts the project's comments there."""

    has_root: bool
    is_gone: bool
    taken: int
    limit: int
    previous_text: str | None


@dataclass(frozen=True, slots=True)
class Plan:
    """A comment to be written: by whom, when, until when, and what. `wait_until`: from `send_at` it waits for readers,
    so long at most; None: for none."""

    bot: BotFacts
    send_at: datetime
    expires_at: datetime
    text: Outgoing
    wait_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """A plan, or the reason why there is none; `values` is everything that was compared."""

    outcome: Plan | Reason
    values: dict[str, Any]


def decide(
    post: PostFacts, channel: ChannelFacts, order: Order, thread: Thread, *, zone: tzinfo, seed: int
) -> Decision:
    """What one task makes of one post. The same arguments give the same decision."""
    values = _values(post, order, thread, zone, seed)
    if reason := _why_none(post, order, thread, zone):
        return Decision(reason, values)
    dice = random.Random(seed)
    due = when(post.published_at, post.seen_at, order.config.timing, zone, dice)
    if isinstance(due, Reason):
        return Decision(due, values)
    bot = dice.choice(order.bots)
    scene = Scene(post, channel, bot, due.astimezone(zone), post.language or "en")
    try:
        text = write_text(order.config, scene, seed=seed, previous_text=thread.previous_text)
    except TextError as error:
        return Decision(error.reason, values)
    until = expires_at(post.published_at, order.config.timing, zone)
    last = waits_until(due, order.config.timing, zone, dice)
    if last is not None:
        until = max(until, last + timedelta(seconds=order.config.timing.expiry_s))
    chosen = {
        "bot": bot.username,
        "send_at": due.isoformat(),
        "expires_at": until.isoformat(),
        "wait_until": last.isoformat() if last else None,
        "variant": text.variant,
        "tried": text.tried,
    }
    return Decision(Plan(bot, due, until, text, last), values | chosen)


def write_text(
    config: TaskConfig, scene: Scene, *, seed: int, previous_text: str | None = None, skip: int = 0
) -> Outgoing:
    """The comment's text: the same seed and `skip` pick the same again after the post was edited. Raises TextError."""
    return render(config.content, scene, random.Random(f"{seed}:text"), previous_text=previous_text, skip=skip)


def _why_none(post: PostFacts, order: Order, thread: Thread, zone: tzinfo) -> Reason | None:
    if reason := why_not(post, order.config.filter, task_id=order.task_id, zone=zone):
        return reason
    if thread.is_gone:
        return POST_GONE
    if not thread.has_root:
        return NO_THREAD
    if not order.bots:
        return NO_BOT
    if thread.taken >= _room(thread, order):
        return collision(thread.taken, _room(thread, order))
    return None


def _room(thread: Thread, order: Order) -> int:
    """So many comments of the project may stand there: its own limit, or the task's where that is smaller."""
    return min(thread.limit, order.config.limits.per_post_together or thread.limit)


def _values(post: PostFacts, order: Order, thread: Thread, zone: tzinfo, seed: int) -> dict[str, Any]:
    timing = order.config.timing
    quiet = timing.quiet_hours
    return {
        "seed": seed,
        "published_at": post.published_at.isoformat(),
        "seen_at": post.seen_at.isoformat(),
        "time_zone": str(zone),
        "delay": {"min_s": timing.window.min_s, "max_s": timing.window.max_s},
        "quiet_hours": {"from": quiet.from_, "to": quiet.to} if quiet else None,
        "wait_for": timing.awaits.model_dump() if timing.awaits.is_on else None,
        "limits": order.config.limits.model_dump(exclude_none=True) | {"per_post": order.config.limits.times},
        "bots": [bot.username for bot in order.bots],
        "taken": thread.taken,
        "limit": _room(thread, order),
    }
