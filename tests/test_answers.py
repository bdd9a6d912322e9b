"""Every failure has its face: JSON for programs, a fragment for htmx, a page for browsers; none gives anything away."""

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Depends, FastAPI
from pydantic import BaseModel, ConfigDict

from tgac.kit import errors
from tgac.kit.errors import AppError, Conflict, Invalid, SignInNeeded, TooMuch
from tgac.kit.telegram.faults import Fault
from tgac.kit.tenancy import NO_PROJECT
from tgac.kit.tests.conftest import tools
from tgac.kit.tools import Tools
from tgac.kit.web.answers import ok
from tgac.kit.web.deps import UserWrite
from tgac.kit.web.security import CSP
from tgac.people.models import User
from tgac.people.service import create_api_token
from tgac.wiring import guarded, make_app

__all__ = ["tools"]

PARTIAL = {"hx-request": "true", "hx-request-type": "partial"}
TOKEN = "123456789:" + "S" * 35
only_sqlite = pytest.mark.parametrize("database", ["sqlite"], indirect=True)

KINDS: tuple[type[AppError], ...] = (AppError, *AppError.__subclasses__())
FAILURES: list[tuple[str, Callable[[], Exception], int, str]] = [
    (kind.__name__, lambda kind=kind: kind("Mend <b>this</b>."), kind.status, kind.code) for kind in KINDS
] + [
    ("a fault of Telegram's", lambda: Fault(method="getMe", http=502, description=TOKEN), 503, "telegram_unavailable"),
    ("a defect", lambda: RuntimeError(f"broken near {TOKEN}"), 500, "internal"),
]


class Given(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: str
    share: float = 1.0
    more: Any = None


def add_routes(app: FastAPI) -> None:
    """Routes that do nothing but fail, and some that listen."""

    async def fail(kind: str) -> None:
        raise next(make() for name, make, _status, _code in FAILURES if name == kind)

    async def take(body: Given) -> Any:
        return ok(body.model_dump(mode="json"))

    async def clash(act: UserWrite) -> Any:
        anna = act.principal
        assert anna is not None
        act.session.add(User(id=anna.user_id, username="twice", created_at=act.now))
        return ok("done")

    for path in ("/api/fail/{kind}", "/fail/{kind}"):
        app.add_api_route(path, fail, methods=["GET", "POST"])
    app.add_api_route("/api/take", take, methods=["POST"])
    app.add_api_route("/api/clash", clash, methods=["POST"])


@pytest.fixture
async def anna(tools: Tools) -> AsyncIterator[httpx.AsyncClient]:
    """Anna's program, which talks to the real application with a few routes more."""
    async with tools.acting(None, NO_PROJECT) as act:
        token = await create_api_token(act, "anna")
    app = make_app(tools)
    add_routes(app)
    transport = httpx.ASGITransport(guarded(app), raise_app_exceptions=False)
    headers = {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080", headers=headers) as client:
        yield client


def assert_safe(answer: httpx.Response) -> None:
    """The headers that every answer carries, and none of what nobody may see."""
    assert answer.headers["content-security-policy"] == CSP
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "no-store"
    assert TOKEN not in answer.text
    assert "Traceback" not in answer.text
    assert "broken near" not in answer.text


def test_every_kind_of_error_is_tried() -> None:
    known = {one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, AppError)}
    assert {kind.__name__ for kind in known} <= {name for name, *_ in FAILURES}
    assert len({kind.code for kind in known}) == len(known)


each_failure = pytest.mark.parametrize(
    ("kind", "status", "code"),
    [(kind, status, code) for kind, _make, status, code in FAILURES],
    ids=[kind for kind, *_ in FAILURES],
)


@only_sqlite
@each_failure
async def test_a_program_is_told_in_json(anna: httpx.AsyncClient, kind: str, status: int, code: str) -> None:
    answer = await anna.get(f"/api/fail/{kind}")
    assert answer.status_code == status
    told = answer.json()
    assert set(told) == {"ok", "error"}
    assert told["ok"] is False
    assert told["error"]["code"] == code
    assert told["error"]["message"]
    assert_safe(answer)


@only_sqlite
@each_failure
async def test_htmx_is_told_in_a_fragment(anna: httpx.AsyncClient, kind: str, status: int, code: str) -> None:
    answer = await anna.get(f"/fail/{kind}", headers=PARTIAL)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert "<html" not in answer.text
    assert "<b>this" not in answer.text
    assert_safe(answer)


@only_sqlite
@each_failure
async def test_a_browser_is_told_on_a_page(anna: httpx.AsyncClient, kind: str, status: int, code: str) -> None:
    answer = await anna.post(f"/fail/{kind}")
    assert answer.status_code == status
    assert "<html" in answer.text
    assert f"{status} · {code}" in answer.text
    assert "<b>this" not in answer.text
    assert_safe(answer)


@only_sqlite
@pytest.mark.parametrize("path", ["/nowhere", "/projects/999", "/projects/1/nowhere"])
async def test_who_is_lost_keeps_the_menu(anna: httpx.AsyncClient, path: str) -> None:
    answer = await anna.get(path)
    assert answer.status_code == 404
    assert '<a class="nav-link" href="/account"' in answer.text
    stranger = await anna.get(path, headers={"authorization": ""})
    assert "/account" not in stranger.text
    assert "/account" not in (await anna.get(path, headers={"authorization": "Bearer tgac_wrong"})).text


@only_sqlite
async def test_a_browser_that_looks_is_sent_to_sign_in(anna: httpx.AsyncClient) -> None:
    answer = await anna.get("/fail/SignInNeeded")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    answer = await anna.get("/fail/SignInNeeded", headers=PARTIAL)
    assert answer.status_code == SignInNeeded.status


@only_sqlite
async def test_who_asks_too_much_is_told_when_to_come_back(anna: httpx.AsyncClient) -> None:
    assert (await anna.get(f"/api/fail/{TooMuch.__name__}")).headers["retry-after"] == "60"


def test_an_error_names_the_fields_that_are_wrong() -> None:
    error = Invalid("No.", fields={"timing.delay": "Too short.", "name": "Taken."})
    assert error.field == "timing.delay"
    assert error.fields == {"timing.delay": "Too short.", "name": "Taken."}


# --- The commit comes before the answer. ---


async def test_a_commit_that_fails_is_a_conflict_and_not_a_success(anna: httpx.AsyncClient, tools: Tools) -> None:
    answer = await anna.post("/api/clash")
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "conflict")
    async with tools.reading(None, NO_PROJECT) as act:
        assert (await act.session.get_one(User, 1)).username == "anna"


