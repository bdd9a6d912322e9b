"""Presets of a project's own: named values of timing and limits that tasks go by."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from pydantic import ValidationError
from sqlalchemy import select

from tgac.journal.service import differences, record
from tgac.kit.act import Act
from tgac.kit.errors import Conflict, Invalid, NotFound
from tgac.kit.names import require_name
from tgac.kit.tenancy import Right, require
from tgac.kit.web.forms import field_errors
from tgac.kit.web.i18n import _
from tgac.people.queries import hold_project
from tgac.tasks.config import PRESETS, Preset, TaskConfig, filled, preset_named, wait_faults
from tgac.tasks.models import Task, TaskPreset

MAX_NAME = 40
ROOM = 50
"""Presets of a project's own: every look at its tasks reads them all."""
_TAKEN = {*PRESETS}
"""Names that mean something else: the presets of every project."""


_PRESETS: Final = select(TaskPreset).order_by(TaskPreset.name)


async def presets_here(act: Act) -> dict[str, Preset]:
    """The project's own presets by name, in the order of their names."""
    found = await act.session.scalars(_PRESETS)
    return {one.name: Preset.model_validate(one.values) for one in found}


async def presets_for(act: Act, documents: Iterable[Mapping[str, Any]]) -> dict[str, Preset]:
    """The project's own presets by name, as far as these documents of tasks need them: where none goes by one of them
    nothing is asked, and they are none."""
    return {} if all(preset_named(document) in PRESETS for document in documents) else await presets_here(act)


def config_held(document: Mapping[str, Any], own: Mapping[str, Preset]) -> TaskConfig:
    """A task's document with its preset's values put in; without them where its preset is gone."""
    try:
        return TaskConfig.model_validate(filled(document, own))
    except KeyError:
        return TaskConfig.model_validate(document)


def check_preset(config: TaskConfig, own: Mapping[str, Preset]) -> None:
    """Raises Invalid (`config.timing.preset`) where the project has no such preset."""
    if config.timing.preset not in PRESETS and config.timing.preset not in own:
        raise Invalid(_("There is no such preset in this project."), field="config.timing.preset")


async def own_presets(act: Act) -> list[TaskPreset]:
    """The project's own presets, in the order of their names."""
    return list(await act.session.scalars(_PRESETS))


async def find_preset(act: Act, preset_id: int) -> TaskPreset:
    """The preset of the act's project. Raises NotFound."""
    preset = await act.session.scalar(select(TaskPreset).where(TaskPreset.id == preset_id))
    if preset is None:
        raise NotFound(_("There is nothing here, or it is not yours."))
    return preset


async def users_by_preset(act: Act) -> dict[str, list[str]]:
    """The names of the tasks that go by each preset of the project's own, by its name."""
    chosen = Task.config["timing"]["preset"].as_string()
    tasks = await act.session.execute(
        select(chosen, Task.name)
        .join(TaskPreset, (TaskPreset.project_id == Task.project_id) & (TaskPreset.name == chosen))
        .where(Task.deleted_at.is_(None))
        .order_by(Task.name)
    )
    found: dict[str, list[str]] = {}
    for preset, task in tasks:
        found.setdefault(preset, []).append(task)
    return found


async def users_of(act: Act, name: str) -> list[str]:
    """The names of the tasks that go by a preset."""
    return (await users_by_preset(act)).get(name, [])


async def create_preset(act: Act, name: str, values: object) -> TaskPreset:
    """Write down a preset. Owners only. Raises Refused, Invalid (`name`, `values.…`), Conflict for a taken name
    (`name_taken`), and where there are as many as may be (`no_room`)."""
    require(act, Right.OWN)
    await hold_project(act)
    if len(await own_presets(act)) >= ROOM:
        raise Conflict(_("A project has at most %(n)s presets of its own.", n=ROOM), code="no_room")
    preset = TaskPreset(name=await _free_name(act, name), values=_checked(values))
    act.session.add(preset)
    await act.flush()
    record(act, "preset_created", {"name": preset.name})
    return preset


async def change_preset(act: Act, preset_id: int, *, name: str | None = None, values: object = None) -> TaskPreset:
    """Put other values in the place of the preset's: they hold for its tasks at once, also for what is planned, as far
    as it is not sent. None leaves what is there; a name stays while tasks go by it.

    Owners only. Raises Refused, NotFound, Invalid, Conflict (`preset_used`).
    """
    require(act, Right.OWN)
    await hold_project(act)
    preset = await find_preset(act, preset_id)
    before = {"name": preset.name, **preset.values}
    if name is not None and name.strip() != preset.name:
        await _require_unused(act, preset)
        preset.name = await _free_name(act, name, preset=preset)
    if values is not None:
        preset.values = _checked(values)
    if changes := differences(before, {"name": preset.name, **preset.values}):
        record(act, "preset_changed", {"name": preset.name, "changes": changes})
    await act.flush()
    return preset


async def delete_preset(act: Act, preset_id: int) -> None:
    """Delete it. Refused while tasks go by it. Owners only. Raises Refused, NotFound, Conflict (`preset_used`)."""
    require(act, Right.OWN)
    await hold_project(act)
    preset = await find_preset(act, preset_id)
    await _require_unused(act, preset)
    record(act, "preset_deleted", {"name": preset.name})
    await act.session.delete(preset)
    await act.flush()


async def _require_unused(act: Act, preset: TaskPreset) -> None:
    if tasks := await users_of(act, preset.name):
        names = ", ".join(f"“{one}”" for one in tasks[:5]) + ("…" if len(tasks) > 5 else "")
        raise Conflict(
            _("Tasks go by this preset: %(names)s. Give them another one first.", names=names), code="preset_used"
        )


async def _free_name(act: Act, name: str, *, preset: TaskPreset | None = None) -> str:
    if not name.strip():
        raise Invalid(_("Give the preset a name."), field="name")
    clean = require_name(name)
    if len(clean) > MAX_NAME:
        raise Invalid(_("A name has at most %(limit)s characters.", limit=MAX_NAME), field="name")
    others = {one.name.casefold() for one in await own_presets(act) if one is not preset}
    if clean.casefold() in _TAKEN | others:
        raise Conflict(_("Another preset has this name."), code="name_taken", field="name")
    return clean


def _checked(values: object) -> dict[str, Any]:
    try:
        preset = Preset.model_validate(values)
        faults = dict(wait_faults(preset.wait_for, preset.delay))
    except ValidationError as error:
        faults = field_errors(error)
    if not faults:
        return preset.model_dump(mode="json")
    found = {f"values.{path}" if path else "values": said for path, said in faults.items()}
    first = next(iter(found))
    raise Invalid(f"{first}: {found[first]}", fields=found)
