"""What becomes of a channel and its seats by what Telegram tells."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import select

from tgac.bots.models import Bot, BotStatus, Seat, SeatState
from tgac.bots.queries import find_bot, seats_in_use
from tgac.bots.service import mark_bot_refused, token_of
from tgac.channels import reasons
from tgac.channels.inspection import Eye, Inspection, inspect
from tgac.channels.models import Channel, ChannelState
from tgac.channels.queries import eyes_of, find_channel
from tgac.journal.models import Event
from tgac.kit.act import Act
from tgac.kit.errors import Conflict
from tgac.kit.tenancy import Right, require
from tgac.kit.tools import Tools
from tgac.kit.web.i18n import _
from tgac.people.models import User

LOOKING: Final = (BotStatus.ACTIVE, BotStatus.PAUSED)
"""A paused bot keeps its seats: pausing says nothing about what Telegram allows."""
_TRIES: Final = 3


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A bot that might sit in the channel but serves as many as it may."""

    bot_id: int
    username: str


async def verify_channel(tools: Tools, *, project_id: int, channel_id: int) -> Channel:
    """Look at the channel again: it opens, or is suspended with the reason; seats are given and taken.

    What Telegram tells meanwhile (a demotion) makes the look worthless: it is taken once more. Raises NotFound, the
    Faults that waiting may mend, Conflict when the channel does not come to rest.
    """
    for _try in range(_TRIES):
        async with tools.reading(None, project_id) as act:
            known = await find_channel(act, channel_id)
            eyes = await eyes_of(act, LOOKING)
            claimer = await telegram_id_of(act, known.claimed_by)
        seen = await inspect(tools.telegram, known.telegram_id, eyes=eyes, claimer=claimer or 0)
        async with tools.acting(None, project_id) as act:
            channel = await find_channel(act, channel_id)
            if channel.state == ChannelState.ARCHIVED:
                return channel
            if channel.checked_at == known.checked_at:
                await settle(act, channel, seen)
                return channel
    raise Conflict(_("Something else has just taken that place. Look again and retry."))


async def settle(act: Act, channel: Channel, seen: Inspection) -> list[LeftOut]:
    """Write down what was seen of the channel; returns the bots that found no room because of their own limit."""
    learn(channel, seen)
    channel.checked_at = act.now
    await act.flush()
    left_out = await _seat(act, channel, seen)
    await _mark_refused(act, seen)
    reason = _problem(seen, left_out)
    if reason:
        suspend_channel(act, channel, reason)
    else:
        _reopen(act, channel)
    return left_out


def learn(channel: Channel, seen: Inspection) -> None:
    """Take over titles, names and the group from what was seen."""
    if seen.channel:
        channel.title = (seen.channel.title or "")[:256]
        channel.username = seen.channel.username
    if seen.group:
        channel.group_id = seen.group.id
        channel.group_title = (seen.group.title or "")[:256]
        channel.group_username = seen.group.username


def suspend_channel(act: Act, channel: Channel, reason: str) -> None:
    """Nothing is sent there until a check finds all well again. `reason` is a code of `reasons.py`."""
    if channel.state == ChannelState.SUSPENDED and channel.reason == reason:
        return
    channel.state, channel.reason = ChannelState.SUSPENDED, reason
    note(act, channel, "channel_suspended", {"reason": reason})


def lose_seat(act: Act, seat: Seat, reason: str) -> None:
    """The bot may no longer write there."""
    seat.state, seat.reason, seat.checked_at = SeatState.LOST, reason, act.now


async def remove_channel(act: Act, channel_id: int) -> None:
    """Take the channel out of the project with its posts and comments. Raises NotFound, Refused."""
    require(act, Right.EDIT)
    channel = await find_channel(act, channel_id)
    note(act, channel, "channel_removed", {})
    await act.session.delete(channel)
    await act.flush()


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


async def telegram_id_of(act: Act, user_id: int) -> int | None:
    """Who a user is in Telegram; None until they have signed in there."""
    found: int | None = await act.session.scalar(select(User.telegram_id).where(User.id == user_id))
    return found


def _reopen(act: Act, channel: Channel) -> None:
    if channel.state == ChannelState.SUSPENDED:
        note(act, channel, "channel_reopened", {"reason": channel.reason})
    channel.state, channel.reason = ChannelState.ACTIVE, None


def _problem(seen: Inspection, left_out: Collection[LeftOut]) -> str | None:
    if not seen.fit:
        return seen.failure.code if seen.failure else reasons.NO_BOTS
    if not seen.claimed:
        return reasons.OWNER_LOST
    return reasons.BOT_FULL if len(left_out) == len(seen.fit) else None


async def _seat(act: Act, channel: Channel, seen: Inspection) -> list[LeftOut]:
    """Give a seat to every bot that fits and has room, take it from the others."""
    held = {seat.bot_id: seat for seat in await act.session.scalars(_seats(channel))}
    room = await _room(act, seen.fit)
    left_out = []
    for eye in seen.fit:
        seat = held.pop(eye.bot_id, None)
        if seat is not None and seat.state == SeatState.ACTIVE:
            seat.checked_at = act.now
        elif room.get(eye.bot_id, 0) > 0:
            _give_seat(act, channel, seat or Seat(bot_id=eye.bot_id, channel_id=channel.id))
        else:
            left_out.append(LeftOut(eye.bot_id, eye.username))
    met = {finding.bot.bot_id: finding.code for finding in seen.findings}
    for bot_id, seat in held.items():
        lose_seat(act, seat, met.get(bot_id, reasons.BOT_REFUSED))
    return left_out


def _seats(channel: Channel) -> Any:
    return select(Seat).where(Seat.channel_id == channel.id)


def _give_seat(act: Act, channel: Channel, seat: Seat) -> None:
    seat.project_id, seat.state, seat.reason, seat.checked_at = channel.project_id, SeatState.ACTIVE, None, act.now
    act.session.add(seat)


async def _room(act: Act, eyes: Collection[Eye]) -> dict[int, int]:
    """How many seats each bot may still take. The bots' rows are locked, so that two acts do not both take the last."""
    ids = [eye.bot_id for eye in eyes]
    locked = list(await act.session.scalars(select(Bot.id).where(Bot.id.in_(ids)).order_by(Bot.id).with_for_update()))
    used = await seats_in_use(act, locked)
    return {bot_id: act.config.max_channels_per_bot - used.get(bot_id, 0) for bot_id in locked}


async def _mark_refused(act: Act, seen: Inspection) -> None:
    for finding in seen.findings:
        if finding.code != reasons.BOT_REFUSED:
            continue
        bot = await find_bot(act, finding.bot.bot_id)
        if token_of(act.keys, bot) == finding.bot.token:
            await mark_bot_refused(act, bot.id, finding.answer)
