"""What people changed: who, when, from what to what. Newest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse
from sqlalchemy import select

from tgac.comments.queries import names_of
from tgac.comments.showing import zone_here
from tgac.comments.views import Moment, changes_of, moment_of
from tgac.journal.models import Event, PanelEvent
from tgac.journal.service import by_people
from tgac.kit.act import Act
from tgac.kit.tenancy import Right, require
from tgac.kit.web.answers import ok
from tgac.kit.web.deps import AdminRead, ReadAct
from tgac.kit.web.i18n import N_, _
from tgac.kit.web.pages import page
from tgac.kit.web.paging import Page, Paging, next_address, paged

router: Final = APIRouter()

LABELS: Final[Mapping[str, str]] = {
    "collision_limit_per_post": N_("Comments under one post"),
    "preset": N_("Timing of a task that is made"),
    "default_quota_projects": N_("Projects a user may have"),
    "quota_projects": N_("Projects a user may have"),
    "time_zone": N_("Time zone"),
    "name": N_("Name"),
    "role": N_("Role"),
    "status": N_("State"),
    "bots": N_("Bots"),
    "review_days": N_("Review period in days"),
    "tags": N_("Tags"),
    "note": N_("Note"),
}
"""What pages call that which was changed, as the forms call it; the API says the key."""


@dataclass(frozen=True, slots=True)
class Change:
    """Something that a person did; `changes` are names with old and new value."""

    moment: Moment
    changes: list[tuple[str, str, str]]


@router.get("/api/v1/projects/{project_id}/audit", tags=["history"])
async def list_project_audit(act: ReadAct, asked: Page) -> JSONResponse:
    """What people changed in the project."""
    done, following = await _in_project(act, asked)
    return ok({"items": [_change_json(one) for one in done], "next": following})


@router.get("/api/v1/admin/audit", tags=["admin"])
async def list_panel_audit(act: AdminRead, asked: Page) -> JSONResponse:
    """What people changed outside of projects: users, sign-ins, tokens, settings of the installation."""
    done, following = await _outside(act, asked)
    return ok({"items": [_change_json(one) for one in done], "next": following})


@router.get("/projects/{project_id}/audit", include_in_schema=False)
async def show_project_audit(request: Request, act: ReadAct, asked: Page) -> HTMLResponse:
    """The same as a page."""
    done, following = await _in_project(act, asked)
    return _shown(request, done, following, f"/projects/{act.project_id}/settings")


@router.get("/admin/audit", include_in_schema=False)
async def show_panel_audit(request: Request, act: AdminRead, asked: Page) -> HTMLResponse:
    """The same as a page."""
    done, following = await _outside(act, asked)
    return _shown(request, done, following, "/admin/settings")


async def _in_project(act: Act, asked: Paging) -> tuple[list[Change], int | None]:
    require(act, Right.LOOK)
    events, following = await paged(act, by_people(), Event.id, page=asked)
    return await _told(act, events, await zone_here(act)), following


async def _outside(act: Act, asked: Paging) -> tuple[list[Change], int | None]:
    events, following = await paged(act, select(PanelEvent), PanelEvent.id, page=asked)
    return await _told(act, events, UTC), following


async def _told(act: Act, events: Sequence[Event | PanelEvent], zone: tzinfo) -> list[Change]:
    names = await names_of(act, events)
    return [
        Change(
            moment_of(event, decision={}, zone=zone, person=names.get(event.user_id or 0, "")),
            changes_of(event),
        )
        for event in events
    ]


def _shown(request: Request, done: list[Change], following: int | None, back: str) -> HTMLResponse:
    first = request.url.path if "cursor" in request.query_params else ""
    return page(
        request,
        "panel/audit.html",
        done=done,
        next_url=next_address(request, following),
        first_url=first,
        back=back,
        label_of=label_of,
    )


def label_of(key: str) -> str:
    """What a page calls the setting or field of this key; one that it does not know is shown as it is."""
    return _(LABELS[key]) if key in LABELS else key


def _change_json(one: Change) -> dict[str, Any]:
    event = one.moment.event
    assert event is not None
    changes = [dict(zip(("name", "old", "new"), change, strict=True)) for change in one.changes]
    told = {"at": event.at, "kind": event.kind, "sentence": one.moment.sentence, "changes": changes}
    return told | {"id": event.id, "user_id": event.user_id, "username": one.moment.person or None}
