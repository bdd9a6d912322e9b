"""What people changed: who, when, from what to what. Newest first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, JSONResponse
from sqlalchemy import select

from tgac.comments.change_words import changes_of, kept_changes
from tgac.comments.queries import names_of
from tgac.comments.showing import zone_here
from tgac.comments.views import Moment, moment_of
from tgac.journal.models import Event, PanelEvent
from tgac.journal.service import by_people
from tgac.kit.act import Act
from tgac.kit.tenancy import Right, require
from tgac.kit.web.answers import ok
from tgac.kit.web.deps import AdminRead, ReadAct
from tgac.kit.web.pages import page
from tgac.kit.web.paging import Page, Paging, next_address, paged
from tgac.panel.words import bots_named, label_of, value_of

router: Final = APIRouter()


@dataclass(frozen=True, slots=True)
class Change:
    """Something that a person did; `changes` are names with old and new value as they are kept."""

    moment: Moment
    changes: list[tuple[str, str, str]]

    def readable(self, bots: Mapping[int, str]) -> list[tuple[str, str, str]]:
        """The same for people; `bots` are usernames by number."""
        event = self.moment.event
        assert event is not None
        return [
            (label_of(name), value_of(name, old, bots), value_of(name, new, bots))
            for name, (old, new) in kept_changes(event).items()
        ]


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
    bots = await bots_named(act, [one.moment.event for one in done])
    return _shown(request, done, following, back=f"/projects/{act.project_id}/settings", bots=bots)


@router.get("/admin/audit", include_in_schema=False)
async def show_panel_audit(request: Request, act: AdminRead, asked: Page) -> HTMLResponse:
    """The same as a page."""
    done, following = await _outside(act, asked)
    return _shown(request, done, following, back="/admin/settings", bots={})


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


def _shown(
    request: Request, done: list[Change], following: int | None, *, back: str, bots: Mapping[int, str]
) -> HTMLResponse:
    return page(
        request,
        "panel/audit.html",
        done=done,
        next_url=next_address(request, following),
        back=back,
        bots=bots,
    )


def _change_json(one: Change) -> dict[str, Any]:
    event = one.moment.event
    assert event is not None
    changes = [dict(zip(("name", "old", "new"), change, strict=True)) for change in one.changes]
    told = {"at": event.at, "kind": event.kind, "sentence": one.moment.sentence, "changes": changes}
    return told | {"id": event.id, "user_id": event.user_id, "username": one.moment.person or None}
