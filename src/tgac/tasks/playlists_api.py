"""Playlists in JSON. They stand with the tasks, because a playlist is told of with the tasks that are aimed at it."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tgac.channels import playlists
from tgac.channels.playlists_forms import ChannelChange, ChannelFilter, ChannelList, NewPlaylist, PlaylistName
from tgac.channels.playlists_models import Playlist
from tgac.channels.playlists_queries import channel_ids_in, find_playlist, playlists_like, sizes_of
from tgac.kit.act import Act
from tgac.kit.tenancy import Right, require
from tgac.kit.web.answers import ok
from tgac.kit.web.deps import ReadAct, RowId, WriteAct
from tgac.kit.web.paging import Page, paged
from tgac.tasks import targets

router = APIRouter(prefix="/api/v1/projects/{project_id}/playlists", tags=["playlists"])


@router.get("")
async def list_playlists(act: ReadAct, page: Page) -> JSONResponse:
    """The project's playlists, newest first."""
    require(act, Right.LOOK)
    found, following = await paged(act, playlists_like(page.q), Playlist.id, page=page)
    return ok({"items": await described(act, found), "next": following})


@router.post("", status_code=201)
async def create_playlist(act: WriteAct, body: NewPlaylist) -> JSONResponse:
    """Make a playlist, empty or of these channels."""
    return await _shown(act, await playlists.create_playlist(act, body.name, body.channel_ids), status=201)


@router.get("/{playlist_id}")
async def show_playlist(act: ReadAct, playlist_id: RowId) -> JSONResponse:
    """One playlist with the numbers of its channels."""
    require(act, Right.LOOK)
    return await _shown(act, await find_playlist(act, playlist_id))


@router.put("/{playlist_id}")
async def rename_playlist(act: WriteAct, playlist_id: RowId, body: PlaylistName) -> JSONResponse:
    """Give it another name."""
    return await _shown(act, await playlists.rename_playlist(act, playlist_id, body.name))


@router.delete("/{playlist_id}")
async def delete_playlist(act: WriteAct, playlist_id: RowId) -> JSONResponse:
    """Delete it; its channels stay in the project. Refused while tasks are aimed at it."""
    await targets.delete_playlist(act, playlist_id)
    return ok()


@router.post("/{playlist_id}/duplicate", status_code=201)
async def duplicate_playlist(act: WriteAct, playlist_id: RowId) -> JSONResponse:
    """The same channels once more, under another name."""
    return await _shown(act, await playlists.duplicate_playlist(act, playlist_id), status=201)


@router.post("/{playlist_id}/assign_channels")
async def assign_channels(act: WriteAct, playlist_id: RowId, body: ChannelChange) -> JSONResponse:
    """Put channels in and take channels out, by number or all that match; says what was left out, and why."""
    require(act, Right.EDIT)
    add = [*body.add, *await _matching(act, body.add_matching)]
    remove = [*body.remove, *await _matching(act, body.remove_matching)]
    return ok(asdict(await playlists.assign_channels(act, playlist_id, add=add, remove=remove)))


@router.post("/{playlist_id}/import")
async def import_channels(act: WriteAct, playlist_id: RowId, body: ChannelList) -> JSONResponse:
    """Put in what a list names, one @name, link or id per line; tells of every line what became of it."""
    report = await playlists.import_channels(act, playlist_id, body.text)
    return ok({"lines": [asdict(line) for line in report]})


async def described(act: Act, found: Iterable[Playlist]) -> list[dict[str, Any]]:
    """What is told of playlists."""
    found = list(found)
    numbers = [one.id for one in found]
    sizes = await sizes_of(act, numbers)
    tasks = await targets.tasks_on_playlists(act, numbers)
    return [
        {
            "id": one.id,
            "name": one.name,
            "channels": sizes.get(one.id, 0),
            "tasks": [{"id": task.id, "name": task.name, "status": task.status} for task in tasks.get(one.id, [])],
            "created_at": one.created_at,
            "updated_at": one.updated_at,
        }
        for one in found
    ]


async def _shown(act: Act, playlist: Playlist, *, status: int = 200) -> JSONResponse:
    (told,) = await described(act, [playlist])
    return ok(told | {"channel_ids": await channel_ids_in(act, playlist.id)}, status=status)


async def _matching(act: Act, wanted: ChannelFilter | None) -> list[int]:
    return (
        []
        if wanted is None
        else await playlists.channels_matching(act, wanted.q, wanted.state, playlist_id=wanted.playlist_id)
    )
