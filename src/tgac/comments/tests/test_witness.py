"""A witness, another bot of the project that hears bots, settles what became of a comment whose answer was lost."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from tests.support.world import World, a_copy_of, a_world

from tgac.bots.models import Bot, Seat
from tgac.bots.tests.front import Front
from tgac.comments.evidence import KEPT_S, QUARANTINE_S, TRUSTED_AFTER
from tgac.comments.intend import DEADLINE_S
from tgac.comments.jobs import PlanPost, SendComment
from tgac.comments.models import Comment
from tgac.comments.plan import plan_post
from tgac.comments.tests.hands import run_jobs, send_through
from tgac.comments.tests.test_send import with_fault
from tgac.kit.secrets import Secret
from tgac.kit.telegram.faults import Fault
from tgac.kit.telegram.gateway import Gateway
from tgac.kit.telegram.types import Sent
from tgac.posts.models import Post

LONG_S = 7 * 86_400
BETWEEN_S = DEADLINE_S + QUARANTINE_S + 1.0


async def hire(world: World, *, hears_bots: bool = True) -> Bot:
    """Anna's second bot, which writes nothing itself, comes into the group."""
    eye = await world.add_bot("eye")
    await world.control("PUT", f"/bots/{eye.telegram_id}", bot_to_bot=hears_bots)
    await world.invite(eye, world.places[0].id, world.places[0].group_id)
    await world.work()
    return eye


async def comment_on(world: World, number: int = 1) -> None:
    """Posts, each with its comment; apart, as Telegram's own limits want it."""
    for _ in range(number):
        await world.post()
        await world.work()
        await world.wait(5)


@asynccontextmanager
async def _watched(kind: str, folder: Path) -> AsyncIterator[World]:
    async with a_world(kind, folder) as world:
        await world.add_task(timing={"delay": {"min_s": 0, "max_s": 0}, "expire_after_s": LONG_S})
        eye = await hire(world)
        await comment_on(world, TRUSTED_AFTER)
        assert [(one.state, one.witness_id) for one in await world.comments()] == [("sent", eye.id)] * TRUSTED_AFTER
        yield world


@pytest.fixture
async def world(request: pytest.FixtureRequest, database: str, tmp_path: Path) -> AsyncIterator[World]:
    """The small world. The one with a witness is made once: to be trusted takes it a fifth of a second."""
    is_watched = "witness" in request.fixturenames
    async with a_copy_of(_watched, database, tmp_path) if is_watched else a_world(database, tmp_path) as made:
        yield made


@pytest.fixture
def witness(world: World) -> Bot:
    """The bot writes, the witness looks on and has seen enough to be trusted."""
    return world.bots[-1]


async def lose(world: World, kind: str) -> Comment:
    """A comment is sent whose answer is lost."""
    await world.post("Lost")
    await world.take_in()
    with_fault(world, kind, times=1)
    await run_jobs(world)
    (*_, lost) = await world.comments()
    assert lost.state == "unknown"
    return lost


async def a_planned_comment(world: World) -> Comment:
    """A post whose comment is due; no worker has looked at it yet."""
    await world.post("Lost")
    await world.take_in()
    async with world.tools.reading(None, world.project_id) as act:
        (post_id, *_) = await act.session.scalars(select(Post.id).order_by(Post.id.desc()))
    await plan_post(world.tools, PlanPost(world.project_id, post_id))
    (*_, planned) = await world.comments()
    assert planned.state == "planned"
    return planned


async def again(world: World, lost: Comment) -> Comment:
    return next(one for one in await world.comments() if one.id == lost.id)


async def words_under_lost(world: World, lost: Comment) -> int:
    """How many comments stand under the post of the lost one."""
    messages = await world.control("GET", f"/chats/{lost.group_id}/messages")
    root = next(one["message_id"] for one in messages if one.get("text") == "Lost")
    return sum(one.get("reply_to_message", {}).get("message_id") == root for one in await world.said())


async def test_what_a_witness_saw_is_there(world: World, witness: Bot) -> None:
    lost = await lose(world, "drop_after")
    await world.take_in()
    found = await again(world, lost)
    assert (found.state, found.reason, found.witness_id) == ("sent", "confirmed_by_witness", witness.id)
    assert found.message_id == (await world.said())[-1]["message_id"]


async def test_one_that_nobody_trusts_yet_is_believed_in_what_it_saw(world: World) -> None:
    await world.add_task()
    await hire(world)
    lost = await lose(world, "drop_after")
    await world.take_in()
    assert (await again(world, lost)).state == "sent"


async def test_what_a_witness_saw_before_the_answer_was_lost_is_there(world: World, witness: Bot) -> None:
    """The witness is told while the call still runs, or before anybody knows that the process is gone."""
    await world.post("Lost")
    await world.take_in()
    with_fault(world, "drop_after", times=1)
    await run_jobs(world)
    async with world.tools.acting(None, world.project_id) as act:
        lost = await act.session.get_one(Comment, (await world.comments())[-1].id)
        lost.state = "sending"
    await world.take_in()
    assert (await again(world, lost)).state == "sending"
    async with world.tools.acting(None, world.project_id) as act:
        act.enqueue(SendComment(world.project_id, lost.id), key="again")
    await world.wait(DEADLINE_S + 1)
    assert (await again(world, lost)).reason == "confirmed_by_witness"


