"""What becomes of a channel and its seats by what Telegram tells."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import bindparam, select

from tgac.bots.models import Bot, Seat, SeatState
from tgac.bots.queries import seats_in_use
from tgac.bots.service import mark_bot_refused, token_of
from tgac.channels import reasons
from tgac.channels.claims import claim_problem, claiming_members
from tgac.channels.inspection import Eye, Inspection
from tgac.channels.jobs import tell_client_soon
from tgac.channels.models import Channel, ChannelState
from tgac.journal.service import record
from tgac.kit.act import Act


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A bot that might sit in the channel but serves as many as it may."""

    bot_id: int
    username: str


@dataclass(frozen=True, slots=True)
class Problem:
    """What keeps a channel from being served: a code of `reasons.py`, and the bot that it hangs on."""

    code: str
    bot_id: int | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """What the rows say about channels that are locked: the seats of each, and `claiming_members`."""

    seats: Mapping[int, Sequence[Seat]]
    members: Mapping[int, int | None]


_SEATS: Final = select(Seat).where(Seat.channel_id.in_(bindparam("channels"))).order_by(Seat.id)


async def rows_of(act: Act, channels: Collection[Channel]) -> Rows:
    """What the rows say about these channels."""
    seats: dict[int, list[Seat]] = {channel.id: [] for channel in channels}
    for seat in await act.session.scalars(_SEATS, {"channels": list(seats)}):
        seats[seat.channel_id].append(seat)
    return Rows(seats, await claiming_members(act, channels))


async def settle(
    act: Act,
    channel: Channel,
    seen: Inspection,
    *,
    only: Collection[int] | None = None,
    rows: Rows | None = None,
) -> list[LeftOut]:
    """Write down what was seen of the channel, whose row is locked; with `only`, by these bots alone.

    `rows` are what `rows_of` gave for it under that lock: then it is one of several, and when they were looked at is
    written down for all of them. Returns the bots that found no room because of their own limit.
    """
    learn(act, channel, seen)
    if rows is None:
        channel.checked_at = act.now
        await act.flush()  # a new one gets its number
        rows = await rows_of(act, [channel])
    unclaimed = claim_problem(channel, seen, rows.members) if seen.witness else None
    claimed = seen.witness is not None and unclaimed is None
    left_out = await _seat(act, channel, seen, only=only, claimed=claimed, seats=rows.seats[channel.id])
    await _mark_refused(act, seen)
    await _learn_guards(act, channel, seen)
    before = channel.state, channel.reason
    problem = _bots_problem(seen, left_out)
    if problem is not None and await _others_serve(act, channel, only):
        problem = None if channel.reason is None else Problem(channel.reason, channel.reason_bot_id)
    comes_first = channel.state == ChannelState.PENDING or problem is None or problem.code == reasons.BOT_FULL
    if unclaimed is not None and comes_first:
        problem = Problem(unclaimed)
    if problem is None:
        _open(act, channel)
    elif channel.state == ChannelState.PENDING:
        channel.reason, channel.reason_bot_id = problem.code, problem.bot_id
    else:
        suspend_channel(act, channel, problem.code, bot_id=problem.bot_id)
    if channel.state != ChannelState.SUSPENDED and (channel.state, channel.reason) != before:
        tell_client_soon(act, channel)
    return left_out


def learn(act: Act, channel: Channel, seen: Inspection) -> None:
    """Take over the id, titles, names and the group from what was seen; another group than before is told."""
    told = seen.channel or seen.glimpse
    if told:
        channel.telegram_id = told.id
        channel.title = (told.title or "")[:256]
        channel.username = told.username
    if seen.channel and seen.channel.linked_chat_id not in (None, channel.group_id):
        _take_group(act, channel, seen.channel.linked_chat_id)
    if seen.group:
        channel.group_title = (seen.group.title or "")[:256]
        channel.group_username = seen.group.username


def _take_group(act: Act, channel: Channel, group_id: int | None) -> None:
    if channel.group_id is not None:
        channel.group_changed_at, channel.former_group = act.now, channel.group_title
        note(act, channel, "channel_group_changed", {"before": [channel.group_title, channel.group_id]})
    channel.group_id, channel.group_title, channel.group_username = group_id, "", None


def suspend_channel(act: Act, channel: Channel, reason: str, *, bot_id: int | None = None) -> None:
    """Nothing is sent there until a check finds all well again. `reason` is a code of `reasons.py`.

    `bot_id` is the bot that it hangs on, where it hangs on one.
    """
    is_known = channel.state == ChannelState.SUSPENDED and channel.reason == reason
    channel.state, channel.reason, channel.reason_bot_id = ChannelState.SUSPENDED, reason, bot_id
    if not is_known:
        note(act, channel, "channel_suspended", {"reason": reason})
        tell_client_soon(act, channel)


