"""Projects, users, sessions and tokens, through the API and the pages. Boris may only look, Vera is a stranger."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.panel import SAME_ORIGIN, Browser, Panel, a_panel

from tgac.kit.errors import Conflict, Invalid, NotFound
from tgac.kit.tenancy import EVERYONE, NO_PROJECT
from tgac.people.models import Member
from tgac.people.queries import user_named
from tgac.people.service import add_user, bind_user, create_api_token, ensure_first_admin, make_bind_link


@pytest.fixture
async def panel(tmp_path: Path) -> AsyncIterator[Panel]:
    async with a_panel("sqlite", tmp_path, default_quota_projects=2) as made:
        await made.add_user("anna", telegram_id=1, state="active", is_admin=True)
        await made.add_user("boris", telegram_id=2, state="active")
        await made.add_user("vera", telegram_id=3, state="active")
        yield made


async def script_of(panel: Panel, name: str) -> Browser:
    """A program that holds an API token of this user."""
    script = panel.browser()
    async with panel.tools.acting(None, NO_PROJECT) as act:
        script.headers["authorization"] = f"Bearer {await create_api_token(act, name)}"
    return script


async def a_project(panel: Panel, anna: Browser, name: str = "City") -> str:
    """Anna's project, in which Boris may only look; gives its address in the API."""
    made = await anna.post("/api/v1/projects", json={"name": name})
    assert made.status_code == 201, made.text
    project_id = made.json()["data"]["id"]
    async with panel.tools.acting(None, EVERYONE) as act:
        boris = await user_named(act.session, "boris")
        act.session.add(Member(project_id=project_id, user_id=boris.id, role="viewer"))
    return f"/api/v1/projects/{project_id}"


async def test_who_makes_a_project_owns_it_and_strangers_do_not_see_it(panel: Panel) -> None:
    anna, boris, vera = [await script_of(panel, name) for name in ("anna", "boris", "vera")]
    address = await a_project(panel, anna)
    assert (await anna.get(address)).json()["data"]["role"] == "owner"
    assert (await boris.get(address)).json()["data"]["role"] == "viewer"
    never = await vera.get("/api/v1/projects/999")
    foreign = await vera.get(address)
    assert foreign.status_code == never.status_code == 404
    assert foreign.json() == never.json()
    listed = [(await one.get("/api/v1/projects")).json()["data"]["items"] for one in (anna, boris, vera)]
    assert [len(items) for items in listed] == [1, 1, 0]


@pytest.mark.parametrize("verb", ["pause", "resume", "archive", "stop"])
async def test_who_may_only_look_halts_nothing(panel: Panel, verb: str) -> None:
    anna, boris, vera = [await script_of(panel, name) for name in ("anna", "boris", "vera")]
    address = await a_project(panel, anna)
    assert (await boris.post(f"{address}/{verb}")).status_code == 403
    assert (await vera.post(f"{address}/{verb}")).status_code == 404
    assert (await anna.post(f"{address}/{verb}")).status_code == 200


async def test_a_project_is_paused_stopped_and_resumed(panel: Panel) -> None:
    anna = await script_of(panel, "anna")
    address = await a_project(panel, anna)
    assert (await anna.post(f"{address}/pause")).json()["data"]["status"] == "paused"
    assert (await anna.post(f"{address}/stop")).json()["data"]["stopped_at"] == "2026-11-22T12:00:00.000Z"
    resumed = (await anna.post(f"{address}/resume")).json()["data"]
    assert (resumed["status"], resumed["stopped_at"]) == ("active", None)


async def test_a_quota_is_kept_and_told_even_when_many_ask_at_once(panel: Panel) -> None:
    anna = await script_of(panel, "anna")
    asked = [anna.post("/api/v1/projects", json={"name": f"City {n}"}) for n in range(10)]
    answered = await asyncio.gather(*asked)
    assert sorted(one.status_code for one in answered) == [201] * 2 + [409] * 8
    refused = next(one for one in answered if one.status_code == 409).json()["error"]
    assert refused == {"code": "quota_reached", "message": "You have 2 projects and may have 2."}


async def test_an_archived_project_makes_room_and_needs_it_again(panel: Panel) -> None:
    anna = await script_of(panel, "anna")
    first = await a_project(panel, anna)
    await anna.post("/api/v1/projects", json={"name": "Two"})
    await anna.post(f"{first}/archive")
    assert (await anna.post("/api/v1/projects", json={"name": "Three"})).status_code == 201
    assert (await anna.post(f"{first}/resume")).json()["error"]["code"] == "quota_reached"


