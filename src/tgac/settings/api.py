"""The JSON API of settings."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tgac.kit.act import Act
from tgac.kit.tenancy import Right, require
from tgac.kit.web.answers import ok
from tgac.kit.web.deps import AdminRead, AdminWrite, ReadAct, WriteAct
from tgac.settings.environment import from_environment
from tgac.settings.forms import ForInstallation, ForProject
from tgac.settings.service import (
    change_installation,
    change_project_settings,
    holding_everywhere,
    holding_here,
    resume_installation,
    set_by_admin,
    set_by_owner,
    stop_installation,
)

router = APIRouter(prefix="/api/v1", tags=["settings"])


@router.get("/admin/settings")
async def show_installation(act: AdminRead) -> JSONResponse:
    """What admins have set, what holds, and what the environment says (read only, secrets masked)."""
    return ok(await _installation(act))


@router.put("/admin/settings")
async def put_installation(act: AdminWrite, form: ForInstallation) -> JSONResponse:
    """Set what is named; null takes a value back, what is left out stays."""
    await change_installation(act, form)
    return ok(await _installation(act))


@router.post("/admin/stop")
async def stop_everything(act: AdminWrite) -> JSONResponse:
    """The emergency stop of the whole installation: nothing leaves after this answer."""
    await stop_installation(act)
    await act.flush()
    return ok(await _installation(act))


@router.post("/admin/resume")
async def resume_everything(act: AdminWrite) -> JSONResponse:
    """Take the installation's emergency stop back."""
    await resume_installation(act)
    await act.flush()
    return ok(await _installation(act))


@router.get("/projects/{project_id}/settings")
async def show_project(act: ReadAct) -> JSONResponse:
    """What the project has set, what holds in it, and what the installation has."""
    require(act, Right.LOOK)
    return ok(await _project(act))


@router.put("/projects/{project_id}/settings")
async def put_project(act: WriteAct, form: ForProject) -> JSONResponse:
    """Set what is named; null takes a value back, what is left out stays."""
    await change_project_settings(act, form)
    return ok(await _project(act))


async def _installation(act: Act) -> dict[str, Any]:
    chosen, holding = await set_by_admin(act), await holding_everywhere(act)
    environment = dict(from_environment(act.config))
    return {"set": chosen.model_dump(), "holding": asdict(holding), "environment": environment}


async def _project(act: Act) -> dict[str, Any]:
    shown = set(ForProject.model_fields)
    parts = {"holding": await holding_here(act), "installation": await holding_everywhere(act)}
    told = {name: _only(asdict(values), shown) for name, values in parts.items()}
    return {"set": (await set_by_owner(act)).model_dump(), **told}


def _only(values: dict[str, Any], names: set[str]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name in names}
