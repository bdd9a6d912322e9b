"""The queue of what waits for approval: its page, its forms, and the API behind."""

import re
from datetime import timedelta
from typing import Any

from tgac.comments.facts import version_of
from tgac.comments.models import Comment
from tgac.comments.reasons import NEEDS_APPROVAL, stored
from tgac.comments.tests.desk import DECISION, Desk, bare_desk, desk

__all__ = ["bare_desk", "desk"]
QUEUE = "/projects/1/review"


async def a_waiting(desk: Desk, text: str = "Rules are pinned.", *, minutes: float = 30, **values: Any) -> Comment:
    post = await desk.post(f"Post of {text}")
    until = desk.clock.now() + timedelta(minutes=minutes)
    usual = {"reason": "needs_approval", "reason_data": stored(NEEDS_APPROVAL), "approve_by": until}
    return await desk.comment(post, "awaiting_approval", text=text, **(usual | {"expires_at": until} | values))


async def sent(desk: Desk, comment: Comment, verb: str, who: str = "anna", **form: str) -> Any:
    return await desk.ask("POST", f"/projects/1/comments/{comment.id}/{verb}", who, data=form)


async def state_of(desk: Desk, comment: Comment) -> str:
    return str((await desk.data(f"/comments/{comment.id}"))["state"])


async def test_the_queue_shows_the_one_whose_time_is_over_first_at_the_top_beside_its_post(desk: Desk) -> None:
    await a_waiting(desk, "later", minutes=50)
    await a_waiting(desk, "sooner", minutes=20)
    page = (await desk.get(QUEUE)).text
    assert page.index("Post of sooner") < page.index("Post of later")
    assert "2 comments wait." in page
    assert page.count("data-card") == 2


async def test_an_empty_queue_says_what_comes_here(desk: Desk) -> None:
    page = (await desk.get(QUEUE)).text
    assert "No comment waits for approval." in page
    assert "nav-count" not in page


async def test_the_menu_counts_what_waits_on_every_page(desk: Desk) -> None:
    await a_waiting(desk)
    page = (await desk.get("/projects/1/posts")).text
    assert '<span class="nav-count">1</span>' in page


async def test_approving_there_takes_it_out_of_the_queue(desk: Desk) -> None:
    comment = await a_waiting(desk)
    answer = await sent(desk, comment, "approve", version=version_of(comment))
    assert (answer.status_code, answer.headers["location"]) == (303, QUEUE)
    assert await state_of(desk, comment) == "planned"
    assert "No comment waits" in (await desk.get(QUEUE)).text


async def test_a_form_without_the_version_that_was_shown_decides_nothing(desk: Desk) -> None:
    comment = await a_waiting(desk)
    for verb in ("approve", "skip", "another"):
        assert (await sent(desk, comment, verb)).status_code == 303
    await sent(desk, comment, "edit", text="Other", do="approve")
    assert await state_of(desk, comment) == "awaiting_approval"


async def test_who_comes_second_is_told_so_in_the_queue(desk: Desk) -> None:
    comment = await a_waiting(desk)
    await sent(desk, comment, "skip", version=version_of(comment))
    answer = await sent(desk, comment, "approve", version=version_of(comment))
    assert answer.status_code == 303
    assert "notice=" in answer.headers["set-cookie"]
    assert await state_of(desk, comment) == "skipped"


async def test_a_wrong_edit_is_said_beside_the_field_and_what_was_typed_stays(desk: Desk) -> None:
    comment = await a_waiting(desk)
    answer = await sent(desk, comment, "edit", version=version_of(comment), text="See https://evil.example", do="save")
    assert answer.status_code == 422
    assert "evil.example is not written out in the text" in answer.text
    assert re.search(r"<textarea[^>]*aria-invalid[^>]*>\s*See https://evil.example", answer.text)
    assert await state_of(desk, comment) == "awaiting_approval"


async def test_other_words_can_be_saved_and_approved_at_once(desk: Desk) -> None:
    comment = await a_waiting(desk)
    await sent(desk, comment, "edit", version=version_of(comment), text="Be kind.", do="approve")
    told = await desk.data(f"/comments/{comment.id}")
    assert (told["state"], told["text"]) == ("planned", "Be kind.")


async def test_a_viewer_sees_the_queue_and_no_buttons(desk: Desk) -> None:
    comment = await a_waiting(desk)
    page = (await desk.get(QUEUE, "boris")).text
    assert "Rules are pinned." in page
    assert "/approve" not in page
    assert (await sent(desk, comment, "edit", "boris", version=version_of(comment), text="x")).status_code == 403


async def test_the_list_of_comments_can_be_narrowed_to_what_waits(desk: Desk) -> None:
    await a_waiting(desk)
    await desk.comment(await desk.post(), "sent", n=2, text="Sent long ago")
    page = (await desk.get("/projects/1/comments?state=awaiting_approval")).text
    assert "Rules are pinned." in page
    assert "Sent long ago" not in page


async def test_a_program_approves_the_version_that_it_was_told(desk: Desk) -> None:
    comment = await a_waiting(desk)
    path = f"/api/v1/projects/1/comments/{comment.id}"
    told = await desk.data(f"/comments/{comment.id}")
    assert told["approve_by"]
    stale = await desk.ask("POST", f"{path}/approve", json={"version": "0" * 16})
    assert (stale.status_code, stale.json()["error"]["code"]) == (409, "changed_meanwhile")
    edited = (await desk.ask("POST", f"{path}/edit", json={"text": "Be kind.", "version": told["version"]})).json()
    assert edited["data"]["version"] != told["version"]
    done = await desk.ask("POST", f"{path}/approve", json={"version": edited["data"]["version"]})
    assert done.json()["data"]["state"] == "planned"


async def test_an_edit_of_a_program_names_the_field_that_is_wrong(desk: Desk) -> None:
    comment = await a_waiting(desk)
    path = f"/api/v1/projects/1/comments/{comment.id}/edit"
    for text in ("https://evil.example", "", "x" * 33_000):
        answer = await desk.ask("POST", path, json={"text": text})
        assert (answer.status_code, answer.json()["error"]["field"]) == (422, "text")


async def test_what_waits_is_decided_from_its_posts_page_too(desk: Desk) -> None:
    comment = await a_waiting(desk)
    page = (await desk.get(f"/projects/1/posts/{comment.post_id}")).text
    assert f'name="version" value="{version_of(comment)}"' in page
    answer = await sent(desk, comment, "approve", version=version_of(comment), back="post")
    assert answer.headers["location"] == f"/projects/1/posts/{comment.post_id}#comment-{comment.id}"


def test_the_name_of_a_version_changes_with_all_that_readers_see() -> None:
    shown = Comment(text="Rules", bot_id=1, decision=DECISION)
    others = [
        Comment(text="Rules!", bot_id=1, decision=DECISION),
        Comment(text="Rules", bot_id=2, decision=DECISION),
        Comment(text="Rules", bot_id=1, decision=DECISION | {"buttons": [[{"text": "A", "url": "https://a.example"}]]}),
        Comment(text="Rules", bot_id=1, decision=DECISION | {"media": {"type": "photo", "file": 1}}),
    ]
    assert len({version_of(one) for one in [shown, *others]}) == len(others) + 1


async def test_the_menu_counts_nothing_for_those_who_may_not_approve(desk: Desk) -> None:
    await a_waiting(desk)
    page = (await desk.ask("GET", "/projects/1/posts", "boris")).text
    assert "/projects/1/review" in page
    assert "nav-count" not in page
