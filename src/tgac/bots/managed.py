"""Bots that a person makes through a link of the service bot (managed bots).

The link names nobody. So a person first asks for it here, which leaves a row with their Telegram id; when Telegram
tells that somebody has made a bot, it is matched on that id: by the suggested username first, then the newest request.
"""

import re
import unicodedata
from dataclasses import dataclass
from datetime import timedelta
from html import escape
from typing import Final

from sqlalchemy import func, select

from tgac.bots.account import silent
from tgac.bots.invitations import invitations
from tgac.bots.jobs import TakeManagedBot
from tgac.bots.models import Bot, ManagedRequest
from tgac.bots.outcomes import ADDED, NOT_GIVEN, REFUSED
from tgac.bots.service import mark_bot_refused, put_token, take_in, token_of
from tgac.kit.act import Act
from tgac.kit.config import Config
from tgac.kit.errors import Conflict, Invalid, NotFound, Refused
from tgac.kit.log import log
from tgac.kit.queue.jobs import Done, Outcome, Snooze
from tgac.kit.secrets import Secret, new_number
from tgac.kit.telegram.faults import Ambiguous, Conflicted, Fault, NotSent, SlowDown
from tgac.kit.telegram.links import new_bot_link
from tgac.kit.telegram.types import Button, Keyboard, Look, ManagedBotUpdate, User
from tgac.kit.tenancy import EVERYONE, NO_PROJECT, RIGHTS, Principal, Right, require
from tgac.kit.tools import Tools
from tgac.kit.web.i18n import _, using
from tgac.people.models import Project
from tgac.people.models import User as Person
from tgac.people.queries import find_role, principal_of

OPEN_FOR: Final = timedelta(hours=1)
MAX_OPEN: Final = 20
"""As many bots as Telegram lets a person have."""
AGAIN_S: Final = 30.0
_USERNAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]{1,28}[Bb][Oo][Tt]")


@dataclass(frozen=True, slots=True)
class Said:
    """What the person is told in Telegram's HTML; `bot` when it is in the project and waits to be invited."""

    html: str
    bot: Bot | None = None


async def request_managed_bot(
    tools: Tools, author: Principal, *, project_id: int, name: str = "", username: str = ""
) -> ManagedRequest:
    """Ask for a bot that its author makes with one tap in Telegram; it comes into the project by itself.

    Raises Refused, Invalid (field `name` or `username`), Conflict (`telegram_unknown`, `management_off`,
    `too_many_open`), Unavailable.
    """
    async with tools.reading(author, project_id) as act:
        require(act, Right.EDIT)
        project = await act.session.get_one(Project, project_id)
    wanted = _suggested_username(username)
    manager = await _manager(tools)
    async with tools.acting(author, project_id) as act:
        require(act, Right.EDIT)
        row = await _written(act, author, username=wanted, name=_suggested_name(name, project.name))
        row.manager = manager
        await act.flush()
        return row


async def open_requests(act: Act, user_id: int) -> list[ManagedRequest]:
    """What this user has asked for in the project and what is still shown: open ones, and those with an outcome."""
    asked = select(ManagedRequest).where(ManagedRequest.user_id == user_id, ManagedRequest.expires_at > act.now)
    return list(await act.session.scalars(asked.order_by(ManagedRequest.id.desc())))


async def withdraw_request(act: Act, request_id: int) -> None:
    """The author of the act no longer wants that bot. Raises NotFound, Refused."""
    require(act, Right.EDIT)
    row = await act.session.scalar(select(ManagedRequest).where(ManagedRequest.id == request_id))
    if row is None or act.principal is None or row.user_id != act.principal.user_id:
        raise NotFound(_("There is nothing here, or it is not yours."))
    await act.session.delete(row)
    await act.flush()


def deeplink_of(config: Config, row: ManagedRequest) -> str:
    """Where the person says yes in Telegram."""
    return new_bot_link(config.telegram_link_base, row.manager, username=row.username, name=row.name)


async def managed_bot_changed(tools: Tools, update_id: int, update: ManagedBotUpdate) -> None:
    """Leave what Telegram told to a job: the token is fetched outside of the intake, and again until it is there."""
    person, bot = update.user, update.bot
    language = (person.language_code or "").partition("-")[0]
    async with tools.acting(None, NO_PROJECT) as act:
        job = TakeManagedBot(person.id, language, bot.id, bot.username or "")
        act.enqueue(job, key=f"managed:{update_id}")


