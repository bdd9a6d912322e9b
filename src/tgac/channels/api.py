"""Channels in JSON."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from tgac.bots.invitations import invitations
from tgac.bots.models import BotStatus
from tgac.bots.queries import bots_in
from tgac.channels.bulk import order_channels
from tgac.channels.change import change_channel, remove_channel
from tgac.channels.clients import (
    CLIENT_PREFIX,
    Listed,
    connect_links,
    make_connect_link,
    revoke_connect_link,
)
from tgac.channels.clients_models import ConnectLink
from tgac.channels.connect import claim_channel, connect_channel
from tgac.channels.filters import Wanted
from tgac.channels.forms import ChannelChange, ChannelList, ChannelOrder, ChannelRef, LinkName
from tgac.channels.importing import import_channels
from tgac.channels.models import Channel
from tgac.channels.playlists_queries import playlists_of
from tgac.channels.queries import channels_found, find_channel, reasons_of, seats_of
from tgac.channels.reasons import BOT_FULL, sentence
from tgac.channels.verify import verify_channel
from tgac.kit.act import Act
from tgac.kit.telegram.links import start_link
from tgac.kit.tenancy import Principal, Right, require
from tgac.kit.tools import Tools
from tgac.kit.web.answers import ok
from tgac.kit.web.deps import PrincipalDep, ReadAct, RowId, ToolsDep, WriteAct
from tgac.kit.web.paging import Page, paged
from tgac.people.sign_in_api import service_bot_name

router = APIRouter(prefix="/api/v1/projects/{project_id}/channels", tags=["channels"])


@router.get("")
async def list_channels(act: ReadAct, page: Page, wanted: Wanted) -> JSONResponse:
    """The project's channels, newest first."""
    require(act, Right.LOOK)
    channels, following = await paged(act, channels_found(wanted), Channel.id, page=page)
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


@router.post("/import")
async def import_list(act: WriteAct, body: ChannelList) -> JSONResponse:
    """Take in a list, one @name, link or id per line: pending until Telegram confirms each; every line is told."""
    lines = await import_channels(act, body.text)
    counts = {name: sum(one.outcome == name for one in lines) for name in ("added", "known", "duplicate", "bad")}
    return ok({**counts, "lines": lines})


@router.post("/bulk")
async def order(act: WriteAct, body: ChannelOrder) -> JSONResponse:
    """Do one thing with many channels: those of `ids`, or all that match `filter`; tells of each what came of it."""
    told = await order_channels(act, body)
    items = [{"channel_id": one.channel_id, "code": one.code or None, "message": one.message or None} for one in told]
    return ok({"done": sum(one.ok for one in told), "items": items})


@router.get("/connect-links")
async def list_links(act: ReadAct) -> JSONResponse:
    """The links by which clients connect channels of theirs, newest first; never the secrets."""
    return ok({"items": [link_described(one, act.now) for one in await connect_links(act)], "next": None})


@router.post("/connect-links", status_code=201)
async def make_link(
    request: Request, project_id: RowId, body: LinkName, tools: ToolsDep, principal: PrincipalDep
) -> JSONResponse:
    """Make a link for a client; `url` is told this once."""
    link, url = await make_connect_url(request, tools, principal, project_id=project_id, name=body.name)
    return ok({"id": link.id, "name": link.name, "url": url, "expires_at": link.expires_at}, status=201)


@router.delete("/connect-links/{connect_link_id}")
async def revoke_link(act: WriteAct, connect_link_id: RowId) -> JSONResponse:
    """Let the link bring no further channels; those that it has brought stay."""
    await revoke_connect_link(act, connect_link_id)
    return ok()


@router.get("/{channel_id}")
async def show_channel(act: ReadAct, channel_id: RowId) -> JSONResponse:
    """One channel."""
    require(act, Right.LOOK)
    return ok((await described(act, await find_channel(act, channel_id)))[0])


@router.put("/{channel_id}")
async def put_channel(act: WriteAct, channel_id: RowId, body: ChannelChange) -> JSONResponse:
    """`archived` frees its bots' seats and nobody looks at it; `active` has it looked at. `note` is for people."""
    changed = await change_channel(act, channel_id, state=body.state, remark=body.note)
    return ok((await described(act, changed))[0])


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


@router.post("/{channel_id}/claim")
async def claim(project_id: RowId, channel_id: RowId, tools: ToolsDep, principal: PrincipalDep) -> JSONResponse:
    """Confirm that the channel is yours, if Telegram says that you are its admin."""
    channel = await claim_channel(tools, principal, project_id=project_id, channel_id=channel_id)
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


async def make_connect_url(
    request: Request, tools: Tools, author: Principal, *, project_id: int, name: str
) -> tuple[ConnectLink, str]:
    """A fresh connect link, and its address with the secret."""
    async with tools.reading(author, project_id) as act:
        require(act, Right.EDIT)
    bot = await service_bot_name(request, tools)
    async with tools.acting(author, project_id) as act:
        link, secret = await make_connect_link(act, name)
    payload = CLIENT_PREFIX + secret.reveal()
    return link, start_link(tools.config.telegram_link_base, bot, payload=payload)


def link_described(one: Listed, now: datetime) -> dict[str, Any]:
    """What is told of a connect link."""
    return {
        "id": one.row.id,
        "name": one.row.name,
        "made_by": one.made_by,
        "clients": one.clients,
        "works": one.row.revoked_at is None and one.row.expires_at > now,
        "created_at": one.row.created_at,
        "expires_at": one.row.expires_at,
        "revoked_at": one.row.revoked_at,
    }


async def described(act: Act, *channels: Channel) -> list[dict[str, Any]]:
    """What is told of channels."""
    seats = await seats_of(act, [channel.id for channel in channels])
    playlists = await playlists_of(act, [channel.id for channel in channels])
    why = await reasons_of(act, channels)
    return [
        {
            "id": channel.id,
            "telegram_id": channel.telegram_id,
            "ref": channel.ref,
            "title": channel.title,
            "username": channel.username,
            "group": {"id": channel.group_id, "title": channel.group_title, "username": channel.group_username},
            "group_changed_at": channel.group_changed_at,
            "former_group": channel.former_group,
            "state": channel.state,
            "reason": channel.reason,
            "reason_bot_id": channel.reason_bot_id,
            "message": why.get(channel.id),
            "claimed_by": channel.claimed_by,
            "is_client": channel.client_telegram_id is not None,
            "guards": channel.guards,
            "guard_seen_at": channel.guard_seen_at,
            "note": channel.note,
            "seats": [
                {"bot_id": bot.id, "username": bot.username, "state": seat.state, "reason": seat.reason}
                for seat, bot in seats.get(channel.id, [])
            ],
            "playlists": [{"id": one.id, "name": one.name} for one in playlists.get(channel.id, [])],
            "checked_at": channel.checked_at,
            "posted_at": channel.posted_at,
            "created_at": channel.created_at,
        }
        for channel in channels
    ]
