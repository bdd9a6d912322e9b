"""Every role at every route of a project, held to one table: which right a route asks for.

The routes come from the application. One that changes something and stands in no row of the table fails the test, and
so does a row whose route is gone. Each is asked by each role; ids in paths are of rows that never were, so that whoever
is let in finds nothing, and nothing is changed for the next one.
"""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from tests.support.routes import NOBODYS_ID, Route, routes_of
from tests.support.world import World, an_empty_world
from tgac.kit.tenancy import EVERYONE, NO_PROJECT, RIGHTS, Right, Role
from tgac.people.models import Member, User
from tgac.people.projects import create_project
from tgac.people.service import create_api_token
from tgac.wiring import guarded, make_app

API, PAGE = "/api/v1/projects/{project_id}", "/projects/{project_id}"
ASKED: Mapping[Right, frozenset[str]] = {
    Right.LOOK: frozenset(
        {
            f"POST {API}/tasks/{{task_id}}/preview",
            f"POST {PAGE}/tasks/preview",
            f"POST {API}/dry-run",
            f"POST {API}/dry-run/import",
            f"POST {PAGE}/dry-run",
            f"DELETE {API}/members",
            f"POST {PAGE}/members/leave",
        }
    ),
    Right.REVIEW: frozenset(
        {
            f"POST {API}/comments/{{comment_id}}/another",
            f"POST {API}/comments/{{comment_id}}/edit",
            f"POST {PAGE}/comments/{{comment_id}}/another",
            f"POST {PAGE}/comments/{{comment_id}}/edit",
            f"PUT {API}/review/me",
            f"POST {PAGE}/review/telegram",
            f"POST {API}/comments/{{comment_id}}/approve",
            f"POST {API}/comments/{{comment_id}}/skip",
            f"POST {PAGE}/comments/{{comment_id}}/approve",
            f"POST {PAGE}/comments/{{comment_id}}/skip",
            f"POST {API}/comments/{{comment_id}}/cancel",
            f"POST {API}/comments/{{comment_id}}/resolve",
            f"POST {PAGE}/comments/{{comment_id}}/cancel",
            f"POST {PAGE}/comments/{{comment_id}}/resolve",
            f"POST {API}/comments/{{comment_id}}/take-back",
            f"POST {API}/comments/{{comment_id}}/follow",
            f"POST {PAGE}/comments/{{comment_id}}/take-back",
            f"POST {PAGE}/comments/{{comment_id}}/follow",
        }
    ),
    Right.OWN: frozenset(
        {
            f"PUT {API}",
            f"DELETE {API}",
            f"GET {PAGE}/delete",
            f"POST {PAGE}/delete",
            f"PUT {API}/settings",
            f"POST {API}/presets",
            f"PUT {API}/presets/{{preset_id}}",
            f"DELETE {API}/presets/{{preset_id}}",
            f"POST {PAGE}/presets",
            f"POST {PAGE}/presets/{{preset_id}}",
            f"POST {PAGE}/presets/{{preset_id}}/delete",
            f"POST {API}/archive",
            f"POST {API}/members",
            f"PUT {API}/members/{{member_id}}",
            f"DELETE {API}/members/{{member_id}}",
            f"DELETE {API}/invitations/{{invitation_id}}",
            f"POST {PAGE}/settings",
            f"POST {PAGE}/settings/limits",
            f"POST {PAGE}/archive",
            f"POST {PAGE}/members",
            f"POST {PAGE}/members/{{member_id}}",
            f"POST {PAGE}/members/{{member_id}}/remove",
            f"POST {PAGE}/invitations/{{invitation_id}}/withdraw",
        }
    ),
}
"""The routes whose right is not the usual one: LOOK for what is only read, EDIT for what is changed."""
PARTS = ("bots", "channels", "onboarding", "playlists", "proxies", "tasks", "media", "notices")
EDITS = tuple(f"{root}/{part}" for root in (API, PAGE) for part in PARTS)
"""Below these, what changes something asks for EDIT where the table says nothing else."""
HALTS = frozenset(f"POST {root}/{verb}" for root in (API, PAGE) for verb in ("pause", "resume", "stop"))
OPENED_BY_EDITORS = frozenset({f"GET {PAGE}/tasks/new", f"GET {PAGE}/tasks/{{task_id}}/edit"})
"""Pages that hold nothing but a form."""


