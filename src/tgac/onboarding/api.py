"""Onboarding in JSON."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

from tgac.kit.act import Act
from tgac.kit.tenancy import Right, require
from tgac.kit.web.answers import ok
from tgac.kit.web.deps import ReadAct, RowId, WriteAct
from tgac.kit.web.paging import Page, paged
from tgac.onboarding import service
from tgac.onboarding.forms import Again, NewRun
from tgac.onboarding.models import Run
from tgac.onboarding.queries import counts_of, find_run, runs
from tgac.onboarding.showing import run_json, run_summary, shown_run

router = APIRouter(prefix="/api/v1/projects/{project_id}/onboarding", tags=["onboarding"])
NOTHING = {"ready": 0, "waiting": 0, "checked": 0}


@router.get("")
async def list_runs(act: ReadAct, page: Page) -> JSONResponse:
    """The project's runs, newest first."""
    require(act, Right.LOOK)
    found, following = await paged(act, runs(), Run.id, page=page)
    counts = await counts_of(act, [run.id for run in found])
    return ok({"items": [run_summary(run, counts.get(run.id, NOTHING)) for run in found], "next": following})


@router.post("", status_code=201)
async def start_run(act: WriteAct, body: NewRun) -> JSONResponse:
    """Begin to set channels up. Good lines are taken; `left_out` tells the others by number."""
    started = await service.start_run(act, body.channels, bot_ids=body.bot_ids, with_trial=body.trial)
    return ok(await _told(act, started.run) | {"left_out": started.left_out}, status=201)


@router.get("/{run_id}")
async def show_run(act: ReadAct, run_id: RowId) -> JSONResponse:
    """One run: how far each channel is, what is missing there, and what mends it."""
    require(act, Right.LOOK)
    return ok(await _told(act, await find_run(act, run_id)))


@router.post("/{run_id}/retry")
async def look_again(act: WriteAct, run_id: RowId, body: Again | None = None) -> JSONResponse:
    """Look at once at the channels that are not ready; a refused test comment is tried again."""
    return ok({"looked_at": await service.look_again(act, run_id, (body or Again()).channel_ids)})


@router.post("/{run_id}/channels/{channel_id}/skip")
async def skip_trial(act: WriteAct, run_id: RowId, channel_id: RowId) -> JSONResponse:
    """Go on without the test comment of a channel."""
    await service.skip_trial(act, run_id, channel_id)
    return ok()


@router.post("/{run_id}/cancel")
async def cancel_run(act: WriteAct, run_id: RowId) -> JSONResponse:
    """End a run; its channels stay as they are."""
    return ok(await _told(act, await service.cancel_run(act, run_id)))


async def _told(act: Act, run: Run) -> dict[str, object]:
    return run_json(await shown_run(act, run))
