"""Errors become answers in one place: JSON for programs, a fragment for htmx, a page for browsers."""

import json
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse

from tgac.kit.db.session import DatabaseAway
from tgac.kit.errors import AppError, Invalid, NotFound, SignInNeeded, TooMuch
from tgac.kit.log import log
from tgac.kit.telegram.faults import Fault
from tgac.kit.web.forms import error_sentence
from tgac.kit.web.i18n import _
from tgac.kit.web.pages import ask_to_sign_in, is_partial, page

_STATUS_SENTENCES: Mapping[int, tuple[str, Callable[[], str]]] = {
    400: ("bad_request", lambda: _("The request could not be read.")),
    404: ("not_found", lambda: _("There is nothing here, or it is not yours.")),
    405: ("method_not_allowed", lambda: _("This address does not take that method.")),
}


def ok(data: Any = None, *, status: int = 200) -> JSONResponse:
    """`{"ok": true, "data": …}`."""
    return _Plain({"ok": True, "data": data}, status)


class _Plain(JSONResponse):
    """Written in one go: to walk through all of it in Python first took longer than everything else of a long list."""

    def render(self, content: Any) -> bytes:
        text = json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain)
        return text.encode()


def _plain(value: Any) -> Any:
    """What JSON does not know by itself."""
    return stamp(value) if isinstance(value, datetime) else jsonable_encoder(value, custom_encoder={datetime: stamp})


def stamp(moment: datetime) -> str:
    """A moment as the API writes it: RFC 3339, UTC, milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def error_json(error: AppError) -> JSONResponse:
    """`{"ok": false, "error": {code, message, field?, fields?, …_id?}}` with the error's status."""
    body: dict[str, Any] = {"code": error.code, "message": error.message, **error.ids}
    if error.field:
        body["field"] = error.field
    if error.fields:
        body["fields"] = error.fields
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, TooMuch) else None
    return JSONResponse({"ok": False, "error": body}, error.status, headers)


def wants_json(request: Request) -> bool:
    """Whether a program asks: the API, the sign-in calls, the health checks."""
    return request.url.path.startswith(("/api/", "/auth/", "/healthz", "/readyz", "/metrics"))


def answer(request: Request, error: AppError) -> Response:
    """The face of an error for whoever asked."""
    if wants_json(request):
        return error_json(error)
    if isinstance(error, SignInNeeded) and request.method == "GET" and not is_partial(request):
        return ask_to_sign_in(request)
    template = "error_fragment.html" if is_partial(request) else "error.html"
    return page(request, template, status=error.status, error=error)


def from_validation(error: RequestValidationError) -> AppError:
    """FastAPI's complaint as ours: a bad number in a path is nothing found, anything else names its fields."""
    fields: dict[str, str] = {}
    for one in error.errors():
        where, *path = [str(part) for part in one["loc"]]
        if where == "path":
            return NotFound(_("There is nothing here, or it is not yours."))
        name = (".".join(path) if one["type"] != "json_invalid" else "") or where
        fields.setdefault(name, error_sentence(one))
    return Invalid(_("Some of what was sent does not fit."), fields=fields)


def install_answers(app: FastAPI) -> None:
    """Give every kind of failure its face."""
    for status in _STATUS_SENTENCES:
        app.add_exception_handler(status, _from_status(status))
    app.add_exception_handler(AppError, _on_app_error)
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(Fault, _on_fault)
    app.add_exception_handler(DatabaseAway, _on_database_away)
    app.add_exception_handler(Exception, _on_defect)


def _from_status(status: int) -> Callable[[Request, Exception], Awaitable[Response]]:
    async def handler(request: Request, error: Exception) -> Response:
        await _recognize(request)
        code, sentence = _STATUS_SENTENCES[status]
        known = AppError(sentence(), code=code)
        known.status = status
        return answer(request, known)

    return handler


async def _recognize(request: Request) -> None:
    """Who asks for an address that is no route's, so that their page keeps its menu; nobody, where it is not known."""
    if not wants_json(request) and hasattr(request.app.state, "authenticate"):
        with suppress(AppError, DatabaseAway):
            await request.app.state.authenticate(request)


async def _on_app_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, AppError)
    return answer(request, error)


async def _on_validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return answer(request, from_validation(error))


async def _on_fault(request: Request, error: Exception) -> Response:
    assert isinstance(error, Fault)
    log().warning("telegram_fault", method=error.method, error=error.description)
    told = AppError(_("Telegram does not answer as it should. Try again in a minute."), code="telegram_unavailable")
    told.status = 503
    return answer(request, told)


async def _on_database_away(request: Request, error: Exception) -> Response:
    assert isinstance(error, DatabaseAway)
    log().error("database_away", path=request.url.path, error=str(error.orig))
    told = AppError(_("The database does not answer. Try again in a minute."), code="database_unavailable")
    told.status = 503
    return answer(request, told)


async def _on_defect(request: Request, error: Exception) -> Response:
    log().error("defect", path=request.url.path, exc_info=error)
    told = AppError(_("Something broke on our side. Nothing was changed."), code="internal")
    told.status = 500
    return answer(request, told)
