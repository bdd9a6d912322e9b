"""The pages of bots."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from tgac.bots import service
from tgac.bots.forms import BotProxyForm, BotToken
from tgac.bots.invitations import invitations
from tgac.bots.models import Bot, BotStatus
from tgac.bots.queries import bots_like, find_bot, seats_in_use
from tgac.kit.act import Act
from tgac.kit.errors import AppError
from tgac.kit.tenancy import RIGHTS, Principal, Right, require
from tgac.kit.web.deps import PrincipalDep, ReadAct, RowId, ToolsDep, WriteAct, tools_of
from tgac.kit.web.forms import Filled, blank, read_form
from tgac.kit.web.i18n import _
from tgac.kit.web.pages import Notice, go, page
from tgac.kit.web.paging import Page, Paging, next_address, paged
from tgac.proxies.models import Proxy
from tgac.proxies.queries import proxies_of, proxies_with_room

router = APIRouter(prefix="/projects/{project_id}/bots", include_in_schema=False)


@router.get("")
async def list_page(request: Request, act: ReadAct, asked: Page, status: BotStatus | None = None) -> HTMLResponse:
    """The project's bots and the form that adds one."""
    return await _list_page(request, act, blank(), asked=asked, status=status)


@router.post("")
async def add_bot(request: Request, project_id: RowId, tools: ToolsDep, principal: PrincipalDep) -> Response:
    """Add the bot whose token was sent; what is wrong with it is shown beside the field."""
    form = await read_form(request, BotToken)
    status_code = 422
    if form.data is not None:
        try:
            bot = await service.connect_bot(tools, principal, project_id=project_id, token=form.data.token)
        except AppError as error:
            form.refuse(error)
            status_code = error.status
        else:
            return go(request, _path(project_id, bot.id), Notice(_("@%(bot)s is connected.", bot=bot.username)))
    async with looking(request, principal, project_id=project_id) as act:
        return await _list_page(request, act, form, asked=Paging(), status_code=status_code)


@router.get("/{bot_id}")
async def bot_page(request: Request, act: ReadAct, bot_id: RowId) -> HTMLResponse:
    """One bot: how it is, where it is to be added, what can be done with it."""
    return await _bot_page(request, act, bot_id, form=blank())


@router.post("/{bot_id}/pause")
async def pause_bot(request: Request, act: WriteAct, bot_id: RowId) -> Response:
    """Pause it and show it."""
    bot = await service.pause_bot(act, bot_id)
    return go(request, _path(act.project_id, bot_id), Notice(_("@%(bot)s is paused.", bot=bot.username)))


@router.post("/{bot_id}/resume")
async def resume_bot(request: Request, act: WriteAct, bot_id: RowId) -> Response:
    """Resume it and show it."""
    bot = await service.resume_bot(act, bot_id)
    return go(request, _path(act.project_id, bot_id), Notice(_("@%(bot)s works again.", bot=bot.username)))


@router.post("/{bot_id}/healthcheck")
async def check_bot(
    request: Request, project_id: RowId, bot_id: RowId, tools: ToolsDep, principal: PrincipalDep
) -> Response:
    """Ask Telegram and show what it said."""
    bot = await service.check_bot(tools, principal, project_id=project_id, bot_id=bot_id)
    well = bot.status != BotStatus.REVOKED
    words = _("Telegram answers: the bot is well.") if well else _("Telegram refuses this bot.")
    return go(request, _path(project_id, bot_id), Notice(words, "ok" if well else "bad"))


@router.post("/{bot_id}/token")
async def replace_token(
    request: Request, project_id: RowId, bot_id: RowId, tools: ToolsDep, principal: PrincipalDep
) -> Response:
    """Put in another token; what is wrong with it is shown beside the field."""
    form = await read_form(request, BotToken)
    status_code = 422
    if form.data is not None:
        try:
            token = form.data.token
            await service.replace_token(tools, principal, project_id=project_id, bot_id=bot_id, token=token)
        except AppError as error:
            form.refuse(error)
            status_code = error.status
        else:
            return go(request, _path(project_id, bot_id), Notice(_("The token is replaced.")))
    async with looking(request, principal, project_id=project_id) as act:
        return await _bot_page(request, act, bot_id, form=form, status_code=status_code)