async def take_managed_bot(tools: Tools, job: TakeManagedBot) -> Outcome:
    """Handles TakeManagedBot: the bot comes into the project that asked, or gets its fresh token there."""
    async with tools.reading(None, EVERYONE) as act:
        known = await act.session.scalar(select(Bot).where(Bot.telegram_id == job.telegram_id))
        asked = await _request_for(act, job) if known is None else None
    with using(job.language):
        try:
            said = await _taken(tools, job, known=known, asked=asked)
        except SlowDown as fault:
            return Snooze(fault.retry_after)
        except (NotSent, Ambiguous, Conflicted):
            return Snooze(AGAIN_S)
        if said is not None:
            await _tell(tools, job, said)
    return Done()


async def _taken(tools: Tools, job: TakeManagedBot, *, known: Bot | None, asked: ManagedRequest | None) -> Said | None:
    if known is not None:
        # A token that its owner took back from a project where somebody had pasted it is nobody's to put in again.
        return await _renew(tools, job, known) if known.owner_id == job.person_id else None
    return await _add(tools, job, asked) if asked else await _unasked(tools, job)


async def _manager(tools: Tools) -> str:
    """The service bot's username. Raises Conflict when it may not make bots, Unavailable."""
    try:
        service = await tools.telegram.get_me(tools.config.telegram_bot_token)
    except Fault as fault:
        raise silent(fault) from None
    if not service.can_manage_bots:
        words = _(
            "Open @BotFather, choose @%(bot)s, Bot Settings, and switch on Bot Management Mode; then try again.",
            bot=service.username or "",
        )
        raise Conflict(words, code="management_off")
    return service.username or ""


async def _written(act: Act, author: Principal, *, username: str, name: str) -> ManagedRequest:
    telegram_id = await act.session.scalar(select(Person.telegram_id).where(Person.id == author.user_id))
    if telegram_id is None:
        words = _("Sign in with Telegram first: the bot is recognised by who made it.")
        raise Conflict(words, code="telegram_unknown")
    mine = (ManagedRequest.user_id == author.user_id, ManagedRequest.outcome.is_(None))
    living = select(ManagedRequest).where(*mine, ManagedRequest.expires_at > act.now)
    row = await act.session.scalar(living.where(func.lower(ManagedRequest.username) == username.lower()))
    if row is None:
        if (await act.session.scalar(select(func.count()).select_from(living.subquery())) or 0) >= MAX_OPEN:
            words = _("So many bots wait for your yes in Telegram already: %(limit)s.", limit=MAX_OPEN)
            raise Conflict(words, code="too_many_open")
        row = ManagedRequest(user_id=author.user_id, telegram_id=telegram_id, username=username, created_at=act.now)
        act.session.add(row)
    row.name, row.telegram_id, row.expires_at = name, telegram_id, act.now + OPEN_FOR
    return row


def _suggested_username(wanted: str) -> str:
    wanted = wanted.strip().removeprefix("@")
    if not wanted:
        return f"desk_{new_number(8)}_bot"
    if not _USERNAME.fullmatch(wanted):
        words = _("A bot's username is 5 to 32 of A-Z a-z 0-9 _, begins with a letter and ends with “bot”.")
        raise Invalid(words, field="username")
    return wanted


def _suggested_name(wanted: str, project: str) -> str:
    shown = "".join(c for c in wanted.strip() or project if unicodedata.category(c)[0] != "C")
    if not shown.strip():
        raise Invalid(_("Write a name that can be read."), field="name")
    return shown[:64]


async def _request_for(act: Act, job: TakeManagedBot) -> ManagedRequest | None:
    asked = select(ManagedRequest).where(
        ManagedRequest.telegram_id == job.person_id,
        ManagedRequest.outcome.is_(None),
        ManagedRequest.expires_at > act.now,
    )
    by_name = func.lower(ManagedRequest.username) == job.username.lower()
    found: ManagedRequest | None = await act.session.scalar(
        asked.order_by(by_name.desc(), ManagedRequest.id.desc()).limit(1)
    )
    return found


