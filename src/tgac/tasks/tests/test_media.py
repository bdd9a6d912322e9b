"""Files that comments carry belong to one project, and have so much room there."""

from dataclasses import replace

import pytest
from tests.support.photos import jpeg
from tests.support.world import World

from tgac.kit.errors import Invalid, NotFound
from tgac.kit.tenancy import EVERYONE
from tgac.people.projects import create_project
from tgac.tasks.media import OFFERED, add_media, content_of, find_media, media_like
from tgac.tasks.service import create_task
from tgac.tasks.tests.desk import Desk
from tgac.tasks.tests.test_tasks_pages import HTMX, fields_of, send

PHOTO = jpeg(640, 480)


async def test_a_file_of_another_project_is_unknown(world: World) -> None:
    async with world.tools.acting(world.anna, world.project_id) as act:
        kept = await add_media(act, "a.jpg", PHOTO)
    async with world.tools.acting(world.anna, EVERYONE) as act:
        other = (await create_project(act, "Another")).id
    content = {"variants": [{"text": "Hi", "media": {"media_id": kept.id}}]}
    async with world.tools.acting(world.anna, other) as act:
        assert await content_of(act, kept.id) is None
        with pytest.raises(NotFound):
            await find_media(act, kept.id)
        with pytest.raises(Invalid) as refused:
            await create_task(act, "Theirs", config={"content": content})
    assert refused.value.field == "config.content.variants.0.media"


async def test_a_file_is_kept_once_and_only_while_there_is_room(world: World) -> None:
    async with world.tools.acting(world.anna, world.project_id) as act:
        first = await add_media(act, "a.jpg", PHOTO)
        assert (await add_media(act, "b.jpg", PHOTO)).id == first.id
        assert len(list(await act.session.scalars(media_like()))) == 1
    full = replace(world.tools, config=world.tools.config.model_copy(update={"media_quota_mb": 0}))
    async with full.acting(world.anna, world.project_id) as act:
        with pytest.raises(Invalid, match="together") as refused:
            await add_media(act, "c.jpg", jpeg(320, 240))
    assert refused.value.code == "media_quota"


async def many_files(desk: Desk, count: int = OFFERED + 10) -> list[int]:
    """The numbers of so many files, the oldest first, which all have the same two bytes and another name."""
    async with desk.world.tools.acting(desk.world.anna, desk.world.project_id) as act:
        return [(await add_media(act, f"rules {number}.txt", f"{number}".encode())).id for number in range(count)]


async def test_many_files_are_listed_in_parts_and_found_by_name(world: World) -> None:
    desk = Desk(world)
    numbers = await many_files(desk)
    first = await desk.data("GET", "/media")
    rest = await desk.data("GET", f"/media?cursor={first['next']}")
    assert [one["id"] for one in (*first["items"], *rest["items"])] == numbers[::-1]
    assert rest["next"] is None
    page = (await desk.ask("GET", "/media")).text
    assert f"?cursor={numbers[10]}" in page
    assert "rules 3.txt" not in page
    assert "rules 3.txt" in (await desk.ask("GET", "/media?q=rules+3.")).text
    assert "No file fits this search." in (await desk.ask("GET", "/media?q=nothing")).text


async def test_an_editor_among_many_files_finds_an_old_one_and_keeps_it(world: World) -> None:
    desk = Desk(world)
    oldest = str((await many_files(desk))[0])
    page = (await desk.ask("GET", "/tasks/new")).text
    assert "rules 0.txt" not in page
    fields = fields_of(page) | {"name": "Rules", "content.variants.0.text": "Hello"}
    page = (await send(desk, "/tasks/new", fields | {"files.q": "rules 0.", "do": "enter"})).text
    assert "<!doctype" in page, "Enter in the search searches and saves nothing"
    fields = fields_of(page) | {"content.variants.0.media_id": oldest}
    assert f'<option value="{oldest}">rules 0.txt</option>' in page
    page = (await send(desk, "/tasks/new", fields | {"files.q": "rules 59", "do": "find.files"}, **HTMX)).text
    assert page.lstrip().startswith('<div class="stack" id="variants"')
    assert f'<option value="{oldest}" selected>rules 0.txt</option>' in page
