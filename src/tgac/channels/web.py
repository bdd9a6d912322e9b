"""The pages of channels."""

from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from tgac.bots.invitations import invitations
from tgac.bots.models import BotStatus
from tgac.bots.queries import bots_in, find_bot
from tgac.bots.web import looking, may_edit
from tgac.channels.connect import Connected, Unfit, connect_channel
from tgac.channels.forms import ChannelRef
from tgac.channels.models import Channel, ChannelState
from tgac.channels.queries import channels_like, find_channel, reason_of, seats_of
from tgac.channels.reasons import MENDED_IN_CHANNEL, MENDED_IN_GROUP, NO_BOTS, sentence
from tgac.channels.verify import remove_channel, verify_channel
from tgac.kit.act import Act
from tgac.kit.errors import AppError
from tgac.kit.tenancy import Right, require
from tgac.kit.web.deps import PrincipalDep, ReadAct, RowId, ToolsDep, WriteAct
from tgac.kit.web.forms import Filled, blank, read_form
from tgac.kit.web.i18n import _
from tgac.kit.web.pages import Notice, go, page
from tgac.kit.web.paging import Page, Paging, next_address, paged

router = APIRouter(prefix="/projects/{project_id}/channels", include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Mend:
    """The button that mends what stood in the way."""

    label: str
    href: str


@router.get("")
async def list_page(request: Request, act: ReadAct, asked: Page, state: ChannelState | None = None) -> HTMLResponse:
    """The project's channels and the form that adds one."""
    return await _list_page(request, act, blank(), asked=asked, state=state)


@router.post("")
async def add_channel(request: Request, project_id: RowId, tools: ToolsDep, principal: PrincipalDep) -> Response:
    """Add the channel that was named; what stands in the way is said with the button that mends it."""
    form = await read_form(request, ChannelRef)
    problem: AppError | None = None
    if form.data is not None:
        try:
            connected = await connect_channel(tools, principal, project_id=project_id, ref=form.data.ref)
        except AppError as error:
            form.refuse(error)
            problem = error
        else:
            return go(request, _path(project_id, connected.channel.id), _welcome(connected))
    async with looking(request, principal, project_id=project_id) as act:
        return await _list_page(request, act, form, asked=Paging(), problem=problem)


@router.get("/{channel_id}")
async def channel_page(request: Request, act: ReadAct, channel_id: RowId) -> HTMLResponse:
    """One channel: its state, its bots, and the links that add them."""
    require(act, Right.LOOK)
    channel = await find_channel(act, channel_id)
    seats = (await seats_of(act, [channel_id])).get(channel_id, [])
    return page(
        request,
        "channels/channel.html",
        channel=channel,
        why=reason_of(channel, seats),
        seats=[(seat, bot, _lost(seat.reason, bot.username)) for seat, bot in seats],
        invite=[(bot, invitations(act.config, bot)) for bot in await bots_in(act, (BotStatus.ACTIVE,))],
        may_edit=may_edit(act),
        root=f"/projects/{act.project_id}/channels",
    )


@router.post("/{channel_id}/check")
async def check_channel(
    request: Request, project_id: RowId, channel_id: RowId, tools: ToolsDep, principal: PrincipalDep
) -> Response:
    """Look at the channel again and show what was found."""
    async with tools.reading(principal, project_id) as act:
        require(act, Right.EDIT)
    channel = await verify_channel(tools, project_id=project_id, channel_id=channel_id)
    well = channel.state == ChannelState.ACTIVE
    words = (
        _("All is well: bots and rights are confirmed.") if well else _("The channel cannot be served. See below why.")
    )
    return go(request, _path(project_id, channel_id), Notice(words, "ok" if well else "warn"))


@router.post("/{channel_id}/remove")
async def delete_channel(request: Request, act: WriteAct, channel_id: RowId) -> Response:
    """Take it out of the project and show the others."""
    await remove_channel(act, channel_id)
    return go(request, f"/projects/{act.project_id}/channels", Notice(_("The channel is removed.")))


async def _list_page(
    request: Request,
    act: Act,
    form: Filled[Any],
    *,
    asked: Paging,
    state: ChannelState | None = None,
    problem: AppError | None = None,
) -> HTMLResponse:
    require(act, Right.LOOK)
    channels, following = await paged(act, channels_like(asked.q, state), Channel.id, page=asked)
    seats = await seats_of(act, [channel.id for channel in channels])
    return page(
        request,
        "channels/list.html",
        status=problem.status if problem else 422 if form.errors else 200,
        form=form,
        mend=await _mend(act, problem),
        asked=asked,
        state=state or "",
        rows=[(one, seats.get(one.id, []), reason_of(one, seats.get(one.id, []))) for one in channels],
        may_edit=may_edit(act),
        root=f"/projects/{act.project_id}/channels",
        next_url=next_address(request, following),
    )


async def _mend(act: Act, problem: AppError | None) -> Mend | None:
    if problem is None:
        return None
    if problem.code == NO_BOTS:
        return Mend(_("Add a bot"), f"/projects/{act.project_id}/bots")
    if not isinstance(problem, Unfit) or problem.bot is None:
        return None
    links = invitations(act.config, await find_bot(act, problem.bot.bot_id))
    if problem.code in MENDED_IN_CHANNEL:
        return Mend(_("Add @%(bot)s to the channel", bot=problem.bot.username), links.channel)
    if problem.code in MENDED_IN_GROUP:
        return Mend(_("Add @%(bot)s to the group", bot=problem.bot.username), links.group)
    return None


def _welcome(connected: Connected) -> Notice:
    if not connected.left_out:
        return Notice(_("%(channel)s is connected.", channel=connected.channel.title))
    names = ", ".join(f"@{bot.username}" for bot in connected.left_out)
    words = _("%(channel)s is connected, without %(bots)s: a bot serves only so many channels.")
    return Notice(words % {"channel": connected.channel.title, "bots": names}, "warn")


def _lost(reason: str | None, username: str) -> str:
    return sentence(reason, username) if reason else ""


def _path(project_id: int, channel_id: int) -> str:
    return f"/projects/{project_id}/channels/{channel_id}"
