"""One thing done with many bots, and what came of it for each."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import select

from tgac.bots.forms import Action, BotOrder
from tgac.bots.jobs import check_places_soon, check_soon
from tgac.bots.models import Bot
from tgac.bots.queries import bots_like
from tgac.bots.service import assign_proxy, describe_bot, pause_bot, remove_bot, resume_bot
from tgac.bots.tags import clean_tags
from tgac.kit.act import Act
from tgac.kit.errors import AppError, Invalid
from tgac.kit.tenancy import Right, require
from tgac.kit.web.i18n import _
from tgac.proxies.queries import find_proxy


@dataclass(frozen=True, slots=True)
class Told:
    """What came of it for one bot: `code` and `message` say why nothing was done; "" where it was."""

    bot_id: int
    username: str = ""
    code: str = ""
    message: str = ""

    @property
    def name(self) -> str:
        """What people call it."""
        return f"@{self.username}" if self.username else str(self.bot_id)

    @property
    def ok(self) -> bool:
        """Whether it was done."""
        return not self.code


type _Verb = Callable[[Act, Bot, BotOrder], Awaitable[object]]


async def order_bots(act: Act, order: BotOrder) -> list[Told]:
    """Do it with each bot that is meant. What cannot be done with one is told and keeps no other from it.

    Raises Refused, Invalid, NotFound for a proxy that is not there.
    """
    require(act, Right.EDIT)
    await _require_sense(act, order)
    bots = await _meant(act, order)
    told = [await _tried(act, bot, order) for bot in bots]
    known = {bot.id for bot in bots}
    missing = [Told(bot_id, code="not_found", message=_("It is not there.")) for bot_id in order.ids or ()]
    return told + [one for one in dict.fromkeys(missing) if one.bot_id not in known]


async def _require_sense(act: Act, order: BotOrder) -> None:
    if (order.ids is None) == (order.filter is None):
        raise Invalid(_("Name the bots, or the filter that they match."), field="ids")
    if order.action in ("tag", "untag") and not clean_tags(order.tags):
        raise Invalid(_("Write the tags."), field="tags")
    if order.action == "proxy" and order.proxy_id is not None:
        await find_proxy(act, order.proxy_id)


async def _meant(act: Act, order: BotOrder) -> list[Bot]:
    if order.filter is not None:
        asked = bots_like(order.filter, now=act.now, limit=act.config.max_channels_per_bot)
    else:
        asked = select(Bot).where(Bot.id.in_(order.ids or ()))
    return list(await act.session.scalars(asked.order_by(Bot.id)))


async def _tried(act: Act, bot: Bot, order: BotOrder) -> Told:
    """Verbs refuse before they write, so one that is refused leaves nothing behind in the act.

    Where somebody was faster, what was written before cannot stay either: all of it is refused.
    """
    bot_id, username = bot.id, bot.username
    try:
        await _VERBS[order.action](act, bot, order)
    except AppError as error:
        if not act.session.is_active:
            raise
        return Told(bot_id, username, error.code, error.message)
    return Told(bot_id, username)


async def _pause(act: Act, bot: Bot, order: BotOrder) -> None:
    await pause_bot(act, bot.id)


async def _resume(act: Act, bot: Bot, order: BotOrder) -> None:
    await resume_bot(act, bot.id)


async def _check(act: Act, bot: Bot, order: BotOrder) -> None:
    check_soon(act, bot)
    check_places_soon(act, bot)


async def _tag(act: Act, bot: Bot, order: BotOrder) -> None:
    await describe_bot(act, bot.id, tags=[*bot.tag_list, *order.tags])


async def _untag(act: Act, bot: Bot, order: BotOrder) -> None:
    taken = set(clean_tags(order.tags))
    await describe_bot(act, bot.id, tags=[tag for tag in bot.tag_list if tag not in taken])


async def _proxy(act: Act, bot: Bot, order: BotOrder) -> None:
    await assign_proxy(act, bot.id, order.proxy_id)


async def _remove(act: Act, bot: Bot, order: BotOrder) -> None:
    await remove_bot(act, bot.id)


_VERBS: Final[Mapping[Action, _Verb]] = {
    "pause": _pause,
    "resume": _resume,
    "check": _check,
    "tag": _tag,
    "untag": _untag,
    "proxy": _proxy,
    "remove": _remove,
}
