"""Looking whether bots are well: every bot each hour, and when a person asks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import batched, groupby
from typing import Final, NamedTuple

from sqlalchemy import delete, select

from tgac.bots.account import silent
from tgac.bots.jobs import EVERY_S, SLICE_S, TOGETHER, CheckBot, CheckBots, check_places_soon, check_soon
from tgac.bots.models import Bot, BotImport, ManagedRequest
from tgac.bots.queries import bots_numbered, find_bot
from tgac.bots.service import mark_bot_refused, revive, token_of
from tgac.journal.service import record
from tgac.kit.act import Act
from tgac.kit.db.many import set_all
from tgac.kit.errors import Conflict, NotFound
from tgac.kit.queue.jobs import Cancel, Done, Outcome, Snooze
from tgac.kit.telegram.faults import Fault, RefusedBot, SlowDown
from tgac.kit.telegram.types import User
from tgac.kit.tenancy import EVERYONE, Principal, Right, require
from tgac.kit.tools import Tools
from tgac.kit.web.i18n import _

LOOK_AGAIN_S: Final = 60.0
"""One failure says little: the bot is asked once more before anybody is told."""
_KEPT: Final = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What came of asking: the account, or Telegram's refusal of it, or what else went wrong."""

    account: User | None = None
    refusal: RefusedBot | None = None
    fault: Fault | None = None
    problem: str = ""


class _Looked(NamedTuple):
    """A bot as it was when the look at it began, and what came of it."""

    known: Bot
    answer: _Answer


async def check_bot(tools: Tools, author: Principal, *, project_id: int, bot_id: int) -> Bot:
    """Ask Telegram whether the bot is well, and have its rights looked at in every channel that it serves.

    A refused one becomes REVOKED, a REVOKED one that is well ACTIVE (or PAUSED, if it was).
    Raises NotFound, Refused, Unavailable, Conflict (`token_not_opened`).
    """
    async with tools.acting(author, project_id) as act:
        require(act, Right.EDIT)
        check_places_soon(act, await find_bot(act, bot_id))
    bot, answer = await _look(tools, project_id=project_id, bot_id=bot_id)
    if answer.fault is not None:
        raise silent(answer.fault)
    if answer.problem:
        raise Conflict(answer.problem, code="token_not_opened")
    return bot


async def look_at_bot(tools: Tools, job: CheckBot) -> Outcome:
    """Handles CheckBot."""
    try:
        bot, answer = await _look(tools, project_id=job.project_id, bot_id=job.bot_id)
    except NotFound:
        return Cancel("the bot is gone")
    if isinstance(answer.fault, SlowDown):
        return Snooze(answer.fault.retry_after)
    return Snooze(LOOK_AGAIN_S) if bot.failing_since and bot.failing_since == bot.health_at else Done()


async def look_at_bots(tools: Tools, job: CheckBots) -> Outcome:
    """Handles CheckBots."""
    async with tools.acting(None, EVERYONE) as act:
        every = await act.session.scalars(select(Bot).order_by(Bot.project_id, Bot.id))
        for _project, bots in groupby(every, lambda bot: bot.project_id):
            for several in batched(bots, TOGETHER):
                moment = act.now + timedelta(seconds=tools.dice.randrange(0, EVERY_S, SLICE_S))
                for bot in several:
                    check_soon(act, bot, run_after=moment)
        await act.session.execute(delete(ManagedRequest).where(ManagedRequest.expires_at < act.now - _KEPT))
        await act.session.execute(delete(BotImport).where(BotImport.finished_at < act.now - _KEPT))
    return Done()


async def _look(tools: Tools, *, project_id: int, bot_id: int) -> tuple[Bot, _Answer]:
    """Looks that begin or end at the same moment in a project are read, or written, together. Raises NotFound."""
    asked = await tools.together(_known)(project_id, bot_id)
    answer = await _asked(tools, _there(asked))
    return _there(await tools.together(_take_down)(project_id, _Looked(_there(asked), answer))), answer


def _there(bot: Bot | None) -> Bot:
    if bot is None:
        raise NotFound(_("There is nothing here, or it is not yours."))
    return bot


async def _known(tools: Tools, project_id: int, bot_ids: Sequence[int]) -> list[Bot | None]:
    async with tools.reading(None, project_id) as act:
        bots = await bots_numbered(act, bot_ids)
    return [bots.get(bot_id) for bot_id in bot_ids]


async def _take_down(tools: Tools, project_id: int, looks: Sequence[_Looked]) -> list[Bot | None]:
    """Write what came of each look, unless the bot has another token by now."""
    async with tools.acting(None, project_id) as act:
        bots = await bots_numbered(act, {look.known.id for look in looks}, lock=True)
        told = {look.known.id: look.answer for look in looks if _tells(look, bots.get(look.known.id))}
        for bot_id, answer in told.items():
            await _write(act, bots[bot_id], answer)
        await set_all(act.session, [bots[bot_id] for bot_id in told], health_at=act.now)
    return [bots.get(look.known.id) for look in looks]


def _tells(look: _Looked, bot: Bot | None) -> bool:
    """Whether a look tells anything of the bot as it is now; the last of several that do is written."""
    is_the_same = bot is not None and bot.token_sealed == look.known.token_sealed
    return is_the_same and not isinstance(look.answer.fault, SlowDown)


async def _asked(tools: Tools, bot: Bot) -> _Answer:
    try:
        token = token_of(tools.keys, bot)
    except ValueError:
        return _Answer(problem=_("Its token cannot be opened any more. Put it in again."))
    try:
        return _Answer(account=await tools.telegram.get_me(token))
    except RefusedBot as refusal:
        return _Answer(refusal=refusal)
    except Fault as fault:
        return _Answer(fault=fault, problem=fault.description or fault.code)


async def _write(act: Act, bot: Bot, answer: _Answer) -> None:
    if answer.account is not None:
        if _was_told(bot):
            record(act, "bot_well", {"username": bot.username}, bot_id=bot.id)
        revive(bot, answer.account)
    elif answer.refusal is not None:
        refusal = answer.refusal
        await mark_bot_refused(act, bot.id, refusal.description, is_gone=refusal.reason == "frozen")
    else:
        _note_failure(act, bot, answer.problem)


def _note_failure(act: Act, bot: Bot, problem: str) -> None:
    """The first failure is only written down, the second in a row is told, the later ones are known."""
    if bot.failing_since is not None and not _was_told(bot):
        record(act, "bot_failing", {"username": bot.username, "reason": problem[:300]}, bot_id=bot.id)
    bot.failing_since = bot.failing_since or act.now
    if not bot.is_gone:
        bot.reason = problem[:300]


def _was_told(bot: Bot) -> bool:
    return bot.failing_since is not None and bot.failing_since != bot.health_at
