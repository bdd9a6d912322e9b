"""Answers made of templates: whole pages, the block of a page that htmx asks for, and the way on after a form.

What the layout shows it reads from `request.state`, where `deps.py` puts it; everything is optional:
`principal` (username, is_admin), `project` (id, name, time_zone), `projects` (for the switcher), `csrf` (security.py),
`counts` (how many things wait in a place, by its path below the project).
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any, Final, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.runtime import Context
from jinja2_fragments import render_block
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from tgac.kit.web import i18n
from tgac.kit.web.i18n import N_, _

DIST: Final = Path(__file__).parent / "static" / "dist"
STATIC_PATH: Final = "/static"
NOTICE_COOKIE: Final = "notice"
AFTER_COOKIE: Final = "after"
"""The page that somebody asked for before they signed in."""

type Tone = Literal["ok", "info", "warn", "bad"]

PLACES: Final = (
    ("", N_("Overview"), "layout-dashboard", "o"),
    ("/notices", N_("Notices"), "bell", "n"),
    ("/posts", N_("Posts"), "newspaper", "p"),
    ("/review", N_("Approval"), "check", "a"),
    ("/comments", N_("Comments"), "message-square", "c"),
    ("/tasks", N_("Tasks"), "list-checks", "t"),
    ("/channels", N_("Channels"), "megaphone", "h"),
    ("/playlists", N_("Playlists"), "list", "l"),
    ("/bots", N_("Bots"), "bot", "b"),
    ("/proxies", N_("Proxies"), "globe", "x"),
    ("/settings", N_("Settings"), "settings", "s"),
)
"""The places of a project: path below it, name, icon, and the key that leads there after `g`."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A sentence about what just happened, shown once at the top of the page."""

    text: str
    tone: Tone = "ok"


@dataclass(frozen=True, slots=True)
class _View:
    """What macros need to know of the request; they are called without its context."""

    here: str
    csrf: str
    zone: tzinfo


_view: ContextVar[_View] = ContextVar("view")


def page(
    request: Request, template: str, *, block: str | None = None, status: int = 200, **context: object
) -> HTMLResponse:
    """Render `template` in the layout. Where htmx asks for a part and `block` is given, only that block."""
    if block is not None and is_partial(request):
        return HTMLResponse(_render(request, template, block, context), status, headers=_VARY)
    notice = _read_notice(request.cookies.get(NOTICE_COOKIE))
    shown = {"notices": [notice] if notice else [], **context}
    answer = HTMLResponse(_render(request, template, None, shown), status, headers=_VARY)
    if notice:
        answer.delete_cookie(NOTICE_COOKIE, httponly=True, samesite="lax")
    return answer


def fragment(
    request: Request,
    template: str,
    block: str,
    *,
    notice: Notice | None = None,
    status: int = 200,
    **context: object,
) -> HTMLResponse:
    """Render one block of `template`; `notice` is put among the page's notices by the same answer."""
    body = _render(request, template, block, context)
    if notice:
        body += _render(request, "notice.html", "beside", {"notice": notice})
    return HTMLResponse(body, status, headers=_VARY)


def say(request: Request, notice: Notice, *, status: int = 200) -> HTMLResponse:
    """Answer an htmx request with a notice alone; whatever it aimed at stays as it is."""
    return HTMLResponse(_render(request, "notice.html", "beside", {"notice": notice}), status, headers=_VARY)


def go(request: Request, path: str, notice: Notice | None = None) -> Response:
    """Send the browser on to `path` of ours after a form, with or without htmx; `notice` is shown there."""
    path = local_path(path)
    answer = (
        Response(headers={"HX-Redirect": path})
        if "hx-request" in request.headers
        else RedirectResponse(path, status_code=303)
    )
    if notice:
        secure = request.url.scheme == "https"
        answer.set_cookie(
            NOTICE_COOKIE, _write_notice(notice), max_age=60, httponly=True, samesite="lax", secure=secure
        )
    return answer


def ask_to_sign_in(request: Request) -> Response:
    """Send the browser to the sign-in page, and let it come back here for ten minutes."""
    answer = RedirectResponse("/sign-in", status_code=303)
    if request.url.path.isascii() and len(request.url.path) <= _LONGEST_PATH:
        secure = request.url.scheme == "https"
        answer.set_cookie(AFTER_COOKIE, request.url.path, max_age=600, httponly=True, samesite="lax", secure=secure)
    return answer


def go_back(request: Request) -> Response:
    """Send the browser on, once it is signed in, to the page that it asked for."""
    answer = go(request, request.cookies.get(AFTER_COOKIE, "/"))
    answer.delete_cookie(AFTER_COOKIE, httponly=True, samesite="lax")
    return answer


def is_partial(request: Request) -> bool:
    """Whether htmx asks for a part of the page. Back and boosted links ask for all of it, without this header."""
    return request.headers.get("hx-request-type") == "partial"


def local_path(path: str) -> str:
    """`path` when it leads to a page of ours, else `/`: an address from a form never sends anyone elsewhere."""
    plain = path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
    return path if plain and "\\" not in path else "/"


def static_files() -> StaticFiles:
    """The built files, to be mounted at STATIC_PATH. Their names hold a hash of what is in them."""
    return StaticFiles(directory=DIST)


def static_url(name: str) -> str:
    """The address of a built file by its plain name (`app.css`). Raises KeyError for one that is not there."""
    return f"{STATIC_PATH}/{_manifest()[name]}"


def icon_url(name: str) -> str:
    """The address of an icon in the sprite. Raises KeyError for one that `frontend/icons.txt` does not list."""
    if name not in _manifest()["icons"]:
        raise KeyError(f"no icon {name!r}: add it to frontend/icons.txt and run `npm run build` in frontend/")
    return f"{static_url('icons.svg')}#{name}"


