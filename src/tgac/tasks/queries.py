"""Tasks as the database has them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from sqlalchemy import Select, select

from tgac.bots.models import Bot, BotStatus, Seat, SeatState
from tgac.channels.models import Channel, ChannelState
from tgac.kit.act import Act
from tgac.kit.errors import NotFound
from tgac.kit.web.i18n import _
from tgac.kit.web.paging import matching
from tgac.posts.models import Post
from tgac.tasks.models import Task, TaskBot

type TaskStatus = Literal["ON", "PAUSED", "OFF"]


async def tasks_for_channel(act: Act, channel_id: int) -> list[Task]:
    """The tasks that are switched on for a channel, oldest first."""
    found = await act.session.scalars(select(Task).where(Task.status == "ON").order_by(Task.id))
    return [task for task in found if channel_id in task.config["targets"]["channels"]]


async def bots_for(act: Act, task_id: int, channel_id: int) -> list[Bot]:
    """The bots that serve a task and may write in a channel at this moment."""
    found = await act.session.scalars(
        select(Bot)
        .join(TaskBot, TaskBot.bot_id == Bot.id)
        .join(Seat, Seat.bot_id == Bot.id)
        .where(TaskBot.task_id == task_id, Seat.channel_id == channel_id)
        .where(Seat.state == "active", Bot.status == "ACTIVE")
        .order_by(Bot.id)
    )
    return list(found)


async def find_task(act: Act, task_id: int) -> Task:
    """The task of the act's project. Raises NotFound."""
    task = await act.session.scalar(select(Task).where(Task.id == task_id))
    if task is None:
        raise NotFound(_("There is nothing here, or it is not yours."))
    return task


async def task_named(act: Act, name: str) -> Task | None:
    """The project's task of exactly this name."""
    return (await act.session.scalars(select(Task).where(Task.name == name))).one_or_none()


def tasks_like(q: str = "", status: TaskStatus | None = None) -> Select[Task]:
    """Tasks whose name contains `q`, in that status."""
    statement = select(Task)
    if q:
        statement = statement.where(matching(q, Task.name))
    return statement if status is None else statement.where(Task.status == status)


@dataclass(frozen=True, slots=True)
class Scenery:
    """What tasks speak of: the project's channels and bots, who may write where, and who serves which task.

    `seats` maps a bot to the channels where it may write at this moment: its seat, the channel and itself are active.
    """

    channels: Mapping[int, Channel] = field(default_factory=dict)
    bots: Mapping[int, Bot] = field(default_factory=dict)
    seats: Mapping[int, frozenset[int]] = field(default_factory=dict)
    serving: Mapping[int, tuple[int, ...]] = field(default_factory=dict)

    def bots_of(self, task_id: int) -> tuple[int, ...]:
        """The bots that serve a task, oldest first."""
        return self.serving.get(task_id, ())

    def may_write(self, bot_id: int, channel_ids: Iterable[int]) -> bool:
        """Whether a bot may write in one of these channels at this moment."""
        return not self.seats.get(bot_id, frozenset()).isdisjoint(channel_ids)


async def scenery(act: Act, tasks: Iterable[Task] = ()) -> Scenery:
    """The project's channels and bots, and the bots that serve `tasks`."""
    channels = {channel.id: channel for channel in await act.session.scalars(select(Channel).order_by(Channel.title))}
    bots = {bot.id: bot for bot in await act.session.scalars(select(Bot).order_by(Bot.id))}
    active = {channel.id for channel in channels.values() if channel.state == ChannelState.ACTIVE}
    working = {bot.id for bot in bots.values() if bot.status == BotStatus.ACTIVE}
    seats: dict[int, set[int]] = {}
    for seat in await act.session.scalars(select(Seat).where(Seat.state == SeatState.ACTIVE)):
        if seat.channel_id in active and seat.bot_id in working:
            seats.setdefault(seat.bot_id, set()).add(seat.channel_id)
    frozen = {bot_id: frozenset(channel_ids) for bot_id, channel_ids in seats.items()}
    return Scenery(channels, bots, frozen, await _serving(act, [task.id for task in tasks]))


async def _serving(act: Act, task_ids: list[int]) -> dict[int, tuple[int, ...]]:
    rows = await act.session.scalars(select(TaskBot).where(TaskBot.task_id.in_(task_ids)).order_by(TaskBot.bot_id))
    found: dict[int, tuple[int, ...]] = {}
    for row in rows:
        found[row.task_id] = (*found.get(row.task_id, ()), row.bot_id)
    return found


async def newest_post(act: Act, channel_ids: Iterable[int]) -> Post | None:
    """The newest post with words in one of these channels."""
    asked = select(Post).where(Post.channel_id.in_(list(channel_ids)), Post.text != "", Post.gone_at.is_(None))
    return (await act.session.scalars(asked.order_by(Post.published_at.desc(), Post.id.desc()).limit(1))).first()
