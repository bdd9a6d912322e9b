"""Choosing among thousands in a form that works without scripts.

A search, boxes for what it finds, and one hidden field that keeps what is chosen and not shown.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Select, case, func, select

from tgac.bots.filters import BotFilter
from tgac.bots.models import Bot, BotStatus, Seat, SeatState
from tgac.bots.queries import bots_like
from tgac.channels.models import Channel, ChannelState
from tgac.channels.playlists_models import Playlist
from tgac.channels.playlists_queries import playlists_like, sizes_of
from tgac.channels.queries import channels_like
from tgac.kit.act import Act
from tgac.kit.web.deps import MAX_ID
from tgac.kit.web.forms import Filled
from tgac.kit.web.i18n import _, ngettext
from tgac.tasks.draft import BOTS, CHANNELS, PLAYLISTS, choose, chosen, numbers_in
from tgac.tasks.draft_numbers import whole
from tgac.tasks.media import media_to_choose

FILES: Final = "files"
"""The search among files; which one is chosen, each variant says by itself."""
SHOWN: Final = 30
"""So many boxes are shown at once."""


@dataclass(frozen=True, slots=True)
class Picker:
    """What the form shows of a choice: `options` (number, label, note), the others by their figures alone."""

    name: str
    options: Sequence[tuple[int, str, str]]
    chosen: int
    kept: str
    fitting: int
    total: int

    @property
    def is_long(self) -> bool:
        """Whether not all can be shown, so that a search is needed."""
        return self.total > SHOWN


@dataclass(frozen=True, slots=True)
class _Kind:
    table: Any
    label: Any
    like: Callable[[Act, str], Select[Any]]


def _bots_like(act: Act, q: str) -> Select[Any]:
    return bots_like(BotFilter(q=q), now=act.now, limit=act.config.max_channels_per_bot)


_KINDS: Final[Mapping[str, _Kind]] = {
    CHANNELS: _Kind(Channel, Channel.title, lambda _act, q: channels_like(q)),
    PLAYLISTS: _Kind(Playlist, Playlist.name, lambda _act, q: playlists_like(q)),
    BOTS: _Kind(Bot, Bot.username, _bots_like),
}


def is_search(form: Filled[Any]) -> bool:
    """Whether the form was sent to be searched in: by a button, or by Enter in a search that was typed anew."""
    asked = form.values.get("do", "")
    if asked.startswith(("find.", "all.", "none.")):
        return True
    return asked == "enter" and any(
        form.values.get(f"{name}.q", "") != form.values.get(f"{name}.q_before", "") for name in (*_KINDS, FILES)
    )


async def files_to_choose(act: Act, form: Filled[Any]) -> tuple[list[tuple[str, str]], bool]:
    """The files that a variant may carry, as options; and whether there are so many that a search is needed."""
    q = form.values.get(f"{FILES}.q", "").strip()[:100]
    carried = {whole(value) for name, value in form.values.items() if name.endswith(".media_id")}
    numbers = {one for one in carried if isinstance(one, int) and 1 <= one <= MAX_ID}
    files, is_long = await media_to_choose(act, q, numbers)
    return [("", _("none")), *((str(one.id), one.name) for one in files)], is_long or bool(q)


async def choose_all(act: Act, form: Filled[Any]) -> None:
    """Do what the buttons "choose all that fit" and "leave out all that fit" ask."""
    verb, _dot, name = form.values.get("do", "").partition(".")
    if verb not in ("all", "none") or name not in _KINDS:
        return
    fitting = set(await act.session.scalars(_like(act, name, form).with_only_columns(_KINDS[name].table.id)))
    before = set(chosen(form, name))
    choose(form, name, before | fitting if verb == "all" else before - fitting)


async def pickers(act: Act, form: Filled[Any]) -> dict[str, Picker]:
    """The pickers of the editor by their names; the form gets the ticks of what is shown."""
    return {
        CHANNELS: await _picker(act, form, CHANNELS, _channel_notes),
        PLAYLISTS: await _picker(act, form, PLAYLISTS, _playlist_notes),
        BOTS: await _picker(act, form, BOTS, _bot_notes),
    }


async def _picker(act: Act, form: Filled[Any], name: str, notes: Callable[[Act, Sequence[Any]], Any]) -> Picker:
    kind, picked = _KINDS[name], numbers_in(form, name)
    wanted = _like(act, name, form)
    number = kind.table.id
    first = case((number.in_(picked), 0), else_=1) if picked else case((number.is_(None), 0), else_=1)
    rows = list(await act.session.scalars(wanted.order_by(first, kind.label, number).limit(SHOWN)))
    fitting = await act.session.scalar(wanted.with_only_columns(func.count(number)))
    total = await act.session.scalar(select(func.count(number)))
    shown = {row.id for row in rows}
    form.ticks = (form.ticks or frozenset()) | {(name, str(one)) for one in picked if one in shown}
    kept = " ".join(str(one) for one in picked if one not in shown)
    form.values[f"{name}.kept"] = kept
    said = await notes(act, rows)
    options = [(row.id, _label(row), said.get(row.id, "")) for row in rows]
    return Picker(name, options, len(picked), kept, fitting or 0, total or 0)


def _like(act: Act, name: str, form: Filled[Any]) -> Select[Any]:
    return _KINDS[name].like(act, form.values.get(f"{name}.q", "").strip()[:100])


def _label(row: Any) -> str:
    if isinstance(row, Channel):
        return row.title
    return f"@{row.username}" if isinstance(row, Bot) else str(row.name)


async def _channel_notes(act: Act, channels: Sequence[Channel]) -> dict[int, str]:
    return {
        one.id: (f"@{one.username}" if one.username else "")
        if one.state == ChannelState.ACTIVE
        else _("not served at this moment")
        for one in channels
    }


async def _playlist_notes(act: Act, playlists: Sequence[Playlist]) -> dict[int, str]:
    sizes = await sizes_of(act, [one.id for one in playlists])
    return {one.id: ngettext("%(n)s channel", "%(n)s channels", sizes.get(one.id, 0)) for one in playlists}


async def _bot_notes(act: Act, bots: Sequence[Bot]) -> dict[int, str]:
    places = await _places(act, [bot.id for bot in bots if bot.status == BotStatus.ACTIVE])
    return {bot.id: _bot_note(bot, *places.get(bot.id, (0, ""))) for bot in bots}


def _bot_note(bot: Bot, count: int, title: str) -> str:
    if bot.status != BotStatus.ACTIVE:
        return _("not active")
    if not count:
        return _("may not write in any channel yet")
    if count == 1:
        return _("writes in %(channels)s", channels=title)
    return ngettext("writes in %(first)s and %(n)s more", "writes in %(first)s and %(n)s more", count - 1, first=title)


async def _places(act: Act, bot_ids: Collection[int]) -> dict[int, tuple[int, str]]:
    """In how many active channels each bot may write, and the first one's title."""
    asked = (
        select(Seat.bot_id, func.count(Channel.id), func.min(Channel.title))
        .join(Channel, Channel.id == Seat.channel_id)
        .where(Seat.bot_id.in_(bot_ids), Seat.state == SeatState.ACTIVE, Channel.state == ChannelState.ACTIVE)
        .group_by(Seat.bot_id)
    )
    rows: Iterable[Any] = await act.session.execute(asked)
    return {row[0]: (row[1], row[2]) for row in rows}
