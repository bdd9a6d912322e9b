"""Channels in JSON."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tgac.bots.invitations import invitations
from tgac.bots.models import BotStatus
from tgac.bots.queries import bots_in
from tgac.channels.connect import connect_channel
from tgac.channels.forms import ChannelRef
from tgac.channels.models import Channel, ChannelState
from tgac.channels.queries import channels_like, find_channel, reason_of, seats_of
from tgac.channels.reasons import BOT_FULL, sentence
from tgac.channels.verify import remove_channel, verify_channel
from tgac.kit.act import Act
from tgac.kit.tenancy import Right, require
from tgac.kit.web.answers import ok
from tgac.kit.web.deps import PrincipalDep, ReadAct, RowId, ToolsDep, WriteAct
from tgac.kit.web.paging import Page, paged

router = APIRouter(prefix="/api/v1/projects/{project_id}/channels", tags=["channels"])


@router.get("")
async def list_channels(act: ReadAct, page: Page, state: ChannelState | None = None) -> JSONResponse:
    """The project's channels, newest first."""
    require(act, Right.LOOK)
    channels, following = await paged(act, channels_like(page.q, state), Channel.id, page=page)
    return ok({"items": await described(act, *channels), "next": following})


@router.post("", status_code=201)
async def add_channel(project_id: RowId, body: ChannelRef, tools: ToolsDep, principal: PrincipalDep) -> JSONResponse:
    """Take a channel into the project, if Telegram confirms the invitation and the claim."""
    connected = await connect_channel(tools, principal, project_id=project_id, ref=body.ref)
    left_out = [
        {
            "bot_id": bot.bot_id,
            "username": bot.username,
            "reason": BOT_FULL,
            "message": sentence(BOT_FULL, bot.username),
        }
        for bot in connected.left_out
    ]
    async with tools.reading(principal, project_id) as act:
        shown = (await described(act, connected.channel))[0]
    return ok({**shown, "left_out": left_out}, status=201)


@router.get("/{channel_id}")
async def show_channel(act: ReadAct, channel_id: RowId) -> JSONResponse:
    """One channel."""
    require(act, Right.LOOK)
    return ok((await described(act, await find_channel(act, channel_id)))[0])


@router.delete("/{channel_id}")
async def delete_channel(act: WriteAct, channel_id: RowId) -> JSONResponse:
    """Take the channel out of the project, with its posts and comments."""
    await remove_channel(act, channel_id)
    return ok()


@router.post("/{channel_id}/check")
async def check_channel(project_id: RowId, channel_id: RowId, tools: ToolsDep, principal: PrincipalDep) -> JSONResponse:
    """Look at the channel again: it opens, or is suspended with the reason."""
    async with tools.reading(principal, project_id) as act:
        require(act, Right.EDIT)
    channel = await verify_channel(tools, project_id=project_id, channel_id=channel_id)
    async with tools.reading(principal, project_id) as act:
        return ok((await described(act, channel))[0])


@router.get("/{channel_id}/links")
async def show_links(act: ReadAct, channel_id: RowId) -> JSONResponse:
    """For every active bot the links that add it to the channel and to the group."""
    require(act, Right.LOOK)
    await find_channel(act, channel_id)
    bots = await bots_in(act, (BotStatus.ACTIVE,))
    items = [{"bot_id": bot.id, "username": bot.username, "links": invitations(act.config, bot)} for bot in bots]
    return ok({"items": items, "next": None})


async def described(act: Act, *channels: Channel) -> list[dict[str, Any]]:
    """What is told of channels."""
    seats = await seats_of(act, [channel.id for channel in channels])
    return [
        {
            "id": channel.id,
            "telegram_id": channel.telegram_id,
            "title": channel.title,
            "username": channel.username,
            "group": {"id": channel.group_id, "title": channel.group_title, "username": channel.group_username},
            "state": channel.state,
            "reason": channel.reason,
            "message": reason_of(channel, seats.get(channel.id, [])),
            "seats": [
                {"bot_id": bot.id, "username": bot.username, "state": seat.state, "reason": seat.reason}
                for seat, bot in seats.get(channel.id, [])
            ],
            "checked_at": channel.checked_at,
            "posted_at": channel.posted_at,
            "created_at": channel.created_at,
        }
        for channel in channels
    ]
