"""How far tasks reach: how many channels and bots, and the names that a sentence needs.

As many statements for 200 tasks as for one, and nothing is loaded that is not shown.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from sqlalchemy import Select, distinct, func, select

from tgac.bots.models import Bot, BotStatus, Seat, SeatState
from tgac.channels.models import Channel, ChannelState
from tgac.channels.playlists_models import Playlist
from tgac.kit.act import Act
from tgac.tasks.models import Task, TaskBot, TaskTarget
from tgac.tasks.targets import Aim, aimed_at, pairs, served_by

SHOWN: Final = 30
"""So many channels and bots a task's page shows; of the others it says how many there are."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How many channels and bots, and the names of the first and the last of them; the names of playlists."""

    channels: int = 0
    titles: tuple[str, ...] = ()
    playlists: tuple[str, ...] = ()
    bots: int = 0
    usernames: tuple[str, ...] = ()


class _Span(NamedTuple):
    """How many there are, and the lowest and the highest number among them."""

    size: int = 0
    first: int | None = None
    last: int | None = None

    def names(self, known: Mapping[int, str]) -> tuple[str, ...]:
        ends = dict.fromkeys(one for one in (self.first, self.last) if one is not None)
        return tuple(known[one] for one in ends if one in known)


async def reaches(act: Act, tasks: Iterable[Task]) -> dict[int, Reach]:
    """How far each of these tasks reaches at this moment."""
    task_ids = [task.id for task in tasks]
    channels = await _channel_spans(act, task_ids)
    bots = await _bot_spans(act, task_ids)
    playlists = await _playlist_names(act, task_ids)
    titles = await _names(act, Channel.id, Channel.title, channels.values())
    usernames = await _names(act, Bot.id, Bot.username, bots.values())
    none = _Span()
    return {
        one: Reach(
            channels.get(one, none).size,
            channels.get(one, none).names(titles),
            playlists.get(one, ()),
            bots.get(one, none).size,
            bots.get(one, none).names(usernames),
        )
        for one in task_ids
    }


async def reach_of(act: Act, aim: Aim, bot_ids: Collection[int]) -> Reach:
    """How far a task would reach that is not written down yet."""
    ids = aimed_at(aim).with_only_columns(func.count(Channel.id), func.min(Channel.id), func.max(Channel.id))
    channels = _Span(*(await act.session.execute(ids)).one())
    known = await act.session.scalars(select(Bot.id).where(Bot.id.in_(bot_ids)))
    served = sorted(known)
    bots = _Span(len(served), served[0], served[-1]) if served else _Span()
    playlists = await act.session.scalars(
        select(Playlist.name).where(Playlist.id.in_(aim.playlists)).order_by(Playlist.name)
    )
    titles = await _names(act, Channel.id, Channel.title, [channels])
    usernames = await _names(act, Bot.id, Bot.username, [bots])
    return Reach(channels.size, channels.names(titles), tuple(playlists), bots.size, bots.names(usernames))


async def bot_ids_of(act: Act, task_ids: Collection[int]) -> dict[int, list[int]]:
    """The numbers of the bots that serve each of these tasks, in their order."""
    asked = select(TaskBot.task_id, TaskBot.bot_id).where(TaskBot.task_id.in_(task_ids)).order_by(TaskBot.bot_id)
    found: dict[int, list[int]] = {one: [] for one in task_ids}
    for row in await act.session.execute(asked):
        found[row.task_id].append(row.bot_id)
    return found


def writers(task_id: int) -> Select[int]:
    """The numbers of the bots that may write in one of the task's channels: seat, channel and bot are active."""
    return (
        select(Seat.bot_id)
        .join(Channel, Channel.id == Seat.channel_id)
        .join(Bot, Bot.id == Seat.bot_id)
        .where(Seat.state == SeatState.ACTIVE, Channel.state == ChannelState.ACTIVE, Bot.status == BotStatus.ACTIVE)
        .where(Seat.channel_id.in_(served_by(task_id)))
        .distinct()
    )


async def around(
    act: Act, task: Task, bot_ids: Collection[int], playlist_ids: Collection[int]
) -> tuple[list[Channel], list[tuple[Bot, bool]], list[Playlist]]:
    """The first channels that a task serves, its first bots with whether they may write there, and its playlists."""
    in_them = Channel.id.in_(served_by(task.id))
    channels = select(Channel).where(in_them).order_by(Channel.title, Channel.id).limit(SHOWN)
    bots = select(Bot).where(Bot.id.in_(bot_ids)).order_by(Bot.id).limit(SHOWN)
    able = set(await act.session.scalars(writers(task.id)))
    playlists = select(Playlist).where(Playlist.id.in_(playlist_ids)).order_by(Playlist.name).limit(SHOWN)
    return (
        list(await act.session.scalars(channels)),
        [(bot, bot.id in able) for bot in await act.session.scalars(bots)],
        list(await act.session.scalars(playlists)),
    )


async def asked_before(act: Act, task: Task) -> list[str]:
    """The names of the tasks that are on for a channel of this one and are asked before it, as the planner asks."""
    earlier = select(Task.id).where(Task.id < task.id, Task.status == "ON", Task.deleted_at.is_(None))
    served = pairs(list(await act.session.scalars(earlier))).subquery()
    meeting = select(served.c.task_id).where(served.c.channel_id.in_(served_by(task.id)))
    return list(await act.session.scalars(select(Task.name).where(Task.id.in_(meeting)).order_by(Task.id)))


async def _channel_spans(act: Act, task_ids: Collection[int]) -> dict[int, _Span]:
    served = pairs(task_ids).subquery()
    channel = served.c.channel_id
    asked = select(served.c.task_id, func.count(distinct(channel)), func.min(channel), func.max(channel))
    return _spans(await act.session.execute(asked.group_by(served.c.task_id)))


async def _bot_spans(act: Act, task_ids: Collection[int]) -> dict[int, _Span]:
    asked = select(TaskBot.task_id, func.count(), func.min(TaskBot.bot_id), func.max(TaskBot.bot_id))
    wanted = asked.where(TaskBot.task_id.in_(task_ids)).group_by(TaskBot.task_id)
    return _spans(await act.session.execute(wanted))


async def _playlist_names(act: Act, task_ids: Collection[int]) -> dict[int, tuple[str, ...]]:
    asked = (
        select(TaskTarget.task_id, Playlist.name)
        .join(Playlist, Playlist.id == TaskTarget.playlist_id)
        .where(TaskTarget.task_id.in_(task_ids))
        .order_by(Playlist.name)
    )
    found: dict[int, tuple[str, ...]] = {}
    for row in await act.session.execute(asked):
        found[row.task_id] = (*found.get(row.task_id, ()), row.name)
    return found


async def _names(act: Act, number: Any, name: Any, spans: Iterable[_Span]) -> dict[int, str]:
    wanted = {one for span in spans for one in (span.first, span.last) if one is not None}
    if not wanted:
        return {}
    return {row[0]: row[1] for row in await act.session.execute(select(number, name).where(number.in_(wanted)))}


def _spans(rows: Iterable[Any]) -> dict[int, _Span]:
    return {row[0]: _Span(row[1], row[2], row[3]) for row in rows}
