"""Settings of the installation and of a project. Anna is an admin and owns; Boris may only look."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.panel import SAME_ORIGIN, Browser, Panel, a_panel
from tests.support.world import a_world, config_for

from tgac.kit.tenancy import EVERYONE, NO_PROJECT
from tgac.people.models import Member
from tgac.people.queries import user_named
from tgac.people.service import create_api_token
from tgac.settings.environment import HIDDEN, from_environment
from tgac.settings.forms import PRESET_WORDS, STANDARD, ForProject
from tgac.settings.service import change_project_settings
from tgac.tasks.config import PRESETS, TaskConfig

ADMIN = "/api/v1/admin/settings"
HERE = "/api/v1/projects/1/settings"


@pytest.fixture
async def panel(tmp_path: Path) -> AsyncIterator[Panel]:
    async with a_panel("sqlite", tmp_path, comment_collision_limit_per_post=3) as made:
        await made.add_user("anna", telegram_id=1, state="active", is_admin=True)
        await made.add_user("boris", telegram_id=2, state="active")
        yield made


@pytest.fixture
async def anna(panel: Panel) -> Browser:
    """Anna's program; her project is number 1, Boris is a viewer there."""
    script = await script_of(panel, "anna")
    await script.post("/api/v1/projects", json={"name": "City"})
    async with panel.tools.acting(None, EVERYONE) as act:
        boris = await user_named(act.session, "boris")
        act.session.add(Member(project_id=1, user_id=boris.id, role="viewer"))
    return script


async def script_of(panel: Panel, name: str) -> Browser:
    script = panel.browser()
    async with panel.tools.acting(None, NO_PROJECT) as act:
        script.headers["authorization"] = f"Bearer {await create_api_token(act, name)}"
    return script


async def put(script: Browser, path: str, **values: Any) -> httpx.Response:
    return await script.put(path, json=values)


async def limit_here(script: Browser) -> int:
    data = (await script.get(HERE)).json()["data"]
    return int(data["holding"]["collision_limit_per_post"])


async def test_the_environment_holds_until_somebody_sets_something(anna: Browser) -> None:
    assert await limit_here(anna) == 3
    await put(anna, ADMIN, collision_limit_per_post=2)
    assert await limit_here(anna) == 2
    await put(anna, HERE, collision_limit_per_post=1)
    assert await limit_here(anna) == 1
    await put(anna, HERE, collision_limit_per_post=None)
    assert await limit_here(anna) == 2


async def test_a_project_cannot_pass_the_installations_limit(anna: Browser) -> None:
    refused = await put(anna, HERE, collision_limit_per_post=4)
    assert (refused.status_code, refused.json()["error"]["field"]) == (422, "collision_limit_per_post")
    await put(anna, HERE, collision_limit_per_post=3)
    await put(anna, ADMIN, collision_limit_per_post=1)
    assert await limit_here(anna) == 1


@pytest.mark.parametrize(
    ("path", "field", "value"),
    [
        (ADMIN, "collision_limit_per_post", 0),
        (ADMIN, "collision_limit_per_post", 11),
        (ADMIN, "default_quota_projects", -1),
        (ADMIN, "time_zone", "Mars/Olympus"),
        (ADMIN, "preset", "reckless"),
        (ADMIN, "session_secret_key", "x"),
        (HERE, "preset", "reckless"),
        (HERE, "time_zone", "UTC"),
    ],
)
async def test_a_value_that_does_not_fit_is_refused_with_its_field(
    anna: Browser, path: str, field: str, value: object
) -> None:
    before = (await anna.get(path)).json()
    answer = await put(anna, path, **{field: value})
    assert (answer.status_code, list(answer.json()["error"]["fields"])) == (422, [field])
    assert (await anna.get(path)).json() == before


async def test_what_is_left_out_stays(anna: Browser) -> None:
    await put(anna, ADMIN, preset="safe", default_quota_projects=2)
    changed = await put(anna, ADMIN, time_zone="Europe/Moscow")
    assert changed.json()["data"]["set"] == {
        "preset": "safe",
        "default_quota_projects": 2,
        "time_zone": "Europe/Moscow",
        "collision_limit_per_post": None,
        "per_hour": None,
        "per_day": None,
        "active_threads_per_bot": None,
        "review_days": None,
        "llm_tokens_per_day": None,
    }


async def test_a_project_that_is_made_goes_by_the_settings(anna: Browser) -> None:
    await put(anna, ADMIN, time_zone="Europe/Moscow", default_quota_projects=2)
    assert (await anna.post("/api/v1/projects", json={"name": "Two"})).json()["data"]["time_zone"] == "Europe/Moscow"
    assert (await anna.post("/api/v1/projects", json={"name": "Three"})).json()["error"]["code"] == "quota_reached"


