"""The pages of onboarding."""

from collections.abc import AsyncIterator
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse, Response

from tgac.bots.models import BotStatus
from tgac.bots.queries import bots_in
from tgac.bots.showing import may_edit
from tgac.kit.act import Act
from tgac.kit.errors import AppError
from tgac.kit.tenancy import Right, require
from tgac.kit.web.deps import ReadAct, RowId, WriteAct
from tgac.kit.web.forms import Filled, blank, read_form
from tgac.kit.web.i18n import _, ngettext
from tgac.kit.web.pages import Notice, fragment, go, page
from tgac.kit.web.paging import Page, Paging, next_address, paged
from tgac.kit.web.stream import EventSourceResponse, LiveDep, ServerSentEvent
from tgac.onboarding import service
from tgac.onboarding.assign import free_places
from tgac.onboarding.forms import NewRunForm
from tgac.onboarding.models import Run
from tgac.onboarding.queries import counts_of, find_run, pending_channels, runs
from tgac.onboarding.service import Started
from tgac.onboarding.showing import shown_run

router = APIRouter(prefix="/projects/{project_id}/onboarding", include_in_schema=False)


@router.get("")
async def list_page(request: Request, act: ReadAct, asked: Page) -> HTMLResponse:
    """The form that begins a run, and the runs so far."""
    return await _list_page(request, act, blank(), asked=asked)


@router.post("")
async def start_run(request: Request, act: WriteAct) -> Response:
    """Begin a run; lines that could not be taken are told."""
    form = await read_form(request, NewRunForm)
    status = 422
    if form.data is not None:
        sent = form.data
        try:
            named = _lines(sent.channels)
            started = await service.start_run(act, named, bot_ids=sent.bot_ids, with_trial=sent.trial)
        except AppError as error:
            form.refuse(error)
            status = error.status
        else:
            return go(request, _path(act, started.run.id), _begun(started))
    return await _list_page(request, act, form, asked=Paging(), status=status)


@router.get("/{run_id}")
async def run_page(request: Request, act: ReadAct, run_id: RowId) -> HTMLResponse:
    """One run."""
    require(act, Right.LOOK)
    return page(request, "onboarding/run.html", **await _shown(act, run_id))


async def _opened(act: WriteAct, run_id: RowId) -> None:
    require(act, Right.LOOK)
    await find_run(act, run_id)
    if may_edit(act):
        await service.open_run(act, run_id)


@router.get("/{run_id}/live", response_class=EventSourceResponse, dependencies=[Depends(_opened)])
async def live_run(live: LiveDep, run_id: RowId) -> AsyncIterator[ServerSentEvent]:
    """The run's state, whenever it is another."""

    async def look(request: Request, act: Act) -> Response:
        require(act, Right.LOOK)
        return fragment(request, "onboarding/run.html", "state", **await _shown(act, run_id))

    async for told in live.show(look):
        yield told


@router.post("/{run_id}/retry")
async def look_again(request: Request, act: WriteAct, run_id: RowId) -> Response:
    """Look at everything that is not ready."""
    count = await service.look_again(act, run_id)
    words = ngettext("%(n)s channel is looked at.", "%(n)s channels are looked at.", count)
    return go(request, _path(act, run_id), Notice(words, "info"))


@router.post("/{run_id}/channels/{channel_id}/look")
async def look_at_one(request: Request, act: WriteAct, run_id: RowId, channel_id: RowId) -> Response:
    """Look at one channel."""
    await service.look_again(act, run_id, [channel_id])
    return go(request, _path(act, run_id))


@router.post("/{run_id}/channels/{channel_id}/skip")
async def skip_trial(request: Request, act: WriteAct, run_id: RowId, channel_id: RowId) -> Response:
    """Go on without the test comment."""
    await service.skip_trial(act, run_id, channel_id)
    return go(request, _path(act, run_id))


@router.post("/{run_id}/cancel")
async def cancel_run(request: Request, act: WriteAct, run_id: RowId) -> Response:
    """End it and show it."""
    await service.cancel_run(act, run_id)
    return go(request, _path(act, run_id), Notice(_("The setup is ended. The channels stay as they are.")))


async def _list_page(
    request: Request, act: Act, form: Filled[Any], *, asked: Paging, status: int = 200
) -> HTMLResponse:
    require(act, Right.LOOK)
    found, following = await paged(act, runs(), Run.id, page=asked)
    return page(
        request,
        "onboarding/list.html",
        status=status,
        form=form,
        asked=asked,
        runs=found,
        counts=await counts_of(act, [run.id for run in found]),
        bots=await bots_in(act, (BotStatus.ACTIVE,)),
        free=await free_places(act, lock=False),
        pending=len(await pending_channels(act)),
        may_edit=may_edit(act),
        root=f"/projects/{act.project_id}/onboarding",
        next_url=next_address(request, following),
    )


async def _shown(act: Act, run_id: int) -> dict[str, Any]:
    view = await shown_run(act, await find_run(act, run_id))
    root = f"/projects/{act.project_id}"
    return {
        "view": view,
        "run": view.run,
        "may_edit": may_edit(act),
        "root": f"{root}/onboarding",
        "project_root": root,
    }


def _lines(text: str) -> list[str]:
    """One channel per line; commas divide too. Blank lines keep their numbers, unless all are blank."""
    lines = text.replace(",", "\n").splitlines()
    return lines if any(line.strip() for line in lines) else []


def _begun(started: Started) -> Notice:
    words = ngettext("%(n)s channel is being set up.", "%(n)s channels are being set up.", started.channels)
    if not started.left_out:
        return Notice(words)
    told = "; ".join(_("line %(n)s: %(why)s", n=one.line, why=one.message) for one in started.left_out[:4])
    more = len(started.left_out)
    return Notice(words + " " + _("Left out %(count)s: %(lines)s", count=more, lines=told), "warn")


def _path(act: Act, run_id: int) -> str:
    return f"/projects/{act.project_id}/onboarding/{run_id}"