@cache
def _manifest() -> Mapping[str, str]:
    content: dict[str, str] = json.loads((DIST / "manifest.json").read_text())
    return content


_LONGEST_PATH: Final = 300
_SAME_AGAIN: Final = ("icon", "badge", "button")
"""Macros that give the same for the same words, whoever asks; every row of a list has some."""
_KEPT: Final = 4000
_VARY: Final = {"Vary": "HX-Request-Type"}


def _render(request: Request, template: str, block: str | None, context: Mapping[str, object]) -> str:
    state = request.state
    project = getattr(state, "project", None)
    shown: dict[str, object] = {
        "request": request,
        "principal": getattr(state, "principal", None),
        "project": project,
        "projects": getattr(state, "projects", ()),
        "places": _places(project, request.url.path, getattr(state, "counts", {})),
        **context,
    }
    zone = i18n.zone_of(getattr(project, "time_zone", None) or "UTC")
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    token = _view.set(_View(here, getattr(state, "csrf", None) or "", zone))
    try:
        if block is None:
            return environment.get_template(template).render(shown)
        return render_block(environment, template, block, shown)
    finally:
        _view.reset(token)


def _places(project: object, path: str, counts: Mapping[str, int]) -> list[dict[str, object]]:
    root = f"/projects/{getattr(project, 'id', '')}"
    return [
        {
            "href": root + below,
            "label": _(name),
            "icon": icon,
            "key": key,
            "current": _stands_in(path, root, below),
            "count": counts.get(below, 0),
        }
        for below, name, icon, key in PLACES
    ]


def _stands_in(path: str, root: str, below: str) -> bool:
    place = root + below
    return path.rstrip("/") == place or (below != "" and path.startswith(place + "/"))


def _write_notice(notice: Notice) -> str:
    return base64.urlsafe_b64encode(json.dumps([notice.text[:600], notice.tone]).encode()).decode()


def _read_notice(cookie: str | None) -> Notice | None:
    if not cookie:
        return None
    try:
        text, tone = json.loads(base64.urlsafe_b64decode(cookie))
    except (binascii.Error, UnicodeError, ValueError, TypeError):
        return None
    return Notice(text, tone) if isinstance(text, str) and tone in ("ok", "info", "warn", "bad") else None


def _first_page() -> str:
    """The address of the first page of a list that is read further below; "" on the first page itself."""
    address = urlsplit(_view.get().here)
    asked = parse_qsl(address.query, keep_blank_values=True)
    kept = [pair for pair in asked if pair[0] != "cursor"]
    return urlunsplit(("", "", address.path, urlencode(kept), "")) if len(kept) < len(asked) else ""


def _moment(value: datetime, *, seconds: bool = False) -> str:
    return i18n.show_moment(value, _view.get().zone, seconds=seconds)


def _clock(value: datetime) -> str:
    return i18n.show_clock(value, _view.get().zone)


def _day(value: datetime) -> str:
    return i18n.show_day(value, _view.get().zone)


def _utc(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def template_folders() -> list[Path]:
    """Where templates stand: the floor's own, then each slice's."""
    package = Path(__file__).parents[2]
    return [Path(__file__).parent / "templates", *sorted(package.glob("*/templates"))]


class _PlainContext(Context):
    """Calls what a template calls. Jinja first looks whether it wants the context, and makes one for every word that is
    translated: together half of a list's time. Nothing that templates call here wants one."""

    def call(self, called: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """What `called` gives. Jinja's own additions are not for it."""
        kwargs.pop("_block_vars", None)
        kwargs.pop("_loop_vars", None)
        return called(*args, **kwargs)


class _PlainEnvironment(Environment):
    context_class = _PlainContext


def _made_environment() -> Environment:
    made = _PlainEnvironment(
        loader=FileSystemLoader(template_folders()),
        autoescape=True,
        undefined=StrictUndefined,
        extensions=["jinja2.ext.i18n"],
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.install_gettext_callables(_, i18n.translate_many, newstyle=True)  # type: ignore[attr-defined]
    made.globals.update(
        **_words(made),
        static_url=static_url,
        icon_url=icon_url,
        language=i18n.language,
        languages=i18n.LANGUAGES,
        show_moment=_moment,
        show_clock=_clock,
        show_day=_day,
        show_number=i18n.show_number,
        utc=_utc,
        zone_name=lambda: str(_view.get().zone),
        here=lambda: _view.get().here,
        first_page=_first_page,
        csrf=lambda: _view.get().csrf,
    )
    macros = made.get_template("macros.html").module
    made.globals.update({name: macro for name, macro in vars(macros).items() if not name.startswith("_")})
    made.globals.update({name: lru_cache(_KEPT)(getattr(macros, name)) for name in _SAME_AGAIN})
    return made


def _words(made: Environment) -> dict[str, Callable[..., str]]:
    """Jinja's gettext as functions that want no context, each phrase made once for each language."""
    theirs: Any = made.globals
    anywhere = made.from_string("").new_context()
    fill: Callable[..., str] = partial(theirs["gettext"], anywhere)

    @lru_cache(_KEPT)
    def phrase(_language: str, message: str) -> str:
        return fill(message)

    def say_it(message: str, **values: object) -> str:
        return fill(message, **values) if values else phrase(i18n.language(), message)

    return {"_": say_it, "gettext": say_it, "ngettext": partial(theirs["ngettext"], anywhere)}


environment: Final = _made_environment()
"""Every macro of `macros.html` is a global, because blocks rendered alone do not see a page's imports."""