class Overheard(Gateway):
    """The real gateway; the witness is told while the sender still waits for an answer that never comes."""

    def __init__(self, world: World) -> None:
        super().__init__(world.sandbox.url)
        self._world = world

    async def send_comment(self, *told: Any, **more: Any) -> Sent:
        try:
            return await super().send_comment(*told, **more)
        except Fault:
            await self._world.take_in()
            raise


async def test_what_a_witness_saw_while_the_call_was_out_is_never_unknown(world: World, witness: Bot) -> None:
    comment = await a_planned_comment(world)
    with_fault(world, "drop_after", times=1)
    await send_through(world, Overheard(world), comment)
    seen = await again(world, comment)
    assert (seen.state, seen.reason, seen.witness_id) == ("sent", "confirmed_by_witness", witness.id)


async def test_what_a_trusted_witness_did_not_see_is_written_again_once(world: World, witness: Bot) -> None:
    lost = await lose(world, "drop_before")
    await world.wait(BETWEEN_S)
    await comment_on(world)
    assert (await again(world, lost)).state == "sent"
    assert await words_under_lost(world, lost) == 1


async def test_where_it_comes_too_late_it_expires(world: World) -> None:
    await world.add_task(timing={"delay": {"min_s": 0, "max_s": 0}, "expire_after_s": 100})
    await hire(world)
    await comment_on(world, TRUSTED_AFTER)
    lost = await lose(world, "drop_before")
    await world.wait(BETWEEN_S)
    await comment_on(world)
    assert (await again(world, lost)).state == "expired"
    assert await words_under_lost(world, lost) == 0


@pytest.mark.parametrize("wait_s", [BETWEEN_S - 20, KEPT_S + DEADLINE_S + 1], ids=["too soon", "too late"])
async def test_it_proves_nothing_too_soon_or_too_late(world: World, witness: Bot, wait_s: float) -> None:
    lost = await lose(world, "drop_before")
    await world.wait(wait_s)
    await comment_on(world, 2)
    assert (await again(world, lost)).state == "unknown"


async def test_a_witness_that_has_missed_one_proves_nothing(world: World, witness: Bot) -> None:
    await world.control("PUT", f"/bots/{witness.telegram_id}", bot_to_bot=False)
    await comment_on(world)
    await world.control("PUT", f"/bots/{witness.telegram_id}", bot_to_bot=True)
    lost = await lose(world, "drop_before")
    await world.wait(BETWEEN_S)
    await comment_on(world, 2)
    assert (await again(world, lost)).state == "unknown"


async def test_a_witness_that_has_seen_too_little_proves_nothing(world: World) -> None:
    await world.add_task(timing={"delay": {"min_s": 0, "max_s": 0}, "expire_after_s": LONG_S})
    await hire(world)
    await comment_on(world, TRUSTED_AFTER - 1)
    lost = await lose(world, "drop_before")
    await world.wait(BETWEEN_S)
    await comment_on(world, 2)
    assert (await again(world, lost)).state == "unknown"


async def test_one_that_could_be_mistaken_for_another_is_left_to_a_person(world: World, witness: Bot) -> None:
    lost = await lose(world, "drop_before")
    async with world.tools.acting(None, world.project_id) as act:
        same = ("task_id", "post_id", "channel_id", "bot_id", "group_id", "reason_data", "decision", "text")
        known = {name: getattr(lost, name) for name in same}
        act.session.add(Comment(**known, n=2, state="cancelled", created_at=act.now, changed_at=act.now))
    await world.wait(BETWEEN_S)
    await comment_on(world, 2)
    assert (await again(world, lost)).state == "unknown"


async def test_a_bot_that_hears_no_bots_is_no_witness(world: World) -> None:
    await world.add_task()
    await hire(world, hears_bots=False)
    lost = await lose(world, "drop_after")
    await world.take_in()
    assert (await again(world, lost)).state == "unknown"


async def test_what_was_said_by_somebody_else_proves_nothing(world: World, witness: Bot) -> None:
    """A bot that is not of the project answers under the post."""
    stranger = await world.control("POST", "/bots", name="Guest", username="guest_bot")
    group = world.places[0].group_id
    await world.control("PUT", f"/chats/{group}/members/{stranger['id']}", status="member")
    lost = await lose(world, "drop_before")
    messages = await world.control("GET", f"/chats/{group}/messages")
    root = next(one["message_id"] for one in messages if one.get("text") == "Lost")
    await world.tools.telegram.send_comment(Secret(stranger["token"]), chat_id=group, root_id=root, html="Rules")
    await world.take_in()
    assert (await again(world, lost)).state == "unknown"


async def test_the_channels_page_says_who_hears_the_others(world: World) -> None:
    path = f"/channels/{world.places[0].row.id}"
    await world.add_task()
    eye = await hire(world)
    assert "Switch Bot-to-Bot Communication Mode on" in (await Front(world).ask("GET", path)).text
    await comment_on(world)
    page = (await Front(world).ask("GET", path)).text
    assert "Switch Bot-to-Bot Communication Mode on" not in page
    assert page.count("Hears the others") == 1
    async with world.tools.reading(None, world.project_id) as act:
        heard = await act.session.scalars(select(Seat.bot_id).where(Seat.heard_at.is_not(None)))
        assert list(heard) == [eye.id]
