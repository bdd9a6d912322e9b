"""The page of one bot."""

from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from tgac.bots import service
from tgac.bots.forms import BotProxyForm, BotToken, BotWordsForm
from tgac.bots.health import check_bot as check_health
from tgac.bots.invitations import invitations
from tgac.bots.models import BotStatus
from tgac.bots.queries import find_bot, places_of, tags_in_use
from tgac.bots.showing import STANDINGS, looking, may_edit, way_options
from tgac.bots.status import Places, standing_of
from tgac.bots.tags import split_tags
from tgac.kit.act import Act
from tgac.kit.errors import AppError
from tgac.kit.tenancy import Right, require
from tgac.kit.web.deps import PrincipalDep, ReadAct, RowId, ToolsDep, WriteAct
from tgac.kit.web.forms import blank, read_form
from tgac.kit.web.i18n import _
from tgac.kit.web.pages import Notice, go, page
from tgac.proxies.queries import proxies_of

router = APIRouter(prefix="/projects/{project_id}/bots", include_in_schema=False)


@router.get("/{bot_id}")
async def bot_page(request: Request, act: ReadAct, bot_id: RowId) -> HTMLResponse:
    """One bot: how it is, where it is to be added, what can be done with it."""
    return await _bot_page(request, act, bot_id)


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
    bot = await check_health(tools, principal, project_id=project_id, bot_id=bot_id)
    if bot.status == BotStatus.REVOKED:
        return go(request, _path(project_id, bot_id), Notice(_("Telegram refuses this bot."), "bad"))
    words = _("Telegram answers: the bot is well. Its rights in its channels are being looked at.")
    return go(request, _path(project_id, bot_id), Notice(words))


@router.post("/{bot_id}/words")
async def describe_bot(request: Request, act: WriteAct, bot_id: RowId) -> Response:
    """Save its tags and its note; what is wrong is shown beside the field."""
    form = await read_form(request, BotWordsForm)
    status = 422
    if form.data is not None:
        try:
            tags, note = split_tags(form.data.tags), form.data.note
            await service.describe_bot(act, bot_id, tags=tags, note=note)
        except AppError as error:
            form.refuse(error)
            status = error.status
        else:
            return go(request, _path(act.project_id, bot_id), Notice(_("Saved.")))
    return await _bot_page(request, act, bot_id, words=form, status=status)


@router.post("/{bot_id}/token")
async def replace_token(
    request: Request, project_id: RowId, bot_id: RowId, tools: ToolsDep, principal: PrincipalDep
) -> Response:
    """Put in another token; what is wrong with it is shown beside the field."""
    form = await read_form(request, BotToken)
    status = 422
    if form.data is not None:
        try:
            token = form.data.token
            await service.replace_token(tools, principal, project_id=project_id, bot_id=bot_id, token=token)
        except AppError as error:
            form.refuse(error)
            status = error.status
        else:
            return go(request, _path(project_id, bot_id), Notice(_("The token is replaced.")))
    async with looking(request, principal, project_id=project_id) as act:
        return await _bot_page(request, act, bot_id, form=form, status=status)


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
    return await _bot_page(request, act, bot_id, proxy_form=form, status=status)


@router.post("/{bot_id}/remove")
async def remove_bot(request: Request, act: WriteAct, bot_id: RowId) -> Response:
    """Take it out of the project and show the others."""
    await service.remove_bot(act, bot_id)
    return go(request, f"/projects/{act.project_id}/bots", Notice(_("The bot is removed.")))


async def _bot_page(request: Request, act: Act, bot_id: int, **shown: Any) -> HTMLResponse:
    """`shown`: form (a token), proxy_form, words, and the status."""
    require(act, Right.LOOK)
    bot = await find_bot(act, bot_id)
    proxy = (await proxies_of(act, [bot_id])).get(bot_id)
    places = (await places_of(act, [bot_id])).get(bot_id, Places())
    words = blank(tags=" ".join(bot.tag_list), note=bot.note)
    forms = {"form": blank(), "proxy_form": blank(proxy_id=proxy and proxy.id), "words": words}
    return page(
        request,
        "bots/bot.html",
        **(forms | shown),
        bot=bot,
        seats=places,
        standing=standing_of(bot, places, now=act.now),
        looks=STANDINGS,
        tags=await tags_in_use(act),
        limit=act.config.max_channels_per_bot,
        invite=invitations(act.config, bot),
        proxy=proxy,
        ways=await way_options(act, proxy),
        proxies_root=f"/projects/{act.project_id}/proxies",
        may_edit=may_edit(act),
        root=f"/projects/{act.project_id}/bots",
    )


def _path(project_id: int, bot_id: int) -> str:
    return f"/projects/{project_id}/bots/{bot_id}"
