"""The versions of a task: every one is kept, two are compared by paths, an older one becomes the next."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Select, select

from tgac.channels.playlists_models import Playlist
from tgac.channels.playlists_queries import known_channels
from tgac.kit.act import Act
from tgac.kit.errors import NotFound
from tgac.kit.tenancy import Right, require
from tgac.kit.web.i18n import _
from tgac.people.models import User
from tgac.tasks.changes import Changes, changed, leaves
from tgac.tasks.config import completed
from tgac.tasks.models import Task, TaskVersion
from tgac.tasks.queries import find_task
from tgac.tasks.service import change_task


@dataclass(frozen=True, slots=True)
class Restored:
    """The task with an older document as its next version; what that one was aimed at and is gone was left out."""

    task: Task
    channels: tuple[int, ...] = ()
    playlists: tuple[int, ...] = ()


def versions_like(task_id: int) -> Select[TaskVersion]:
    """The versions of a task, to be paged."""
    return select(TaskVersion).where(TaskVersion.task_id == task_id)


async def find_version(act: Act, task_id: int, version: int) -> TaskVersion:
    """One version of a task that is there. Raises NotFound."""
    await find_task(act, task_id)
    found = await act.session.scalar(versions_like(task_id).where(TaskVersion.version == version))
    if found is None:
        raise NotFound(_("There is nothing here, or it is not yours."))
    return found


async def versions_before(act: Act, versions: Sequence[TaskVersion]) -> dict[int, TaskVersion]:
    """For each of these versions of a task the one before it, by the later one's row; the first has none."""
    if not versions:
        return {}
    numbers = [one.version - 1 for one in versions]
    asked = versions_like(versions[0].task_id).where(TaskVersion.version.in_(numbers))
    found = {one.version: one for one in await act.session.scalars(asked)}
    return {one.id: found[one.version - 1] for one in versions if one.version - 1 in found}


async def authors_of(act: Act, versions: Iterable[TaskVersion]) -> dict[int, str]:
    """The usernames of the people who wrote these versions."""
    numbers = {one.user_id for one in versions if one.user_id is not None}
    found = await act.session.execute(select(User.id, User.username).where(User.id.in_(numbers)))
    return {row.id: row.username for row in found}


async def restore_version(act: Act, task_id: int, version: int) -> Restored:
    """Put an older document in the place of the task's, as its next version; its name and bots stay as they are.

    Raises Refused, NotFound, Invalid, Conflict (`task_not_ready` where a task that is ON could write nothing any more).
    """
    require(act, Right.EDIT)
    former = await find_version(act, task_id, version)
    wanted = former.config["targets"]
    channels = await known_channels(act, wanted["channels"])
    playlists = set(await act.session.scalars(select(Playlist.id).where(Playlist.id.in_(wanted["playlists"]))))
    targets = {
        "channels": [one for one in wanted["channels"] if one in channels],
        "playlists": [one for one in wanted["playlists"] if one in playlists],
    }
    task = await change_task(act, task_id, config={**former.config, "targets": targets})
    return Restored(
        task,
        tuple(one for one in wanted["channels"] if one not in channels),
        tuple(one for one in wanted["playlists"] if one not in playlists),
    )


def differences(older: TaskVersion, newer: TaskVersion) -> Changes:
    """Old and new value by dotted path; null where one of them has no such path. The name is `name`."""
    before = {"name": older.name, **dict(leaves(completed(older.config)))}
    after = {"name": newer.name, **dict(leaves(completed(newer.config)))}
    return changed(before, after)
