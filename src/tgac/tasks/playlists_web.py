"""The pages of playlists: a list, and one playlist with its channels, to be put in and taken out with ticks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy import func, select

from tgac.channels import playlists
from tgac.channels.models import Channel, ChannelState
from tgac.channels.playlists import Assigned, Line
from tgac.channels.playlists_forms import ChannelList, ChannelTicks, PlaylistName
from tgac.channels.playlists_models import Playlist
from tgac.channels.playlists_queries import channels_in, find_playlist, playlists_like, sizes_of
from tgac.channels.queries import channels_like
from tgac.kit.act import Act
from tgac.kit.errors import AppError, Invalid
from tgac.kit.tenancy import RIGHTS, Right, require
from tgac.kit.web.deps import ReadAct, RowId, WriteAct
from tgac.kit.web.forms import Filled, blank, read_form
from tgac.kit.web.i18n import _, ngettext
from tgac.kit.web.pages import Notice, go, page
from tgac.kit.web.paging import OrAny, Page, Paging, next_address, paged
from tgac.tasks.targets import delete_playlist, tasks_on_playlists

router = APIRouter(prefix="/projects/{project_id}/playlists", include_in_schema=False)

type Side = Literal["in", "out"]
_SHOWN_LINES: Final = 200
"""Of a long list's report the lines that were not simply added, at most so many."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Which channels a playlist's page shows: those in it or the others, of that state, that fit the search."""

    paging: Paging = field(default_factory=Paging)
    show: Side = "in"
    state: ChannelState | None = None


@router.get("")
async def list_page(request: Request, act: ReadAct, asked: Page) -> HTMLResponse:
    """The project's playlists and the form that makes one."""
    return await _list_page(request, act, blank(), asked=asked)


@router.post("")
async def create(request: Request, act: WriteAct) -> Response:
    """Make an empty one and open it."""
    form = await read_form(request, PlaylistName)
    if form.data is not None:
        try:
            playlist = await playlists.create_playlist(act, form.data.name)
        except AppError as error:
            form.refuse(error)
        else:
            words = _("The playlist “%(name)s” is made. Put channels in.", name=playlist.name)
            return go(request, f"{_path(act, playlist.id)}?show=out", Notice(words))
    return await _list_page(request, act, form, asked=Paging(), status=422)


@router.get("/{playlist_id}")
async def playlist_page(
    request: Request,
    act: ReadAct,
    playlist_id: RowId,
    asked: Page,
    show: Side = "in",
    state: Annotated[ChannelState | None, OrAny] = None,
) -> HTMLResponse:
    """One playlist with its channels, or with those that are not in it yet."""
    return await _playlist_page(request, act, playlist_id, Asked(asked, show, state))


@router.post("/{playlist_id}/name")
async def rename(request: Request, act: WriteAct, playlist_id: RowId) -> Response:
    """Give it another name."""
    form = await read_form(request, PlaylistName)
    if form.data is not None:
        try:
            await playlists.rename_playlist(act, playlist_id, form.data.name)
        except AppError as error:
            form.refuse(error)
        else:
            return go(request, _path(act, playlist_id), Notice(_("Saved.")))
    return await _playlist_page(request, act, playlist_id, Asked(), naming=form, status=422)


@router.post("/{playlist_id}/channels")
async def assign_channels(request: Request, act: WriteAct, playlist_id: RowId) -> Response:
    """Put in or take out the ticked ones or all that the search shows, and say what came of it."""
    require(act, Right.EDIT)
    form = await read_form(request, ChannelTicks)
    if form.data is None:
        raise Invalid(_("Choose one of the values offered."), fields=form.errors)
    ticks = form.data
    putting_in = ticks.do.startswith("add")
    chosen = ticks.channel_ids
    if ticks.do.endswith("_all"):
        side: Side = "out" if putting_in else "in"
        asked = Asked(Paging(q=ticks.q.strip()), side, ticks.state)
        chosen = list(await act.session.scalars(_shown_channels(playlist_id, asked).with_only_columns(Channel.id)))
    found = await playlists.assign_channels(
        act, playlist_id, add=chosen if putting_in else (), remove=() if putting_in else chosen
    )
    kept = {"show": "out" if putting_in else "in", "q": ticks.q, "state": ticks.state or ""}
    return go(request, f"{_path(act, playlist_id)}{_query(kept)}", _told(found, putting_in=putting_in))