async def test_a_task_that_is_made_begins_with_the_preset_of_its_project(anna: Browser) -> None:
    await put(anna, ADMIN, preset="safe")
    await put(anna, HERE, preset="boost")
    page = (await anna.get("/projects/1/tasks/new")).text
    chosen = page.partition('value="boost"')[2].partition(">")[0]
    assert "checked" in chosen or "selected" in chosen


def test_the_presets_are_those_of_tasks() -> None:
    assert list(PRESET_WORDS) == list(PRESETS)
    assert TaskConfig().timing.preset == STANDARD


async def test_who_is_no_owner_sets_nothing(panel: Panel, anna: Browser) -> None:
    boris = await script_of(panel, "boris")
    assert (await put(boris, HERE, preset="safe")).status_code == 403
    assert (await boris.get(HERE)).status_code == 200
    assert (await put(boris, ADMIN, preset="safe")).status_code == 403
    assert (await boris.get(ADMIN)).status_code == 403
    assert (await boris.get("/admin/settings")).status_code == 403


async def test_every_change_is_in_the_audit_with_old_and_new_value(anna: Browser) -> None:
    await put(anna, HERE, preset="safe")
    await put(anna, HERE, preset="boost", collision_limit_per_post=2)
    await put(anna, HERE, preset="boost")
    await put(anna, ADMIN, default_quota_projects=9)
    items = (await anna.get("/api/v1/projects/1/audit")).json()["data"]["items"]
    told = [(one["sentence"], one["username"], one["changes"]) for one in items[:-1]]
    assert told == [
        (
            "The settings were changed.",
            "anna",
            [
                {"name": "preset", "old": "safe", "new": "boost"},
                {"name": "collision_limit_per_post", "old": "", "new": "2"},
            ],
        ),
        ("The settings were changed.", "anna", [{"name": "preset", "old": "", "new": "safe"}]),
    ]
    outside = (await anna.get("/api/v1/admin/audit")).json()["data"]["items"]
    assert outside[0]["changes"] == [{"name": "default_quota_projects", "old": "", "new": "9"}]


async def test_the_pages_set_what_they_show_and_say_what_is_wrong(anna: Browser) -> None:
    wrong = await anna.post("/admin/settings", data={"collision_limit_per_post": "99"}, headers=SAME_ORIGIN)
    assert wrong.status_code == 422
    assert "Write 10 or less." in wrong.text
    await anna.post("/admin/settings", data={"collision_limit_per_post": "2", "preset": "safe"}, headers=SAME_ORIGIN)
    await anna.post("/admin/settings", data={"collision_limit_per_post": "", "preset": "safe"}, headers=SAME_ORIGIN)
    chosen = (await anna.get(ADMIN)).json()["data"]["set"]
    assert (chosen["collision_limit_per_post"], chosen["preset"]) == (None, "safe")
    wrong = await anna.post("/projects/1/settings/limits", data={"collision_limit_per_post": "4"}, headers=SAME_ORIGIN)
    assert "The installation allows at most 3." in wrong.text
    await anna.post("/projects/1/settings/limits", data={"collision_limit_per_post": "2"}, headers=SAME_ORIGIN)
    assert await limit_here(anna) == 2


def test_of_the_environments_secrets_nothing_is_shown() -> None:
    password = "postgresql://anna:hunter2@db.example.org/tgac"
    config = config_for(
        "http://u:hunter2@127.0.0.1:1", "123456789:" + "A" * 35, db_url=password, service_secret="hunter2"
    )
    shown = dict(from_environment(config))
    assert shown["TELEGRAM_BOT_TOKEN"] == shown["SERVICE_SECRET"] == shown["SESSION_SECRET_KEY"] == HIDDEN
    assert shown["DB_URL"] == f"postgresql+asyncpg://{HIDDEN}@db.example.org/tgac"
    assert "hunter2" not in str(shown)
    assert config.session_secret_key[0].reveal() not in str(shown)


async def test_an_admin_sees_the_installation_in_figures(panel: Panel, anna: Browser) -> None:
    status = (await anna.get("/api/v1/admin/status")).json()["data"]
    counted = {"version", "database", "schema", "row_security", "users", "projects"}
    assert set(status) == counted | {"jobs", "late_s", "bots", "errors_last_day"}
    assert (status["database"], status["bots"], status["errors_last_day"]) == ("sqlite", {}, 0)
    assert (status["users"], status["row_security"], status["late_s"]) == (2, None, 0)
    assert "State of the installation" in (await anna.get("/admin/status")).text
    assert (await (await script_of(panel, "boris")).get("/api/v1/admin/status")).status_code == 403


async def test_a_projects_own_limit_is_what_the_planner_keeps(tmp_path: Path) -> None:
    async with a_world("sqlite", tmp_path, comment_collision_limit_per_post=2) as world:
        async with world.tools.acting(world.anna, world.project_id) as act:
            await change_project_settings(act, ForProject(collision_limit_per_post=1))
        await world.add_task(limits={"per_post": 2})
        await world.post()
        await world.work()
        await world.work()
        assert sorted(comment.state for comment in await world.comments()) == ["sent", "skipped"]
