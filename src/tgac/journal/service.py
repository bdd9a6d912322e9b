"""Write down what happened; read it again as a timeline."""

from collections.abc import Mapping
from typing import Any, TypedDict, Unpack

from sqlalchemy import Select, select

from tgac.journal.models import Event, PanelEvent
from tgac.journal.trouble import TROUBLE, look_after
from tgac.kit.act import Act


class About(TypedDict, total=False):
    """What an event is about: row numbers, all of the act's project; `project_id` where the act has none itself."""

    project_id: int
    post_id: int
    comment_id: int
    task_id: int | None
    bot_id: int | None
    channel_id: int


def record(act: Act, kind: str, data: dict[str, Any] | None = None, **about: Unpack[About]) -> None:
    """Write one event of the act's project, at the act's moment, by the act's author. Trouble is looked at soon."""
    author = act.principal.user_id if act.principal else None
    project_id = about.get("project_id") or act.project_id
    line = {"at": act.now, "kind": kind, "user_id": author, "data": data or {}}
    act.add_line(Event, {**line, **about, "project_id": project_id})
    if kind in TROUBLE:
        job, due, key = look_after(act.now, project_id)
        act.enqueue(job, run_after=due, key=key)


def note(
    act: Act,
    kind: str,
    data: dict[str, Any] | None = None,
    *,
    subject_id: int | None = None,
    author_id: int | None = None,
) -> None:
    """Write down what a person did outside of any project; `author_id` where the act does not know its author."""
    author = act.principal.user_id if act.principal else author_id
    act.session.add(PanelEvent(at=act.now, kind=kind, user_id=author, subject_id=subject_id, data=data or {}))


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Old and new value by name, of what differs: the `changes` of an event."""
    names = [*before, *(name for name in after if name not in before)]
    return {name: [before.get(name), after.get(name)] for name in names if before.get(name) != after.get(name)}


def by_people() -> Select[Event]:
    """The project's events that have an author, to be paged."""
    return select(Event).where(Event.user_id.is_not(None))


def of_post(post_id: int) -> Select[Event]:
    """What happened to a post, to be paged."""
    return select(Event).where(Event.post_id == post_id)


async def latest_events(act: Act, limit: int) -> list[Event]:
    """The newest events of the project, newest first."""
    found = await act.session.scalars(select(Event).order_by(Event.id.desc()).limit(limit))
    return list(found)
