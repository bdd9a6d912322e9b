"""How things stand in a channel, asked of Telegram itself. Nothing here is written, no act is open."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from tgac.channels import reasons
from tgac.kit.secrets import Secret
from tgac.kit.telegram.calls import Telegram
from tgac.kit.telegram.faults import RefusedBot, RefusedChat, RefusedMessage
from tgac.kit.telegram.types import ChatFull, Member, User

type _Asked = tuple[str, int, int | str, int | None]


@dataclass(frozen=True, slots=True)
class Eye:
    """A bot of the project to look with."""

    bot_id: int
    telegram_id: int
    username: str
    token: Secret


@dataclass(frozen=True, slots=True)
class Finding:
    """What a bot met: a code of `reasons.ORDER`, "" when it may sit there. `answer` is Telegram's to a refused bot."""

    bot: Eye
    code: str
    answer: str = ""


class Look:
    """One look at a channel, and what Telegram has answered so far: whoever is told to slow down, or gets no answer,
    goes on from there. Beginning anew would hardly ever end in a storm of 429s, and make it worse."""

    def __init__(self) -> None:
        self._known: dict[_Asked, Any] = {}

    async def chat(self, telegram: Telegram, eye: Eye, ref: int | str) -> ChatFull | None:
        """A channel or group; None where there is none for this bot."""
        return await self._once(("chat", eye.bot_id, ref, None), lambda: telegram.get_chat(eye.token, ref))

    async def member(self, telegram: Telegram, eye: Eye, *, chat_id: int, user_id: int) -> Member | None:
        """Somebody's standing there; None where Telegram does not tell."""
        asked = "member", eye.bot_id, chat_id, user_id
        return await self._once(asked, lambda: telegram.get_chat_member(eye.token, chat_id=chat_id, user_id=user_id))

    async def admins(self, telegram: Telegram, eye: Eye, chat_id: int) -> Sequence[Member] | None:
        """The administrators there; None where Telegram does not tell."""
        asked = "admins", eye.bot_id, chat_id, None
        return await self._once(asked, lambda: telegram.get_chat_administrators(eye.token, chat_id=chat_id))

    async def _once[T](self, asked: _Asked, call: Callable[[], Awaitable[T]]) -> T | None:
        if asked not in self._known:
            self._known[asked] = await _unless_refused(call())
        found: T | None = self._known[asked]
        return found


@dataclass(slots=True)
class Inspection:
    """The channel and its group as a bot with a place in both sees them, and what every bot met.

    `glimpse` is the channel as any bot sees it, `witness` the first bot that is an administrator there. `claimed`:
    whether the claiming person is creator or administrator of the channel, which nobody sees without a witness.
    `deleting`: the bots that may delete in the group, ours among them; None where nobody could look.
    """

    glimpse: ChatFull | None = None
    channel: ChatFull | None = None
    group: ChatFull | None = None
    witness: Eye | None = None
    findings: list[Finding] = field(default_factory=list)
    claimed: bool = False
    deleting: tuple[User, ...] | None = None
    look: Look = field(default_factory=Look)

    @property
    def fit(self) -> list[Eye]:
        """The bots that may sit there."""
        return [finding.bot for finding in self.findings if not finding.code]

    @property
    def failure(self) -> Finding | None:
        """Of the bots that may not, the one that came farthest."""
        failed = [finding for finding in self.findings if finding.code]
        return max(failed, key=lambda finding: reasons.ORDER.index(finding.code), default=None)


async def inspect(
    telegram: Telegram, ref: int | str, *, eyes: Sequence[Eye], claimer: int | None, look: Look | None = None
) -> Inspection:
    """Look at the channel `ref` with every bot; `claimer` is the Telegram id of the person who claims it.

    Raises the Faults that waiting may mend (not reached, slow down, a lost answer): then nothing is known but what
    `look` keeps for the next time.
    """
    seen = Inspection(look=look or Look())
    for eye in eyes:
        try:
            seen.findings.append(Finding(eye, await _standing(telegram, ref, eye=eye, seen=seen)))
        except RefusedBot as fault:
            seen.findings.append(Finding(eye, reasons.BOT_REFUSED, fault.description))
    if seen.witness and seen.channel and claimer is not None:
        member = await seen.look.member(telegram, seen.witness, chat_id=seen.channel.id, user_id=claimer)
        seen.claimed = member is not None and member.is_admin
    if seen.fit and seen.group:
        seen.deleting = await _deleting(telegram, seen.fit[0], seen.group, seen.look)
    return seen


async def _deleting(telegram: Telegram, eye: Eye, group: ChatFull, look: Look) -> tuple[User, ...] | None:
    """The group's administrators that are bots and may delete. What a plain member may do, Telegram shows nobody."""
    admins = await look.admins(telegram, eye, group.id)
    if admins is None:
        return None
    return tuple(one.user for one in admins if one.user.is_bot and one.can_delete_messages)


async def _standing(telegram: Telegram, ref: int | str, *, eye: Eye, seen: Inspection) -> str:
    # Asked anew until an administrator has: what a stranger is told of a channel need not be all of it.
    channel = seen.channel or await seen.look.chat(telegram, eye, ref)
    if channel is None:
        return reasons.CHAT_NOT_FOUND
    if channel.type != "channel":
        return reasons.NOT_A_CHANNEL
    seen.glimpse = channel
    if problem := channel_standing(await seen.look.member(telegram, eye, chat_id=channel.id, user_id=eye.telegram_id)):
        return problem
    if seen.channel is None:
        seen.channel, seen.witness = channel, eye
    return await _standing_in_group(telegram, channel, eye=eye, seen=seen)


async def _standing_in_group(telegram: Telegram, channel: ChatFull, *, eye: Eye, seen: Inspection) -> str:
    if channel.linked_chat_id is None:
        return reasons.NO_GROUP
    group = seen.group or await seen.look.chat(telegram, eye, channel.linked_chat_id)
    if group is None:
        return reasons.BOT_NOT_IN_GROUP
    if group.linked_chat_id != channel.id:
        return reasons.GROUP_MISMATCH
    seen.group = group
    return group_standing(await seen.look.member(telegram, eye, chat_id=group.id, user_id=eye.telegram_id))


def group_standing(member: Member | None) -> str:
    """What keeps a bot with that standing from commenting in a group; "" if nothing does."""
    if member is None or not member.is_admin:
        return reasons.BOT_NOT_IN_GROUP
    return reasons.BOT_ANONYMOUS if member.is_anonymous else ""


def channel_standing(member: Member | None) -> str:
    """What keeps a bot with that standing from serving a channel; "" if nothing does."""
    return "" if member is not None and member.is_admin else reasons.BOT_NOT_IN_CHANNEL


async def _unless_refused[T](call: Awaitable[T]) -> T | None:
    """The answer; None where Telegram says that there is no such thing for this bot."""
    try:
        return await call
    except (RefusedChat, RefusedMessage):
        return None