@pytest.mark.parametrize("name", ["", " ", "a" * 101, "a\nb", "a\u202eb", "\u200b", None, 5])
async def test_a_name_that_is_none_is_refused_with_its_field(panel: Panel, name: object) -> None:
    anna = await script_of(panel, "anna")
    answered = await anna.post("/api/v1/projects", json={"name": name})
    assert answered.status_code == 422, answered.text
    assert answered.json()["error"]["field"] == "name"


async def test_a_name_is_kept_in_one_spelling_and_once(panel: Panel) -> None:
    anna = await script_of(panel, "anna")
    made = await anna.post("/api/v1/projects", json={"name": " Cafe\u0301 "})
    assert made.json()["data"]["name"] == "Caf\u00e9"
    again = await anna.post("/api/v1/projects", json={"name": "Caf\u00e9"})
    assert (again.status_code, again.json()["error"]["field"]) == (409, "name")


async def test_a_project_is_renamed_by_its_owner_alone(panel: Panel) -> None:
    anna, boris = await script_of(panel, "anna"), await script_of(panel, "boris")
    address = await a_project(panel, anna)
    changed = await anna.put(address, json={"name": "Town", "time_zone": "Europe/Moscow"})
    assert (changed.json()["data"]["name"], changed.json()["data"]["time_zone"]) == ("Town", "Europe/Moscow")
    assert (await boris.put(address, json={"name": "Mine"})).status_code == 403
    assert (await anna.put(address, json={"time_zone": "../../etc/passwd"})).json()["error"]["field"] == "time_zone"


async def test_admins_alone_see_and_change_users(panel: Panel) -> None:
    anna, boris = await script_of(panel, "anna"), await script_of(panel, "boris")
    assert (await boris.get("/api/v1/admin/users")).status_code == 403
    assert (await boris.post("/api/v1/admin/users", json={"username": "petr"})).status_code == 403
    made = await anna.post("/api/v1/admin/users", json={"username": "@Petr", "quota_projects": 7})
    assert (made.json()["data"]["username"], made.json()["data"]["state"]) == ("petr", "invited")
    assert (await anna.post("/api/v1/admin/users", json={"username": "PETR"})).status_code == 409
    for bad in ("abc", "a b c d", "пётр", "a" * 33, "name\n"):
        assert (await anna.post("/api/v1/admin/users", json={"username": bad})).status_code in (201, 422), bad
    page = (await anna.get("/api/v1/admin/users?limit=2")).json()["data"]
    rest = (await anna.get(f"/api/v1/admin/users?cursor={page['next']}")).json()["data"]["items"]
    assert [one["username"] for one in page["items"] + rest][:4] == ["anna", "boris", "vera", "petr"]


async def test_a_user_is_blocked_and_let_in_again_but_nobody_blocks_himself(panel: Panel) -> None:
    anna, boris = await script_of(panel, "anna"), await script_of(panel, "boris")
    ids = {one["username"]: one["id"] for one in (await anna.get("/api/v1/admin/users")).json()["data"]["items"]}
    assert (await anna.post(f"/api/v1/admin/users/{ids['anna']}/block")).status_code == 409
    assert (await anna.post(f"/api/v1/admin/users/{ids['boris']}/block")).json()["data"]["state"] == "blocked"
    assert (await boris.get("/api/v1/me")).status_code == 401
    assert (await anna.post(f"/api/v1/admin/users/{ids['boris']}/unblock")).json()["data"]["state"] == "active"
    assert (await boris.get("/api/v1/me")).status_code == 401


async def test_a_token_is_shown_once_and_ends_when_deleted(panel: Panel) -> None:
    boris, vera = await script_of(panel, "boris"), await script_of(panel, "vera")
    made = (await boris.post("/api/v1/me/tokens", json={"name": "backup"})).json()["data"]
    assert made["token"].startswith("tgac_")
    script = panel.browser()
    script.headers["authorization"] = f"bearer {made['token']}"
    assert await script.who() == "boris"
    listed = (await boris.get("/api/v1/me/tokens")).json()["data"]["items"]
    assert made["token"] not in str(listed)
    assert listed[-1]["used_at"] is not None
    assert (await vera.delete(f"/api/v1/me/tokens/{made['id']}")).status_code == 404
    assert (await boris.delete(f"/api/v1/me/tokens/{made['id']}")).status_code == 200
    assert await script.who() is None