@router.post("/{playlist_id}/import")
async def import_channels(request: Request, act: WriteAct, playlist_id: RowId) -> Response:
    """Put in what a list names and show what became of each line."""
    require(act, Right.EDIT)
    form = await read_form(request, ChannelList)
    report: list[Line] | None = None
    if form.data is not None:
        try:
            report = await playlists.import_channels(act, playlist_id, form.data.text)
        except AppError as error:
            form.refuse(error)
        else:
            form = blank()
    return await _playlist_page(
        request, act, playlist_id, Asked(), listed=form, report=report, status=200 if report is not None else 422
    )


@router.post("/{playlist_id}/duplicate")
async def duplicate(request: Request, act: WriteAct, playlist_id: RowId) -> Response:
    """Copy it and open the copy."""
    copy = await playlists.duplicate_playlist(act, playlist_id)
    return go(request, _path(act, copy.id), Notice(_("The playlist “%(name)s” is a copy.", name=copy.name)))


@router.post("/{playlist_id}/delete")
async def delete(request: Request, act: WriteAct, playlist_id: RowId) -> Response:
    """Delete it and show the others."""
    playlist = await delete_playlist(act, playlist_id)
    return go(request, _root(act), Notice(_("The playlist “%(name)s” is deleted.", name=playlist.name)))


async def _list_page(
    request: Request, act: Act, form: Filled[Any], *, asked: Paging, status: int = 200
) -> HTMLResponse:
    require(act, Right.LOOK)
    found, following = await paged(act, playlists_like(asked.q), Playlist.id, page=asked)
    return page(
        request,
        "playlists/list.html",
        status=status,
        form=form,
        asked=asked,
        found=found,
        sizes=await sizes_of(act, [one.id for one in found]),
        tasks=await tasks_on_playlists(act, [one.id for one in found]),
        may_edit=_may_edit(act),
        root=_root(act),
        next_url=next_address(request, following),
    )


async def _playlist_page(
    request: Request, act: Act, playlist_id: int, asked: Asked, *, status: int = 200, **shown: Any
) -> HTMLResponse:
    """`shown`: naming (the form of its name), listed (the list's form), report."""
    require(act, Right.LOOK)
    playlist = await find_playlist(act, playlist_id)
    wanted = _shown_channels(playlist_id, asked)
    channels, following = await paged(act, wanted, Channel.id, page=asked.paging)
    inside = (await sizes_of(act, [playlist_id])).get(playlist_id, 0)
    report: Sequence[Line] = shown.get("report") or ()
    defaults = {"naming": blank(name=playlist.name), "listed": blank(), "report": None}
    return page(
        request,
        "playlists/playlist.html",
        status=status,
        **(defaults | shown),
        lines=[line for line in report if line.outcome != "added"][:_SHOWN_LINES],
        counts={kind: sum(line.outcome == kind for line in report) for kind in ("added", "known", "bad")},
        playlist=playlist,
        tasks=(await tasks_on_playlists(act, [playlist_id])).get(playlist_id, []),
        asked=asked.paging,
        show=asked.show,
        state=asked.state or "",
        channels=channels,
        fitting=await _count(act, wanted),
        inside=inside,
        outside=await _count(act, select(Channel)) - inside,
        may_edit=_may_edit(act),
        root=_root(act),
        next_url=next_address(request, following) if request.method == "GET" else "",
    )


def _shown_channels(playlist_id: int, asked: Asked) -> Any:
    inside = Channel.id.in_(channels_in(playlist_id))
    return channels_like(asked.paging.q, asked.state).where(inside if asked.show == "in" else ~inside)


async def _count(act: Act, wanted: Any) -> int:
    return await act.session.scalar(wanted.with_only_columns(func.count(Channel.id))) or 0


def _told(found: Assigned, *, putting_in: bool) -> Notice:
    if putting_in:
        words = ngettext("%(n)s channel is put in.", "%(n)s channels are put in.", len(found.added))
    else:
        words = ngettext("%(n)s channel is taken out.", "%(n)s channels are taken out.", len(found.removed))
    if not found.added and not found.removed:
        return Notice(_("Nothing was changed: tick channels first."), "warn")
    if found.left_out:
        words += " " + ngettext(
            "%(n)s is no longer in the project.", "%(n)s are no longer in the project.", len(found.left_out)
        )
    return Notice(words)


def _query(values: dict[str, str]) -> str:
    return f"?{urlencode({name: value for name, value in values.items() if value})}"


def _root(act: Act) -> str:
    return f"/projects/{act.project_id}/playlists"


def _path(act: Act, playlist_id: int) -> str:
    return f"{_root(act)}/{playlist_id}"


def _may_edit(act: Act) -> bool:
    return act.role is not None and Right.EDIT in RIGHTS[act.role]
