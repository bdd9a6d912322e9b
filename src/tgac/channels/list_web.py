"""The pages of many channels: the list, a pasted list, one thing done with many, and the links for clients."""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy import func, literal, select

from tgac.bots.models import Bot
from tgac.bots.queries import find_bot
from tgac.bots.showing import looking, may_edit
from tgac.channels.api import link_described, make_connect_url
from tgac.channels.bulk import order_channels
from tgac.channels.clients import connect_links, revoke_connect_link
from tgac.channels.connect import Connected, Known, Unfit, connect_channel
from tgac.channels.filters import ChannelSearch, Wanted
from tgac.channels.forms import ChannelList, ChannelOrder, ChannelOrderForm, ChannelRef, LinkName
from tgac.channels.importing import MAX_LINES, import_channels
from tgac.channels.mending import Mend, mend, mends_of
from tgac.channels.models import Channel
from tgac.channels.playlists_models import Playlist
from tgac.channels.playlists_queries import playlists_of
from tgac.channels.queries import channels_found, reasons_of, seats_of
from tgac.channels.reasons import NO_BOTS, REASON_WORDS
from tgac.kit.act import Act
from tgac.kit.errors import AppError
from tgac.kit.tenancy import Right, require
from tgac.kit.web.deps import PrincipalDep, ReadAct, RowId, ToolsDep, WriteAct
from tgac.kit.web.forms import blank, read_form
from tgac.kit.web.i18n import N_, _
from tgac.kit.web.many import Result
from tgac.kit.web.pages import Notice, go, page
from tgac.kit.web.paging import Page, Paging, next_address, paged

router = APIRouter(prefix="/projects/{project_id}/channels", include_in_schema=False)

ACTIONS: Final[Mapping[str, str]] = {
    "check": N_("Check"),
    "archive": N_("Put into the archive"),
    "unarchive": N_("Take out of the archive"),
    "remove": N_("Remove from the project"),
}
DONE: Final[Mapping[str, str]] = {
    "check": N_("Will be checked in a moment: %(n)s."),
    "archive": N_("Put into the archive: %(n)s."),
    "unarchive": N_("Taken out of the archive, to be checked: %(n)s."),
    "remove": N_("Removed: %(n)s."),
}


@router.get("")
async def list_page(request: Request, act: ReadAct, asked: Page, wanted: Wanted) -> HTMLResponse:
    """The project's channels and the forms that add some."""
    return await show_list(request, act, asked=asked, wanted=wanted)


@router.post("")
async def add_channel(request: Request, project_id: RowId, tools: ToolsDep, principal: PrincipalDep) -> Response:
    """Add the channel that was named; what stands in the way is said with the button that mends it."""
    form = await read_form(request, ChannelRef)
    problem: AppError | None = None
    if form.data is not None:
        try:
            connected = await connect_channel(tools, principal, project_id=project_id, ref=form.data.ref)
        except Known as known:
            return go(
                request, f"/projects/{project_id}/channels/{known.ids['channel_id']}", Notice(known.message, "info")
            )
        except AppError as error:
            form.refuse(error)
            problem = error
        else:
            return go(request, f"/projects/{project_id}/channels/{connected.channel.id}", _welcome(connected))
    async with looking(request, principal, project_id=project_id) as act:
        status = problem.status if problem else 422
        return await show_list(request, act, form=form, mended=await _mend(act, problem), status=status)


@router.post("/import")
async def import_list(request: Request, act: WriteAct) -> Response:
    """Take in a list and show what became of each line."""
    form = await read_form(request, ChannelList)
    report = None
    if form.data is not None:
        try:
            report = await import_channels(act, form.data.text)
        except AppError as error:
            form.refuse(error)
        else:
            form.values.clear()
    return await show_list(request, act, listed=form, report=report, status=422 if report is None else 200)


@router.post("/bulk")
async def order_many(request: Request, act: WriteAct, wanted: Wanted) -> Response:
    """Do one thing with the ticked channels, or with all that the address asks for, and say what came of it."""
    form = await read_form(request, ChannelOrderForm)
    if form.data is None:
        return await show_list(request, act, wanted=wanted, order=form, status=422)
    if form.data.action == "remove" and not form.data.sure:
        require(act, Right.EDIT)
        return await show_list(request, act, wanted=wanted, order=form, asking=True)
    try:
        told = await order_channels(act, _order(form.data, wanted))
    except AppError as error:
        form.refuse(error)
        return await show_list(request, act, wanted=wanted, order=form, status=error.status)
    await act.flush()
    left_out = [one for one in told if not one.ok]
    sentence = _(DONE[form.data.action], n=len(told) - len(left_out))
    if left_out:
        return await show_list(request, act, wanted=wanted, result=Result(sentence, left_out))
    return go(request, _address(act.project_id, wanted), Notice(sentence))


@router.get("/connect-links")
async def links_page(request: Request, act: ReadAct) -> HTMLResponse:
    """The links by which clients connect channels of theirs."""
    return await _links_page(request, act)