async def test_the_trap_is_still_there(tools: Tools) -> None:
    """FastAPI answers first where a dependency has no `scope="function"`; when this fails, `deps.py` can be simpler."""
    app = FastAPI()

    async def late() -> AsyncIterator[None]:
        yield
        raise Conflict("the commit failed")

    async def act(_act: Annotated[None, Depends(late)]) -> str:
        return "done"

    app.add_api_route("/act", act)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        assert (await client.get("/act")).status_code == 200


# --- What cannot be read. ---

UNREADABLE: list[tuple[str, bytes]] = [
    ("broken JSON", b'{"name": '),
    ("nothing", b""),
    ("a list", b"[]"),
    ("no UTF-8", b'{"name": "\xff"}'),
    ("an unknown key", b'{"name": "a", "nmae": "b"}'),
    ("a missing key", b"{}"),
    ("a wrong type", b'{"name": 1}'),
    ("NaN", b'{"name": "a", "share": NaN}'),
    ("NaN in what is taken as it is", b'{"name": "a", "more": {"deep": [NaN]}}'),
    ("infinity", b'{"name": "a", "share": -Infinity}'),
    ("a number without end", b'{"name": "a", "share": 1e999}'),
    ("a key twice", b'{"name": "a", "name": "b"}'),
    ("half a character", b'{"name": "\\ud800"}'),
    ("a NUL", b'{"name": "\\u0000"}'),
    ("too deep", b'{"name": "a", "more": ' + b"[" * 50_000 + b"]" * 50_000 + b"}"),
    ("too many digits", b'{"name": "a", "more": ' + b"9" * 10_000 + b"}"),
]


@only_sqlite
@pytest.mark.parametrize(("what", "body"), UNREADABLE, ids=[what for what, *_ in UNREADABLE])
async def test_what_does_not_fit_is_refused_with_words(anna: httpx.AsyncClient, what: str, body: bytes) -> None:
    answer = await anna.post("/api/take", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422, answer.text
    assert answer.json()["error"]["message"]
    assert_safe(answer)


@only_sqlite
async def test_what_fits_is_taken(anna: httpx.AsyncClient) -> None:
    answer = await anna.post("/api/take", json={"name": "Ёж 🦔", "share": 0.5, "more": {"a": [None, 1]}})
    assert answer.json()["data"] == {"name": "Ёж 🦔", "share": 0.5, "more": {"a": [None, 1]}}


@only_sqlite
async def test_a_form_with_a_nul_is_refused(anna: httpx.AsyncClient) -> None:
    answer = await anna.post("/fail/AppError", data={"name": "a\0b"})
    assert answer.status_code == 422


@only_sqlite
@pytest.mark.parametrize("path", ["/api/take", "/fail/AppError"])
async def test_a_body_that_is_too_large_is_refused(anna: httpx.AsyncClient, path: str) -> None:
    answer = await anna.post(path, content=b" " * 1_100_000)
    assert answer.status_code == 413
    assert "too_large" in answer.text
    assert_safe(answer)


@only_sqlite
async def test_a_large_body_of_unknown_length_is_refused(anna: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b" " * 65_536

    answer = await anna.post("/api/take", content=endless())
    assert answer.status_code == 413


@only_sqlite
@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nothing", 404, "not_found"),
        ("GET", "/nothing", 404, "not_found"),
        ("DELETE", "/api/take", 405, "method_not_allowed"),
        ("GET", "/api/v1/projects/0", 404, "not_found"),
        ("GET", "/api/v1/projects/x", 404, "not_found"),
        ("GET", f"/api/v1/projects/{2**70}", 404, "not_found"),
        ("GET", "/projects/0/bots", 404, "not_found"),
    ],
)
async def test_what_is_not_there_is_told_in_one_way(
    anna: httpx.AsyncClient, method: str, path: str, status: int, code: str
) -> None:
    answer = await anna.request(method, path)
    assert answer.status_code == status
    assert code in answer.text
    assert_safe(answer)
