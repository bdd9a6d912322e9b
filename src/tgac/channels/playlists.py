"""What can be done with playlists. One that a task is aimed at is deleted in `tasks/targets.py`: tasks stand above."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete, select

from tgac.channels.models import Channel, ChannelState
from tgac.channels.playlists_models import Playlist, PlaylistChannel
from tgac.channels.playlists_queries import channel_ids_in, find_playlist, known_channels
from tgac.channels.queries import channels_like
from tgac.channels.refs import read_ref
from tgac.journal.service import record
from tgac.kit.act import Act
from tgac.kit.errors import Conflict, Invalid
from tgac.kit.names import name_of_copy, require_name
from tgac.kit.tenancy import Right, require
from tgac.kit.web.i18n import _

MAX_NAME: Final = 100
MAX_CHANNELS: Final = 5000
"""So many channels a playlist holds, and so many lines a list may have."""
NO_CHANNEL: Final = "no_such_channel"


@dataclass(frozen=True, slots=True)
class NotTaken:
    """A channel that was asked for and is none of the project's."""

    channel_id: int
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Assigned:
    """What became of a change: `known` were there already or were not there to be taken out."""

    added: tuple[int, ...] = ()
    removed: tuple[int, ...] = ()
    known: tuple[int, ...] = ()
    left_out: tuple[NotTaken, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """What became of a line of a list: its number from 1, what stood there, and `added`, `known` or `bad`."""

    line: int
    text: str
    outcome: str
    message: str
    channel_id: int | None = None


async def create_playlist(act: Act, name: str, channel_ids: Iterable[int] = ()) -> Playlist:
    """Make a playlist of these channels. Raises Refused, Invalid (`name`, `channel_ids`), Conflict (`name_taken`)."""
    require(act, Right.EDIT)
    wanted = list(dict.fromkeys(channel_ids))
    if unknown := set(wanted) - await known_channels(act, wanted):
        raise Invalid(
            _("There is no such channel in this project: %(id)s.", id=min(unknown)),
            code=NO_CHANNEL,
            field="channel_ids",
        )
    playlist = Playlist(name=await _free_name(act, name), created_at=act.now, updated_at=act.now)
    act.session.add(playlist)
    await act.flush()
    record(act, "playlist_created", {"name": playlist.name})
    await _put_in(act, playlist, wanted, already=0)
    return playlist


async def rename_playlist(act: Act, playlist_id: int, name: str) -> Playlist:
    """Give it another name. Raises Refused, NotFound, Invalid (`name`), Conflict (`name_taken`)."""
    require(act, Right.EDIT)
    playlist = await find_playlist(act, playlist_id)
    free = await _free_name(act, name, playlist=playlist)
    if free != playlist.name:
        record(act, "playlist_changed", {"name": free, "changes": {"name": [playlist.name, free]}})
        playlist.name, playlist.updated_at = free, act.now
    return playlist


async def duplicate_playlist(act: Act, playlist_id: int) -> Playlist:
    """The same channels once more under another name. Raises Refused, NotFound."""
    require(act, Right.EDIT)
    playlist = await find_playlist(act, playlist_id)
    taken = set(await act.session.scalars(select(Playlist.name)))
    name = name_of_copy(playlist.name, taken, limit=MAX_NAME)
    return await create_playlist(act, name, await channel_ids_in(act, playlist_id))


async def assign_channels(
    act: Act, playlist_id: int, *, add: Collection[int] = (), remove: Collection[int] = ()
) -> Assigned:
    """Put channels in and take channels out; doing it again changes nothing.

    Raises Refused, NotFound, Invalid (`add`) where one stands in both or more are put in than a playlist holds.
    """
    require(act, Right.EDIT)
    playlist = await find_playlist(act, playlist_id)
    if both := set(add) & set(remove):
        raise Invalid(_("Channel %(id)s is to be added and removed at once.", id=min(both)), field="add")
    there = set(await channel_ids_in(act, playlist_id))
    known = await known_channels(act, add)
    added = [one for one in dict.fromkeys(add) if one in known and one not in there]
    removed = sorted(set(remove) & there)
    await _take_out(act, playlist, removed)
    await _put_in(act, playlist, added, already=len(there) - len(removed))
    if added or removed:
        changes = {"channels": [len(there), len(there) + len(added) - len(removed)]}
        record(act, "playlist_channels_changed", {"name": playlist.name, "changes": changes})
        playlist.updated_at = act.now
    as_it_was = (set(add) & known & there) | (set(remove) - there)
    return Assigned(tuple(added), tuple(removed), tuple(sorted(as_it_was)), _not_taken(set(add) - known))


async def import_channels(act: Act, playlist_id: int, text: str) -> list[Line]:
    """Put in the project's channels that a list names, one @name, link or id per line; blank and `#` lines are skipped.

    Tells of every other line what became of it; a repeat changes nothing.
    Raises Refused, NotFound, Invalid (`text`) for too many lines.
    """
    require(act, Right.EDIT)
    await find_playlist(act, playlist_id)
    lines = text.splitlines()
    if len(lines) > MAX_CHANNELS:
        raise Invalid(
            _("Send at most %(limit)s lines at once.", limit=MAX_CHANNELS), code="too_many_lines", field="text"
        )
    asked = {n: line.strip() for n, line in enumerate(lines, 1) if line.strip() and not line.lstrip().startswith("#")}
    refs = {n: _read(act, line) for n, line in asked.items()}
    by_ref = await _channels_by_ref(act)
    there = set(await channel_ids_in(act, playlist_id))
    report, fresh = list[Line](), list[int]()
    for number, line in asked.items():
        told = _told(number, line, refs[number], by_ref.get(refs[number] or ""), there)
        report.append(told)
        if told.outcome == "added" and told.channel_id:
            fresh.append(told.channel_id)
            there.add(told.channel_id)
    await assign_channels(act, playlist_id, add=fresh)
    return report


async def channels_matching(act: Act, q: str = "", state: ChannelState | None = None, **also: int | None) -> list[int]:
    """The numbers of all channels that the channel list shows for the same values; `also`: `playlist_id`."""
    wanted = channels_like(q, state, **also).with_only_columns(Channel.id).order_by(Channel.id)
    return list(await act.session.scalars(wanted))


async def remove_playlist(act: Act, playlist_id: int) -> Playlist:
    """Delete a playlist that nothing is aimed at; its channels stay in the project. Raises Refused, NotFound."""
    require(act, Right.EDIT)
    playlist = await find_playlist(act, playlist_id)
    record(act, "playlist_deleted", {"name": playlist.name})
    await act.session.delete(playlist)
    await act.flush()
    return playlist


async def _free_name(act: Act, name: str, *, playlist: Playlist | None = None) -> str:
    if not name.strip():
        raise Invalid(_("Give the playlist a name."), field="name")
    clean = require_name(name)
    if len(clean) > MAX_NAME:
        raise Invalid(_("A name has at most %(limit)s characters.", limit=MAX_NAME), field="name")
    other = await act.session.scalar(select(Playlist).where(Playlist.name == clean))
    if other is not None and other is not playlist:
        raise Conflict(_("Another playlist of this project has this name."), code="name_taken", field="name")
    return clean


async def _put_in(act: Act, playlist: Playlist, channel_ids: Collection[int], *, already: int) -> None:
    if already + len(channel_ids) > MAX_CHANNELS:
        raise Invalid(_("A playlist holds at most %(limit)s channels.", limit=MAX_CHANNELS), field="add")
    act.session.add_all(PlaylistChannel(playlist_id=playlist.id, channel_id=one) for one in channel_ids)
    await act.flush()


async def _take_out(act: Act, playlist: Playlist, channel_ids: Collection[int]) -> None:
    if channel_ids:
        own = PlaylistChannel.playlist_id == playlist.id
        await act.session.execute(delete(PlaylistChannel).where(own, PlaylistChannel.channel_id.in_(channel_ids)))


def _not_taken(unknown: Iterable[int]) -> tuple[NotTaken, ...]:
    words = _("There is no such channel in this project.")
    return tuple(NotTaken(one, NO_CHANNEL, words) for one in sorted(unknown))


def _read(act: Act, line: str) -> str | None:
    try:
        ref = read_ref(line, link_base=act.config.telegram_link_base)
    except Invalid:
        return None
    return str(ref).lower()


async def _channels_by_ref(act: Act) -> dict[str, int]:
    rows = await act.session.execute(select(Channel.id, Channel.telegram_id, Channel.username))
    found: dict[str, int] = {}
    for row in rows:
        found[str(row.telegram_id)] = row.id
        if row.username:
            found[f"@{row.username.lower()}"] = row.id
    return found


def _told(number: int, line: str, ref: str | None, channel_id: int | None, there: Collection[int]) -> Line:
    shown = line[:100]
    if ref is None:
        return Line(number, shown, "bad", _("This names no channel: write @name, a link or an id."))
    if channel_id is None:
        return Line(number, shown, "bad", _("This channel is not in the project. Connect it first."))
    if channel_id in there:
        return Line(number, shown, "known", _("Already there."), channel_id)
    return Line(number, shown, "added", _("Added."), channel_id)