async def test_one_ends_ones_own_sessions_and_nobody_elses(panel: Panel) -> None:
    boris, vera = await panel.phone("boris2"), await panel.phone("vera2")
    async with panel.tools.acting(None, NO_PROJECT) as act:
        await bind_user(act, "boris", telegram_id=boris.id)
        await bind_user(act, "vera", telegram_id=vera.id)
    here, there, hers = panel.browser(), panel.browser(), panel.browser()
    await boris.sign_in(here)
    await boris.sign_in(there)
    await vera.sign_in(hers)
    items = (await here.get("/api/v1/me/sessions")).json()["data"]["items"]
    assert [one["current"] for one in sorted(items, key=lambda one: one["id"])] == [True, False]
    other = next(one["id"] for one in items if not one["current"])
    token = {"x-csrf-token": (await hers._token())["x-csrf-token"]} | SAME_ORIGIN
    assert (await hers.delete(f"/api/v1/me/sessions/{other}", headers=token)).status_code == 404
    await here.send_form(f"/account/sessions/{other}/end")
    assert (await here.who(), await there.who()) == ("boris2", None)
    assert await hers.who() == "vera2"


async def test_the_pages_lead_through_a_projects_life(panel: Panel) -> None:
    phone = await panel.phone("anna2")
    async with panel.tools.acting(None, NO_PROJECT) as act:
        await bind_user(act, "anna", telegram_id=phone.id)
    anna = panel.browser()
    await phone.sign_in(anna)
    token = {**await anna._token(), **SAME_ORIGIN}
    assert "You have none yet" in (await anna.get("/projects")).text
    refused = await anna.post("/projects", data={"name": "a\u202eb"}, headers=token)
    assert (refused.status_code, "do not belong into a name" in refused.text) == (422, True)
    made = await anna.post("/projects", data={"name": "City <b>"}, headers=token)
    address = made.headers["location"]
    assert "City &lt;b&gt;" in (await anna.get(f"{address}/settings")).text
    assert (await anna.post(f"{address}/stop", headers=token)).status_code == 303
    assert "Stopped" in (await anna.get("/projects")).text
    assert (await anna.post(f"{address}/resume", headers=token)).status_code == 303
    renamed = {"name": "Town", "time_zone": "Mars/Base"}
    assert "no such time zone" in (await anna.post(f"{address}/settings", data=renamed, headers=token)).text
    shown = await anna.post("/account/tokens", data={"name": "backup"}, headers=token)
    assert "tgac_" in shown.text
    assert "tgac_" not in (await anna.get("/account")).text.replace("tgac_session", "")


async def test_the_language_is_chosen_for_browser_and_user(panel: Panel) -> None:
    phone = await panel.phone("boris3")
    async with panel.tools.acting(None, NO_PROJECT) as act:
        await bind_user(act, "boris", telegram_id=phone.id)
    boris = panel.browser()
    await phone.sign_in(boris)
    token = {**await boris._token(), **SAME_ORIGIN}
    chosen = await boris.post("/language", data={"lang": "ru", "back": "//evil.example"}, headers=token)
    assert (chosen.status_code, chosen.headers["location"]) == (303, "/")
    assert "Проекты" in (await boris.get("/projects")).text
    async with panel.tools.reading(None, NO_PROJECT) as act:
        assert (await user_named(act.session, "boris3")).language == "ru"


async def test_the_first_admin_is_entered_once_and_under_the_corrected_name(tmp_path: Path) -> None:
    async with a_panel("sqlite", tmp_path) as panel:
        for _ in range(2):
            async with panel.tools.acting(None, NO_PROJECT) as act:
                admin = await ensure_first_admin(act)
                admin.username = "mistyped"
        async with panel.tools.acting(None, NO_PROJECT) as act:
            assert (await ensure_first_admin(act)).id == admin.id
            assert (admin.is_admin, (await user_named(act.session, "anna")).id) == (True, admin.id)


async def test_from_the_shell_a_user_is_added_bound_and_told_what_is_wrong(panel: Panel) -> None:
    async with panel.tools.acting(None, NO_PROJECT) as act:
        await add_user(act, "@Petr_1")
        await bind_user(act, "petr_1", telegram_id=77)
        with pytest.raises(Conflict):
            await bind_user(act, "vera", telegram_id=77)
        with pytest.raises(Invalid):
            await add_user(act, "no spaces please")
        with pytest.raises(NotFound):
            await bind_user(act, "nobody_here", telegram_id=78)
        with pytest.raises(Conflict):
            await make_bind_link(act, bot_username="desk_bot")
