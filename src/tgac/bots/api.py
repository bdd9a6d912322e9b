"""Bots in JSON."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tgac.bots import service
from tgac.bots.bulk import Told, order_bots
from tgac.bots.filters import Wanted
from tgac.bots.forms import BotOrder, BotProxy, BotToken, BotWords
from tgac.bots.health import check_bot as check_health
from tgac.bots.invitations import invitations
from tgac.bots.models import Bot, BotStatus
from tgac.bots.queries import bots_like, find_bot, places_of
from tgac.bots.status import Places, standing_of
from tgac.kit.act import Act
from tgac.kit.tenancy import Principal, Right, require
from tgac.kit.tools import Tools
from tgac.kit.web.answers import ok
from tgac.kit.web.deps import PrincipalDep, ReadAct, RowId, ToolsDep, WriteAct
from tgac.kit.web.paging import Page, paged
from tgac.proxies.models import Proxy
from tgac.proxies.queries import proxies_of

router = APIRouter(prefix="/api/v1/projects/{project_id}/bots", tags=["bots"])


@router.get("")
async def list_bots(act: ReadAct, page: Page, wanted: Wanted) -> JSONResponse:
    """The project's bots, newest first; by `q`, `status`, `tag`, `proxy` (its number or `none`), `room`."""
    require(act, Right.LOOK)
    asked = bots_like(wanted, now=act.now, limit=act.config.max_channels_per_bot)
    bots, following = await paged(act, asked, Bot.id, page=page)
    return ok({"items": await described(act, *bots), "next": following})


@router.post("", status_code=201)
async def connect_bot(project_id: RowId, body: BotToken, tools: ToolsDep, principal: PrincipalDep) -> JSONResponse:
    """Take a bot into the project by its token."""
    bot = await service.connect_bot(tools, principal, project_id=project_id, token=body.token)
    return await _told(tools, principal, bot, status=201)


@router.post("/bulk")
async def order(act: WriteAct, body: BotOrder) -> JSONResponse:
    """Do one thing with many bots: those of `ids`, or all that match `filter`; tells of each what came of it."""
    told = await order_bots(act, body)
    return ok({"done": sum(one.ok for one in told), "items": [_outcome(one) for one in told]})


@router.get("/{bot_id}")
async def show_bot(act: ReadAct, bot_id: RowId) -> JSONResponse:
    """One bot."""
    require(act, Right.LOOK)
    return await _shown(act, await find_bot(act, bot_id))


@router.put("/{bot_id}")
async def describe_bot(act: WriteAct, bot_id: RowId, body: BotWords) -> JSONResponse:
    """Put other tags or another note in the place of the bot's; what is not sent stays."""
    return await _shown(act, await service.describe_bot(act, bot_id, tags=body.tags, note=body.note))


@router.delete("/{bot_id}")
async def remove_bot(act: WriteAct, bot_id: RowId) -> JSONResponse:
    """Take the bot out of the project; what it wrote stays."""
    await service.remove_bot(act, bot_id)
    return ok()


@router.post("/{bot_id}/pause")
async def pause_bot(act: WriteAct, bot_id: RowId) -> JSONResponse:
    """It writes nothing until it is resumed."""
    return await _shown(act, await service.pause_bot(act, bot_id))


@router.post("/{bot_id}/resume")
async def resume_bot(act: WriteAct, bot_id: RowId) -> JSONResponse:
    """It writes again."""
    return await _shown(act, await service.resume_bot(act, bot_id))


@router.post("/{bot_id}/healthcheck")
async def check_bot(project_id: RowId, bot_id: RowId, tools: ToolsDep, principal: PrincipalDep) -> JSONResponse:
    """Ask Telegram whether the bot is well; its rights in its channels are looked at soon after."""
    bot = await check_health(tools, principal, project_id=project_id, bot_id=bot_id)
    return await _told(tools, principal, bot)


@router.post("/{bot_id}/token")
async def replace_token(
    project_id: RowId, bot_id: RowId, body: BotToken, tools: ToolsDep, principal: PrincipalDep
) -> JSONResponse:
    """Put another token of the same bot in the place of its token."""
    bot = await service.replace_token(tools, principal, project_id=project_id, bot_id=bot_id, token=body.token)
    return await _told(tools, principal, bot)


@router.post("/{bot_id}/proxy")
async def assign_proxy(act: WriteAct, bot_id: RowId, body: BotProxy) -> JSONResponse:
    """Send it through a proxy of the project, or straight."""
    return await _shown(act, await service.assign_proxy(act, bot_id, body.proxy_id))


async def described(act: Act, *bots: Bot) -> list[dict[str, Any]]:
    """What is told of bots; never the token."""
    places = await places_of(act, [bot.id for bot in bots])
    proxies = await proxies_of(act, [bot.id for bot in bots])
    return [_described(act, bot, places.get(bot.id, Places()), proxies.get(bot.id)) for bot in bots]


def _described(act: Act, bot: Bot, places: Places, proxy: Proxy | None) -> dict[str, Any]:
    return {
        "id": bot.id,
        "telegram_id": bot.telegram_id,
        "username": bot.username,
        "name": bot.name,
        "status": standing_of(bot, places, now=act.now),
        "reason": bot.reason,
        "health": _health(bot),
        "health_at": bot.health_at,
        "failing_since": bot.failing_since,
        "slowed_at": bot.slowed_at,
        "paused_for_errors": bot.errors,
        "slow_until": places.slow_until if places.slow_until and places.slow_until > act.now else None,
        "commented_at": bot.commented_at,
        "created_at": bot.created_at,
        "channels_in_use": {"used": places.used, "limit": act.config.max_channels_per_bot},
        "channels_lost": places.lost,
        "tags": bot.tag_list,
        "note": bot.note,
        "managed": bot.owner_id is not None,
        "proxy": _proxy(proxy),
        "links": invitations(act.config, bot),
    }


def _health(bot: Bot) -> str:
    """What the last look found: `ok`, `failing`, `refused`."""
    if bot.status == BotStatus.REVOKED:
        return "refused"
    return "failing" if bot.failing_since else "ok"


def _outcome(one: Told) -> dict[str, Any]:
    return {"bot_id": one.bot_id, "username": one.username, "ok": one.ok, "code": one.code, "message": one.message}


def _proxy(proxy: Proxy | None) -> dict[str, Any] | None:
    return {"id": proxy.id, "address": proxy.address, "state": proxy.state} if proxy else None


async def _shown(act: Act, bot: Bot) -> JSONResponse:
    return ok((await described(act, bot))[0])


async def _told(tools: Tools, principal: Principal, bot: Bot, *, status: int = 200) -> JSONResponse:
    async with tools.reading(principal, bot.project_id) as act:
        return ok((await described(act, bot))[0], status=status)
