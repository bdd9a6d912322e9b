"""What the browser is told on every answer, and which requests come through. The rules are SECURITY.md's "Browser".

Pure ASGI, so that streams pass untouched. Put `SafeHeaders` outermost: then answers to crashes carry the headers too.
"""

import asyncio
import hmac
import re
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tgac.kit.errors import AppError, Refused, TooLarge, Unavailable
from tgac.kit.web.forms import CSRF_FIELD
from tgac.kit.web.i18n import _
from tgac.kit.web.pages import STATIC_PATH
from tgac.kit.web.plain_body import require_plain_body

CSP: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
BODY_LIMIT: Final = 1_048_576
LONGEST_UNPACKED: Final = 11 * 1_048_576
"""Bytes of any body but a form with files: JSON is read as a whole and takes twenty times that in memory."""
CSRF_HEADER: Final = "x-csrf-token"
SAFE_METHODS: Final = ("GET", "HEAD", "OPTIONS")
_A_YEAR: Final = 31_536_000
_MULTIPART_TOKEN: Final = re.compile(rb'name="csrf"\r\n\r\n([^\r\n]{1,500})\r\n')


type Answer = Callable[[Request, AppError], Awaitable[Response]]
"""Shapes a refusal: JSON, fragment or page."""
type TokenFor = Callable[[HTTPConnection], str | None]
"""The CSRF token of the session whose cookie the request carries; None where it carries none."""


@dataclass(frozen=True, slots=True)
class LargeBodies:
    """So many bodies above BODY_LIMIT are in a process's memory at once (each stands there several times while it is
    taken in), and so long they may take to arrive."""

    at_once: int = 3
    read_s: float = 120.0


LARGE: Final = LargeBodies()


class SafeHeaders:
    """ASGI: the security headers, on every answer. `https`: whether people reach the panel by https."""

    def __init__(self, app: ASGIApp, *, https: bool) -> None:
        self.app = app
        self.headers = {
            "Content-Security-Policy": CSP,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
        }
        if https:
            self.headers["Strict-Transport-Security"] = f"max-age={_A_YEAR}"
            self.headers["Cross-Origin-Opener-Policy"] = "same-origin"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    headers[name] = value
                headers["Cache-Control"] = _cache_control(scope["path"], message["status"])
            await send(message)

        return await self.app(scope, receive, send_safely)


def _cache_control(path: str, status: int) -> str:
    """Built files have a hash in their names and never change; nothing else is kept anywhere."""
    if path.startswith(f"{STATIC_PATH}/") and status in (200, 206, 304):
        return f"public, max-age={_A_YEAR}, immutable"
    return "no-store"


class RequestGuard:
    """ASGI: refuses bodies above BODY_LIMIT (413), forged unsafe requests (403) and bodies with traps (422).

    `larger` maps patterns of whole paths to the bytes that they take instead.
    The whole body is read before the app runs, so the limit holds whatever `Content-Length` claims. Of bodies above
    BODY_LIMIT only so many are in memory as `large` says: the others are not read on until one of them is answered. A
    request with `Authorization: Bearer` passes the forgery check: who reads the session must then ignore its cookie.
    Sets `request.state.csrf` to the session's token, for forms.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        base_url: str,
        token_for: TokenFor,
        answer: Answer,
        larger: Mapping[str, int] = MappingProxyType({}),
        large: LargeBodies = LARGE,
    ) -> None:
        self.app = app
        self.origin = origin_of(base_url)
        self.token_for = token_for
        self.answer = answer
        self.larger = {re.compile(path): limit for path, limit in larger.items()}
        self.room = asyncio.Semaphore(large.at_once)
        self.read_s = large.read_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        token = self.token_for(HTTPConnection(scope))
        scope.setdefault("state", {})["csrf"] = token
        async with AsyncExitStack() as held:
            try:
                body = await self._read(scope, receive, held)
                self._check(scope, body, token)
                require_plain_body(Headers(scope=scope).get("content-type", ""), body)
            except AppError as error:
                response = await self.answer(Request(scope), error)
                return await response(scope, receive, send)
            return await self.app(scope, replaying(body, receive), send)

    async def _read(self, scope: Scope, receive: Receive, held: AsyncExitStack) -> bytes:
        limit = next((n for path, n in self.larger.items() if path.fullmatch(scope["path"])), BODY_LIMIT)
        headers = Headers(scope=scope)
        if not headers.get("content-type", "").startswith("multipart/form-data"):
            limit = min(limit, LONGEST_UNPACKED)
        length = headers.get("content-length", "0")
        if length.isascii() and length.isdigit() and int(length) > limit:
            raise _too_large(limit)
        body = bytearray()
        try:
            async with asyncio.timeout(None) as patience:
                while True:
                    message = await receive()
                    body += message.get("body", b"")
                    if len(body) > limit:
                        raise _too_large(limit)
                    if not message.get("more_body", False):
                        return bytes(body)
                    if len(body) > BODY_LIMIT and patience.when() is None:
                        await held.enter_async_context(self.room)
                        patience.reschedule(asyncio.get_running_loop().time() + self.read_s)
        except TimeoutError:
            words = _("What you sent did not arrive in time. Try again, on a faster line if need be.")
            raise Unavailable(words, code="too_slow") from None

    def _check(self, scope: Scope, body: bytes, token: str | None) -> None:
        headers = Headers(scope=scope)
        if scope["method"] in SAFE_METHODS or headers.get("authorization", "").lower().startswith("bearer "):
            return
        if not self._is_from_here(headers):
            raise Refused(_("This request came from another site and was not carried out."), code="foreign_origin")
        if token is None:
            return
        sent = headers.get(CSRF_HEADER) or _token_in(headers.get("content-type", ""), body)
        if not hmac.compare_digest(sent.encode(), token.encode()):
            raise Refused(_("This page is too old. Load it again and repeat what you did."), code="stale_page")

    def _is_from_here(self, headers: Headers) -> bool:
        """What the browser says of where the request comes from; a script that brings no cookie need not say."""
        site, origin = headers.get("sec-fetch-site"), headers.get("origin")
        if site is not None:
            return site == "same-origin"
        if origin is not None:
            return origin == self.origin or urlsplit(origin).netloc == headers.get("host")
        return "cookie" not in headers


def _too_large(limit: int) -> TooLarge:
    return TooLarge(_("This is too large: at most %(n)s kB fit.", n=limit // 1024))


def origin_of(url: str) -> str:
    """Scheme, host and port of a URL, as browsers send them in `Origin`."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _token_in(content_type: str, body: bytes) -> str:
    if content_type.startswith("application/x-www-form-urlencoded"):
        fields = parse_qs(body.decode("ascii", "replace"), max_num_fields=1000)
        return fields.get(CSRF_FIELD, [""])[0]
    if content_type.startswith("multipart/form-data"):
        found = _MULTIPART_TOKEN.search(body)
        return found[1].decode("ascii", "replace") if found else ""
    return ""


def replaying(body: bytes, receive: Receive) -> Receive:
    """A receive that gives a body which has been read already, then whatever comes."""
    told = False

    async def again() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again
