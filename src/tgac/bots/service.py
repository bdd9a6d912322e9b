"""What can be done with bots. Telegram is asked while no act is open."""

import re

from sqlalchemy import select

from tgac.bots.models import Bot, BotStatus
from tgac.bots.queries import find_bot
from tgac.journal.service import record
from tgac.kit.act import Act
from tgac.kit.errors import Conflict, Invalid, Unavailable
from tgac.kit.secrets import Keys, Secret
from tgac.kit.telegram.faults import BY_PROXY, Bug, Fault, RefusedBot
from tgac.kit.telegram.types import User
from tgac.kit.tenancy import EVERYONE, Principal, Right, require
from tgac.kit.tools import Tools
from tgac.kit.web.i18n import _
from tgac.proxies.service import send_straight, send_through

_TOKEN = re.compile(r"[0-9]{5,16}:[A-Za-z0-9_-]{30,50}")


async def connect_bot(tools: Tools, author: Principal, *, project_id: int, token: str) -> Bot:
    """Take a bot into the project by its token. Nothing is changed on failure.

    Raises Invalid or Conflict (field `token`), Refused, Unavailable when Telegram cannot be asked.
    """
    async with tools.reading(author, project_id) as act:
        require(act, Right.EDIT)
    secret = _well_formed(token)
    account = await _account_behind(tools, secret)
    await _require_free(tools, account, project_id=project_id)
    await _listen_by_polling(tools, secret)
    async with tools.acting(author, project_id) as act:
        require(act, Right.EDIT)
        bot = Bot(telegram_id=account.id, status=BotStatus.ACTIVE, created_at=act.now)
        _learn(act, bot, account)
        bot.token_sealed = act.keys.seal(secret, _context(project_id, account.id))
        act.session.add(bot)
        await act.flush()
        record(act, "bot_connected", {"username": bot.username}, bot_id=bot.id)
        return bot


def token_of(keys: Keys, bot: Bot) -> Secret:
    """The bot's token. Raises ValueError when the key that it was sealed with is gone."""
    return keys.open(bot.token_sealed, _context(bot.project_id, bot.telegram_id))


async def check_bot(tools: Tools, author: Principal, *, project_id: int, bot_id: int) -> Bot:
    """Ask Telegram whether the bot is well: a refused one becomes REVOKED, a REVOKED one that is well ACTIVE.

    Raises NotFound, Refused, Unavailable.
    """
    async with tools.reading(author, project_id) as act:
        require(act, Right.EDIT)
        asked = await find_bot(act, bot_id)
    account, refusal = None, ""
    try:
        account = await tools.telegram.get_me(token_of(tools.keys, asked))
    except RefusedBot as fault:
        refusal = fault.description
    except Fault as fault:
        raise _silent(fault) from None
    async with tools.acting(author, project_id) as act:
        bot = await find_bot(act, bot_id, lock=True)
        if bot.token_sealed != asked.token_sealed:
            return bot
        if account is None:
            await mark_bot_refused(act, bot_id, refusal)
        else:
            _revive(act, bot, account)
        return bot


async def replace_token(tools: Tools, author: Principal, *, project_id: int, bot_id: int, token: str) -> Bot:
    """Put another token of the same bot in the place of its token.

    Raises Invalid (field `token`), NotFound, Refused, Unavailable.
    """
    async with tools.reading(author, project_id) as act:
        require(act, Right.EDIT)
        expected = (await find_bot(act, bot_id)).telegram_id
    secret = _well_formed(token)
    account = await _account_behind(tools, secret)
    if account.id != expected:
        raise Invalid(_("This token belongs to another bot."), code="another_bot", field="token")
    await _listen_by_polling(tools, secret)
    async with tools.acting(author, project_id) as act:
        require(act, Right.EDIT)
        bot = await find_bot(act, bot_id, lock=True)
        bot.token_sealed = act.keys.seal(secret, _context(project_id, account.id))
        _revive(act, bot, account)
        record(act, "bot_token_replaced", {"username": bot.username}, bot_id=bot.id)
        return bot


async def pause_bot(act: Act, bot_id: int) -> Bot:
    """The bot writes nothing until it is resumed. Raises NotFound, Refused, Conflict for one that is shut out."""
    require(act, Right.EDIT)
    return await _switch(act, bot_id, to=BotStatus.PAUSED)


async def resume_bot(act: Act, bot_id: int) -> Bot:
    """A paused bot writes again. Raises NotFound, Refused, Conflict for one that is shut out."""
    require(act, Right.EDIT)
    return await _switch(act, bot_id, to=BotStatus.ACTIVE)


