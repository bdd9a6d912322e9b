"""A look at a channel by its bots, begun and written down together with others of its project."""

from collections.abc import Collection, Hashable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from sqlalchemy import bindparam, select

from tgac.bots.models import BotStatus, SeatState
from tgac.channels import reasons
from tgac.channels.claims import claimed_channels
from tgac.channels.inspection import Eye, Inspection, Look, inspect
from tgac.channels.jobs import check_soon
from tgac.channels.models import Channel, ChannelState
from tgac.channels.queries import eyes_of
from tgac.channels.refs import target_of
from tgac.channels.settle import Rows, lock_bots, note, rows_of, settle
from tgac.kit.act import Act
from tgac.kit.db.many import set_all
from tgac.kit.errors import Conflict, NotFound
from tgac.kit.tools import Tools
from tgac.kit.web.i18n import _

LOOKING: Final = (BotStatus.ACTIVE, BotStatus.PAUSED)
"""A paused bot keeps its seats: pausing says nothing about what Telegram allows."""
_TRIES: Final = 3
LOOK_KEPT_S: Final = 1800.0
"""Answers older than this are asked for again. A demotion is told at once, and makes them worthless."""


@dataclass(frozen=True, slots=True)
class _Known:
    """A channel as it stands when a look at it begins, who claims it (Telegram id), and who may look."""

    channel: Channel
    claimer: int | None
    eyes: Sequence[Eye]


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look has seen of a channel, and how that stood when it began; `only`: by these bots alone."""

    known: Channel
    seen: Inspection
    only: Collection[int] | None


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
        known = await tools.together(_known)(project_id, channel_id)
        if known is None:
            break
        if known.channel.state == ChannelState.ARCHIVED:
            return known.channel
        begun = "look", channel_id, None if bot_ids is None else frozenset(bot_ids)
        look = _look_at(tools, begun, _version(known.channel))
        eyes = [eye for eye in known.eyes if bot_ids is None or eye.bot_id in bot_ids]
        target = target_of_channel(known.channel)
        seen = await inspect(tools.telegram, target, eyes=eyes, claimer=known.claimer, look=look)
        left = await tools.together(take_down)(project_id, Looked(known.channel, seen, bot_ids))
        tools.memory.pop(begun, None)
        if left is None:
            break
        if isinstance(left, Channel):
            return left
    else:
        raise Conflict(_("Something else has just taken that place. Look again and retry."))
    raise NotFound(_("There is nothing here, or it is not yours."))


async def _known(tools: Tools, project_id: int, channel_ids: Sequence[int]) -> list[_Known | None]:
    """What looks at these channels begin with; None for one that is not there."""
    async with tools.reading(None, project_id) as act:
        found = await claimed_channels(act, channel_ids)
        eyes = tuple(
            await eyes_of(act, LOOKING)
        )  # after the channels: a bot that is new there makes the look worthless
    return [_Known(*found[number], eyes) if number in found else None for number in channel_ids]


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


_LOCKED: Final = (
    select(Channel).where(Channel.id.in_(bindparam("channels"))).order_by(Channel.id).with_for_update(key_share=True)
)


async def take_down(
    tools: Tools, project_id: int, looks: Sequence[Looked]
) -> list[Channel | Literal["overtaken"] | None]:
    """Write down what was seen of each; gives the channel that is left, or that more was told of it meanwhile."""
    async with tools.acting(None, project_id) as act:
        asked = {"channels": list({look.known.id for look in looks})}
        channels = {one.id: one for one in await act.session.scalars(_LOCKED, asked)}
        rows = await rows_of(act, channels.values())
        await lock_bots(act, {bot_id for look in looks for bot_id in _to_be_locked(look, rows)})
        left: dict[int, Channel | Literal["overtaken"] | None] = {}
        settled: dict[int, Channel] = {}
        for n, look in sorted(enumerate(looks), key=lambda numbered: numbered[1].known.id):
            channel = channels.get(look.known.id)
            if channel is not None and (channel.id in settled or _version(channel) != _version(look.known)):
                left[n] = "overtaken"
                continue
            left[n] = None if channel is None else await _take_down_one(act, channel, look, rows)
            if channel is not None and left[n] is channel:
                settled[channel.id] = channel
            else:
                channels.pop(look.known.id, None)
        await set_all(act.session, settled.values(), checked_at=act.now)
        return [left[n] for n in range(len(looks))]


async def _take_down_one(act: Act, channel: Channel, look: Looked, rows: Rows) -> Channel | None:
    twin = await _twin(act, channel, look.seen)
    if twin is not None:
        note(act, twin, "channel_named_twice", {"ref": channel.ref})
        await act.session.delete(channel)
        check_soon(act, twin)
        return twin
    await settle(act, channel, look.seen, only=look.only, rows=rows)
    if look.only is None and _is_gone_again(channel):
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


def _to_be_locked(look: Looked, rows: Rows) -> Iterator[int]:
    """The bots that may be given a seat after this look, and those that Telegram has refused."""
    seated = {seat.bot_id for seat in rows.seats.get(look.known.id, ()) if seat.state == SeatState.ACTIVE}
    yield from (eye.bot_id for eye in look.seen.fit if eye.bot_id not in seated)
    yield from (one.bot.bot_id for one in look.seen.findings if one.code == reasons.BOT_REFUSED)
