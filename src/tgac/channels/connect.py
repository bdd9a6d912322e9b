"""How a channel comes into a project: only when Telegram itself confirms the invitation and the claim."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import select

from tgac.bots.models import BotStatus
from tgac.bots.queries import seats_in_use
from tgac.channels import reasons
from tgac.channels.change import channel_named
from tgac.channels.claims import telegram_id_of
from tgac.channels.inspection import Eye, Inspection, inspect
from tgac.channels.jobs import check_soon
from tgac.channels.models import Channel, ChannelState
from tgac.channels.queries import eyes_of, find_channel
from tgac.channels.reasons import sentence
from tgac.channels.refs import read_ref
from tgac.channels.settle import LeftOut, note, settle
from tgac.channels.verify import LOOKING, target_of_channel
from tgac.kit.act import Act
from tgac.kit.errors import Conflict, Invalid
from tgac.kit.tenancy import Principal, Right, require
from tgac.kit.tools import Tools
from tgac.kit.web.i18n import _

SECOND_LOOK: Final = timedelta(minutes=1)
"""A demotion between the first look and the commit would be told about a channel that is not known yet."""


@dataclass(frozen=True, slots=True)
class Connected:
    """The channel, and the bots that might serve it too but have no room."""

    channel: Channel
    left_out: list[LeftOut]


class Unfit(Invalid):
    """The channel cannot be served; `bot` is the one that it hangs on, where it hangs on one."""

    def __init__(self, code: str, bot: Eye | None = None) -> None:
        super().__init__(sentence(code, bot.username if bot else None), code=code, field="ref")
        self.bot = bot


class Known(Conflict):
    """The channel is served already: somebody was quicker, or it opened by itself when its admin added the bot."""

    def __init__(self, channel: Channel) -> None:
        super().__init__(_("This channel is in the project already."), code="channel_known", field="ref")
        self.ids = {"channel_id": channel.id}


async def connect_channel(tools: Tools, author: Principal, *, project_id: int, ref: str) -> Connected:
    """Take a channel into the project; one that is known and not active is claimed anew. Nothing is changed on failure.

    `ref` is what `refs.read_ref` reads. Raises Unfit with a code of `reasons.py`, Known, Conflict (no bot has room),
    Refused, and the Faults that waiting may mend.
    """
    async with tools.reading(author, project_id) as act:
        require(act, Right.EDIT)
        eyes = await eyes_of(act, (BotStatus.ACTIVE,))
        claimer = await telegram_id_of(act, author.user_id)
    target = read_ref(ref, link_base=tools.config.telegram_link_base)
    if claimer is None:
        raise Unfit(reasons.TELEGRAM_UNKNOWN)
    if not eyes:
        raise Unfit(reasons.NO_BOTS)
    seen = await inspect(tools.telegram, target, eyes=eyes, claimer=claimer)
    _require_fit(seen)
    async with tools.acting(author, project_id) as act:
        require(act, Right.EDIT)
        channel = await _claim(act, seen, target)
        left_out = await settle(act, channel, seen)
        if len(left_out) == len(seen.fit):
            raise await _no_room(act, left_out)
        check_soon(act, channel, run_after=act.now + SECOND_LOOK)
        return Connected(channel, left_out)


async def claim_channel(tools: Tools, author: Principal, *, project_id: int, channel_id: int) -> Channel:
    """The author of the call confirms that a channel of the project is theirs, and Telegram confirms that.

    The channel is then settled by what was seen: it opens, or says what is still missing. Nothing is changed on
    failure. Raises NotFound, Refused, Unfit, Conflict for an archived one, and the Faults that waiting may mend.
    """
    async with tools.reading(author, project_id) as act:
        require(act, Right.EDIT)
        known = await find_channel(act, channel_id)
        eyes = await eyes_of(act, LOOKING)
        claimer = await telegram_id_of(act, author.user_id)
    if known.state == ChannelState.ARCHIVED:
        raise Conflict(_("The channel is in the archive. Take it out first."), code="channel_archived")
    if claimer is None:
        raise Unfit(reasons.TELEGRAM_UNKNOWN)
    seen = await inspect(tools.telegram, target_of_channel(known), eyes=eyes, claimer=claimer)
    _require_claim(seen)
    async with tools.acting(author, project_id) as act:
        require(act, Right.EDIT)
        channel = await find_channel(act, channel_id, lock=True)
        channel.claimed_by, channel.client_telegram_id = author.user_id, None
        note(act, channel, "channel_claimed", {})
        await settle(act, channel, seen)
        return channel


def _require_claim(seen: Inspection) -> None:
    if seen.witness is None:
        failure = seen.failure
        raise Unfit(failure.code if failure else reasons.NO_BOTS, failure.bot if failure else None)
    if not seen.claimed:
        raise Unfit(reasons.NOT_YOUR_CHANNEL)


def _require_fit(seen: Inspection) -> None:
    if not seen.fit:
        assert seen.failure is not None, "there are bots, and none of them fits"
        raise Unfit(seen.failure.code, seen.failure.bot)
    if not seen.claimed:
        raise Unfit(reasons.NOT_YOUR_CHANNEL)


async def _claim(act: Act, seen: Inspection, target: int | str) -> Channel:
    """The channel's row, for the act's author. Raises Known when the channel is served already."""
    assert seen.channel is not None, "a bot that fits has seen the channel"
    assert act.principal is not None, "a channel is claimed by a person"
    known = select(Channel).where(Channel.telegram_id == seen.channel.id)
    channel: Channel | None = await act.session.scalar(known.with_for_update(key_share=True))
    channel = channel or await _named(act, target)
    if channel is None:
        channel = Channel(telegram_id=seen.channel.id, title="", state=ChannelState.PENDING, created_at=act.now)
        act.session.add(channel)
    elif channel.state == ChannelState.ACTIVE:
        raise Known(channel)
    elif channel.state == ChannelState.ARCHIVED:
        channel.state = ChannelState.PENDING
    channel.claimed_by, channel.client_telegram_id = act.principal.user_id, None
    return channel


async def _named(act: Act, target: int | str) -> Channel | None:
    """A row that waits under the very name that was given; another channel may have borne it before."""
    named = await channel_named(act, target)
    return named if named is not None and named.telegram_id is None else None


async def _no_room(act: Act, left_out: list[LeftOut]) -> Conflict:
    used = await seats_in_use(act, [bot.bot_id for bot in left_out])
    bot, limit = left_out[0], act.config.max_channels_per_bot
    words = _(
        "@%(bot)s serves %(used)s channels, and a bot may serve %(limit)s. Add another bot to this channel.",
        bot=bot.username,
        used=used.get(bot.bot_id, 0),
        limit=limit,
    )
    return Conflict(words, code=reasons.BOT_FULL, field="ref")
