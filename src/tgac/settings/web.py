"""The admins' page of the installation's settings."""

from fastapi import APIRouter, Request, Response

from tgac.kit.act import Act
from tgac.kit.web.deps import AdminRead, AdminWrite
from tgac.kit.web.forms import Filled, blank, read_form
from tgac.kit.web.i18n import _
from tgac.kit.web.pages import Notice, go, page
from tgac.settings.environment import from_environment
from tgac.settings.forms import PRESET_WORDS, STANDARD, ForInstallation
from tgac.settings.service import (
    change_installation,
    holding_everywhere,
    resume_installation,
    set_by_admin,
    stop_installation,
)

router = APIRouter(include_in_schema=False)


@router.get("/admin/settings")
async def settings(request: Request, act: AdminRead) -> Response:
    """What holds for everybody, and what the environment says."""
    return await _settings_page(request, act)


@router.post("/admin/settings")
async def change(request: Request, act: AdminWrite) -> Response:
    """Set everything that the form shows; what is left empty is as the environment has it."""
    form = await read_form(request, ForInstallation)
    if form.data is None:
        return await _settings_page(request, act, form=form, status=422)
    await change_installation(act, ForInstallation(**form.data.model_dump()))
    return go(request, "/admin/settings", Notice(_("Saved.")))


@router.post("/admin/settings/stop")
async def stop_everything(request: Request, act: AdminWrite) -> Response:
    """The emergency stop of the whole installation."""
    await stop_installation(act)
    return go(request, "/admin/settings", Notice(_("Stopped: nothing leaves this installation."), "warn"))


@router.post("/admin/settings/resume")
async def resume_everything(request: Request, act: AdminWrite) -> Response:
    """Take it back."""
    await resume_installation(act)
    return go(request, "/admin/settings", Notice(_("Resumed.")))


def preset_choices(otherwise: str) -> list[tuple[str, str]]:
    """The presets for a form; the empty one is what holds without a choice."""
    usual = _("As usual: %(preset)s", preset=_(PRESET_WORDS[otherwise]))
    return [("", usual), *((key, _(word)) for key, word in PRESET_WORDS.items())]


async def _settings_page(
    request: Request, act: Act, *, form: Filled[ForInstallation] | None = None, status: int = 200
) -> Response:
    return page(
        request,
        "settings/installation.html",
        status=status,
        form=form or blank(**(await set_by_admin(act)).model_dump()),
        presets=preset_choices(STANDARD),
        stopped_at=(await holding_everywhere(act)).stopped_at,
        config=act.config,
        environment=from_environment(act.config),
    )
