"""A task whose comments wait for a person: who decides, about exactly what, and until when."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.support.world import World, a_world

from tgac.comments.facts import version_of
from tgac.comments.models import Comment
from tgac.comments.review import another_comment, approve_comment, edit_comment, skip_comment
from tgac.journal.models import Event
from tgac.kit.errors import AppError, Conflict, Invalid, Refused
from tgac.people.models import Member
from tgac.posts.models import Post

DELAY = {"delay": {"min_s": 60, "max_s": 60}, "expire_after_s": 3600}


@pytest.fixture
async def world(database: str, tmp_path: Path) -> AsyncIterator[World]:
    """A channel that is past its review period, on each database."""
    async with a_world(database, tmp_path) as made:
        yield made


async def a_waiting_comment(world: World, text: str = "Rules", **config: Any) -> Comment:
    approval = {"mode": "all", "expire_s": 600} | config.pop("approval", {})
    await world.add_task(text, **({"timing": DELAY, "approval": approval} | config))
    await world.post("Hello, see https://evil.example")
    await world.work()
    (comment,) = await world.comments()
    assert (comment.state, comment.reason) == ("awaiting_approval", "needs_approval")
    return comment


async def decide[**P](world: World, verb: Callable[..., Awaitable[Comment]], *given: Any, who: str = "anna") -> Comment:
    async with world.tools.acting(world.people[who], world.project_id) as act:
        return await verb(act, *given)


async def the_comment(world: World) -> Comment:
    (comment,) = await world.comments()
    return comment


async def test_nothing_goes_out_before_somebody_has_approved_it(world: World) -> None:
    comment = await a_waiting_comment(world)
    await world.wait(120)
    assert await world.said() == []
    await decide(world, approve_comment, comment.id, version_of(comment))
    await world.work()
    assert [one["text"] for one in await world.said()] == ["Rules"]


async def test_an_unanswered_comment_expires_at_its_time_and_can_not_be_approved_a_second_later(world: World) -> None:
    comment = await a_waiting_comment(world)
    assert comment.send_at is not None
    assert comment.approve_by == comment.send_at + timedelta(seconds=600)
    world.clock.advance(661)
    with pytest.raises(Conflict) as caught:  # the job that lets it expire has not run yet
        await decide(world, approve_comment, comment.id)
    assert caught.value.code == "too_late"
    await world.work()
    comment = await the_comment(world)
    assert (comment.state, comment.reason) == ("expired", "not_approved")
    await world.wait(7200)
    assert await world.said() == []


async def test_the_time_to_answer_never_passes_the_comments_own_deadline(world: World) -> None:
    comment = await a_waiting_comment(world, approval={"mode": "all", "expire_s": 86_400})
    assert comment.approve_by == comment.expires_at


async def test_without_an_answer_it_goes_out_where_the_task_says_so(world: World) -> None:
    await a_waiting_comment(world, approval={"otherwise": "send"})
    await world.wait(650)
    assert await world.said() == []
    await world.wait(11)
    assert len(await world.said()) == 1


async def test_in_a_review_period_nothing_goes_out_unanswered_whatever_the_task_says(
    database: str, tmp_path: Path
) -> None:
    async with a_world(database, tmp_path, review_days=3) as young:
        approval = {"mode": "all", "expire_s": 60, "otherwise": "send"}
        await young.add_task("Rules", timing=DELAY, approval=approval)
        await young.post("Hello")
        await young.work()
        await young.wait(4000)
        (comment,) = await young.comments()
        assert comment.state == "expired"
        assert await young.said() == []


async def test_only_what_was_shown_is_approved(world: World) -> None:
    comment = await a_waiting_comment(world)
    shown = version_of(comment)
    await decide(world, edit_comment, comment.id, "Other rules", shown)
    for verb in (approve_comment, skip_comment, another_comment):
        with pytest.raises(Conflict) as caught:
            await decide(world, verb, comment.id, shown)
        assert caught.value.code == "changed_meanwhile"
    changed = await the_comment(world)
    await decide(world, approve_comment, comment.id, version_of(changed))
    await world.wait(60)
    assert [one["text"] for one in await world.said()] == ["Other rules"]


async def test_of_two_reviewers_at_once_one_acts_and_the_other_is_told_who_did(world: World) -> None:
    comment = await a_waiting_comment(world)
    async with world.tools.acting(world.anna, world.project_id) as act:
        act.session.add(Member(user_id=world.people["vera"].user_id, role="reviewer"))
    shown = version_of(comment)
    told = await asyncio.gather(
        *(
            decide(world, verb, comment.id, shown, who=who)
            for who, verb in (("anna", approve_comment), ("vera", skip_comment)) * 5
        ),
        return_exceptions=True,
    )
    refused = [one for one in told if isinstance(one, AppError)]
    assert len(refused) == len(told) - 1
    assert all("already" in one.message for one in refused)
    events = await kinds(world)
    assert events.count("comment_approved") + events.count("comment_skipped") == 1


async def kinds(world: World) -> list[str]:
    async with world.tools.reading(None, world.project_id) as act:
        return list(await act.session.scalars(select(Event.kind).order_by(Event.id)))


@pytest.mark.parametrize(
    "text",
    ["Go to https://evil.example", "Ask @evil_bot", "/start now", "<b>open", "   ", '<a href="http://x.yz">a</a>'],
)
async def test_an_edit_passes_the_gate_that_every_text_passes(world: World, text: str) -> None:
    comment = await a_waiting_comment(world)
    with pytest.raises(Invalid) as caught:
        await decide(world, edit_comment, comment.id, text)
    assert caught.value.field == "text"
    assert version_of(await the_comment(world)) == version_of(comment)


async def test_an_edit_keeps_the_label_and_what_the_author_allowed(world: World) -> None:
    content = {"label": "A bot writes", "variants": [{"text": "Rules: https://ok.example/rules"}]}
    comment = await a_waiting_comment(world, content=content)
    edited = await decide(world, edit_comment, comment.id, "Read https://ok.example/other")
    assert edited.text == "Read https://ok.example/other\n\nA bot writes"


async def test_another_variant_is_other_words_and_another_version(world: World) -> None:
    comment = await a_waiting_comment(world, "{One|Two}")
    other = await decide(world, another_comment, comment.id, version_of(comment))
    assert {comment.text, other.text} == {"One", "Two"}
    assert version_of(other) != version_of(comment)
    assert other.state == "awaiting_approval"


async def test_a_task_with_one_text_says_that_it_knows_no_other(world: World) -> None:
    comment = await a_waiting_comment(world)
    with pytest.raises(Conflict) as caught:
        await decide(world, another_comment, comment.id)
    assert caught.value.code == "no_variant"


async def test_who_may_only_look_decides_nothing(world: World) -> None:
    comment = await a_waiting_comment(world, "{One|Two}")
    for verb, given in ((approve_comment, ()), (skip_comment, ()), (another_comment, ()), (edit_comment, ("Other",))):
        with pytest.raises(Refused):
            await decide(world, verb, comment.id, *given, who="boris")
    assert version_of(await the_comment(world)) == version_of(comment)


async def test_what_waits_under_a_post_that_is_gone_can_not_be_approved(world: World) -> None:
    comment = await a_waiting_comment(world)
    async with world.tools.acting(None, world.project_id) as act:
        (await act.session.get_one(Post, comment.post_id)).gone_at = act.now
    with pytest.raises(Conflict, match="no longer in the discussion group"):
        await decide(world, approve_comment, comment.id)
