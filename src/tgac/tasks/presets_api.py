"""Presets in JSON."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from tgac.kit.tenancy import Right, require
from tgac.kit.web.answers import ok
from tgac.kit.web.deps import ReadAct, RowId, WriteAct
from tgac.tasks import presets
from tgac.tasks.config import PRESETS, Preset
from tgac.tasks.models import TaskPreset

router = APIRouter(prefix="/api/v1/projects/{project_id}/presets", tags=["presets"])


class NewPreset(BaseModel):
    """A preset of the project's own."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=100)]
    values: Preset


class PresetChange(BaseModel):
    """What is not sent stays."""

    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(max_length=100)] | None = None
    values: Preset | None = None


@router.get("")
async def list_presets(act: ReadAct) -> JSONResponse:
    """The presets of every project, then the project's own with their numbers."""
    require(act, Right.LOOK)
    usual = [{"id": None, "name": name, "values": one.model_dump(mode="json")} for name, one in PRESETS.items()]
    users = await presets.users_by_preset(act)
    own = [_described(one, users) for one in await presets.own_presets(act)]
    return ok({"items": [*usual, *own], "next": None})


@router.post("", status_code=201)
async def create_preset(act: WriteAct, body: NewPreset) -> JSONResponse:
    """Make a preset."""
    made = await presets.create_preset(act, body.name, body.values.model_dump(mode="json"))
    return ok(_described(made, await presets.users_by_preset(act)), status=201)


@router.put("/{preset_id}")
async def change_preset(act: WriteAct, preset_id: RowId, body: PresetChange) -> JSONResponse:
    """Put other values in the place of its values, for all its tasks at once."""
    values = body.values.model_dump(mode="json") if body.values else None
    changed = await presets.change_preset(act, preset_id, name=body.name, values=values)
    return ok(_described(changed, await presets.users_by_preset(act)))


@router.delete("/{preset_id}")
async def delete_preset(act: WriteAct, preset_id: RowId) -> JSONResponse:
    """Delete it; refused while tasks go by it."""
    await presets.delete_preset(act, preset_id)
    return ok()


def _described(preset: TaskPreset, users: Mapping[str, list[str]]) -> dict[str, Any]:
    tasks = users.get(preset.name, [])
    return {"id": preset.id, "name": preset.name, "values": preset.values, "tasks": tasks}
