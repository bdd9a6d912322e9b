"""Files that comments carry belong to one project, and have so much room there."""

from dataclasses import replace

import pytest
from tests.support.photos import jpeg
from tests.support.world import World

from tgac.kit.errors import Invalid, NotFound
from tgac.kit.tenancy import EVERYONE
from tgac.people.projects import create_project
from tgac.tasks.media import add_media, content_of, find_media, media_here
from tgac.tasks.service import create_task

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
        assert len(await media_here(act)) == 1
    full = replace(world.tools, config=world.tools.config.model_copy(update={"media_quota_mb": 0}))
    async with full.acting(world.anna, world.project_id) as act:
        with pytest.raises(Invalid, match="together") as refused:
            await add_media(act, "c.jpg", jpeg(320, 240))
    assert refused.value.code == "media_quota"
