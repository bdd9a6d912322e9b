"""The pages of many bots: the list, the order for many of them."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy import func, select

from tgac.bots import service
from tgac.bots.bulk import Told, order_bots
from tgac.bots.filters import BotFilter, Wanted
from tgac.bots.forms import MAX_LINES, BotOrder, BotOrderForm, BotToken
from tgac.bots.imports import import_under_way
from tgac.bots.managed import open_requests
from tgac.bots.models import Bot
from tgac.bots.queries import bots_like, places_of, standings, tags_in_use
from tgac.bots.showing import STANDINGS, looking, may_edit, way_options
from tgac.bots.tags import split_tags
from tgac.kit.act import Act
from tgac.kit.errors import AppError
from tgac.kit.tenancy import Right, require
from tgac.kit.web.deps import PrincipalDep, ReadAct, RowId, ToolsDep, WriteAct
from tgac.kit.web.forms import blank, read_form
from tgac.kit.web.i18n import N_, _
from tgac.kit.web.many import Result
from tgac.kit.web.pages import Notice, go, page
from tgac.kit.web.paging import Page, Paging, next_address, paged
from tgac.proxies.queries import proxies_like, proxies_of

router = APIRouter(prefix="/projects/{project_id}/bots", include_in_schema=False)

ACTIONS: Final[Mapping[str, str]] = {
    "pause": N_("Pause"),
    "resume": N_("Resume"),
    "check": N_("Check health"),
    "tag": N_("Add tags"),
    "untag": N_("Take tags away"),
    "proxy": N_("Set the proxy"),
    "remove": N_("Remove from the project"),
}
DONE: Final[Mapping[str, str]] = {
    "pause": N_("Paused: %(n)s."),
    "resume": N_("Resumed: %(n)s."),
    "check": N_("Will be checked in a moment: %(n)s."),
    "tag": N_("Tagged: %(n)s."),
    "untag": N_("Tags taken away: %(n)s."),
    "proxy": N_("Given another way to Telegram: %(n)s."),
    "remove": N_("Removed: %(n)s."),
}


@router.get("")
async def list_page(request: Request, act: ReadAct, asked: Page, wanted: Wanted) -> HTMLResponse:
    """The project's bots and the ways to add some."""
    return await show_list(request, act, asked=asked, wanted=wanted)


@router.post("")
async def add_bot(request: Request, project_id: RowId, tools: ToolsDep, principal: PrincipalDep) -> Response:
    """Add the bot whose token was sent; what is wrong with it is shown beside the field."""
    form = await read_form(request, BotToken)
    status = 422
    if form.data is not None:
        try:
            bot = await service.connect_bot(tools, principal, project_id=project_id, token=form.data.token)
        except AppError as error:
            form.refuse(error)
            status = error.status
        else:
            notice = Notice(_("@%(bot)s is connected.", bot=bot.username))
            return go(request, f"/projects/{project_id}/bots/{bot.id}", notice)
    async with looking(request, principal, project_id=project_id) as act:
        return await show_list(request, act, form=form, status=status)


@router.post("/bulk")
async def order_many(request: Request, act: WriteAct, wanted: Wanted) -> Response:
    """Do one thing with the ticked bots, or with all that the address asks for, and say what came of it."""
    form = await read_form(request, BotOrderForm)
    if form.data is None:
        return await show_list(request, act, wanted=wanted, order=form, status=422)
    if form.data.action == "remove" and not form.data.sure:
        require(act, Right.EDIT)
        return await show_list(request, act, wanted=wanted, order=form, asking=True)
    try:
        told = await order_bots(act, _order(form.data, wanted))
    except AppError as error:
        form.refuse(error)
        return await show_list(request, act, wanted=wanted, order=form, status=error.status)
    return await _told(request, act, form.data.action, told, wanted)


def _order(form: BotOrderForm, wanted: BotFilter) -> BotOrder:
    tags = split_tags(form.tags)
    if form.whole:
        return BotOrder(action=form.action, filter=wanted, tags=tags, proxy_id=form.proxy_id)
    return BotOrder(action=form.action, ids=form.ids or None, tags=tags, proxy_id=form.proxy_id)


async def _told(request: Request, act: Act, action: str, told: list[Told], wanted: BotFilter) -> Response:
    await act.flush()
    left_out = [one for one in told if not one.ok]
    sentence = _(DONE[action], n=len(told) - len(left_out))
    if left_out:
        return await show_list(request, act, wanted=wanted, result=Result(sentence, left_out))
    return go(request, address_of(act.project_id, wanted), Notice(sentence))


def address_of(project_id: int, wanted: BotFilter) -> str:
    """The list with this filter."""
    query = urlencode(wanted.values())
    return f"/projects/{project_id}/bots{'?' if query else ''}{query}"


async def show_list(
    request: Request, act: Act, *, asked: Paging | None = None, wanted: BotFilter | None = None, **shown: Any
) -> HTMLResponse:
    """`shown`: form (one token), order (many), result, asking (whether to remove), status, and what adding needs."""
    require(act, Right.LOOK)
    asked, wanted = asked or Paging(), wanted or BotFilter()
    matching = bots_like(wanted, now=act.now, limit=act.config.max_channels_per_bot)
    bots, following = await paged(act, matching, Bot.id, page=asked)
    ids = [bot.id for bot in bots]
    defaults = {"form": blank(), "order": blank(), "result": None, "asking": False, "listed": blank(), "made": blank()}
    return page(
        request,
        "bots/list.html",
        **(defaults | shown),
        asked=asked,
        wanted=wanted,
        bots=bots,
        total=await act.session.scalar(select(func.count()).select_from(matching.subquery())),
        seats=await places_of(act, ids),
        standing=await standings(act, bots),
        proxies=await proxies_of(act, ids),
        looks=STANDINGS,
        actions=[(action, _(word)) for action, word in ACTIONS.items()],
        tags=await tags_in_use(act),
        ways=await way_options(act),
        all_proxies=list(await act.session.scalars(proxies_like().limit(200))),
        importing=await import_under_way(act),
        waiting=await _waiting(act),
        max_lines=MAX_LINES,
        limit=act.config.max_channels_per_bot,
        may_edit=may_edit(act),
        root=f"/projects/{act.project_id}/bots",
        bulk_url=f"/projects/{act.project_id}/bots/bulk?{urlencode(wanted.values())}",
        next_url=next_address(request, following),
    )


async def _waiting(act: Act) -> int:
    """How many bots wait for the reader's yes in Telegram."""
    rows = await open_requests(act, act.principal.user_id) if act.principal else []
    return sum(row.outcome is None for row in rows)
