"""The project's figures and events in JSON."""

from dataclasses import asdict

from fastapi import APIRouter
from fastapi.responses import JSONResponse
from sqlalchemy import select

from tgac.comments.api import event_json
from tgac.comments.models import Comment
from tgac.comments.showing import shown_comments, told, zone_here
from tgac.journal.models import Event
from tgac.kit.tenancy import Right, require
from tgac.kit.web.answers import ok
from tgac.kit.web.deps import ReadAct, WriteAct
from tgac.kit.web.paging import Page, paged
from tgac.panel.care import concerns
from tgac.panel.deletion import delete_project
from tgac.panel.forms import TypedName
from tgac.panel.service import summary

router = APIRouter(prefix="/api/v1/projects/{project_id}", tags=["history"])


@router.delete("", tags=["projects"])
async def delete(act: WriteAct, form: TypedName) -> JSONResponse:
    """Delete the project for good, its bots' tokens with it; its `name` confirms it. Tells what goes, in numbers."""
    return ok({"gone": asdict(await delete_project(act, form.name))})


@router.get("/summary")
async def show_summary(act: ReadAct) -> JSONResponse:
    """The project in figures; `needs_a_hand` counts what is broken or waits for a person, by kind and code."""
    require(act, Right.LOOK)
    broken = [{"kind": one.kind, "which": one.which, "count": one.count} for one in await concerns(act)]
    return ok(asdict(await summary(act, await zone_here(act))) | {"needs_a_hand": broken})


@router.get("/events")
async def list_events(act: ReadAct, page: Page) -> JSONResponse:
    """What happened in the project, newest first."""
    require(act, Right.LOOK)
    events, following = await paged(act, select(Event), Event.id, page=page)
    numbers = {event.comment_id for event in events if event.comment_id is not None}
    comments = list(await act.session.scalars(select(Comment).where(Comment.id.in_(numbers))))
    moments = await told(act, events, await shown_comments(act, comments))
    return ok({"items": [event_json(one) for one in moments], "next": following})
