"""What the lists of posts and comments are asked for stays asked for, on every way through them."""

import re

from tgac.bots.models import Bot
from tgac.comments.tests.desk import HTMX, Desk, bare_desk, desk

__all__ = ["bare_desk", "desk"]


async def test_posts_are_found_by_their_channel_as_it_is_called(desk: Desk) -> None:
    await desk.post("Hello, city")
    for query in ("channel=@city_news", "channel=City", "channel_id=1"):
        page = (await desk.get(f"/projects/1/posts?{query}")).text
        assert "Hello, city" in page
        assert "Show all" in page
    assert 'type="search" value="@city_news" id="f-channel"' in (await desk.get("/projects/1/posts?channel_id=1")).text
    for foreign in ("channel=vera", "channel_id=2", "channel=%00"):
        page = (await desk.get(f"/projects/1/posts?{foreign}")).text
        assert ("Hello, city" in page, "Vera news" in page) == (foreign == "channel=%00", False)


async def test_the_comments_of_one_bot_or_task_stay_its_own_in_every_tab_search_and_page(desk: Desk) -> None:
    now = desk.clock.now()
    await desk.put(
        Bot(id=7, project_id=1, telegram_id=7, username="other_bot", name="", token_sealed="-", created_at=now)
    )
    post = await desk.post()
    for number in range(3):
        await desk.comment(
            post, "sent", text=f"By the other {number}", bot_id=7, n=number + 1, reason="sent", sent_at=now
        )
    await desk.comment(post, "sent", text="By the first", n=9, reason="sent", sent_at=now)
    page = (await desk.get("/projects/1/comments?bot_id=7&task_id=1&limit=2")).text
    assert ("By the other 2" in page, "By the first" in page) == (True, False)
    assert "Comments of “Rules of city”, @other_bot" in page
    tabs = re.findall(r'href="/projects/1/comments\?([^"]*state=sent[^"]*)"', page)
    assert tabs == ["state=sent&amp;task_id=1&amp;bot_id=7"]
    assert '<input type="hidden" name="bot_id" value="7">' in page
    following = re.findall(r'href="([^"]*)" class="[^"]*" rel="next"', page)[0].replace("&amp;", "&")
    rest = (await desk.get(following, **HTMX)).text
    assert ("By the other 0" in rest, "By the first" in rest) == (True, False)
    assert 'href="/projects/1/comments?bot_id=7&amp;task_id=1&amp;limit=2"' in rest, "the first page is of the same"
