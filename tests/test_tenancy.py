"""Every route, tried as everybody who has no business there. Routes and requests are generated: see support/routes.py.

Anna owns a project full of canaries, Boris may only look at it, Vera owns another one and is a stranger in Anna's.
One id at a time, everything else honest: tests/test_matrix.py.
"""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select, update

from tests.support.routes import NOBODYS_ID, Route
from tests.support.scene import CANARY, Scene, a_scene
from tgac.bots.models import Bot
from tgac.kit.tenancy import EVERYONE, NO_PROJECT
from tgac.people.models import User

PUBLIC = {
    "GET /api/v1/openapi.json",
    "GET /auth/telegram/poll",
    "GET /healthz",
    "GET /readyz",
    "GET /sign-in",
    "GET /sign-in/qr",
    "GET /sign-in/state",
    "POST /auth/logout",
    "POST /auth/telegram/exchange",
    "POST /auth/telegram/session",
    "POST /auth/telegram/token",
    "POST /language",
    "POST /sign-in",
}
"""What anybody may ask for. A route comes in here by somebody's decision only."""
LOOKS = {
    "POST /api/v1/projects/{project_id}/tasks/{task_id}/preview",
    "POST /projects/{project_id}/tasks/preview",
    "POST /api/v1/projects/{project_id}/dry-run",
    "POST /api/v1/projects/{project_id}/dry-run/import",
    "POST /projects/{project_id}/dry-run",
}
"""What is sent but changes nothing: viewers may."""
LEAVES = {
    "DELETE /api/v1/projects/{project_id}/members",
    "POST /projects/{project_id}/members/leave",
}
"""How everybody may give up their own role; tried in people/tests/test_members.py."""
BY_SECRET = {"GET /join/{secret}", "POST /api/v1/join", "POST /join/{secret}"}
"""What a secret opens, whoever brings it; tried in people/tests/test_members.py."""
AT_LEAST = 70


@pytest.fixture
async def scene(database: str, tmp_path: Path) -> AsyncIterator[Scene]:
    """Anna's and Vera's projects, on each database."""
    async with a_scene(database, tmp_path) as made:
        yield made


def _faults(route: Route, answer: httpx.Response, *statuses: int) -> Iterator[str]:
    if answer.status_code not in statuses:
        yield f"{route}: {answer.status_code}, not {' or '.join(map(str, statuses))}: {answer.text[:200]}"
    if CANARY in answer.text.lower():
        yield f"{route}: shows what is Anna's"


def _same(one: httpx.Response, other: httpx.Response) -> bool:
    """Whether two answers are the same but for the ids that were asked for."""
    return (one.status_code, _without_ids(one.text)) == (other.status_code, _without_ids(other.text))


def _without_ids(text: str) -> str:
    return re.sub(r"/\d+", "/0", text)


async def test_whoever_compares_all_rows_sees_every_change(scene: Scene) -> None:
    """On Postgres too, where a connection that does not say whose rows it wants is shown none."""
    before = await scene.everything()
    hers = scene.ids["anna"]["project_id"]
    async with scene.world.tools.acting(None, EVERYONE) as act:
        counted = await act.session.scalar(select(func.count()).select_from(Bot))
        await act.session.execute(update(Bot).where(Bot.project_id == hers).values(note="touched"))
    after = await scene.everything()
    assert len(before["bots"]) == counted == 2
    assert {name for name in before if before[name] != after[name]} == {"bots"}
    assert [one["note"] for one in (await scene.everything(hers))["bots"]] == ["touched"]


async def test_every_route_is_known_and_has_its_guard(scene: Scene) -> None:
    assert len(scene.routes) >= AT_LEAST, "the walk over the routes sees too few of them"
    assert {str(route) for route in scene.of("public")} <= PUBLIC, "a route that asks nobody to sign in"
    assert {str(route) for route in scene.routes} >= PUBLIC | LOOKS | LEAVES | BY_SECRET, (
        "a list here names a route that is gone"
    )
    unguarded = [str(route) for route in scene.routes if "{project_id}" in route.path and route.kind != "project"]
    assert unguarded == []
    admin = [str(route) for route in scene.routes if "/admin" in route.path and route.kind != "admin"]
    assert admin == []


@pytest.mark.parametrize("who", ["nobody", "a forger", "the blocked"])
async def test_who_is_not_signed_in_gets_nowhere(scene: Scene, who: str) -> None:
    if who == "the blocked":
        async with scene.world.tools.acting(None, NO_PROJECT) as act:
            (await act.session.get_one(User, scene.world.people["vera"].user_id)).state = "blocked"
        scene.clients[who] = scene.clients["vera"]
    before, calls = await scene.everything(), scene.telegram_calls()
    faults: list[str] = []
    for route in scene.of("signed_in", "project", "admin"):
        answer = await scene.ask(who, route, scene.ids["anna"])
        faults += _faults(route, answer, 401 if route.is_api or route.is_unsafe else 303)
        if answer.status_code == 303 and answer.headers["location"] != "/sign-in":
            faults.append(f"{route}: sent to {answer.headers['location']}")
    assert not faults, "\n".join(faults)
    assert await scene.everything() == before
    assert scene.telegram_calls() == calls


@pytest.mark.parametrize("is_admin", [False, True], ids=["a user", "an admin"])
async def test_to_a_stranger_a_project_is_not_there(scene: Scene, is_admin: bool) -> None:
    async with scene.world.tools.acting(None, NO_PROJECT) as act:
        (await act.session.get_one(User, scene.world.people["vera"].user_id)).is_admin = is_admin
    before, calls = await scene.everything(), scene.telegram_calls()
    faults: list[str] = []
    for route in scene.of("project"):
        answer = await scene.ask("vera", route, scene.ids["anna"])
        faults += _faults(route, answer, 404)
        if not _same(answer, await scene.ask("vera", route, scene.ids["anna"] | {"project_id": NOBODYS_ID})):
            faults.append(f"{route}: differs from what a project that never was answers")
    assert not faults, "\n".join(faults)
    assert await scene.everything() == before
    assert scene.telegram_calls() == calls


async def test_who_may_only_look_changes_nothing(scene: Scene) -> None:
    before = await scene.everything()
    faults: list[str] = []
    for route in scene.of("project"):
        if str(route) in LEAVES:
            continue
        answer = await scene.ask("boris", route, scene.ids["anna"])
        if str(route) in LOOKS and answer.status_code not in (200, 422):
            faults.append(f"{route}: may be looked at, and gives {answer.status_code}")
        elif route.is_unsafe and str(route) not in LOOKS and answer.status_code != 403:
            faults.append(f"{route}: {answer.status_code}, not 403")
        elif not route.is_unsafe and answer.status_code not in (200, 303, 403):
            faults.append(f"{route}: {answer.status_code}")
    assert not faults, "\n".join(faults)
    assert await scene.everything() == before


async def test_only_admins_administer(scene: Scene) -> None:
    before = await scene.everything()
    for who in ("boris", "vera"):
        for route in scene.of("admin"):
            assert (await scene.ask(who, route, scene.ids["anna"])).status_code == 403, str(route)
    assert await scene.everything() == before


async def test_nothing_of_annas_is_shown_to_vera_elsewhere(scene: Scene) -> None:
    faults: list[str] = []
    for route in scene.of("signed_in", "public"):
        if not route.is_unsafe and not route.slots:
            faults += _faults(route, await scene.ask("vera", route, {}), 200, 303, 404, 422, 503)
    assert not faults, "\n".join(faults)
