"""Projects: the verbs of their owners and members."""

from dataclasses import dataclass
from typing import ClassVar

from tgac.journal.service import differences, record
from tgac.kit.act import Act
from tgac.kit.errors import Conflict
from tgac.kit.queue.jobs import Job, Lane
from tgac.kit.tenancy import EVERYONE, Right, Role, require
from tgac.kit.web.i18n import _
from tgac.people.forms import ProjectSettings
from tgac.people.models import Member, Project, User
from tgac.people.queries import count_projects, project_named, the_project, user_numbered
from tgac.people.service import author_of
from tgac.settings.service import holding_everywhere


@dataclass(frozen=True)
class PauseEnded(Job):
    """A project, or one task of it, is paused no more: what was held back goes on, or ends with a task that was
    switched off. Handled by slices above."""

    kind: ClassVar[str] = "pause_ended"
    project_id: int
    task_id: int | None = None


@dataclass(frozen=True)
class CalledOff(Job):
    """What was planned up to a moment (ISO 8601) is not sent any more, whatever is switched on again afterwards: of one
    task, or of all. `why` is a code of `comments/reasons.py`. Handled by slices above."""

    kind: ClassVar[str] = "called_off"
    lane: ClassVar[Lane] = Lane.SEND
    project_id: int
    at: str
    why: str
    task_id: int | None = None


async def create_project(act: Act, name: str) -> Project:
    """Make a project that the author owns. Raises Conflict for a name they have already, or above their quota.

    The act's scope is EVERYONE: the owner's membership belongs to a project that does not exist when the act begins.
    """
    assert act.scope is EVERYONE, "a project is made outside of any project"
    owner = await user_numbered(act.session, author_of(act).user_id)
    await _keep_quota(act, owner)
    await _forbid_same_name(act, owner.id, name)
    zone = (await holding_everywhere(act)).time_zone
    project = Project(user_id=owner.id, name=name, status="active", time_zone=zone, created_at=act.now)
    act.session.add(project)
    await act.flush()
    act.session.add(Member(project_id=project.id, user_id=owner.id, role=Role.OWNER))
    record(act, "project_created", {"name": name}, project_id=project.id)
    return project


async def change_project(act: Act, changes: ProjectSettings) -> Project:
    """Rename a project or move it to another time zone. Owners only. Raises Refused, Conflict."""
    require(act, Right.OWN)
    project = await the_project(act)
    before = _named(project)
    if changes.name is not None and changes.name != project.name:
        await _forbid_same_name(act, project.user_id, changes.name)
        project.name = changes.name
    project.time_zone = changes.time_zone or project.time_zone
    if changed := differences(before, _named(project)):
        record(act, "project_changed", {"name": project.name, "changes": changed})
    return project


async def pause_project(act: Act) -> Project:
    """Let nothing more be planned or sent until it is resumed."""
    return await _set_status(act, Right.EDIT, "paused", kind="project_paused")


async def archive_project(act: Act) -> Project:
    """Put the project away; it does nothing and does not count against the quota. Owners only."""
    return await _set_status(act, Right.OWN, "archived", kind="project_archived")


async def stop_project(act: Act) -> Project:
    """The emergency stop: nothing leaves after this act, and what is planned is cancelled."""
    require(act, Right.EDIT)
    project = await the_project(act)
    if project.stopped_at is None:
        project.stopped_at = act.now
        record(act, "project_stopped", {"name": project.name})
        act.enqueue(CalledOff(project.id, act.now.isoformat(), "project_stopped"))
    return project


async def resume_project(act: Act) -> Project:
    """Let a paused, stopped or archived project work again. An archived one must fit into its owner's quota."""
    require(act, Right.EDIT)
    project = await the_project(act)
    if project.status == "archived":
        require(act, Right.OWN)
        await _keep_quota(act, await user_numbered(act.session, project.user_id))
    if project.status != "active" or project.stopped_at is not None:
        record(act, "project_resumed", {"name": project.name})
        act.enqueue(PauseEnded(project.id))
    project.status, project.stopped_at = "active", None
    return project


async def _set_status(act: Act, right: Right, status: str, *, kind: str) -> Project:
    require(act, right)
    project = await the_project(act)
    if project.status != status:
        project.status = status
        record(act, kind, {"name": project.name})
    return project


def _named(project: Project) -> dict[str, str]:
    return {"name": project.name, "time_zone": project.time_zone}


async def _keep_quota(act: Act, owner: User) -> None:
    usual = (await holding_everywhere(act)).default_quota_projects
    allowed = usual if owner.quota_projects is None else owner.quota_projects
    there = await count_projects(act.session, owner.id)
    if there >= allowed:
        message = _("You have %(there)s projects and may have %(allowed)s.", there=there, allowed=allowed)
        raise Conflict(message, code="quota_reached")


async def _forbid_same_name(act: Act, user_id: int, name: str) -> None:
    if await project_named(act.session, user_id, name) is not None:
        raise Conflict(_("You have a project of this name already."), field="name")
