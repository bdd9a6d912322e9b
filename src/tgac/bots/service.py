"""What can be done with bots. Telegram is asked while no act is open."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select

from tgac.bots.account import account_behind, silent, well_formed
from tgac.bots.models import Bot, BotStatus
from tgac.bots.queries import find_bot
from tgac.bots.tags import as_stored, clean_tags
from tgac.journal.service import differences, record
from tgac.kit.act import Act
from tgac.kit.errors import Conflict, Invalid
from tgac.kit.secrets import Keys, Secret
from tgac.kit.telegram.faults import Fault
from tgac.kit.telegram.types import User
from tgac.kit.tenancy import EVERYONE, Principal, Right, require
from tgac.kit.tools import Tools
from tgac.kit.web.i18n import _
from tgac.proxies.service import send_straight, send_through


async def connect_bot(tools: Tools, author: Principal, *, project_id: int, token: str) -> Bot:
    """Take a bot into the project by its token. Nothing is changed on failure.

    Raises Invalid or Conflict (field `token`), Refused, Unavailable when Telegram cannot be asked.
    """
    async with tools.reading(author, project_id) as act:
        require(act, Right.EDIT)
    secret = well_formed(token)
    try:
        account = await account_behind(tools, secret)
        await _require_free(tools, account, project_id=project_id)
        await tools.telegram.delete_webhook(secret)
    except Fault as fault:
        raise silent(fault) from None
    async with tools.acting(author, project_id) as act:
        return await take_in(act, secret, account)


async def take_in(act: Act, token: Secret, account: User, *, owner_id: int | None = None) -> Bot:
    """Write down a bot whose token Telegram has confirmed. Raises Refused, Conflict when another was quicker."""
    require(act, Right.EDIT)
    bot = Bot(telegram_id=account.id, status=BotStatus.ACTIVE, created_at=act.now, health_at=act.now, owner_id=owner_id)
    learn(bot, account)
    bot.token_sealed = act.keys.seal(token, _context(act.project_id, account.id))
    act.session.add(bot)
    await act.flush()
    record(act, "bot_connected", {"username": bot.username}, bot_id=bot.id)
    return bot


def token_of(keys: Keys, bot: Bot) -> Secret:
    """The bot's token. Raises ValueError when the key that it was sealed with is gone."""
    return keys.open(bot.token_sealed, _context(bot.project_id, bot.telegram_id))


async def replace_token(tools: Tools, author: Principal, *, project_id: int, bot_id: int, token: str) -> Bot:
    """Put another token of the same bot in the place of its token.

    Raises Invalid (field `token`), NotFound, Refused, Unavailable.
    """
    async with tools.reading(author, project_id) as act:
        require(act, Right.EDIT)
        expected = (await find_bot(act, bot_id)).telegram_id
    secret = well_formed(token)
    try:
        account = await account_behind(tools, secret)
        if account.id != expected:
            raise Invalid(_("This token belongs to another bot."), code="another_bot", field="token")
        await tools.telegram.delete_webhook(secret)
    except Fault as fault:
        raise silent(fault) from None
    async with tools.acting(author, project_id) as act:
        require(act, Right.EDIT)
        return await put_token(act, bot_id, secret, account=account)


async def put_token(act: Act, bot_id: int, token: Secret, *, account: User) -> Bot:
    """Seal a token that Telegram has confirmed in the place of the bot's. Raises NotFound."""
    bot = await find_bot(act, bot_id, lock=True)
    bot.token_sealed, bot.health_at = act.keys.seal(token, _context(act.project_id, account.id)), act.now
    revive(bot, account)
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


async def describe_bot(act: Act, bot_id: int, *, tags: Iterable[str] | None = None, note: str | None = None) -> Bot:
    """Put these words in the place of what a person has written about the bot; None: what is there stays.

    Raises NotFound, Refused, Invalid (field `tags`).
    """
    require(act, Right.EDIT)
    bot = await find_bot(act, bot_id, lock=True)
    before = {"tags": " ".join(bot.tag_list), "note": bot.note}
    if tags is not None:
        bot.tags = as_stored(clean_tags(tags))
    if note is not None:
        bot.note = note.replace("\0", "").strip()
    changes = differences(before, {"tags": " ".join(bot.tag_list), "note": bot.note})
    if changes:
        record(act, "bot_changed", {"username": bot.username, "changes": changes}, bot_id=bot_id)
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


async def mark_bot_refused(act: Act, bot_id: int, reason: str, *, is_gone: bool = False) -> None:
    """Telegram shuts the bot out (`reason` is its text): nothing more is sent by it until its token is replaced.

    `is_gone`: it is the account that is shut out, so that no token helps.
    """
    bot = await find_bot(act, bot_id, lock=True)
    bot.is_gone = is_gone or bot.is_gone
    if bot.status == BotStatus.REVOKED:
        return
    bot.status, bot.reason, bot.health_at = BotStatus.REVOKED, reason[:300], act.now
    record(act, "bot_refused", {"username": bot.username, "reason": bot.reason}, bot_id=bot_id)


def pause_for_errors(act: Act, bot: Bot, told: dict[str, Any]) -> None:
    """Too many of its comments fail (`told` has the figures): it writes nothing until a person resumes it."""
    bot.status, bot.is_paused, bot.slowed_at = BotStatus.PAUSED, True, None
    bot.errors = {"failures": told["failures"], "count": told["count"]}
    record(act, "bot_paused_for_errors", told, bot_id=bot.id)


async def _switch(act: Act, bot_id: int, *, to: BotStatus) -> Bot:
    bot = await find_bot(act, bot_id, lock=True)
    if bot.status == BotStatus.REVOKED:
        raise Conflict(_("Telegram has shut this bot out. Put in a working token first."), code="bot_refused")
    if bot.status != to:
        bot.status, bot.is_paused = to, to == BotStatus.PAUSED
        bot.errors, bot.slowed_at, bot.judged_from = None, None, act.now
        record(act, "bot_paused" if bot.is_paused else "bot_resumed", {"username": bot.username}, bot_id=bot_id)
    return bot


def _context(project_id: int, telegram_id: int) -> str:
    return f"bots.token_sealed:{project_id}:{telegram_id}"


def learn(bot: Bot, account: User) -> None:
    """Take over what Telegram tells of an account."""
    bot.username, bot.name = (account.username or "")[:64], account.name[:128]


def revive(bot: Bot, account: User) -> None:
    """Telegram answers the bot: whatever was wrong is over. A paused one stays paused."""
    learn(bot, account)
    bot.status = BotStatus.PAUSED if bot.is_paused else BotStatus.ACTIVE
    bot.reason, bot.failing_since, bot.is_gone = None, None, False


async def home_of(tools: Tools, account: User) -> int | None:
    """The project that has this account; None while none has: a bot account is in one project only."""
    async with tools.reading(None, EVERYONE) as act:
        home: int | None = await act.session.scalar(select(Bot.project_id).where(Bot.telegram_id == account.id))
        return home


async def _require_free(tools: Tools, account: User, *, project_id: int) -> None:
    """Raises Conflict, which never tells whose it is."""
    home = await home_of(tools, account)
    if home == project_id:
        raise Conflict(_("This bot is in the project already."), code="bot_known", field="token")
    if home is not None:
        raise Conflict(_("This bot is in use in another project."), code="bot_taken", field="token")