@router.post("/{bot_id}/proxy")
async def assign_proxy(request: Request, act: WriteAct, bot_id: RowId) -> Response:
    """Send it through the chosen proxy, or straight."""
    form = await read_form(request, BotProxyForm)
    status = 422
    if form.data is not None:
        try:
            await service.assign_proxy(act, bot_id, form.data.proxy_id)
        except AppError as error:
            form.refuse(error)
            status = error.status
        else:
            return go(request, _path(act.project_id, bot_id), Notice(_("The bot's way to Telegram is saved.")))
    return await _bot_page(request, act, bot_id, form=blank(), proxy_form=form, status_code=status)


@router.post("/{bot_id}/remove")
async def remove_bot(request: Request, act: WriteAct, bot_id: RowId) -> Response:
    """Take it out of the project and show the others."""
    await service.remove_bot(act, bot_id)
    return go(request, f"/projects/{act.project_id}/bots", Notice(_("The bot is removed.")))


async def _list_page(
    request: Request,
    act: Act,
    form: Filled[Any],
    *,
    asked: Paging,
    status: BotStatus | None = None,
    status_code: int = 200,
) -> HTMLResponse:
    require(act, Right.LOOK)
    bots, following = await paged(act, bots_like(asked.q, status), Bot.id, page=asked)
    return page(
        request,
        "bots/list.html",
        status=status_code,
        form=form,
        asked=asked,
        chosen=status or "",
        bots=bots,
        used=await seats_in_use(act, [bot.id for bot in bots]),
        limit=act.config.max_channels_per_bot,
        may_edit=may_edit(act),
        root=f"/projects/{act.project_id}/bots",
        next_url=next_address(request, following),
    )


async def _bot_page(
    request: Request,
    act: Act,
    bot_id: int,
    *,
    form: Filled[Any],
    proxy_form: Filled[Any] | None = None,
    status_code: int = 200,
) -> HTMLResponse:
    require(act, Right.LOOK)
    bot = await find_bot(act, bot_id)
    proxy = (await proxies_of(act, [bot_id])).get(bot_id)
    return page(
        request,
        "bots/bot.html",
        status=status_code,
        form=form,
        bot=bot,
        used=(await seats_in_use(act, [bot.id])).get(bot.id, 0),
        limit=act.config.max_channels_per_bot,
        invite=invitations(act.config, bot),
        proxy=proxy,
        ways=await _ways(act, proxy),
        proxy_form=proxy_form or blank(proxy_id=proxy and proxy.id),
        proxies_root=f"/projects/{act.project_id}/proxies",
        may_edit=may_edit(act),
        root=f"/projects/{act.project_id}/bots",
    )


async def _ways(act: Act, current: Proxy | None) -> list[tuple[int | str, str]]:
    """What a bot may be sent through: nothing, its proxy, and those with room."""
    others = [one for one in await proxies_with_room(act) if current is None or one.id != current.id]
    proxies = [*([current] if current else []), *others]
    return [("", _("straight, without a proxy")), *((one.id, one.address) for one in proxies)]


def _path(project_id: int, bot_id: int) -> str:
    return f"/projects/{project_id}/bots/{bot_id}"


@asynccontextmanager
async def looking(request: Request, principal: Principal, *, project_id: int) -> AsyncIterator[Act]:
    """An act for the page that answers a form whose verb has opened and closed acts of its own."""
    async with tools_of(request).reading(principal, project_id) as act:
        await request.app.state.dress(request, act, principal)
        yield act


def may_edit(act: Act) -> bool:
    """Whether the act's author may change things: pages show only the buttons that work."""
    return act.role is not None and Right.EDIT in RIGHTS[act.role]
