"""Comments that carry a file: given to Telegram once by each bot, named afterwards; never sent twice."""

from typing import Any

import pytest
from sqlalchemy import select
from tests.support.photos import gif, jpeg
from tests.support.world import World

from tgac.comments.tests.hands import the_comment
from tgac.comments.tests.test_afterwards import calls_of
from tgac.tasks.media import add_media
from tgac.tasks.media_models import MediaGiven

FILES = {
    "photo": (jpeg(640, 480), "a.jpg", False),
    "animation": (gif(320, 240), "a.gif", False),
    "document": (b"%PDF-1.7 rules %%EOF", "rules.pdf", False),
}


async def a_file(world: World, kind: str = "photo") -> int:
    """The number of a file that Anna has sent."""
    content, name, as_document = FILES[kind]
    async with world.tools.acting(world.anna, world.project_id) as act:
        return (await add_media(act, name, content, as_document=as_document)).id


async def a_task(world: World, kind: str = "photo", *, text: str = "Look: {{ post.text }}", **more: Any) -> int:
    content = {"variants": [{"text": text, "media": {"media_id": await a_file(world, kind)}}]} | more.pop("content", {})
    return await world.add_task(content=content, **more)


async def carried(world: World, kind: str = "photo") -> list[dict[str, Any]]:
    """The messages in the group that carry a file, as a reader's Telegram has them."""
    return [one for one in await world.said() if kind in one]


@pytest.mark.parametrize("kind", FILES)
async def test_a_comment_carries_its_file_under_the_post(world: World, kind: str) -> None:
    await a_task(world, kind)
    await world.post("<b> & co")
    await world.work()
    (message,) = await carried(world, kind)
    assert message["caption"] == "Look: <b> & co"
    assert message["reply_to_message"]["is_automatic_forward"]
    shown = message[kind][-1] if kind == "photo" else message[kind]
    assert world.sandbox.world.files[shown["file_id"]].content == FILES[kind][0]
    comment = await the_comment(world)
    assert (comment.state, comment.text) == ("sent", "Look: &lt;b&gt; &amp; co")


async def given(world: World) -> dict[int, str]:
    async with world.tools.reading(None, world.project_id) as act:
        return {one.bot_id: one.file_id for one in await act.session.scalars(select(MediaGiven))}


def names_sent(calls: list[dict[str, Any]]) -> list[bool]:
    """Whether each call named the file, instead of giving it."""
    return [isinstance(one["params"]["photo"], str) for one in calls]


async def test_a_file_is_given_to_telegram_once_and_named_afterwards(world: World) -> None:
    await a_task(world)
    for _ in range(3):
        await world.post("Hello")
        await world.work()
        await world.wait(5)
    assert names_sent(await calls_of(world, "sendPhoto")) == [False, True, True]
    assert len(await carried(world)) == 3
    assert all((await given(world)).values())
