"""What becomes of a channel and its seats by what Telegram tells."""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, select

from tgac.bots.models import Bot, BotStatus, Seat, SeatState
from tgac.bots.queries import find_bot, seats_in_use
from tgac.bots.service import mark_bot_refused, token_of
from tgac.channels import reasons
from tgac.channels.claims import claim_problem, find_claimed
from tgac.channels.inspection import Eye, Inspection, Look, inspect
from tgac.channels.jobs import check_soon, tell_client_soon
from tgac.channels.models import Channel, ChannelState
from tgac.channels.queries import eyes_of, find_channel
from tgac.channels.refs import target_of
from tgac.journal.models import Event
from tgac.kit.act import Act
from tgac.kit.errors import Conflict, NotFound
from tgac.kit.tools import Tools
from tgac.kit.web.i18n import _

LOOKING: Final = (BotStatus.ACTIVE, BotStatus.PAUSED)
"""A paused bot keeps its seats: pausing says nothing about what Telegram allows."""
_TRIES: Final = 3
LOOK_KEPT_S: Final = 1800.0
"""Answers older than this are asked for again. A demotion is told at once, and makes them worthless."""


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
class _Begun:
    """A look that was begun at a moment (monotonic), when the channel stood like that."""

    version: tuple[object, ...]
    at: float
    look: Look


async def verify_channel(
    tools: Tools, *, project_id: int, channel_id: int, bot_ids: Collection[int] | None = None
) -> Channel:
    """Look at the channel again: it opens, or is told what is missing; seats are given and taken.

    An active one is suspended with the reason; a pending one waits with it, and becomes active when all is well. With
    `bot_ids` only those bots look and only their seats change. An archived one is left alone. Gives the channel, or
    the one that turned out to be the same and was known before.

    What Telegram tells meanwhile (a demotion) makes the look worthless: it is taken once more. Raises NotFound (also
    when nothing is left of a channel that had appeared by itself), the Faults that waiting may mend, Conflict when the
    channel does not come to rest.
    """
    for _try in range(_TRIES):
        async with tools.reading(None, project_id) as act:
            known, claimer = await find_claimed(act, channel_id)
            eyes = [eye for eye in await eyes_of(act, LOOKING) if bot_ids is None or eye.bot_id in bot_ids]
        if known.state == ChannelState.ARCHIVED:
            return known
        begun = "look", channel_id, None if bot_ids is None else frozenset(bot_ids)
        look = _look_at(tools, begun, _version(known))
        seen = await inspect(tools.telegram, target_of_channel(known), eyes=eyes, claimer=claimer, look=look)
        tools.memory.pop(begun, None)
        async with tools.acting(None, project_id) as act:
            channel = await find_channel(act, channel_id, lock=True)
            if _version(channel) != _version(known):
                continue
            left = await _take_down(act, channel, seen, only=bot_ids)
        if left is None:
            raise NotFound(_("There is nothing here, or it is not yours."))
        return left
    raise Conflict(_("Something else has just taken that place. Look again and retry."))


def target_of_channel(channel: Channel) -> int | str:
    """What Telegram is asked for: its id, or the name that it was given while no bot has seen it."""
    return channel.telegram_id if channel.telegram_id is not None else target_of(channel.ref or "")


def _look_at(tools: Tools, key: Hashable, version: tuple[object, ...]) -> Look:
    """The look that this process has begun and could not end, if nothing was told of the channel since; else a new
    one."""
    kept: _Begun | None = tools.memory.get(key)
    if kept is None or kept.version != version or tools.clock.monotonic() - kept.at > LOOK_KEPT_S:
        kept = tools.memory[key] = _Begun(version, tools.clock.monotonic(), Look())
    return kept.look


def _version(channel: Channel) -> tuple[object, ...]:
    return channel.checked_at, channel.state, channel.claimed_by, channel.client_telegram_id


