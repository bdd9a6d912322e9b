"""Members and invitations, through the API and the pages. Anna owns, Boris may only look, Vera is a stranger."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import select
from tests.support.panel import Browser, Panel, a_panel

from tgac.kit.tenancy import EVERYONE, NO_PROJECT
from tgac.people.models import Invitation, Project
from tgac.people.service import create_api_token


@pytest.fixture
async def panel(database: str, tmp_path: Path) -> AsyncIterator[Panel]:
    async with a_panel(database, tmp_path) as made:
        await made.add_user("anna", telegram_id=1, state="active", is_admin=True)
        await made.add_user("boris", telegram_id=2, state="active")
        await made.add_user("vera", telegram_id=3, state="active")
        yield made


class Team:
    """Programs of Anna, Boris and Vera, and Anna's project."""

    def __init__(self, panel: Panel, scripts: dict[str, Browser], project_id: int) -> None:
        self.panel = panel
        self.scripts = scripts
        self.project_id = project_id

    async def ask(self, who: str, method: str, path: str = "", body: dict[str, Any] | None = None) -> httpx.Response:
        address = path if path.startswith("/api") else f"/api/v1/projects/{self.project_id}{path}"
        return await self.scripts[who].request(method, address, json=body)

    async def invite(self, role: str, username: str | None = None) -> str:
        """Anna invites; gives the link's secret."""
        made = await self.ask("anna", "POST", "/members", {"role": role, "username": username})
        assert made.status_code == 201, made.text
        return str(made.json()["data"]["link"]).rpartition("/join/")[2]

    async def join(self, who: str, secret: str) -> httpx.Response:
        return await self.ask(who, "POST", "/api/v1/join", {"secret": secret})

    async def add(self, who: str, role: str) -> int:
        """Let somebody in; gives the number of the membership."""
        assert (await self.join(who, await self.invite(role))).status_code == 200
        return (await self.roles_by_name())[who][0]

    async def roles_by_name(self) -> dict[str, tuple[int, str]]:
        items = (await self.ask("anna", "GET", "/members")).json()["data"]["items"]
        return {one["username"]: (one["id"], one["role"]) for one in items}


@pytest.fixture
async def team(panel: Panel) -> Team:
    scripts = {name: await script_of(panel, name) for name in ("anna", "boris", "vera")}
    made = await scripts["anna"].post("/api/v1/projects", json={"name": "City"})
    team = Team(panel, scripts, made.json()["data"]["id"])
    await team.add("boris", "viewer")
    return team


async def script_of(panel: Panel, name: str) -> Browser:
    script = panel.browser()
    async with panel.tools.acting(None, NO_PROJECT) as act:
        script.headers["authorization"] = f"Bearer {await create_api_token(act, name)}"
    return script


async def test_who_is_invited_joins_once_with_the_role_offered(team: Team) -> None:
    secret = await team.invite("editor")
    assert (await team.ask("vera", "GET")).status_code == 404
    joined = await team.join("vera", secret)
    assert joined.json()["data"] == {"project_id": team.project_id, "role": "editor"}
    assert (await team.ask("vera", "GET")).json()["data"]["role"] == "editor"
    again = await team.join("boris", secret)
    assert (again.status_code, again.json()["error"]["code"]) == (404, "invitation_over")


async def test_only_the_hash_of_an_invitation_is_kept(team: Team) -> None:
    secret = await team.invite("editor")
    async with team.panel.tools.reading(None, EVERYONE) as act:
        rows = list(await act.session.scalars(select(Invitation)))
    assert [secret in str(vars(row)) for row in rows] == [False]
    assert secret not in (await team.ask("anna", "GET", "/members")).text


async def test_an_invitation_ends_after_seven_days(team: Team) -> None:
    secret = await team.invite("editor")
    team.panel.clock.advance(timedelta(days=7).total_seconds())
    assert (await team.join("vera", secret)).status_code == 404


async def test_an_invitation_by_name_is_for_that_person_alone(team: Team) -> None:
    secret = await team.invite("editor", "@Vera")
    never = await team.join("boris", "x" * 43)
    others = await team.join("boris", secret)
    assert (others.status_code, others.json()) == (404, never.json())
    assert (await team.join("vera", secret)).status_code == 200


async def test_who_is_invited_by_name_and_no_user_yet_becomes_one_that_makes_no_projects(team: Team) -> None:
    secret = await team.invite("editor", "dora")
    dora = await script_of(team.panel, "dora")
    assert (await dora.post("/api/v1/join", json={"secret": secret})).status_code == 200
    assert (await dora.post("/api/v1/projects", json={"name": "Mine"})).json()["error"]["code"] == "quota_reached"


async def test_two_who_bring_one_link_at_once_do_not_both_get_in(team: Team) -> None:
    secret = await team.invite("editor")
    await team.ask("boris", "DELETE", "/members")
    answers = await asyncio.gather(team.join("vera", secret), team.join("boris", secret))
    assert sorted(one.status_code for one in answers) == [200, 404]


async def test_an_invitation_can_be_withdrawn(team: Team) -> None:
    secret = await team.invite("editor")
    waiting = (await team.ask("anna", "GET", "/members")).json()["data"]["invitations"]
    assert [(one["role"], one["username"]) for one in waiting] == [("editor", None)]
    assert (await team.ask("anna", "DELETE", f"/invitations/{waiting[0]['id']}")).status_code == 200
    assert (await team.join("vera", secret)).status_code == 404


