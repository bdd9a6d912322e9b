"""Events of the machinery are forgotten after LOG_RETENTION_DAYS; deeds of people and comments are not."""

import httpx
from sqlalchemy import func, select
from tests.support.world import World

from tgac.comments.models import Comment
from tgac.journal.models import Event
from tgac.journal.service import record
from tgac.kit.queue.runner import Runner
from tgac.kit.tenancy import NO_PROJECT
from tgac.panel.retention import AT_ONCE, ForgetEvents, forget_events
from tgac.people.projects import pause_project
from tgac.people.service import create_api_token
from tgac.wiring import HANDLES, PERIODIC, guarded, make_app

HOUR_S = 3600.0


async def kinds(world: World) -> set[str]:
    async with world.tools.reading(None, world.project_id) as act:
        return set(await act.session.scalars(select(Event.kind)))


async def forget(world: World) -> None:
    async with world.tools.acting(None, NO_PROJECT) as act:
        act.enqueue(ForgetEvents())
    await Runner(world.tools, HANDLES).run_due()


async def test_what_happened_by_itself_is_forgotten_after_its_days_and_what_people_did_is_not(world: World) -> None:
    await world.add_task()
    await world.post()
    await world.work()
    async with world.tools.acting(world.anna, world.project_id) as act:
        record(act, "task_changed")
    before = await kinds(world)
    assert {"comment_sent", "task_changed"} <= before
    world.clock.advance((world.tools.config.log_retention_days * 24 - 1) * HOUR_S)
    await forget(world)
    assert await kinds(world) >= before
    world.clock.advance(2 * HOUR_S)
    await forget(world)
    kept = await kinds(world)
    assert "task_changed" in kept
    assert "comment_sent" not in kept
    async with world.tools.reading(None, world.project_id) as act:
        assert await act.session.scalar(select(func.count()).select_from(Comment)) == 1


async def test_why_a_post_has_no_comment_is_kept_for_good(world: World) -> None:
    async with world.tools.acting(world.anna, world.project_id) as act:
        await pause_project(act)
    await world.post()
    await world.work()
    world.clock.advance(30 * 24 * HOUR_S)
    await forget(world)
    assert "post_left" in await kinds(world)
    assert "post_seen" not in await kinds(world)


async def test_more_than_one_transaction_takes_is_forgotten_at_one_go(world: World) -> None:
    async with world.tools.acting(None, world.project_id) as act:
        for number in range(AT_ONCE + 5):
            record(act, "post_seen", {"number": number})
    world.clock.advance(30 * 24 * HOUR_S)
    await forget_events(world.tools, ForgetEvents())
    assert "post_seen" not in await kinds(world)


def test_forgetting_is_done_again_and_again() -> None:
    assert any(one.job == ForgetEvents() for one in PERIODIC)


async def test_the_page_of_an_old_post_says_why_its_steps_are_gone(world: World) -> None:
    await world.add_task()
    await world.post()
    await world.work()
    async with world.tools.reading(None, world.project_id) as act:
        post_id = await act.session.scalar(select(Event.post_id).where(Event.kind == "comment_sent"))
    async with world.tools.acting(None, NO_PROJECT) as act:
        token = await create_api_token(act, "anna")
    transport, headers = httpx.ASGITransport(guarded(make_app(world.tools))), {"authorization": f"Bearer {token}"}
    page = f"/projects/{world.project_id}/posts/{post_id}"
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080", headers=headers) as anna:
        assert "Steps are kept" not in (await anna.get(page)).text
        world.clock.advance(8 * 24 * HOUR_S)
        assert "Steps are kept for 7 days" in (await anna.get(page)).text
