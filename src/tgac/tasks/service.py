"""What can be done with tasks.

Fields of errors are named as the API names them: `name`, `bot_ids`, and paths in the document after `config.`.
"""

from typing import Any, Final

from sqlalchemy import delete, select

from tgac.channels.playlists_models import Playlist
from tgac.channels.playlists_queries import known_channels
from tgac.journal.service import record
from tgac.kit.act import Act
from tgac.kit.errors import Conflict, Invalid
from tgac.kit.names import name_of_copy, require_name
from tgac.kit.tenancy import Right, require
from tgac.kit.web.i18n import _
from tgac.people.projects import CalledOff, PauseEnded
from tgac.people.queries import hold_project
from tgac.tasks.assignment import LeftOut, assign_bots, assign_matching, require_ready
from tgac.tasks.changes import changed, leaves
from tgac.tasks.config import TaskConfig, check_config, completed
from tgac.tasks.media import media_named
from tgac.tasks.models import Task, TaskBot, TaskTarget, TaskVersion
from tgac.tasks.presets import check_preset, presets_here
from tgac.tasks.queries import TaskStatus, find_task, task_named
from tgac.tasks.reach import bot_ids_of
from tgac.tasks.targets import write_targets

__all__ = [
    "LeftOut",
    "assign_bots",
    "assign_matching",
    "change_task",
    "checked_document",
    "create_task",
    "delete_task",
    "duplicate_task",
    "toggle_task",
]

MAX_NAME: Final = 100


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
        completed(task.config) if config is None else (await _checked(act, config, former=task)).dump(),
    )
    if wanted == (task.name, completed(task.config)):
        return task
    changes = _changes(task, *wanted)
    task.name, task.config = wanted
    task.version += 1
    task.updated_at = act.now
    await _keep(act, task)
    if task.status == "ON":
        await require_ready(act, task)
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
        await require_ready(act, task)
    await hold_project(act)  # when this is over, nothing leaves that it forbids
    record(act, "task_toggled", {"name": task.name, "from": task.status, "to": status}, task_id=task.id)
    if task.status == "PAUSED":
        act.enqueue(PauseEnded(act.project_id, task.id))
    if status == "OFF":
        act.enqueue(CalledOff(act.project_id, act.now.isoformat(), "task_off", task.id))
    task.status, task.updated_at = status, act.now
    return task


async def duplicate_task(act: Act, task_id: int) -> Task:
    """The same order once more under another name, with the same bots, switched OFF. Raises Refused, NotFound."""
    require(act, Right.EDIT)
    task = await find_task(act, task_id)
    copy = await _write_down(act, name_of_copy(task.name, await _names(act), limit=MAX_NAME), task.config)
    act.session.add_all(TaskBot(task_id=copy.id, bot_id=one) for one in (await bot_ids_of(act, [task_id]))[task_id])
    return copy


async def delete_task(act: Act, task_id: int) -> None:
    """Delete a task that is OFF: it is shown nowhere any more, and its name is free.

    Its row and its versions stay, so that its comments keep saying what wrote them; they are not touched.
    Raises Refused, NotFound, Conflict.
    """
    require(act, Right.EDIT)
    task = await find_task(act, task_id)
    if task.status != "OFF":
        raise Conflict(_("Switch the task off before you delete it."), code="task_not_off")
    record(act, "task_deleted", {"name": task.name}, task_id=task_id)
    task.deleted_at = act.now
    await act.session.execute(delete(TaskTarget).where(TaskTarget.task_id == task_id))
    await act.session.execute(delete(TaskBot).where(TaskBot.task_id == task_id))


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
    await _keep(act, task)
    record(act, "task_created", {"name": task.name}, task_id=task.id)
    return task


async def _free_name(act: Act, name: str, *, task: Task | None = None) -> str:
    if not name.strip():
        raise Invalid(_("Give the task a name."), field="name")
    clean = require_name(name)
    if len(clean) > MAX_NAME:
        raise Invalid(_("A name has at most %(limit)s characters.", limit=MAX_NAME), field="name")
    other = await task_named(act, clean)
    if other is not None and other is not task:
        raise Conflict(_("Another task of this project has this name."), code="name_taken", field="name")
    return clean


async def _keep(act: Act, task: Task) -> None:
    """Write down what the document is aimed at, and keep it as a version."""
    await write_targets(act, task)
    author = act.principal.user_id if act.principal else None
    version = TaskVersion(task_id=task.id, version=task.version, name=task.name, config=task.config)
    version.user_id, version.at = author, act.now
    act.session.add(version)


async def _names(act: Act) -> set[str]:
    return set(await act.session.scalars(select(Task.name).where(Task.deleted_at.is_(None))))


async def _checked(act: Act, raw: object, *, former: Task | None = None) -> TaskConfig:
    """The document, checked by itself and against the project. What is foreign is told like what is nowhere.

    A channel that was removed since the `former` document was written may stay in it: it means nothing any more.
    """
    config = checked_document(raw)
    targets = config.targets
    fresh = set(targets.channels) - set(former.config["targets"]["channels"] if former else ())
    if fresh - await known_channels(act, fresh):
        raise Invalid(_("There is no such channel in this project."), field="config.targets.channels")
    check_preset(config, await presets_here(act))
    carried = {n: one.media.media_id for n, one in enumerate(config.content.variants) if one.media}
    files = await media_named(act, set(carried.values()))
    for n, number in carried.items():
        if number not in files:
            raise Invalid(_("There is no such file in this project."), field=f"config.content.variants.{n}.media")
    known = set(await act.session.scalars(select(Playlist.id).where(Playlist.id.in_(targets.playlists))))
    if set(targets.playlists) - known:
        raise Invalid(_("There is no such playlist in this project."), field="config.targets.playlists")
    return config


def _changes(task: Task, name: str, config: dict[str, Any]) -> dict[str, list[Any]]:
    """Old and new value of what differs, by `name` or dotted path."""
    return changed({"name": task.name, **dict(leaves(completed(task.config)))}, {"name": name, **dict(leaves(config))})
