"""What can be done with tasks.

Fields of errors are named as the API names them: `name`, `bot_ids`, and paths in the document after `config.`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import delete, select

from tgac.bots.models import BotStatus
from tgac.channels.models import ChannelState
from tgac.journal.service import record
from tgac.kit.act import Act
from tgac.kit.errors import Conflict, Invalid
from tgac.kit.tenancy import Right, require
from tgac.kit.web.i18n import _
from tgac.tasks.config import TaskConfig, check_config
from tgac.tasks.models import Task, TaskBot
from tgac.tasks.queries import Scenery, TaskStatus, find_task, scenery, task_named

MAX_NAME: Final = 100


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A bot that was not assigned, and the sentence that says why."""

    bot_id: int
    reason: str


@dataclass(frozen=True, slots=True)
class Assignment:
    """Which bots serve a task, and which of those asked for do not."""

    assigned: tuple[int, ...]
    left_out: tuple[LeftOut, ...] = ()


async def create_task(act: Act, name: str, *, config: object) -> Task:
    """Write down what the owner orders; it is OFF until it is switched on.

    Raises Refused, Invalid (`name`, `config.…`), Conflict where the name is taken.
    """
    require(act, Right.EDIT)
    return await _write_down(act, await _free_name(act, name), (await _checked(act, config)).dump())


async def change_task(
    act: Act, task_id: int, *, name: str | None = None, config: object = None, version: int | None = None
) -> Task:
    """Put another name or another whole document in the place of the task's; None leaves it.

    `version` is the one that was looked at: where somebody has changed the task since, nothing is changed.
    Raises Refused, NotFound, Invalid, Conflict (also where a task that is ON could write nothing any more).
    """
    require(act, Right.EDIT)
    task = await find_task(act, task_id)
    if version is not None and version != task.version:
        raise Conflict(_("Somebody has changed this task in the meantime."), code="task_changed", field="version")
    wanted = (
        task.name if name is None else await _free_name(act, name, task=task),
        task.config if config is None else (await _checked(act, config, former=task)).dump(),
    )
    if wanted == (task.name, task.config):
        return task
    changes = _changes(task, *wanted)
    task.name, task.config = wanted
    task.version += 1
    task.updated_at = act.now
    if task.status == "ON":
        await _require_ready(act, task)
    record(act, "task_changed", {"name": task.name, "version": task.version, "changes": changes}, task_id=task.id)
    return task


async def toggle_task(act: Act, task_id: int, status: TaskStatus) -> Task:
    """Switch a task ON, hold it (PAUSED: what is planned waits) or switch it OFF (what is planned is cancelled).

    Raises Refused, NotFound, Conflict (`task_not_ready`) with a sentence for each thing that ON still needs.
    """
    require(act, Right.EDIT)
    task = await find_task(act, task_id)
    if task.status == status:
        return task
    if status == "ON":
        await _require_ready(act, task)
    record(act, "task_toggled", {"name": task.name, "from": task.status, "to": status}, task_id=task.id)
    task.status, task.updated_at = status, act.now
    return task


async def duplicate_task(act: Act, task_id: int) -> Task:
    """The same order once more under another name, with the same bots, switched OFF. Raises Refused, NotFound."""
    require(act, Right.EDIT)
    task = await find_task(act, task_id)
    copy = await _write_down(act, await _name_of_copy(act, task.name), task.config)
    act.session.add_all(TaskBot(task_id=copy.id, bot_id=bot_id) for bot_id in await _bot_ids(act, task_id))
    return copy


async def delete_task(act: Act, task_id: int) -> None:
    """Delete a task that is OFF, with the history of its comments. Raises Refused, NotFound, Conflict."""
    require(act, Right.EDIT)
    task = await find_task(act, task_id)
    if task.status != "OFF":
        raise Conflict(_("Switch the task off before you delete it."), code="task_not_off")
    record(act, "task_deleted", {"name": task.name}, task_id=task_id)
    await act.session.delete(task)
    await act.flush()


async def assign_bots(act: Act, task_id: int, bot_ids: Iterable[int]) -> Assignment:
    """Let exactly those of `bot_ids` serve the task that can; the others are left out, each with its reason.

    Raises Refused, NotFound, Conflict where a task that is ON would have no bot.
    """
    require(act, Right.EDIT)
    task = await find_task(act, task_id)
    around = await scenery(act)
    wanted = list(dict.fromkeys(bot_ids))
    left_out = [LeftOut(one, reason) for one in wanted if (reason := _why_not(around, task, one))]
    assigned = sorted(set(wanted) - {one.bot_id for one in left_out})
    before = await _bot_ids(act, task_id)
    if assigned != before:
        await act.session.execute(delete(TaskBot).where(TaskBot.task_id == task_id, TaskBot.bot_id.not_in(assigned)))
        act.session.add_all(TaskBot(task_id=task_id, bot_id=one) for one in assigned if one not in before)
        await act.flush()
        record(act, "task_bots_changed", {"name": task.name, "from": before, "to": assigned}, task_id=task_id)
    if task.status == "ON":
        await _require_ready(act, task)
    return Assignment(tuple(assigned), tuple(left_out))


