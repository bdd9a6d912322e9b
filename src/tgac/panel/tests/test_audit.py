import httpx
import pytest
from tests.support.world import World

from tgac.kit.tenancy import NO_PROJECT
from tgac.panel.words import LABELS, label_of, value_of
from tgac.people.service import create_api_token
from tgac.settings.forms import ForInstallation
from tgac.wiring import guarded, make_app


def test_every_setting_has_a_name_for_people() -> None:
    assert set(ForInstallation.model_fields) <= set(LABELS)
    assert label_of("something_else") == "something_else"


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("collision_limit_per_post", 2, "2"),
        ("note", None, ""),
        ("role", "editor", "Editor"),
        ("status", "PAUSED", "Paused"),
        ("status", "archived", "Archived"),
        ("preset", "boost", "Boost"),
        ("tags", "north south", "#north #south"),
        ("bots", [7, 9], "@city_bot, removed"),
        ("bots", [], ""),
        ("channels", 3, "3 channels"),
        ("targets.channels", [4], "1 channel"),
        ("content.silent", True, "Yes"),
        ("filter.hashtags", ["a", "b"], "a, b"),
        ("timing.quiet_hours", {"from": "23:00", "to": None}, "from: 23:00, to: —"),
    ],
)
def test_what_was_changed_reads_as_a_person_would_say_it(key: str, value: object, words: str) -> None:
    assert value_of(key, value, {7: "@city_bot"}) == words


def test_a_profiles_text_says_its_language() -> None:
    assert label_of("ru.short_description") == "Short description: Russian (ru)"
    assert label_of("content.label") == "content.label"


async def test_the_page_names_what_was_changed_and_programs_get_the_key(world: World) -> None:
    async with world.tools.acting(None, NO_PROJECT) as act:
        token = await create_api_token(act, "anna")
    transport, headers = httpx.ASGITransport(guarded(make_app(world.tools))), {"authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080", headers=headers) as anna:
        await anna.put("/api/v1/admin/settings", json={"collision_limit_per_post": 2})
        page = (await anna.get("/admin/audit")).text
        told = (await anna.get("/api/v1/admin/audit")).json()["data"]["items"][0]["changes"]
    assert "<dt>Comments under one post</dt>" in page
    assert told == [{"name": "collision_limit_per_post", "old": "", "new": "2"}]
