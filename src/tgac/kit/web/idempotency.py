"""`Idempotency-Key`: a POST to the API that is repeated with the same key gets the first answer and does nothing.

A key belongs to its user and to one request (path and body); it is kept for a day. The stored answer is sealed, since
it may hold a token that is shown only once. While the first request is under way, a second one gets a 409; if the
first died without an answer, its key is free again after a minute.
"""

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar, Final

from sqlalchemy import String, delete
from sqlalchemy.orm import Mapped, mapped_column
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tgac.kit.db.base import Base
from tgac.kit.db.types import Id
from tgac.kit.errors import AppError, Conflict, Invalid
from tgac.kit.queue.jobs import Done, Job, Outcome
from tgac.kit.secrets import Keys, Secret
from tgac.kit.tenancy import EVERYONE, NO_PROJECT, Principal
from tgac.kit.tools import Tools
from tgac.kit.web.i18n import _
from tgac.kit.web.security import replaying

HEADER: Final = "idempotency-key"
LONGEST: Final = 128
KEPT: Final = timedelta(hours=24)
UNDER_WAY: Final = timedelta(seconds=60)

type Authenticate = Callable[[Request], Awaitable[Principal | None]]
type Answer = Callable[[Request, AppError], Awaitable[Response]]


class KeptAnswer(Base):
    """The answer to a POST with a key; `answer` is empty while it is under way."""

    __tablename__ = "kept_answers"
    user_id: Mapped[int] = mapped_column(Id, primary_key=True)
    key: Mapped[str] = mapped_column(String(LONGEST), primary_key=True)
    fingerprint: Mapped[str] = mapped_column(String(64))
    status: Mapped[int | None]
    answer: Mapped[str | None]
    begun_at: Mapped[datetime] = mapped_column(index=True)


@dataclass(frozen=True)
class ForgetAnswers(Job):
    """Drop answers that are older than a day."""

    kind: ClassVar[str] = "forget_answers"


async def forget_answers(tools: Tools, job: ForgetAnswers) -> Outcome:
    """Handles ForgetAnswers."""
    async with tools.acting(None, EVERYONE) as act:
        await act.session.execute(delete(KeptAnswer).where(KeptAnswer.begun_at < act.now - KEPT))
    return Done()


@dataclass(frozen=True)
class _Asked:
    user_id: int
    key: str
    fingerprint: str

    @property
    def context(self) -> str:
        return f"kept_answers.answer:{self.user_id}:{self.key}"


class Idempotent:
    """ASGI middleware of the application: the request guard around it has bounded the body already."""

    def __init__(self, app: ASGIApp, *, tools: Tools, authenticate: Authenticate, answer: Answer) -> None:
        self.app = app
        self.tools = tools
        self.authenticate = authenticate
        self.answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if not _is_concerned(scope):
            return await self.app(scope, receive, send)
        request = Request(scope, receive)
        body = await request.body()
        try:
            asked = await self._asked(request, body)
            kept = await self._begin(asked) if asked else None
        except AppError as error:
            return await (await self.answer(request, error))(scope, receive, send)
        if kept is not None:
            return await kept(scope, receive, send)
        return await self._carry_out(asked, scope, replaying(body, receive), send)

    async def _asked(self, request: Request, body: bytes) -> _Asked | None:
        """Whose key it is and for what; None where nobody is signed in (the route says so itself)."""
        key = request.headers[HEADER]
        if not 1 <= len(key) <= LONGEST or not key.isprintable():
            raise Invalid(_("An idempotency key has 1 to 128 printable characters."), field="Idempotency-Key")
        principal = await self.authenticate(request)
        if principal is None:
            return None
        what = f"{request.url.path}?{request.url.query}".encode() + b"\0" + body
        return _Asked(principal.user_id, key, hashlib.sha256(what).hexdigest())

    async def _begin(self, asked: _Asked) -> Response | None:
        """The kept answer; None when this is the first time, which is written down."""
        async with self.tools.acting(None, NO_PROJECT) as act:
            kept = await act.session.get(KeptAnswer, (asked.user_id, asked.key), with_for_update=True)
            if kept is not None and act.now - kept.begun_at > (KEPT if kept.answer else UNDER_WAY):
                await act.session.delete(kept)
                await act.flush()
                kept = None
            if kept is not None:
                return _kept_answer(act.keys, kept, asked)
            fresh = KeptAnswer(user_id=asked.user_id, key=asked.key, fingerprint=asked.fingerprint, begun_at=act.now)
            act.session.add(fresh)
            return None

    async def _carry_out(self, asked: _Asked | None, scope: Scope, receive: Receive, send: Send) -> None:
        status, sent = 500, bytearray()

        async def listen(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            sent.extend(message.get("body", b""))
            await send(message)

        try:
            await self.app(scope, receive, listen)
        finally:
            if asked is not None:
                await self._end(asked, status, bytes(sent))

    async def _end(self, asked: _Asked, status: int, body: bytes) -> None:
        """Keep what was answered; a failure of ours is not kept, so that it may be tried again."""
        async with self.tools.acting(None, NO_PROJECT) as act:
            row = await act.session.get_one(KeptAnswer, (asked.user_id, asked.key))
            if status >= 500:
                await act.session.delete(row)
                return
            row.status, row.answer = status, act.keys.seal(Secret(body.decode()), asked.context)


def _is_concerned(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].startswith("/api/"):
        return False
    return any(name == HEADER.encode() for name, _value in scope["headers"])


def _kept_answer(keys: Keys, kept: KeptAnswer, asked: _Asked) -> Response:
    if kept.fingerprint != asked.fingerprint:
        raise Conflict(_("This key was used for another request."), code="key_reused", field="Idempotency-Key")
    if kept.answer is None or kept.status is None:
        raise Conflict(_("The first request with this key is still under way."), code="under_way")
    body = keys.open(kept.answer, asked.context).reveal()
    headers = {"Idempotency-Replayed": "true"}
    return Response(body, kept.status, headers, media_type="application/json")
