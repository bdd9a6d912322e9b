"""The pages of one channel; `list_web.py` has those of many."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy import select

from tgac.bots.invitations import invitations
from tgac.bots.queries import bots_to_invite
from tgac.bots.showing import may_edit
from tgac.channels.change import change_channel, remove_channel
from tgac.channels.connect import Unfit, claim_channel
from tgac.channels.forms import NoteForm
from tgac.channels.mending import mends_of
from tgac.channels.models import ChannelState
from tgac.channels.playlists_queries import playlists_of
from tgac.channels.queries import find_channel, reasons_of, seats_of
from tgac.channels.reasons import sentence
from tgac.channels.verify import verify_channel
from tgac.kit.tenancy import Right, require
from tgac.kit.web.deps import PrincipalDep, ReadAct, RowId, ToolsDep, WriteAct
from tgac.kit.web.forms import read_form
from tgac.kit.web.i18n import _
from tgac.kit.web.pages import Notice, go, page
from tgac.people.models import User
from tgac.settings.service import holding_here

INVITED: Final = 10
"""So many bots are offered for a channel; the others are found by a search."""

router = APIRouter(prefix="/projects/{project_id}/channels", include_in_schema=False)


@router.get("/{channel_id}")
async def channel_page(
    request: Request, act: ReadAct, channel_id: RowId, bot: Annotated[str, Query(max_length=100)] = ""
) -> HTMLResponse:
    """One channel: its state, its bots, and the links that add some; `bot` is searched for among these."""
    require(act, Right.LOOK)
    channel = await find_channel(act, channel_id)
    seats = (await seats_of(act, [channel_id])).get(channel_id, [])
    sought = bot.replace("\0", "").strip()
    invited = await bots_to_invite(act, channel_id, sought, INVITED + 1)
    ends = channel.review_ends((await holding_here(act)).review_days)
    return page(
        request,
        "channels/channel.html",
        channel=channel,
        playlists=(await playlists_of(act, [channel_id])).get(channel_id, []),
        why=(await reasons_of(act, [channel])).get(channel_id),
        in_review_until=ends if ends and ends > act.now else None,
        mend=(await mends_of(act, [channel])).get(channel_id),
        claimer=await act.session.scalar(select(User.username).where(User.id == channel.claimed_by)) or "",
        seats=[(seat, bot, _lost(seat.reason, bot.username)) for seat, bot in seats],
        invite=[(one, invitations(act.config, one)) for one in invited[:INVITED]],
        sought=sought,
        has_more=len(invited) > INVITED,
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
    return go(request, _path(project_id, channel.id), Notice(words, "ok" if well else "warn"))


@router.post("/{channel_id}/claim")
async def claim(
    request: Request, project_id: RowId, channel_id: RowId, tools: ToolsDep, principal: PrincipalDep
) -> Response:
    """Confirm that the channel is one's own."""
    try:
        await claim_channel(tools, principal, project_id=project_id, channel_id=channel_id)
    except Unfit as error:
        return go(request, _path(project_id, channel_id), Notice(error.message, "bad"))
    return go(request, _path(project_id, channel_id), Notice(_("Telegram confirms it: the channel is yours.")))


@router.post("/{channel_id}/archive")
async def archive(request: Request, act: WriteAct, channel_id: RowId) -> Response:
    """Put it into the archive."""
    await change_channel(act, channel_id, state="archived")
    words = _("The channel is in the archive: nothing is sent there, and its bots have room for others.")
    return go(request, _path(act.project_id, channel_id), Notice(words))


@router.post("/{channel_id}/unarchive")
async def unarchive(request: Request, act: WriteAct, channel_id: RowId) -> Response:
    """Take it out of the archive."""
    await change_channel(act, channel_id, state="active")
    return go(request, _path(act.project_id, channel_id), Notice(_("Taken out of the archive. Telegram is asked.")))


@router.post("/{channel_id}/note")
async def save_note(request: Request, act: WriteAct, channel_id: RowId) -> Response:
    """Keep what people note about it."""
    form = await read_form(request, NoteForm)
    if form.data is None:
        return go(request, _path(act.project_id, channel_id), Notice(next(iter(form.errors.values())), "bad"))
    await change_channel(act, channel_id, remark=form.data.note)
    return go(request, _path(act.project_id, channel_id), Notice(_("Saved.")))


@router.post("/{channel_id}/remove")
async def delete_channel(request: Request, act: WriteAct, channel_id: RowId) -> Response:
    """Take it out of the project and show the others."""
    await remove_channel(act, channel_id)
    return go(request, f"/projects/{act.project_id}/channels", Notice(_("The channel is removed.")))


def _lost(reason: str | None, username: str) -> str:
    return sentence(reason, username) if reason else ""


def _path(project_id: int, channel_id: int) -> str:
    return f"/projects/{project_id}/channels/{channel_id}"
