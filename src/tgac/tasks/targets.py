"""What tasks are aimed at: channels, and playlists with what is in them at that moment."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from sqlalchemy import CompoundSelect, Select, delete, or_, select, union_all

from tgac.channels.models import Channel
from tgac.channels.playlists import remove_playlist
from tgac.channels.playlists_models import Playlist, PlaylistChannel
from tgac.channels.playlists_queries import channels_in, find_playlist
from tgac.kit.act import Act
from tgac.kit.errors import Conflict
from tgac.kit.tenancy import Right, require
from tgac.kit.web.i18n import _, ngettext
from tgac.tasks.models import Task, TaskTarget

_NAMED = 5
"""So many tasks are named where a playlist cannot be deleted."""


@dataclass(frozen=True, slots=True)
class Aim:
    """What a document is aimed at."""

    channels: tuple[int, ...] = ()
    playlists: tuple[int, ...] = ()


async def write_targets(act: Act, task: Task) -> None:
    """Write down what the task's document is aimed at. A channel that was removed since stays in the document alone."""
    wanted = task.config["targets"]
    known = set(await act.session.scalars(select(Channel.id).where(Channel.id.in_(wanted["channels"]))))
    there = {
        (row.channel_id, row.playlist_id): row
        for row in await act.session.scalars(select(TaskTarget).where(TaskTarget.task_id == task.id))
    }
    keys = {(one, None) for one in wanted["channels"] if one in known} | {(None, one) for one in wanted["playlists"]}
    gone = [row.id for key, row in there.items() if key not in keys]
    if gone:
        await act.session.execute(delete(TaskTarget).where(TaskTarget.id.in_(gone)))
    fresh = sorted(keys - there.keys(), key=str)
    act.session.add_all(TaskTarget(task_id=task.id, channel_id=channel, playlist_id=one) for channel, one in fresh)
    await act.flush()


def pairs(task_ids: Collection[int]) -> CompoundSelect[tuple[int, int]]:
    """(task_id, channel_id) of every channel that these tasks serve; one that is aimed at twice comes twice."""
    straight = select(TaskTarget.task_id, TaskTarget.channel_id).where(
        TaskTarget.task_id.in_(task_ids), TaskTarget.channel_id.is_not(None)
    )
    by_playlist = (
        select(TaskTarget.task_id, PlaylistChannel.channel_id)
        .join(PlaylistChannel, PlaylistChannel.playlist_id == TaskTarget.playlist_id)
        .where(TaskTarget.task_id.in_(task_ids))
    )
    return union_all(straight, by_playlist)


def served_by(task_id: int) -> Select[int]:
    """The numbers of the channels that a task serves at this moment, as a subquery."""
    return select(pairs([task_id]).subquery().c.channel_id)


def aimed_at(aim: Aim) -> Select[Channel]:
    """The channels that `aim` means at this moment."""
    return select(Channel).where(or_(Channel.id.in_(aim.channels), Channel.id.in_(channels_in(*aim.playlists))))


async def tasks_on_playlists(act: Act, playlist_ids: Iterable[int]) -> dict[int, list[Task]]:
    """The tasks that are aimed at each of these playlists, by name; playlists without one are not in it."""
    statement = (
        select(TaskTarget.playlist_id, Task)
        .join(Task, Task.id == TaskTarget.task_id)
        .where(TaskTarget.playlist_id.in_(list(playlist_ids)))
        .order_by(Task.name)
    )
    found: dict[int, list[Task]] = {}
    for row in await act.session.execute(statement):
        found.setdefault(row.playlist_id, []).append(row.Task)
    return found


async def delete_playlist(act: Act, playlist_id: int) -> Playlist:
    """Delete a playlist; its channels stay in the project.

    Refused while tasks are aimed at it: to take it out of them would silence channels without anybody having said so.
    Raises Refused, NotFound, Conflict (`playlist_in_use`) with the tasks' names.
    """
    require(act, Right.EDIT)
    await find_playlist(act, playlist_id)
    if tasks := (await tasks_on_playlists(act, [playlist_id])).get(playlist_id):
        names = ", ".join(task.name for task in tasks[:_NAMED])
        if len(tasks) > _NAMED:
            names += " " + ngettext("and %(n)s more", "and %(n)s more", len(tasks) - _NAMED)
        words = _("Tasks are aimed at this playlist: %(names)s. Aim them at something else first.", names=names)
        raise Conflict(words, code="playlist_in_use")
    return await remove_playlist(act, playlist_id)
