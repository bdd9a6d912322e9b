"""Which bots serve a task, and whether a task has what it needs to be ON."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, exists, select

from tgac.bots.filters import BotFilter
from tgac.bots.models import Bot, BotStatus
from tgac.bots.queries import bots_like, seats_in_use
from tgac.channels.models import Channel, ChannelState
from tgac.channels.reasons import BOT_FULL
from tgac.journal.service import record
from tgac.kit.act import Act
from tgac.kit.errors import Conflict
from tgac.kit.tenancy import Right, require
from tgac.kit.web.i18n import _
from tgac.tasks.models import Task, TaskBot
from tgac.tasks.queries import find_task
from tgac.tasks.reach import bot_ids_of, writers
from tgac.tasks.reasons import BOT_UNKNOWN, NO_SEAT, NOT_ACTIVE, sentence
from tgac.tasks.targets import served_by


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A bot that was not assigned: a code of `reasons.py`, and the sentence that says why."""

    bot_id: int
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """Which bots serve a task, and which of those asked for do not."""

    assigned: tuple[int, ...]
    left_out: tuple[LeftOut, ...] = ()


async def assign_bots(act: Act, task_id: int, bot_ids: Iterable[int]) -> Assignment:
    """Let exactly those of `bot_ids` serve the task that can; the others are left out, each with its reason.

    Raises Refused, NotFound, Conflict where a task that is ON would have no bot.
    """
    require(act, Right.EDIT)
    task = await find_task(act, task_id)
    wanted = list(dict.fromkeys(bot_ids))
    left_out = await _left_out(act, task_id, wanted)
    assigned = sorted(set(wanted) - {one.bot_id for one in left_out})
    before = (await bot_ids_of(act, [task_id]))[task_id]
    if assigned != before:
        gone = set(before) - set(assigned)
        await act.session.execute(delete(TaskBot).where(TaskBot.task_id == task_id, TaskBot.bot_id.in_(gone)))
        act.session.add_all(TaskBot(task_id=task_id, bot_id=one) for one in assigned if one not in before)
        await act.flush()
        record(act, "task_bots_changed", {"name": task.name, "from": before, "to": assigned}, task_id=task_id)
    if task.status == "ON":
        await require_ready(act, task)
    return Assignment(tuple(assigned), tuple(left_out))


async def assign_matching(act: Act, task_id: int, wanted: BotFilter) -> Assignment:
    """The same with all bots that the bots' list shows for these values."""
    require(act, Right.EDIT)
    matching = bots_like(wanted, now=act.now, limit=act.config.max_channels_per_bot)
    numbers = await act.session.scalars(matching.with_only_columns(Bot.id).order_by(Bot.id))
    return await assign_bots(act, task_id, numbers)


async def require_ready(act: Act, task: Task) -> None:
    """A task that is ON can write somewhere. Raises Conflict with everything that is missing."""
    if missing := await _missing(act, task):
        raise Conflict(" ".join(missing.values()), code="task_not_ready", fields=missing)


async def _left_out(act: Act, task_id: int, wanted: list[int]) -> list[LeftOut]:
    bots = {bot.id: bot for bot in await act.session.scalars(select(Bot).where(Bot.id.in_(wanted)))}
    able = set(await act.session.scalars(writers(task_id)))
    used = await seats_in_use(act, bots.keys() - able)
    limit = act.config.max_channels_per_bot
    found = []
    for one in wanted:
        if one not in able:
            reason = _reason(bots.get(one), is_full=used.get(one, 0) >= limit)
            found.append(LeftOut(one, reason, sentence(reason, bots.get(one))))
    return found


def _reason(bot: Bot | None, *, is_full: bool) -> str:
    if bot is None:
        return BOT_UNKNOWN
    if bot.status != BotStatus.ACTIVE:
        return NOT_ACTIVE
    return BOT_FULL if is_full else NO_SEAT


async def _missing(act: Act, task: Task) -> dict[str, str]:
    wanted = task.config["targets"]
    if not wanted["channels"] and not wanted["playlists"]:
        return {"config.targets.channels": _("Choose at least one channel or playlist.")}
    serving = select(TaskBot.bot_id).where(TaskBot.task_id == task.id)
    active = select(Channel.id).where(Channel.id.in_(served_by(task.id)), Channel.state == ChannelState.ACTIVE)
    writing = select(Bot.id).where(Bot.id.in_(serving), Bot.id.in_(writers(task.id)))
    asked = select(exists(active), exists(serving), exists(writing))
    some_active, some_bot, some_writer = (await act.session.execute(asked)).one()
    if not some_active:
        return {"config.targets.channels": _("None of the channels is active.")}
    if not some_bot:
        return {"bot_ids": _("Choose at least one bot that may write in one of the channels.")}
    if not some_writer:
        return {"bot_ids": _("None of the bots may write in one of the channels at this moment.")}
    return {}