async def assign_proxy(act: Act, bot_id: int, proxy_id: int | None) -> Bot:
    """From now on the bot talks to Telegram through this proxy of the project; None: straight.

    Raises NotFound, Refused, Conflict (`proxy_full`).
    """
    require(act, Right.EDIT)
    bot = await find_bot(act, bot_id)
    if proxy_id is None:
        if await send_straight(act, bot_id):
            record(act, "bot_proxy_removed", {"username": bot.username}, bot_id=bot_id)
        return bot
    proxy = await send_through(act, proxy_id, bot_id=bot_id, telegram_id=bot.telegram_id)
    record(act, "bot_proxy_changed", {"username": bot.username, "proxy": proxy.address}, bot_id=bot_id)
    return bot


async def remove_bot(act: Act, bot_id: int) -> None:
    """Take the bot and its seats out of the project, and out of its tasks; what it wrote stays.

    What it was still to write is cancelled when it is due. Raises NotFound, Refused.
    """
    require(act, Right.EDIT)
    bot = await find_bot(act, bot_id)
    record(act, "bot_removed", {"username": bot.username}, bot_id=bot_id)
    await act.session.delete(bot)
    await act.flush()


async def mark_bot_refused(act: Act, bot_id: int, reason: str) -> None:
    """Telegram shuts the bot out (`reason` is its text): nothing more is sent by it until its token is replaced."""
    bot = await find_bot(act, bot_id, lock=True)
    if bot.status == BotStatus.REVOKED:
        return
    bot.status, bot.reason, bot.health_at = BotStatus.REVOKED, reason[:300], act.now
    record(act, "bot_refused", {"username": bot.username, "reason": bot.reason}, bot_id=bot_id)


async def _switch(act: Act, bot_id: int, *, to: BotStatus) -> Bot:
    bot = await find_bot(act, bot_id)
    if bot.status == BotStatus.REVOKED:
        raise Conflict(_("Telegram has shut this bot out. Put in a working token first."), code="bot_refused")
    if bot.status != to:
        bot.status = to
        record(
            act, "bot_paused" if to == BotStatus.PAUSED else "bot_resumed", {"username": bot.username}, bot_id=bot_id
        )
    return bot


def _context(project_id: int, telegram_id: int) -> str:
    return f"bots.token_sealed:{project_id}:{telegram_id}"


def _learn(act: Act, bot: Bot, account: User) -> None:
    bot.username, bot.name = (account.username or "")[:64], account.name[:128]
    bot.health_at = act.now


def _revive(act: Act, bot: Bot, account: User) -> None:
    _learn(act, bot, account)
    if bot.status == BotStatus.REVOKED:
        bot.status = BotStatus.ACTIVE
    bot.reason = None


def _well_formed(token: str) -> Secret:
    token = token.strip()
    if not _TOKEN.fullmatch(token):
        raise Invalid(
            _("This is not a bot token. @BotFather gives one that looks like 123456789:AAE…"),
            code="bad_token",
            field="token",
        )
    return Secret(token)


async def _account_behind(tools: Tools, token: Secret) -> User:
    """Whose token it is. Raises Invalid (field `token`) or Unavailable."""
    try:
        account = await tools.telegram.get_me(token)
    except (RefusedBot, Bug) as fault:
        raise Invalid(
            _("Telegram does not accept this token: %(answer)s", answer=fault.description),
            code="token_refused",
            field="token",
        ) from None
    except Fault as fault:
        raise _silent(fault) from None
    if not account.is_bot or not account.username:
        raise Invalid(_("This account is not a bot."), code="not_a_bot", field="token")
    if str(account.id) == tools.config.telegram_bot_token.reveal().partition(":")[0]:
        raise Invalid(
            _("This is the service bot. Comments need a bot of their own."), code="service_bot", field="token"
        )
    return account


async def _require_free(tools: Tools, account: User, *, project_id: int) -> None:
    """A bot account is in one project only. Raises Conflict, which never tells whose."""
    async with tools.reading(None, EVERYONE) as act:
        home = await act.session.scalar(select(Bot.project_id).where(Bot.telegram_id == account.id))
    if home == project_id:
        raise Conflict(_("This bot is in the project already."), code="bot_known", field="token")
    if home is not None:
        raise Conflict(_("This bot is in use in another project."), code="bot_taken", field="token")


async def _listen_by_polling(tools: Tools, token: Secret) -> None:
    try:
        await tools.telegram.delete_webhook(token)
    except Fault as fault:
        raise _silent(fault) from None


def _silent(fault: Fault) -> Unavailable:
    if fault.reason == BY_PROXY:
        words = _("The bot's proxy does not lead to Telegram: %(problem)s", problem=fault.description)
        return Unavailable(words, code="proxy_failed")
    return Unavailable(_("Telegram cannot be reached. Try again in a minute."), code="telegram_unavailable")