@pytest.mark.parametrize("how", ["removed", "demoted", "blocked"])
async def test_an_invitation_ends_with_the_owner_who_made_it(team: Team, how: str) -> None:
    boris = (await team.roles_by_name())["boris"][0]
    await team.ask("anna", "PUT", f"/members/{boris}", {"role": "owner"})
    made = await team.ask("boris", "POST", "/members", {"role": "owner"})
    secret = made.json()["data"]["link"].rpartition("/")[2]
    if how == "removed":
        await team.ask("anna", "DELETE", f"/members/{boris}")
    elif how == "demoted":
        await team.ask("anna", "PUT", f"/members/{boris}", {"role": "viewer"})
    else:
        user_id = (await team.ask("boris", "GET", "/api/v1/me")).json()["data"]["id"]
        await team.ask("anna", "POST", f"/api/v1/admin/users/{user_id}/block")
    assert (await team.join("vera", secret)).status_code == 404


async def test_a_removed_member_is_a_stranger_at_once(team: Team) -> None:
    boris = (await team.roles_by_name())["boris"][0]
    assert (await team.ask("boris", "GET")).status_code == 200
    assert (await team.ask("anna", "DELETE", f"/members/{boris}")).status_code == 200
    assert (await team.ask("boris", "GET")).status_code == 404


async def test_another_role_holds_at_once(team: Team) -> None:
    boris = (await team.roles_by_name())["boris"][0]
    assert (await team.ask("boris", "POST", "/pause")).status_code == 403
    changed = await team.ask("anna", "PUT", f"/members/{boris}", {"role": "editor"})
    assert changed.json()["data"]["role"] == "editor"
    assert (await team.ask("boris", "POST", "/pause")).status_code == 200


@pytest.mark.parametrize("how", ["leave", "remove", "demote"])
async def test_the_last_owner_stays(team: Team, how: str) -> None:
    anna = (await team.roles_by_name())["anna"][0]
    ways = {
        "leave": ("DELETE", "/members", None),
        "remove": ("DELETE", f"/members/{anna}", None),
        "demote": ("PUT", f"/members/{anna}", {"role": "editor"}),
    }
    answer = await team.ask("anna", *ways[how])
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "last_owner")


async def test_two_owners_who_leave_at_once_do_not_both_get_away(team: Team) -> None:
    await team.add("vera", "owner")
    answers = await asyncio.gather(*(team.ask(who, "DELETE", "/members") for who in ("anna", "vera")))
    assert sorted(one.status_code for one in answers) == [200, 409]


async def test_a_project_passes_on_to_the_owner_who_stays(team: Team) -> None:
    await team.add("vera", "owner")
    assert (await team.ask("anna", "DELETE", "/members")).status_code == 200
    async with team.panel.tools.reading(None, EVERYONE) as act:
        project = await act.session.get_one(Project, team.project_id)
    me = (await team.ask("vera", "GET", "/api/v1/me")).json()["data"]["id"]
    assert project.user_id == me


async def test_who_is_a_member_is_invited_no_more(team: Team) -> None:
    answer = await team.ask("anna", "POST", "/members", {"role": "editor", "username": "boris"})
    assert (answer.status_code, answer.json()["error"]["field"]) == (409, "username")
    assert (await team.join("boris", await team.invite("owner"))).json()["error"]["code"] == "member_already"


async def test_the_link_brings_who_is_not_signed_in_back_after_the_sign_in(team: Team) -> None:
    panel, phone = team.panel, await team.panel.phone("dora")
    secret = await team.invite("reviewer", "dora")
    browser = panel.browser()
    sent_on = await browser.get(f"/join/{secret}")
    assert (sent_on.status_code, sent_on.headers["location"]) == (303, "/sign-in")
    await phone.sign_in(browser)
    back = await browser.get("/sign-in")
    assert back.headers["location"] == f"/join/{secret}"
    page = await browser.get(f"/join/{secret}")
    assert "City" in page.text
    assert "Reviewer" in page.text
    joined = await browser.send_form(f"/join/{secret}")
    assert joined.headers["location"] == f"/projects/{team.project_id}"
    assert (await browser.get("/sign-in")).headers["location"] == "/"


async def test_what_is_done_to_members_is_in_the_audit_with_its_author(team: Team) -> None:
    await team.invite("editor", "vera")
    boris = (await team.roles_by_name())["boris"][0]
    await team.ask("anna", "PUT", f"/members/{boris}", {"role": "reviewer"})
    await team.ask("anna", "DELETE", f"/members/{boris}")
    items = (await team.ask("anna", "GET", "/audit")).json()["data"]["items"]
    assert [(one["sentence"], one["username"]) for one in items] == [
        ("@boris was removed.", "anna"),
        ("@boris was given another role.", "anna"),
        ("@vera was invited: Editor.", "anna"),
        ("@boris joined: Viewer.", "boris"),
        ("An invitation was made: Viewer.", "anna"),
        ("The project “City” was made.", "anna"),
    ]
    assert items[1]["changes"] == [{"name": "role", "old": "viewer", "new": "reviewer"}]


async def test_leaving_is_offered_only_where_another_owner_stays(team: Team) -> None:
    page = f"/projects/{team.project_id}/members"
    alone = (await team.scripts["anna"].get(page)).text
    assert "make somebody else one before you leave" in alone
    assert "/members/leave" not in alone
    await team.add("vera", "owner")
    assert "/members/leave" in (await team.scripts["anna"].get(page)).text