@router.post("/connect-links")
async def make_link(request: Request, project_id: RowId, tools: ToolsDep, principal: PrincipalDep) -> Response:
    """Make a link for a client and show it, this once."""
    form, url, status = await read_form(request, LinkName), "", 422
    try:
        if form.data is not None:
            made = await make_connect_url(request, tools, principal, project_id=project_id, name=form.data.name)
            form, url, status = blank(), made[1], 200
    except AppError as error:
        form.refuse(error)
        status = error.status
    async with looking(request, principal, project_id=project_id) as act:
        return await _links_page(request, act, form=form, url=url, status=status)


@router.post("/connect-links/{connect_link_id}/revoke")
async def revoke_link(request: Request, act: WriteAct, connect_link_id: RowId) -> Response:
    """Let the link bring no further channels."""
    link = await revoke_connect_link(act, connect_link_id)
    words = _("The link for %(name)s brings no further channels. Those that it has brought stay.", name=link.name)
    return go(request, f"/projects/{act.project_id}/channels/connect-links", Notice(words))


async def _links_page(request: Request, act: Act, *, url: str = "", status: int = 200, **shown: Any) -> HTMLResponse:
    return page(
        request,
        "channels/links.html",
        status=status,
        **({"form": blank()} | shown),
        url=url,
        links=[link_described(one, act.now) for one in await connect_links(act)],
        may_edit=may_edit(act),
        root=f"/projects/{act.project_id}/channels",
    )


def _order(form: ChannelOrderForm, wanted: ChannelSearch) -> ChannelOrder:
    if form.whole:
        return ChannelOrder(action=form.action, filter=wanted)
    return ChannelOrder(action=form.action, ids=form.ids or None)


def _address(project_id: int, wanted: ChannelSearch) -> str:
    query = urlencode(wanted.values())
    return f"/projects/{project_id}/channels{'?' if query else ''}{query}"


async def show_list(
    request: Request, act: Act, *, asked: Paging | None = None, wanted: ChannelSearch | None = None, **shown: Any
) -> HTMLResponse:
    """`shown`: form (one), listed (a list), report, mended, order (many), result, asking (to remove?), status."""
    require(act, Right.LOOK)
    asked, wanted = asked or Paging(), wanted or ChannelSearch()
    matching = channels_found(wanted)
    channels, following = await paged(act, matching, Channel.id, page=asked)
    numbers = [channel.id for channel in channels]
    defaults: dict[str, Any] = {"form": blank(), "listed": blank(), "order": blank(), "report": None, "mended": None}
    defaults |= {"result": None, "asking": False}
    return page(
        request,
        "channels/list.html",
        **(defaults | shown),
        asked=asked,
        wanted=wanted,
        channels=channels,
        total=await act.session.scalar(select(func.count()).select_from(matching.subquery())),
        seats=await seats_of(act, numbers),
        why=await reasons_of(act, channels),
        mends=await mends_of(act, channels),
        playlists=await playlists_of(act, numbers),
        playlist=wanted.playlist or await _name(act, Playlist.id, Playlist.name, wanted.playlist_id),
        reasons=[(code, _(REASON_WORDS[code])) for code in await _reasons_there(act)],
        bot=wanted.bot or await _name(act, Bot.id, Bot.username, wanted.bot_id),
        actions=[(action, _(word)) for action, word in ACTIONS.items()],
        max_lines=MAX_LINES,
        may_edit=may_edit(act),
        root=f"/projects/{act.project_id}/channels",
        bulk_url=f"/projects/{act.project_id}/channels/bulk?{urlencode(wanted.values())}",
        next_url=next_address(request, following),
    )


async def _name(act: Act, number: Any, name: Any, chosen: int | None) -> str | None:
    """What a filter shows of the row that is chosen: its name, "" for none; None where there is nothing to choose."""
    asked = select(name).where(number == chosen) if chosen else select(literal("")).where(select(number).exists())
    return await act.session.scalar(asked)


async def _reasons_there(act: Act) -> list[str]:
    """What is missing at the project's channels."""
    found = await act.session.scalars(select(Channel.reason).where(Channel.reason.is_not(None)).distinct())
    return sorted(code for code in found if code in REASON_WORDS)


async def _mend(act: Act, problem: AppError | None) -> Mend | None:
    if problem is None or (problem.code != NO_BOTS and not isinstance(problem, Unfit)):
        return None
    eye = problem.bot if isinstance(problem, Unfit) else None
    if eye is None and problem.code != NO_BOTS:
        return None
    found = mend(act, problem.code, await find_bot(act, eye.bot_id) if eye else None, channel_id=None)
    return None if found.posts else found


def _welcome(connected: Connected) -> Notice:
    if not connected.left_out:
        return Notice(_("%(channel)s is connected.", channel=connected.channel.title))
    names = ", ".join(f"@{bot.username}" for bot in connected.left_out)
    words = _("%(channel)s is connected, without %(bots)s: a bot serves only so many channels.")
    return Notice(words % {"channel": connected.channel.title, "bots": names}, "warn")
