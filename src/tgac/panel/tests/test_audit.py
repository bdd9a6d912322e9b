import httpx
from tests.support.world import World

from tgac.kit.tenancy import NO_PROJECT
from tgac.panel.audit import LABELS, label_of
from tgac.people.service import create_api_token
from tgac.settings.forms import ForInstallation
from tgac.wiring import guarded, make_app


def test_every_setting_has_a_name_for_people() -> None:
    assert set(ForInstallation.model_fields) <= set(LABELS)
    assert label_of("something_else") == "something_else"


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
