"""Tasks as the database has them."""

from collections.abc import Collection, Iterable
from typing import Final, Literal

from sqlalchemy import Select, bindparam, select, union

from tgac.bots.models import Bot, BotStatus, Seat, SeatState
from tgac.channels.playlists_models import PlaylistChannel
from tgac.kit.act import Act
from tgac.kit.db.types import Id
from tgac.kit.errors import NotFound
from tgac.kit.web.i18n import _
from tgac.kit.web.paging import matching
from tgac.posts.models import Post
from tgac.tasks.models import Task, TaskBot, TaskTarget

type TaskStatus = Literal["ON", "PAUSED", "OFF"]


_CHANNELS: Final = bindparam("channels", type_=Id)
_BY_ITSELF: Final = select(TaskTarget.channel_id, TaskTarget.task_id).where(TaskTarget.channel_id.in_(_CHANNELS))
_BY_PLAYLIST: Final = (
    select(PlaylistChannel.channel_id, TaskTarget.task_id)
    .join(TaskTarget, TaskTarget.playlist_id == PlaylistChannel.playlist_id)
    .where(PlaylistChannel.channel_id.in_(_CHANNELS))
)
_AIMED: Final = union(_BY_ITSELF, _BY_PLAYLIST).subquery()
_ON: Final = (
    select(_AIMED.c.channel_id, Task)
    .join(Task, Task.id == _AIMED.c.task_id)
    .where(Task.status == "ON")
    .order_by(Task.id)
)
_PLACES: Final = (
    select(TaskBot.task_id, Seat.channel_id, Bot)
    .join(Bot, TaskBot.bot_id == Bot.id)
    .join(Seat, Seat.bot_id == Bot.id)
    .where(TaskBot.task_id.in_(bindparam("tasks")), Seat.channel_id.in_(_CHANNELS))
    .where(Seat.state == SeatState.ACTIVE, Bot.status == BotStatus.ACTIVE)
    .order_by(Bot.id)
)


async def tasks_for_channels(act: Act, channel_ids: Collection[int]) -> dict[int, list[Task]]:
    """By channel, the tasks that are switched on for it, by itself or by one of its playlists, oldest first."""
    found: dict[int, list[Task]] = {channel_id: [] for channel_id in channel_ids}
    for channel_id, task in await act.session.execute(_ON, {"channels": list(channel_ids)}):
        found[channel_id].append(task)
    return found


async def bots_by_place(
    act: Act, task_ids: Collection[int], channel_ids: Collection[int]
) -> dict[tuple[int, int], list[Bot]]:
    """By task and channel, the bots that serve the one and may write in the other at this moment."""
    asked = {"tasks": list(task_ids), "channels": list(channel_ids)}
    found: dict[tuple[int, int], list[Bot]] = {}
    for task_id, channel_id, bot in await act.session.execute(_PLACES, asked):
        found.setdefault((task_id, channel_id), []).append(bot)
    return found


def bots_writing() -> Select[Bot]:
    """The bots that may write somewhere at this moment, once for each of their seats, oldest first."""
    seated = select(Bot).join(Seat, Seat.bot_id == Bot.id)
    return seated.where(Seat.state == SeatState.ACTIVE, Bot.status == BotStatus.ACTIVE).order_by(Bot.id)


async def find_task(act: Act, task_id: int) -> Task:
    """The task of the act's project; a deleted one is not there. Raises NotFound."""
    task = await act.session.scalar(select(Task).where(Task.id == task_id, Task.deleted_at.is_(None)))
    if task is None:
        raise NotFound(_("There is nothing here, or it is not yours."))
    return task


async def task_named(act: Act, name: str) -> Task | None:
    """The project's task of exactly this name."""
    return (await act.session.scalars(select(Task).where(Task.name == name, Task.deleted_at.is_(None)))).one_or_none()


def tasks_like(q: str = "", status: TaskStatus | None = None) -> Select[Task]:
    """Tasks whose name contains `q`, in that status."""
    statement = select(Task).where(Task.deleted_at.is_(None))
    if q:
        statement = statement.where(matching(q, Task.name))
    return statement if status is None else statement.where(Task.status == status)


async def newest_post(act: Act, channel_ids: Iterable[int]) -> Post | None:
    """The newest post with words in one of these channels."""
    asked = select(Post).where(Post.channel_id.in_(list(channel_ids)), Post.text != "", Post.gone_at.is_(None))
    return (await act.session.scalars(asked.order_by(Post.published_at.desc(), Post.id.desc()).limit(1))).first()
