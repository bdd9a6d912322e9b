"""A list of tokens: taken in at once, asked for one by one, because Telegram counts the tokens that an address begins
to use (about 20 a minute). What is still to be asked stands sealed in its line, so a crash loses nothing, and a line's
bot and its outcome are written together, so nothing is done twice.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from sqlalchemy import Select, func, select, update

from tgac.bots.account import account_behind, bot_id_of, well_formed
from tgac.bots.forms import MAX_LINES
from tgac.bots.jobs import ImportBots
from tgac.bots.models import Bot, BotImport, BotImportLine
from tgac.bots.outcomes import ADDED, KNOWN, REFUSED, REPEATED, UNREACHED
from tgac.bots.service import home_of, take_in
from tgac.journal.service import record
from tgac.kit.act import Act
from tgac.kit.errors import AppError, Conflict, Invalid, NotFound, Refused
from tgac.kit.queue.jobs import Cancel, Done, Outcome, Snooze
from tgac.kit.secrets import Secret
from tgac.kit.telegram.faults import Fault, SlowDown
from tgac.kit.telegram.types import User
from tgac.kit.tenancy import EVERYONE, NO_PROJECT, Principal, Right, require
from tgac.kit.tools import Tools
from tgac.kit.web.i18n import _
from tgac.people.queries import principal_of

PACE: Final = timedelta(seconds=3)
"""Between two tokens, over all lists of the installation."""
TRIES: Final = 3
AGAIN_S: Final = 20.0
"""After so many silences of Telegram, so far apart, the rest of the list is given up and told."""


async def begin_import(act: Act, text: str) -> BotImport:
    """Take in a list, one token per line; empty lines and `#` lines are skipped. What needs no asking is told at once.

    Raises Refused, Invalid (field `text`) for too many lines or none, Conflict (`import_under_way`).
    """
    require(act, Right.EDIT)
    assert act.principal is not None, "a list is sent by a person"
    lines = text.splitlines()
    if len(lines) > MAX_LINES:
        raise Invalid(_("Send at most %(limit)s lines at once.", limit=MAX_LINES), code="too_many_lines", field="text")
    written = [
        (number, line.strip()) for number, line in enumerate(lines, 1) if line.strip() and line.strip()[0] != "#"
    ]
    if not written:
        raise Invalid(_("There is no token in this list."), field="text")
    if await import_under_way(act) is not None:
        raise Conflict(
            _("Another list is still being worked through. Wait for it."), code="import_under_way", field="text"
        )
    began = BotImport(user_id=act.principal.user_id, created_at=act.now)
    act.session.add(began)
    await act.flush()
    await _write_lines(act, began, written)
    await act.flush()
    record(act, "bots_import_began", {"count": len(written)})
    if not await _finish_if_done(act, began):
        act.enqueue(ImportBots(act.project_id, began.id), key=f"import:{began.id}")
    return began


async def _write_lines(act: Act, began: BotImport, written: Iterable[tuple[int, str]]) -> None:
    known = {row.telegram_id: row.id for row in await act.session.execute(select(Bot.telegram_id, Bot.id))}
    seen: set[str] = set()
    for number, text in written:
        line = BotImportLine(import_id=began.id, line=number)
        act.session.add(line)
        try:
            token = well_formed(text)
        except Invalid as error:
            line.outcome = error.code
            continue
        if text in seen:
            line.outcome = REPEATED
        elif bot_id_of(token) in known:
            line.outcome, line.bot_id = KNOWN, known[bot_id_of(token)]
        else:
            line.token_sealed = act.keys.seal(token, _context(line, act.project_id))
        seen.add(text)


async def stop_import(act: Act, import_id: int) -> BotImport:
    """Ask for no further line; what is added stays. Raises NotFound, Refused."""
    require(act, Right.EDIT)
    began = await find_import(act, import_id)
    if began.finished_at is None:
        await _give_up(act, began, UNREACHED)
    return began


async def import_bots(tools: Tools, job: ImportBots) -> Outcome:
    """Handles ImportBots: one line, then again after a while, until none is left."""
    wait_s = await _turn(tools)
    if wait_s > 0:
        return Snooze(wait_s)
    async with tools.acting(None, job.project_id) as act:
        try:
            began = await find_import(act, job.import_id)
        except NotFound:
            return Cancel("the list is gone")
        line = await act.session.scalar(_waiting(began.id).order_by(BotImportLine.line).limit(1))
        if await _finish_if_done(act, began) or line is None:
            return Done()
        line.asked_at = act.now
    author = await _author(tools, began)
    if author is None:
        return await _end_all(tools, began, REFUSED)
    return await _ask(tools, author, line, began=began)


async def _turn(tools: Tools) -> float:
    """Seconds until the next token may be asked for: Telegram counts the address, whosever tokens they are."""
    async with tools.reading(None, EVERYONE) as act:
        last = await act.session.scalar(select(func.max(BotImportLine.asked_at)))
        return (last + PACE - act.now).total_seconds() if last else 0.0


async def _author(tools: Tools, began: BotImport) -> Principal | None:
    async with tools.reading(None, NO_PROJECT) as act:
        return await principal_of(act, began.user_id)


@dataclass(frozen=True, slots=True)
class _Answer:
    """What Telegram told of a token: whose it is, or what is wrong with it."""

    token: Secret
    account: User | None = None
    problem: AppError | None = None


async def _ask(tools: Tools, author: Principal, line: BotImportLine, *, began: BotImport) -> Outcome:
    try:
        answer = await _answer(tools, line)
    except SlowDown as fault:
        return Snooze(fault.retry_after)
    except Fault:
        return await _not_reached(tools, line, began)
    except ValueError:  # the key that it was sealed with is gone
        return await _end_all(tools, began, UNREACHED)
    return await _settle(tools, author, line, answer=answer)


async def _answer(tools: Tools, line: BotImportLine) -> _Answer:
    assert line.token_sealed is not None, "a line that waits holds its token"
    token = tools.keys.open(line.token_sealed, _context(line, line.project_id))
    try:
        account = await account_behind(tools, token)
    except Invalid as problem:
        return _Answer(token, problem=problem)
    home = await home_of(tools, account)
    if home is None:
        await tools.telegram.delete_webhook(token)
    elif home != line.project_id:
        return _Answer(token, problem=Conflict("", code="bot_taken"))
    return _Answer(token, account)


async def _settle(tools: Tools, author: Principal, line: BotImportLine, *, answer: _Answer) -> Outcome:
    """The bot and the outcome of its line, in one act."""
    try:
        async with tools.acting(author, line.project_id) as act:
            require(act, Right.EDIT)
            mine = await act.session.get_one(BotImportLine, line.id, with_for_update=True)
            if mine.outcome is None:
                await _write_outcome(act, mine, answer)
                await act.flush()
            done = await _finish_if_done(act, await find_import(act, line.import_id))
    except (Refused, NotFound):
        async with tools.acting(None, line.project_id) as act:
            await _give_up(act, await find_import(act, line.import_id), REFUSED)
        return Done()
    return Done() if done else Snooze(PACE.total_seconds())


async def _write_outcome(act: Act, line: BotImportLine, answer: _Answer) -> None:
    line.token_sealed = None
    if answer.account is None:
        line.outcome = answer.problem.code if answer.problem else UNREACHED
        return
    line.username = answer.account.username
    known = await act.session.scalar(select(Bot).where(Bot.telegram_id == answer.account.id))
    line.outcome = KNOWN if known else ADDED
    line.bot_id = (known or await take_in(act, answer.token, answer.account)).id


async def _not_reached(tools: Tools, line: BotImportLine, began: BotImport) -> Outcome:
    async with tools.acting(None, line.project_id) as act:
        mine = await act.session.get_one(BotImportLine, line.id, with_for_update=True)
        mine.tries += 1
        if mine.tries < TRIES:
            return Snooze(AGAIN_S)
    return await _end_all(tools, began, UNREACHED)


async def _end_all(tools: Tools, began: BotImport, outcome: str) -> Outcome:
    async with tools.acting(None, began.project_id) as act:
        await _give_up(act, await find_import(act, began.id), outcome)
    return Done()


async def _give_up(act: Act, began: BotImport, outcome: str) -> None:
    open_lines = (BotImportLine.import_id == began.id) & BotImportLine.outcome.is_(None)
    await act.session.execute(update(BotImportLine).where(open_lines).values(outcome=outcome, token_sealed=None))
    await _finish_if_done(act, began)


async def _finish_if_done(act: Act, began: BotImport) -> bool:
    if began.finished_at is None and await act.session.scalar(_waiting(began.id).limit(1)) is None:
        began.finished_at = act.now
    return began.finished_at is not None


def _waiting(import_id: int) -> Select[BotImportLine]:
    return select(BotImportLine).where(BotImportLine.import_id == import_id, BotImportLine.outcome.is_(None))


async def find_import(act: Act, import_id: int) -> BotImport:
    """A list that was sent. Raises NotFound."""
    found = await act.session.scalar(select(BotImport).where(BotImport.id == import_id))
    if found is None:
        raise NotFound(_("There is nothing here, or it is not yours."))
    return found


async def lines_of(act: Act, import_id: int) -> list[BotImportLine]:
    """The lines of a list, in its order."""
    asked = select(BotImportLine).where(BotImportLine.import_id == import_id).order_by(BotImportLine.line)
    return list(await act.session.scalars(asked))


async def import_under_way(act: Act) -> BotImport | None:
    """The project's list that is being worked through."""
    asked = select(BotImport).where(BotImport.finished_at.is_(None)).limit(1)
    found: BotImport | None = await act.session.scalar(asked)
    return found


def _context(line: BotImportLine, project_id: int) -> str:
    return f"bot_import_lines.token_sealed:{project_id}:{line.import_id}:{line.line}"
