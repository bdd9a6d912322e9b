"""Server-sent events: a page that renews itself while somebody looks at it (htmx's hx-sse swaps unnamed messages).

What a stream shows is rendered again when something was committed, at most once a second, and sent when it differs.
Each look is a transaction of its own, asks again who is there and what they may see, and none is open between looks.
A stream ends when the session or the role ends, when the database is away, and when the process stops: uvicorn waits
for open streams. The browser then connects again by itself.
"""

import asyncio
import hashlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Depends, Header, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from tgac.kit.act import Act
from tgac.kit.db.session import DatabaseAway
from tgac.kit.errors import AppError, TooMuch
from tgac.kit.log import log
from tgac.kit.tools import Tools
from tgac.kit.web.deps import PrincipalDep, RowId, ToolsDep
from tgac.kit.web.i18n import _

__all__ = ["EventSourceResponse", "Live", "LiveDep", "ServerSentEvent", "Streams"]

MOST_PER_USER: Final = 10
"""Streams of one user in one process; a page that nobody looks at holds none."""
LOOK_EVERY_S: Final = 1.0
LOOK_ANYWAY_S: Final = 15.0
"""What ends by the clock alone (a session) is noticed after so long."""

type Look = Callable[[Request, Act], Awaitable[Response]]
"""Renders what a stream shows; asks for the rights that it needs."""


class Streams:
    """The open streams of this process, and the one watcher that tells them when to look."""

    def __init__(self, tools: Tools) -> None:
        self._tools = tools
        self._open: Counter[int] = Counter()
        self._pulse = asyncio.Event()
        self._watcher: asyncio.Task[None] | None = None
        self.ending = False

    def end(self) -> None:
        """The process stops: every stream shows what is there once more and ends, and so does every later one."""
        self.ending = True
        self._tell()

    def next_pulse(self) -> asyncio.Event:
        """Set when there may be something else to show. Ask for it before looking."""
        return self._pulse

    @asynccontextmanager
    async def place_for(self, user_id: int) -> AsyncIterator[None]:
        """One of the user's streams, for the length of the block. Raises TooMuch."""
        if self._open[user_id] >= MOST_PER_USER:
            raise TooMuch(_("Too many pages are open that renew themselves. Close some."), retry_after=30)
        self._open[user_id] += 1
        self._watcher = self._watcher or asyncio.create_task(self._watch())
        try:
            yield
        finally:
            self._open[user_id] -= 1
            if not +self._open:
                await self._rest()

    async def _rest(self) -> None:
        watcher, self._watcher = self._watcher, None
        if watcher is not None:
            watcher.cancel()
            with suppress(asyncio.CancelledError):
                await watcher

    async def _watch(self) -> None:
        while True:
            try:
                await self._tell_changes()
            except DatabaseAway as error:
                log().error("streams_blind", error=str(error.orig))
                self._tell()
            await self._tools.clock.sleep(LOOK_EVERY_S)

    async def _tell_changes(self) -> None:
        clock, last, told_at = self._tools.clock, None, -LOOK_ANYWAY_S
        async with self._tools.db.versions() as version:
            while True:
                current = await version()
                if current != last or clock.monotonic() - told_at >= LOOK_ANYWAY_S:
                    told_at = clock.monotonic()
                    self._tell()
                last = current
                await clock.sleep(LOOK_EVERY_S)

    def _tell(self) -> None:
        self._pulse.set()
        self._pulse = asyncio.Event()


@dataclass(frozen=True, slots=True)
class Live:
    """One stream of one project's page. `last` names what its reader has seen already."""

    streams: Streams
    tools: Tools
    request: Request
    project_id: int
    last: str

    async def show(self, look: Look) -> AsyncIterator[ServerSentEvent]:
        """What `look` renders, whenever it is something else."""
        last = self.last
        while True:
            pulse, ending = self.streams.next_pulse(), self.streams.ending
            seen = await self._looked(look)
            if seen is None:
                return
            name = hashlib.blake2b(seen, digest_size=12).hexdigest()
            if name != last:
                yield ServerSentEvent(raw_data=seen.decode(), id=name)
            last = name
            if ending:
                return
            await pulse.wait()

    async def _looked(self, look: Look) -> bytes | None:
        """None where the reader may look no longer, or there is nothing to look at."""
        request = _asked_anew(self.request)
        try:
            principal = await request.app.state.authenticate(request)
            if principal is None:
                return None
            async with self.tools.reading(principal, self.project_id) as act:
                await request.app.state.dress(request, act, principal)
                return bytes((await look(request, act)).body)
        except (AppError, DatabaseAway) as error:
            log().info("stream_ended", path=request.url.path, why=str(error))
            return None


def _asked_anew(request: Request) -> Request:
    """The same request without what was found out about its sender before."""
    return Request({**request.scope, "state": {"csrf": getattr(request.state, "csrf", None)}})


async def _live(
    request: Request,
    project_id: RowId,
    tools: ToolsDep,
    principal: PrincipalDep,
    last_event_id: Annotated[str, Header(max_length=100)] = "",
) -> AsyncIterator[Live]:
    streams: Streams = request.app.state.streams
    async with streams.place_for(principal.user_id):
        yield Live(streams, tools, request, project_id, last_event_id)


LiveDep = Annotated[Live, Depends(_live)]
"""For a route with `response_class=EventSourceResponse` that yields what `show` gives.

Whether there is anything to show must be asked by another dependency: a stream that has begun can refuse no more.
"""
