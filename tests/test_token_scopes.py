"""How far an API token reaches: every route, asked by tokens of each scope and by one for another project alone.

Anna owns the project and is an admin of the installation: whatever a token of hers may not, it is the token that may
not. The routes come from the application, and what each asks for from the table of `test_roles.py`.
"""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from tests.support.routes import NOBODYS_ID, Route, routes_of
from tests.support.world import World, an_empty_world
from tests.test_roles import right_of
from tgac.kit.tenancy import EVERYONE, NO_PROJECT, RIGHTS, Role, TokenScope
from tgac.people.forms import NewToken
from tgac.people.projects import create_project
from tgac.people.service import block_user, create_api_token, create_own_token
from tgac.wiring import guarded, make_app

ROLE_OF = {TokenScope.READ: Role.VIEWER, TokenScope.WRITE: Role.EDITOR, TokenScope.ADMIN: Role.OWNER}


class Desk:
    """The application with two projects of Anna's, and programs of hers."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.app = make_app(world.tools)
        self.routes = [route for route in routes_of(self.app) if route.kind != "public"]
        self.city = self.country = 0
        self.clients: list[httpx.AsyncClient] = []

    async def build(self) -> None:
        async with self.world.tools.acting(self.world.anna, EVERYONE) as act:
            self.city = (await create_project(act, "City")).id
            self.country = (await create_project(act, "Country")).id

    async def program(self, scope: TokenScope, *, project_ids: list[int] | None = None) -> httpx.AsyncClient:
        wanted = NewToken(name="a program", scope=scope, project_ids=project_ids)
        _row, secret = await create_own_token(self.world.tools, self.world.anna, wanted)
        return self.holding(secret.reveal())

    def holding(self, token: str) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(guarded(self.app), raise_app_exceptions=False)
        headers = {"authorization": f"Bearer {token}"}
        made = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080", headers=headers)
        self.clients.append(made)
        return made

    async def ask(self, client: httpx.AsyncClient, route: Route) -> httpx.Response:
        slots = dict.fromkeys(route.slots, NOBODYS_ID) | {"project_id": self.city}
        return await client.send(route.request(client, slots))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    async with an_empty_world("sqlite", tmp_path) as world:
        made = Desk(world)
        await made.build()
        yield made
        for client in made.clients:
            await client.aclose()


def reaches(scope: TokenScope, route: Route) -> bool:
    """Whether a token of this scope may ask: a reader never changes, and outside of projects only the whole may."""
    if scope is TokenScope.ADMIN:
        return True
    if route.kind == "project":
        is_changing = route.is_unsafe and scope is TokenScope.READ
        return not is_changing and right_of(route) in RIGHTS[ROLE_OF[scope]]
    return route.kind == "signed_in" and not route.is_unsafe


@pytest.mark.parametrize("scope", list(TokenScope))
async def test_a_token_reaches_as_far_as_its_scope_on_every_route(desk: Desk, scope: TokenScope) -> None:
    faults: list[str] = []
    allowed = 0
    program = await desk.program(scope)
    for route in desk.routes:
        answer = await desk.ask(program, route)
        allowed += reaches(scope, route)
        if reaches(scope, route) != (answer.status_code != 403) or answer.status_code in (401, 405, 500):
            faults.append(f"{route}: {answer.status_code} for a token of scope {scope}")
    assert not faults, "\n".join(faults)
    assert allowed >= 30


async def test_a_token_for_one_project_sees_no_other(desk: Desk) -> None:
    program = await desk.program(TokenScope.ADMIN, project_ids=[desk.country])
    faults = []
    for route in desk.routes:
        answer = await desk.ask(program, route)
        expected = {"project": {404}, "admin": {403}}.get(route.kind, {403} if route.is_unsafe else {200, 303, 404})
        if answer.status_code not in expected:
            faults.append(f"{route}: {answer.status_code}, not {expected}")
    assert not faults, "\n".join(faults)
    listed = (await program.get("/api/v1/projects")).json()["data"]["items"]
    assert [one["name"] for one in listed] == ["Country"]
    assert (await program.put(f"/api/v1/projects/{desk.country}", json={"name": "Land"})).status_code == 200


async def test_what_a_token_may_not_is_said(desk: Desk) -> None:
    reader = await desk.program(TokenScope.READ)
    for path in (f"/api/v1/projects/{desk.city}/pause", "/api/v1/me/tokens", "/api/v1/projects"):
        told = (await reader.post(path, json={"name": "x"})).json()["error"]
        assert (told["code"], told["message"]) == ("token_scope", "This API token does not reach that far.")
    writer = await desk.program(TokenScope.WRITE)
    assert (await writer.post(f"/api/v1/projects/{desk.city}/pause")).status_code == 200
    refused = await writer.request("DELETE", f"/api/v1/projects/{desk.city}", json={"name": "City"})
    assert refused.json()["error"]["code"] == "token_scope"


async def test_a_token_is_made_for_ones_own_projects_only(desk: Desk) -> None:
    whole = await desk.program(TokenScope.ADMIN)
    body = {"name": "x", "scope": "write", "project_ids": [desk.city]}
    made = (await whole.post("/api/v1/me/tokens", json=body)).json()["data"]
    assert (made["scope"], made["project_ids"]) == ("write", [desk.city])
    foreign = await whole.post("/api/v1/me/tokens", json=body | {"project_ids": [desk.city, NOBODYS_ID]})
    assert (foreign.status_code, foreign.json()["error"]["field"]) == (422, "project_ids")
    page = await whole.get("/account")
    assert "Works in projects" in page.text
    by_page = await whole.post("/account/tokens", data={"name": "y", "scope": "read", "project_ids": str(desk.country)})
    assert "Copy it: it is shown this once." in by_page.text
    _first, *others = (await whole.get("/api/v1/me/tokens")).json()["data"]["items"]
    reach = [(one["scope"], one["project_ids"]) for one in others]
    assert reach == [("write", [desk.city]), ("read", [desk.country])]
    wrong = await whole.post("/account/tokens", data={"name": "z", "scope": "read", "project_ids": "all"})
    assert (wrong.status_code, "Write a number." in wrong.text) == (422, True)


async def test_the_command_line_makes_a_whole_one_and_blocking_ends_every_one(desk: Desk) -> None:
    async with desk.world.tools.acting(None, NO_PROJECT) as act:
        whole = desk.holding(await create_api_token(act, "anna"))
    assert (await whole.get("/api/v1/admin/users")).status_code == 200
    assert (await whole.get("/api/v1/me/tokens")).json()["data"]["items"][-1]["scope"] == "admin"
    async with desk.world.tools.acting(None, NO_PROJECT) as act:
        await block_user(act, "anna")
    assert (await whole.get(f"/api/v1/projects/{desk.city}")).status_code == 401
