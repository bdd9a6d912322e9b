"""A panel of one page that shows every macro, with the real headers, guard and static files around it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal

from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, JSONResponse, Response
from jinja2 import FileSystemLoader
from pydantic import BaseModel, Field
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp

from tgac.kit.errors import AppError, Conflict, NotFound
from tgac.kit.web import pages
from tgac.kit.web.forms import blank, read_form
from tgac.kit.web.i18n import Languages
from tgac.kit.web.pages import Notice, go, page, say, static_files
from tgac.kit.web.security import RequestGuard, SafeHeaders

BASE_URL = "https://panel.example.org"
NOON = datetime(2026, 7, 29, 12, 5, tzinfo=UTC)


@dataclass
class Person:
    username: str
    is_admin: bool = False


@dataclass
class Project:
    id: int
    name: str
    time_zone: str = "Europe/Moscow"


class Named(BaseModel):
    name: Annotated[str, Field(min_length=3)]
    token: str
    text: str = ""
    mode: Literal["a", "b"] = "a"
    label: bool = False


ROWS = [
    ("@anna_bot", "Sent", "ok", NOON),
    ("@a_bot_with_a_rather_long_name_bot", "Planned", "wait", NOON + timedelta(minutes=5)),
    ("@boris_bot", "Unknown", "warn", NOON - timedelta(days=2)),
    ("<b>@vera</b>", "Refused", "bad", NOON),
]


def token_for(connection: HTTPConnection) -> str | None:
    session = connection.cookies.get("session")
    return f"token-of-{session}" if session else None


async def error_page(request: Request, error: AppError) -> Response:
    return page(request, "error.html", status=error.status, error=error)


def gallery(base_url: str = BASE_URL) -> ASGIApp:
    loader = pages.environment.loader
    assert isinstance(loader, FileSystemLoader)
    folder = str(Path(__file__).parent / "templates")
    if folder not in loader.searchpath:
        loader.searchpath.append(folder)
    app = FastAPI()
    app.mount(pages.STATIC_PATH, static_files())
    _routes(app)
    guarded = RequestGuard(Languages(app), base_url=base_url, token_for=token_for, answer=error_page)
    return SafeHeaders(guarded, https=base_url.startswith("https:"))


def _sign_in(request: Request) -> None:
    request.state.principal = Person("anna")
    request.state.project = Project(1, "Новости города")
    request.state.projects = [Project(1, "Новости города"), Project(2, "Second project with a long name")]


def _routes(app: FastAPI) -> None:
    asked = 0

    @app.get("/projects/1/comments")
    async def show(request: Request) -> HTMLResponse:
        nonlocal asked
        asked += 1
        _sign_in(request)
        return page(request, "gallery.html", block="rows", rows=ROWS, asked=asked, form=blank(name="Anna"))

    @app.post("/form")
    async def save(request: Request) -> Response:
        _sign_in(request)
        form = await read_form(request, Named)
        if form.data is None:
            return page(request, "gallery.html", status=422, rows=ROWS, asked=0, form=form)
        return go(request, "/projects/1/comments", Notice(f"Saved {form.data.name}."))

    @app.post("/say")
    async def tell(request: Request) -> Response:
        return say(request, Notice("It was said."))

    @app.post("/fail")
    async def refuse(request: Request) -> Response:
        return page(request, "error_fragment.html", status=409, error=Conflict("It was refused."))

    @app.post("/go")
    async def move(request: Request) -> Response:
        return go(request, "/projects/1/comments?moved=1", Notice("It went on."))

    @app.post("/echo")
    async def echo(request: Request) -> Response:
        return JSONResponse({"size": len(await request.body())})

    @app.get("/error")
    async def fail(request: Request) -> Response:
        return await error_page(request, NotFound("There is nothing here, or it is not yours."))

    @app.get("/crash")
    async def crash() -> Response:
        raise RuntimeError("a defect")