async def _add(tools: Tools, job: TakeManagedBot, asked: ManagedRequest) -> Said:
    """What the person is told. Raises the Faults that waiting may mend."""
    got = await _fetched(tools, job)
    if isinstance(got, str):
        await _close(tools, asked, NOT_GIVEN)
        return Said(_("Telegram does not give the token of @%(bot)s: %(answer)s", bot=job.username, answer=escape(got)))
    token, account = got
    async with tools.reading(None, NO_PROJECT) as act:
        author = await principal_of(act, asked.user_id)
    try:
        if author is None:
            raise Refused("")
        async with tools.acting(author, asked.project_id) as act:
            bot = await take_in(act, token, account, owner_id=job.person_id)
            await _note_outcome(act, asked, ADDED, bot_id=bot.id)
            project = await act.session.get_one(Project, asked.project_id)
    except (Refused, NotFound):
        await _close(tools, asked, REFUSED)
        return Said(_("You may not add bots to that project any more, so @%(bot)s was not added.", bot=job.username))
    words = _("@%(bot)s is in the project “%(project)s”. Now add it to your channel and to its discussion group.")
    return Said(words % {"bot": bot.username, "project": escape(project.name)}, bot)


async def _close(tools: Tools, asked: ManagedRequest, outcome: str) -> None:
    async with tools.acting(None, asked.project_id) as act:
        await _note_outcome(act, asked, outcome)


async def _note_outcome(act: Act, asked: ManagedRequest, outcome: str, *, bot_id: int | None = None) -> None:
    row = await act.session.get(ManagedRequest, asked.id)
    if row is not None:
        row.outcome, row.bot_id = outcome, bot_id


async def _renew(tools: Tools, job: TakeManagedBot, known: Bot) -> Said | None:
    """Its owner has given it another token, which is put in while they may still change the project."""
    got = await _fetched(tools, job)
    if not isinstance(got, str) and _is_its_token(tools, known, got[0]):
        return None
    async with tools.acting(None, known.project_id) as act:
        if isinstance(got, str) or not await _may_still_edit(act, job.person_id):
            answer = got if isinstance(got, str) else _("Its owner has given it another token.")
            await mark_bot_refused(act, known.id, answer)
            return None
        token, account = got
        await put_token(act, known.id, token, account=account)
    return Said(_("@%(bot)s goes on with its other token.", bot=account.username or ""))


def _is_its_token(tools: Tools, bot: Bot, token: Secret) -> bool:
    try:
        return token_of(tools.keys, bot) == token
    except ValueError:
        return False


async def _may_still_edit(act: Act, person_id: int) -> bool:
    user_id = await act.session.scalar(select(Person.id).where(Person.telegram_id == person_id))
    author = await principal_of(act, user_id) if user_id is not None else None
    role = await find_role(act.session, author, act.project_id) if author else None
    return role is not None and Right.EDIT in RIGHTS[role]


async def _fetched(tools: Tools, job: TakeManagedBot) -> tuple[Secret, User] | str:
    """The token and whose it is, or why Telegram does not give it. Raises the Faults that waiting may mend."""
    try:
        token = await tools.telegram.get_managed_bot_token(tools.config.telegram_bot_token, bot_id=job.telegram_id)
        await tools.telegram.delete_webhook(token)
        return token, await tools.telegram.get_me(token)
    except (SlowDown, NotSent, Ambiguous, Conflicted):
        raise
    except Fault as fault:
        return fault.description


async def _unasked(tools: Tools, job: TakeManagedBot) -> Said | None:
    async with tools.reading(None, NO_PROJECT) as act:
        user_id = await act.session.scalar(select(Person.id).where(Person.telegram_id == job.person_id))
    if user_id is None:
        return None
    words = _("Nobody asked for @%(bot)s in the panel, so it was not added. Ask for it there first.", bot=job.username)
    return Said(words)


async def _tell(tools: Tools, job: TakeManagedBot, said: Said) -> None:
    keyboard: Keyboard = ()
    if said.bot is not None:
        links = invitations(tools.config, said.bot)
        channel, group = Button(_("Add to a channel"), url=links.channel), Button(_("Add to a group"), url=links.group)
        keyboard = ((channel,), (group,))
    token, look = tools.config.telegram_bot_token, Look(keyboard, link_preview=False)
    try:
        await tools.telegram.send_message(token, chat_id=job.person_id, html=said.html, look=look)
    except Fault as fault:
        log().warning("person_not_told", method=fault.method, error=fault.description)
