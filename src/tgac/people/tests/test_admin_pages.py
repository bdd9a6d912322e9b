"""The admins' page of users, and what is written down of what is done there."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.support.panel import SAME_ORIGIN, Browser, Panel, a_panel

from tgac.kit.tenancy import NO_PROJECT
from tgac.people.service import create_api_token


@pytest.fixture
async def panel(tmp_path: Path) -> AsyncIterator[Panel]:
    async with a_panel("sqlite", tmp_path) as made:
        await made.add_user("anna", telegram_id=1, state="active", is_admin=True)
        await made.add_user("boris", telegram_id=2, state="active")
        yield made


async def script_of(panel: Panel, name: str) -> Browser:
    script = panel.browser()
    async with panel.tools.acting(None, NO_PROJECT) as act:
        script.headers["authorization"] = f"Bearer {await create_api_token(act, name)}"
    return script


async def send(script: Browser, path: str, **values: str) -> str:
    answer = await script.post(path, data=values, headers=SAME_ORIGIN)
    return answer.text if answer.status_code != 303 else (await script.get(answer.headers["location"])).text


async def test_an_admin_adds_blocks_and_unblocks_users(panel: Panel) -> None:
    anna, boris = await script_of(panel, "anna"), await script_of(panel, "boris")
    assert "@vera may sign in." in await send(anna, "/admin/users", username="@Vera")
    assert "There is a user @vera already." in await send(anna, "/admin/users", username="vera")
    assert "@boris is blocked." in await send(anna, "/admin/users/2/block")
    assert (await boris.get("/api/v1/me")).status_code == 401
    assert "/unblock" in (await anna.get("/admin/users")).text
    await send(anna, "/admin/users/2/unblock")
    assert "/unblock" not in (await anna.get("/admin/users")).text


async def test_an_empty_quota_is_the_usual_one(panel: Panel) -> None:
    anna = await script_of(panel, "anna")
    await send(anna, "/admin/users/2/quota", quota_projects="7")
    assert 'value="7"' in (await anna.get("/admin/users")).text
    assert "Write 1000 or less." in await send(anna, "/admin/users/2/quota", quota_projects="1001")
    await send(anna, "/admin/users/2/quota", quota_projects="")
    assert 'value="7"' not in (await anna.get("/admin/users")).text


async def test_users_are_found_by_a_part_of_their_name(panel: Panel) -> None:
    anna = await script_of(panel, "anna")
    page = (await anna.get("/admin/users", params={"q": "BOR"})).text
    assert "<bdi>@boris</bdi></td>" in page
    assert "<bdi>@anna</bdi> " not in page


async def test_the_pages_are_for_admins_alone(panel: Panel) -> None:
    boris = await script_of(panel, "boris")
    for path in ("/admin/users", "/admin/settings", "/admin/audit", "/api/v1/admin/audit"):
        assert (await boris.get(path)).status_code == 403, path
    assert "/admin/users" not in (await boris.get("/projects")).text


async def test_what_is_done_to_users_and_sign_ins_is_in_the_audit(panel: Panel) -> None:
    anna, phone, browser = await script_of(panel, "anna"), await panel.phone("dora"), panel.browser()
    await send(anna, "/admin/users", username="dora")
    await phone.sign_in(browser)
    await browser.send_form("/auth/logout")
    await send(anna, "/admin/users/2/quota", quota_projects="7")
    await send(anna, "/admin/users/2/block")
    items = (await anna.get("/api/v1/admin/audit")).json()["data"]["items"]
    assert [(one["sentence"], one["username"]) for one in items] == [
        ("The user @boris was blocked.", "anna"),
        ("The user @boris was changed.", "anna"),
        ("Signed out: Chrome · Windows.", "dora"),
        ("Signed in: Chrome · Windows.", "dora"),
        ("The user @dora was added.", "anna"),
        ("The API token “command line” was made.", None),
    ]
    assert items[1]["changes"] == [{"name": "quota_projects", "old": "", "new": "7"}]
    assert "from the server’s shell" in (await anna.get("/admin/audit")).text
