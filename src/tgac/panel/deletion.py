"""Deleting a project for good: it is gone for everybody with one act, and its rows are cleared away afterwards.

The act takes away the members, the invitations and the bots with their tokens; nothing leaves any more, since the
project is stopped. A job then clears the rest away in small transactions, so that nobody waits for the database.
"""

import unicodedata
from dataclasses import asdict, dataclass
from typing import ClassVar, Final

from sqlalchemy import delete, func, select

from tgac.bots.models import Bot
from tgac.channels.models import Channel
from tgac.comments.models import Comment
from tgac.journal.models import Event
from tgac.journal.service import note
from tgac.kit.act import Act
from tgac.kit.db.base import Owned, owned_classes
from tgac.kit.errors import Invalid
from tgac.kit.queue import store
from tgac.kit.queue.jobs import Done, Job, Outcome, Snooze
from tgac.kit.tenancy import EVERYONE, Right, require
from tgac.kit.tools import Tools
from tgac.kit.web.i18n import _
from tgac.people.models import Invitation, Member, Project
from tgac.posts.models import Post
from tgac.tasks.models import Task

AT_ONCE: Final = 500
"""Rows that one transaction clears away: a few milliseconds."""
LOOK_AGAIN_S: Final = 1.0


@dataclass(frozen=True, slots=True)
class Going:
    """What goes with a project, in numbers."""

    bots: int
    channels: int
    tasks: int
    posts: int
    comments: int
    members: int
    events: int


@dataclass(frozen=True)
class EraseProject(Job):
    """Clear away what a deleted project has left; not named `project_id`, so that it does not drop itself."""

    kind: ClassVar[str] = "erase_project"
    deleted_id: int


async def what_goes(act: Act) -> Going:
    """What would go with the act's project. Owners only. Raises Refused."""
    require(act, Right.OWN)
    tables = (Bot, Channel, Task, Post, Comment, Member, Event)
    counts = (select(func.count(table.id)).scalar_subquery() for table in tables)
    return Going(*(await act.session.execute(select(*counts))).one())


async def delete_project(act: Act, name: str) -> Going:
    """Delete the act's project, whose `name` was typed to confirm it. Owners only. Raises Refused; Invalid (`name`)."""
    going = await what_goes(act)
    project = await act.session.get_one(Project, act.project_id, with_for_update=True)
    if unicodedata.normalize("NFC", name).strip() != project.name:
        raise Invalid(_("This is not the name of the project."), field="name")
    project.status, project.stopped_at = "deleted", act.now
    for table in (Bot, Invitation, Member):
        await act.session.execute(delete(table))
    note(act, "project_deleted", {"name": project.name, "gone": asdict(going)})
    act.enqueue(EraseProject(project.id), key=f"erase:{project.id}")
    return going


async def erase_project(tools: Tools, job: EraseProject) -> Outcome:
    """Handles EraseProject. Rows stay until the project's last running job has ended: none finds them gone."""
    if await _is_busy(tools, job.deleted_id):
        return Snooze(LOOK_AGAIN_S)
    for table in owned_classes():
        while await _erase_some(tools, job.deleted_id, table):
            pass
    if await _is_busy(tools, job.deleted_id):
        return Snooze(LOOK_AGAIN_S)
    async with tools.acting(None, EVERYONE) as act:
        gone = delete(Project).where(Project.id == job.deleted_id, Project.status == "deleted")
        await act.session.execute(gone)
    return Done()


async def _is_busy(tools: Tools, project_id: int) -> bool:
    async with tools.acting(None, EVERYONE) as act:
        return await store.drop_of_project(act.session, project_id) > 0


async def _erase_some(tools: Tools, project_id: int, table: type[Owned]) -> bool:
    async with tools.acting(None, project_id) as act:
        some = list(await act.session.scalars(select(table.id).limit(AT_ONCE)))
        if some:
            await act.session.execute(delete(table).where(table.id.in_(some)))
        return bool(some)
