"""Settings: what holds, and the verbs that change it. A project's own value wins, up to the installation's limit."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel
from sqlalchemy import literal, select, true

from tgac.journal.service import differences, note, record
from tgac.kit.act import Act
from tgac.kit.db.many import hold, note_keys
from tgac.kit.errors import Invalid
from tgac.kit.tenancy import Right, require, require_admin
from tgac.kit.web.i18n import _
from tgac.settings.forms import STANDARD, ForInstallation, ForProject, Preset
from tgac.settings.jobs import InstallationStopped
from tgac.settings.models import InstallationSettings, ProjectSettings

_ROW: Final = 1
_LIMITS: Final = ("collision_limit_per_post", "llm_tokens_per_day", "per_hour", "per_day", "active_threads_per_bot")
"""Of these a project may have less than the installation, and never more."""

_BOTH: Final = (
    select(InstallationSettings, ProjectSettings)
    .select_from(select(literal(1).label("one")).subquery())
    .outerjoin(InstallationSettings, InstallationSettings.id == _ROW)
    .outerjoin(ProjectSettings, true())
)
"""The two rows, each of which may be missing; the guard sees to it that the second is the act's project's."""


@dataclass(frozen=True, slots=True)
class Holding:
    """The values that hold, after everything that wins over something else.

    `per_hour` and `per_day` are how many comments a project may begin in any hour and any day; None: as many as come.
    `stopped_at` is the emergency stop of the whole installation.
    """

    collision_limit_per_post: int
    per_hour: int | None
    per_day: int | None
    active_threads_per_bot: int
    review_days: int
    llm_tokens_per_day: int
    preset: Preset
    default_quota_projects: int
    time_zone: str
    stopped_at: datetime | None = None


async def set_by_admin(act: Act) -> ForInstallation:
    """What an admin has set; None for the rest."""
    return _chosen(await act.session.get(InstallationSettings, _ROW))


def _chosen(row: InstallationSettings | None) -> ForInstallation:
    return ForInstallation.model_validate(row.document if row else {})


async def set_by_owner(act: Act) -> ForProject:
    """What the act's project has otherwise; None for the rest."""
    return _chosen_here((await act.session.scalars(select(ProjectSettings))).one_or_none())


def _chosen_here(row: ProjectSettings | None) -> ForProject:
    return ForProject.model_validate(row.document if row else {})


async def holding_everywhere(act: Act) -> Holding:
    """What holds where no project has it otherwise: an admin's values, below them the environment's."""
    return _holding(act, await act.session.get(InstallationSettings, _ROW))


def _holding(act: Act, row: InstallationSettings | None) -> Holding:
    chosen, config = _chosen(row), act.config
    return Holding(
        collision_limit_per_post=_first(chosen.collision_limit_per_post, config.comment_collision_limit_per_post),
        per_hour=chosen.per_hour,
        per_day=chosen.per_day,
        active_threads_per_bot=_first(chosen.active_threads_per_bot, config.max_active_threads_per_bot),
        review_days=_first(chosen.review_days, config.review_days),
        llm_tokens_per_day=_first(chosen.llm_tokens_per_day, config.llm_tokens_per_day),
        preset=chosen.preset or STANDARD,
        default_quota_projects=_first(chosen.default_quota_projects, config.default_quota_projects),
        time_zone=chosen.time_zone or config.tz,
        stopped_at=row.stopped_at if row else None,
    )


async def holding_here(act: Act) -> Holding:
    """What holds in the act's project. A limit that the installation has lowered since holds at once."""
    rows = (await act.session.execute(_BOTH)).one()
    above, own = _holding(act, rows.InstallationSettings), _chosen_here(rows.ProjectSettings)
    limits: dict[str, Any] = {name: _least(getattr(own, name), getattr(above, name)) for name in _LIMITS}
    return replace(
        above,
        **limits,
        review_days=_first(own.review_days, above.review_days),
        preset=own.preset or above.preset,
    )


async def change_installation(act: Act, changes: ForInstallation) -> None:
    """Set for the whole installation what `changes` names; None takes a value back. Admins only. Raises Refused."""
    require_admin(act)
    row = await _row(act)
    changed = _change(row, changes)
    if changed:
        note(act, "settings_changed", {"changes": changed})
    await act.flush()


async def stop_installation(act: Act) -> None:
    """The emergency stop of every project: nothing leaves after this act. Admins only. Raises Refused."""
    require_admin(act)
    row = await _row(act)
    if row.stopped_at is None:
        row.stopped_at = act.now
        note(act, "installation_stopped", {})
        act.enqueue(InstallationStopped(act.now.isoformat()))


async def resume_installation(act: Act) -> None:
    """Let the installation's projects work again, each as it was. Admins only. Raises Refused."""
    require_admin(act)
    row = await _row(act)
    if row.stopped_at is not None:
        row.stopped_at = None
        note(act, "installation_resumed", {})


_STAYS: Final = select(InstallationSettings.id).where(InstallationSettings.id == _ROW).with_for_update(read=True)


async def hold_stop(act: Act) -> None:
    """Until the act ends the installation's emergency stop does not change: whoever presses it waits for that."""
    if not await hold(act.session, _STAYS):
        await _make_row(act)  # what is not there cannot be locked, and the first stop would pass by


async def _row(act: Act) -> InstallationSettings:
    row = await act.session.get(InstallationSettings, _ROW, with_for_update=True)
    if row is None:
        await _make_row(act)
        row = await act.session.get_one(InstallationSettings, _ROW, with_for_update=True)
    return row


async def _make_row(act: Act) -> None:
    """The row, unless somebody else has just made it; whoever is about to is waited for."""
    await note_keys(act.session, InstallationSettings, [{"id": _ROW, "document": {}}])


async def change_project_settings(act: Act, changes: ForProject) -> None:
    """Set for the project what `changes` names; None takes a value back. Owners only. Raises Refused, Invalid."""
    require(act, Right.OWN)
    await _keep_limit(act, changes)
    row = (await act.session.scalars(select(ProjectSettings).with_for_update())).one_or_none()
    if row is None:
        row = ProjectSettings(document={})
        act.session.add(row)
    changed = _change(row, changes)
    if changed:
        record(act, "settings_changed", {"changes": changed})
    await act.flush()


async def _keep_limit(act: Act, changes: ForProject) -> None:
    above = await holding_everywhere(act)
    for name in _LIMITS:
        wanted, most = getattr(changes, name), getattr(above, name)
        if wanted is not None and most is not None and wanted > most:
            raise Invalid(_("The installation allows at most %(n)s.", n=most), field=name)


def _change(row: InstallationSettings | ProjectSettings, changes: BaseModel) -> dict[str, list[Any]]:
    before = row.document
    sent = changes.model_dump(exclude_unset=True)
    row.document = {name: value for name, value in (before | sent).items() if value is not None}
    return differences(before, row.document)


def _least(one: int | None, other: int | None) -> int | None:
    return min((value for value in (one, other) if value is not None), default=None)


def _first(chosen: int | None, otherwise: int) -> int:
    return otherwise if chosen is None else chosen
