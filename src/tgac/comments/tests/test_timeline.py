"""A post to which much happened is told in parts."""

from tgac.comments.tests.desk import Desk, bare_desk, desk

__all__ = ["bare_desk", "desk"]


async def busy_post(desk: Desk, steps: int) -> str:
    """The address of a post to which so much happened, below a project's."""
    post = await desk.post()
    for number in range(steps):
        await desk.event("comment_sending", post, {"attempt": number + 1})
        desk.clock.advance(1)
    return f"/posts/{post.id}"


async def test_programs_read_the_newest_steps_and_then_the_earlier_ones(desk: Desk) -> None:
    address = await busy_post(desk, 5)
    newest = await desk.data(f"{address}?limit=2")
    middle = await desk.data(f"{address}?limit=2&cursor={newest['next']}")
    first = await desk.data(f"{address}?limit=2&cursor={middle['next']}")
    assert [[one["sentence"] for one in part["timeline"]] for part in (first, middle, newest)] == [
        ["Published in the channel.", "Sending, attempt 1."],
        ["Sending, attempt 2.", "Sending, attempt 3."],
        ["Sending, attempt 4.", "Sending, attempt 5."],
    ]
    assert first["next"] is None


async def test_a_page_shows_the_newest_steps_and_leads_to_the_earlier_ones_and_back(desk: Desk) -> None:
    address = f"/projects/1{await busy_post(desk, 51)}"
    newest = (await desk.get(address)).text
    assert "Sending, attempt 51." in newest
    assert "Sending, attempt 1." not in newest
    assert f"{address}?cursor=2" in newest
    earlier = (await desk.get(f"{address}?cursor=2")).text
    assert "Published in the channel." in earlier
    assert "Sending, attempt 1." in earlier
    assert "Earlier steps" not in earlier
    assert f'href="{address}"' in earlier
