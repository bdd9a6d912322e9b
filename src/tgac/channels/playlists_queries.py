"""How playlists are found, and which channels are in them."""

from collections.abc import Iterable

from sqlalchemy import Select, func, select

from tgac.channels.models import Channel
from tgac.channels.playlists_models import Playlist, PlaylistChannel
from tgac.kit.act import Act
from tgac.kit.errors import NotFound
from tgac.kit.web.i18n import _
from tgac.kit.web.paging import called, matching


async def find_playlist(act: Act, playlist_id: int) -> Playlist:
    """The playlist of the act's project. Raises NotFound."""
    playlist = await act.session.scalar(select(Playlist).where(Playlist.id == playlist_id))
    if playlist is None:
        raise NotFound(_("There is nothing here, or it is not yours."))
    return playlist


def playlists_like(q: str = "") -> Select[Playlist]:
    """Playlists whose name contains `q`."""
    statement = select(Playlist)
    return statement.where(matching(q, Playlist.name)) if q else statement


def channels_in(*playlist_ids: int) -> Select[int]:
    """The numbers of the channels that are in one of these playlists, as a subquery."""
    return select(PlaylistChannel.channel_id).where(PlaylistChannel.playlist_id.in_(playlist_ids))


def channels_in_called(words: str) -> Select[int]:
    """The numbers of the channels in the playlists that somebody means who has typed a name."""
    joined = select(PlaylistChannel.channel_id).join(Playlist, Playlist.id == PlaylistChannel.playlist_id)
    return joined.where(called(words, Playlist.name))


async def channel_ids_in(act: Act, playlist_id: int) -> list[int]:
    """The numbers of a playlist's channels, in their order."""
    return list(await act.session.scalars(channels_in(playlist_id).order_by(PlaylistChannel.channel_id)))


async def sizes_of(act: Act, playlist_ids: Iterable[int]) -> dict[int, int]:
    """How many channels are in each of these playlists; empty ones are not in it."""
    counted = (
        select(PlaylistChannel.playlist_id, func.count().label("size"))
        .where(PlaylistChannel.playlist_id.in_(list(playlist_ids)))
        .group_by(PlaylistChannel.playlist_id)
    )
    return {row.playlist_id: row.size for row in await act.session.execute(counted)}


async def playlists_of(act: Act, channel_ids: Iterable[int]) -> dict[int, list[Playlist]]:
    """The playlists that each of these channels is in, by name; channels that are in none are not in it."""
    statement = (
        select(PlaylistChannel.channel_id, Playlist)
        .join(Playlist, Playlist.id == PlaylistChannel.playlist_id)
        .where(PlaylistChannel.channel_id.in_(list(channel_ids)))
        .order_by(Playlist.name, Playlist.id)
    )
    found: dict[int, list[Playlist]] = {}
    for row in await act.session.execute(statement):
        found.setdefault(row.channel_id, []).append(row.Playlist)
    return found


async def known_channels(act: Act, channel_ids: Iterable[int]) -> set[int]:
    """Those of the numbers that are channels of the project."""
    return set(await act.session.scalars(select(Channel.id).where(Channel.id.in_(list(channel_ids)))))
