"""Write down what happened; read it again as a timeline."""

from typing import Any, TypedDict, Unpack

from sqlalchemy import select

from tgac.journal.models import Event
from tgac.kit.act import Act


class About(TypedDict, total=False):
    """What an event is about: row numbers, all of the act's project."""

    post_id: int
    comment_id: int
    task_id: int | None
    bot_id: int | None
    channel_id: int


def record(act: Act, kind: str, data: dict[str, Any] | None = None, **about: Unpack[About]) -> None:
    """Write one event of the act's project, at the act's moment, by the act's author."""
    author = act.principal.user_id if act.principal else None
    act.session.add(Event(at=act.now, kind=kind, user_id=author, data=data or {}, **about))


async def events_of_post(act: Act, post_id: int) -> list[Event]:
    """The timeline of a post, oldest first."""
    found = await act.session.scalars(select(Event).where(Event.post_id == post_id).order_by(Event.at, Event.id))
    return list(found)


async def latest_events(act: Act, limit: int) -> list[Event]:
    """The newest events of the project, newest first."""
    found = await act.session.scalars(select(Event).order_by(Event.id.desc()).limit(limit))
    return list(found)