def checked_document(raw: object) -> TaskConfig:
    """The document, checked by itself. Raises Invalid (`config.…`)."""
    try:
        return check_config(raw)
    except Invalid as error:
        fields = {path if path == "config" else f"config.{path}": said for path, said in error.fields.items()}
        first = next(iter(fields))
        raise Invalid(f"{first}: {fields[first]}", fields=fields) from None


async def _write_down(act: Act, name: str, config: dict[str, Any]) -> Task:
    assert act.principal is not None
    task = Task(
        name=name,
        mode="NEW_POSTS",
        status="OFF",
        version=1,
        config=config,
        created_by=act.principal.user_id,
        created_at=act.now,
        updated_at=act.now,
    )
    act.session.add(task)
    await act.flush()
    record(act, "task_created", {"name": task.name}, task_id=task.id)
    return task


async def _free_name(act: Act, name: str, *, task: Task | None = None) -> str:
    clean = " ".join(name.split())
    if not clean or not clean.isprintable():
        raise Invalid(_("Give the task a name."), field="name")
    if len(clean) > MAX_NAME:
        raise Invalid(_("A name has at most %(limit)s characters.", limit=MAX_NAME), field="name")
    other = await task_named(act, clean)
    if other is not None and other is not task:
        raise Conflict(_("Another task of this project has this name."), code="name_taken", field="name")
    return clean


async def _name_of_copy(act: Act, name: str) -> str:
    taken = set(await act.session.scalars(select(Task.name)))
    stem = name[: MAX_NAME - 20]
    first = _("%(name)s (copy)", name=stem)
    numbered = (_("%(name)s (copy %(number)s)", name=stem, number=number) for number in range(2, len(taken) + 3))
    return first if first not in taken else next(one for one in numbered if one not in taken)


async def _checked(act: Act, raw: object, *, former: Task | None = None) -> TaskConfig:
    """The document, checked by itself and against the project. A foreign channel is told like one that is nowhere.

    A channel that was removed since the `former` document was written may stay in it: it means nothing any more.
    """
    config = checked_document(raw)
    known = {*(await scenery(act)).channels, *(former.config["targets"]["channels"] if former else ())}
    if any(channel_id not in known for channel_id in config.targets.channels):
        raise Invalid(_("There is no such channel in this project."), field="config.targets.channels")
    return config


async def _bot_ids(act: Act, task_id: int) -> list[int]:
    found = await act.session.scalars(select(TaskBot.bot_id).where(TaskBot.task_id == task_id).order_by(TaskBot.bot_id))
    return list(found)


async def _require_ready(act: Act, task: Task) -> None:
    """A task that is ON can write somewhere. Raises Conflict with everything that is missing."""
    around = await scenery(act, [task])
    if missing := _missing(around, task.config["targets"]["channels"], around.bots_of(task.id)):
        raise Conflict(" ".join(missing.values()), code="task_not_ready", fields=missing)


def _missing(around: Scenery, channel_ids: Sequence[int], bot_ids: Sequence[int]) -> dict[str, str]:
    if not channel_ids:
        return {"config.targets.channels": _("Choose at least one channel.")}
    if not any(around.channels[one].state == ChannelState.ACTIVE for one in channel_ids if one in around.channels):
        return {"config.targets.channels": _("None of the channels is active.")}
    if not bot_ids:
        return {"bot_ids": _("Choose at least one bot that may write in one of the channels.")}
    if not any(around.may_write(one, channel_ids) for one in bot_ids):
        return {"bot_ids": _("None of the bots may write in one of the channels at this moment.")}
    return {}


def _why_not(around: Scenery, task: Task, bot_id: int) -> str | None:
    """Why a bot cannot serve the task; a bot of somebody else's is told like one that does not exist."""
    bot = around.bots.get(bot_id)
    if bot is None:
        return _("There is no such bot in this project.")
    if bot.status != BotStatus.ACTIVE:
        return _("@%(bot)s is not active.", bot=bot.username)
    if not around.may_write(bot_id, task.config["targets"]["channels"]):
        return _("@%(bot)s may not write in any of the task's channels.", bot=bot.username)
    return None


def _changes(task: Task, name: str, config: dict[str, Any]) -> dict[str, list[Any]]:
    """Old and new value of what differs, by `name` or `part.key`."""
    found = {
        f"{part}.{key}": [task.config.get(part, {}).get(key), value]
        for part, keys in config.items()
        for key, value in keys.items()
        if task.config.get(part, {}).get(key) != value
    }
    return found if name == task.name else {"name": [task.name, name], **found}