def lose_seat(act: Act, seat: Seat, reason: str) -> None:
    """The bot may no longer write there."""
    if seat.state != SeatState.LOST:
        seat.since = act.now
    seat.state, seat.reason = SeatState.LOST, reason


def note(act: Act, channel: Channel, kind: str, data: Mapping[str, Any]) -> None:
    """Write an event about the channel; in the project's scope and in EVERYONE."""
    told = {"title": channel.title, "username": channel.username, **data}
    record(act, kind, told, project_id=channel.project_id, channel_id=channel.id)


async def _learn_guards(act: Act, channel: Channel, seen: Inspection) -> None:
    """Bots of others that may delete in the group: they may take our comments away."""
    if seen.deleting is None:
        return
    others = {bot.id for bot in seen.deleting} - {finding.bot.telegram_id for finding in seen.findings}
    ours = set(await act.session.scalars(select(Bot.telegram_id))) if others else set()
    channel.guards = [bot.username or bot.name for bot in seen.deleting if bot.id in others - ours]


def _open(act: Act, channel: Channel) -> None:
    if channel.state == ChannelState.SUSPENDED:
        note(act, channel, "channel_reopened", {"reason": channel.reason})
    elif channel.state == ChannelState.PENDING:
        note(act, channel, "channel_connected", {})
        channel.confirmed_at = channel.confirmed_at or act.now
    channel.state, channel.reason, channel.reason_bot_id = ChannelState.ACTIVE, None, None
    channel.ref = None


def _bots_problem(seen: Inspection, left_out: Sequence[LeftOut]) -> Problem | None:
    if seen.fit:
        return Problem(reasons.BOT_FULL, left_out[0].bot_id) if len(left_out) == len(seen.fit) else None
    return Problem(seen.failure.code, seen.failure.bot.bot_id) if seen.failure else Problem(reasons.NO_BOTS)


async def _others_serve(act: Act, channel: Channel, only: Collection[int] | None) -> bool:
    """Whether bots that were not asked have seats there: then nothing that these bots met closes the channel."""
    if only is None:
        return False
    others = select(Seat.id).where(Seat.channel_id == channel.id, Seat.bot_id.not_in(only))
    return await act.session.scalar(others.where(Seat.state == SeatState.ACTIVE).limit(1)) is not None


async def _seat(
    act: Act,
    channel: Channel,
    seen: Inspection,
    *,
    only: Collection[int] | None,
    claimed: bool,
    seats: Sequence[Seat],
) -> list[LeftOut]:
    """Give a seat to every bot that fits and has room, take it from the others.

    Nobody gets one while the claim does not hold: strangers may add our bots to channels, and must not use them up.
    """
    held = {seat.bot_id: seat for seat in seats if only is None or seat.bot_id in only}
    seated = {bot_id for bot_id, seat in held.items() if seat.state == SeatState.ACTIVE}
    room = await _room(act, [eye for eye in seen.fit if eye.bot_id not in seated])
    left_out = []
    for eye in seen.fit:
        seat = held.pop(eye.bot_id, None)
        if eye.bot_id in seated:
            continue
        if room.get(eye.bot_id, 0) <= 0:
            left_out.append(LeftOut(eye.bot_id, eye.username))
        elif claimed:
            _give_seat(act, channel, seat or Seat(bot_id=eye.bot_id, channel_id=channel.id))
    met = {finding.bot.bot_id: finding.code for finding in seen.findings}
    for bot_id, seat in held.items():
        lose_seat(act, seat, met.get(bot_id, reasons.BOT_REFUSED))
    return left_out


def _give_seat(act: Act, channel: Channel, seat: Seat) -> None:
    seat.project_id, seat.state, seat.reason, seat.since = channel.project_id, SeatState.ACTIVE, None, act.now
    act.session.add(seat)


async def _room(act: Act, eyes: Collection[Eye]) -> dict[int, int]:
    """How many seats each bot may still take. The bots' rows are locked, so that two acts do not both take the last."""
    locked = await lock_bots(act, {eye.bot_id for eye in eyes})
    if not locked:
        return {}
    used = await seats_in_use(act, locked)
    return {bot_id: act.config.max_channels_per_bot - used.get(bot_id, 0) for bot_id in locked}


async def lock_bots(act: Act, bot_ids: Collection[int]) -> list[int]:
    """Those of them that are there, locked. Several in one order: two acts do not wait for each other."""
    if not bot_ids:
        return []
    asked = select(Bot.id).where(Bot.id.in_(bot_ids)).order_by(Bot.id).with_for_update(key_share=True)
    return list(await act.session.scalars(asked))


async def _mark_refused(act: Act, seen: Inspection) -> None:
    for finding in seen.findings:
        if finding.code != reasons.BOT_REFUSED:
            continue
        bot = await act.session.scalar(select(Bot).where(Bot.id == finding.bot.bot_id))
        if bot is not None and token_of(act.keys, bot) == finding.bot.token:
            await mark_bot_refused(act, bot.id, finding.answer)