async def _take_down(act: Act, channel: Channel, seen: Inspection, *, only: Collection[int] | None) -> Channel | None:
    """Write down what was seen; gives the channel that is left."""
    twin = await _twin(act, channel, seen)
    if twin is not None:
        note(act, twin, "channel_named_twice", {"ref": channel.ref})
        await act.session.delete(channel)
        check_soon(act, twin)
        return twin
    await settle(act, channel, seen, only=only)
    if only is None and _is_gone_again(channel):
        note(act, channel, "channel_vanished", {})
        await act.session.delete(channel)
        return None
    return channel


def _is_gone_again(channel: Channel) -> bool:
    """Whether no bot is left in a channel that appeared by itself and was never confirmed."""
    was_never_ours = channel.state == ChannelState.PENDING and channel.confirmed_at is None
    return was_never_ours and channel.appeared_by is not None and channel.reason in reasons.MENDED_IN_CHANNEL


async def _twin(act: Act, channel: Channel, seen: Inspection) -> Channel | None:
    """The channel of the project that this one turned out to be, by another name."""
    if channel.telegram_id is not None or seen.glimpse is None:
        return None
    found: Channel | None = await act.session.scalar(select(Channel).where(Channel.telegram_id == seen.glimpse.id))
    return found


async def settle(act: Act, channel: Channel, seen: Inspection, *, only: Collection[int] | None = None) -> list[LeftOut]:
    """Write down what was seen of the channel, whose row is locked; with `only`, by these bots alone.

    Returns the bots that found no room because of their own limit.
    """
    learn(act, channel, seen)
    channel.checked_at = act.now
    await act.flush()
    unclaimed = await claim_problem(act, channel, seen) if seen.witness else None
    left_out = await _seat(act, channel, seen, only=only, claimed=seen.witness is not None and unclaimed is None)
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
    if (seat.state, seat.reason) != (SeatState.LOST, reason):
        seat.state, seat.reason, seat.since = SeatState.LOST, reason, act.now


def note(act: Act, channel: Channel, kind: str, data: Mapping[str, Any]) -> None:
    """Write an event about the channel; in the project's scope and in EVERYONE."""
    act.session.add(
        Event(
            project_id=channel.project_id,
            at=act.now,
            kind=kind,
            user_id=act.principal.user_id if act.principal else None,
            channel_id=channel.id,
            data={"title": channel.title, "username": channel.username, **data},
        )
    )


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
    others = _seats(channel).where(Seat.state == SeatState.ACTIVE, Seat.bot_id.not_in(only))
    return await act.session.scalar(others.limit(1)) is not None


async def _seat(
    act: Act, channel: Channel, seen: Inspection, *, only: Collection[int] | None, claimed: bool
) -> list[LeftOut]:
    """Give a seat to every bot that fits and has room, take it from the others.

    Nobody gets one while the claim does not hold: strangers may add our bots to channels, and must not use them up.
    """
    held = {seat.bot_id: seat for seat in await act.session.scalars(_seats(channel))}
    if only is not None:
        held = {bot_id: seat for bot_id, seat in held.items() if bot_id in only}
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


def _seats(channel: Channel) -> Select[Seat]:
    return select(Seat).where(Seat.channel_id == channel.id)


def _give_seat(act: Act, channel: Channel, seat: Seat) -> None:
    seat.project_id, seat.state, seat.reason, seat.since = channel.project_id, SeatState.ACTIVE, None, act.now
    act.session.add(seat)


async def _room(act: Act, eyes: Collection[Eye]) -> dict[int, int]:
    """How many seats each bot may still take. The bots' rows are locked, so that two acts do not both take the last."""
    ids = [eye.bot_id for eye in eyes]
    if not ids:
        return {}
    locked = list(
        await act.session.scalars(
            select(Bot.id).where(Bot.id.in_(ids)).order_by(Bot.id).with_for_update(key_share=True)
        )
    )
    used = await seats_in_use(act, locked)
    return {bot_id: act.config.max_channels_per_bot - used.get(bot_id, 0) for bot_id in locked}


async def _mark_refused(act: Act, seen: Inspection) -> None:
    for finding in seen.findings:
        if finding.code != reasons.BOT_REFUSED:
            continue
        bot = await find_bot(act, finding.bot.bot_id)
        if token_of(act.keys, bot) == finding.bot.token:
            await mark_bot_refused(act, bot.id, finding.answer)