def right_of(route: Route) -> Right | None:
    """The right that a route asks for; None where the table does not say."""
    named = next((right for right, routes in ASKED.items() if str(route) in routes), None)
    if named is not None:
        return named
    if str(route) in HALTS | OPENED_BY_EDITORS or (route.is_unsafe and route.path.startswith(EDITS)):
        return Right.EDIT
    return None if route.is_unsafe else Right.LOOK


class Crowd:
    """The application, its routes of projects, and a program of each role."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.app = make_app(world.tools)
        self.app.state.streams.end()  # each shows what is there, and ends
        self.routes = [route for route in routes_of(self.app) if route.kind == "project"]
        self.clients: dict[Role, httpx.AsyncClient] = {}
        self.project_id = 0

    async def gather(self) -> None:
        """Anna makes the project; one user joins it in each role."""
        async with self.world.tools.acting(self.world.anna, EVERYONE) as act:
            self.project_id = (await create_project(act, "City")).id
        for role in Role:
            await self._add(role)

    async def _add(self, role: Role) -> None:
        async with self.world.tools.acting(None, EVERYONE) as act:
            user = User(username=f"the_{role}", state="active", created_at=act.now)
            act.session.add(user)
            await act.flush()
            act.session.add(Member(project_id=self.project_id, user_id=user.id, role=role))
        async with self.world.tools.acting(None, NO_PROJECT) as act:
            token = await create_api_token(act, f"the_{role}")
        transport = httpx.ASGITransport(guarded(self.app), raise_app_exceptions=False)
        headers = {"authorization": f"Bearer {token}"}
        self.clients[role] = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080", headers=headers)

    async def ask(self, role: Role, route: Route) -> httpx.Response:
        client, slots = self.clients[role], dict.fromkeys(route.slots, NOBODYS_ID)
        return await client.send(route.request(client, slots | {"project_id": self.project_id}))


@asynccontextmanager
async def a_crowd(folder: Path) -> AsyncIterator[Crowd]:
    async with an_empty_world("sqlite", folder) as world:
        crowd = Crowd(world)
        await crowd.gather()
        yield crowd
        for client in crowd.clients.values():
            await client.aclose()


@pytest.fixture
async def crowd(tmp_path: Path) -> AsyncIterator[Crowd]:
    async with a_crowd(tmp_path) as made:
        yield made


def test_each_role_may_what_the_next_one_may_and_more() -> None:
    assert RIGHTS[Role.VIEWER] < RIGHTS[Role.REVIEWER] < RIGHTS[Role.EDITOR] < RIGHTS[Role.OWNER] == set(Right)


async def test_every_route_of_a_project_stands_in_the_table(crowd: Crowd) -> None:
    known = {str(route) for route in crowd.routes}
    assert len(known) >= 60, "the walk over the routes sees too few of them"
    assert [str(route) for route in crowd.routes if right_of(route) is None] == []
    assert frozenset().union(*ASKED.values(), HALTS, OPENED_BY_EDITORS) - known == set()


async def test_each_role_gets_as_far_as_its_rights(crowd: Crowd) -> None:
    """Whoever has the right may be told that nothing is there or that it does not fit, but not that they may not."""
    faults: list[str] = []
    tried = 0
    for route in sorted(crowd.routes, key=_leaving_last):
        right = right_of(route)
        for role in Role:
            tried += 1
            answer = await crowd.ask(role, route)
            allowed = right in RIGHTS[role]
            if allowed != (answer.status_code != 403) or answer.status_code in (401, 405, 500):
                faults.append(f"{route} as {role}: {answer.status_code}, asks for {right}")
    assert not faults, "\n".join(faults)
    assert tried == 4 * len(crowd.routes) >= 240


def _leaving_last(route: Route) -> bool:
    return str(route) in (f"DELETE {API}/members", f"POST {PAGE}/members/leave")
