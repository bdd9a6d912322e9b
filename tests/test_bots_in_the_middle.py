"""A bot that is removed, or gets another token, while it is at work; and work under way when its process ends."""

import asyncio
from dataclasses import replace

import pytest

from tests.support.world import World
from tgac.bots.models import Bot
from tgac.bots.service import remove_bot
from tgac.comments.jobs import Observe
from tgac.comments.observe import observe
from tgac.comments.tests.hands import Between, send_through, the_comment
from tgac.kit.queue.jobs import Cancel, Done
from tgac.kit.secrets import Secret
from tgac.kit.telegram.faults import RefusedBot, RefusedMessage
from tgac.kit.telegram.gateway import Gateway
from tgac.kit.telegram.types import PLAIN, Look
from tgac.kit.tools import Tools
from tgac.processes.all_in_one import run_all

DELAY = {"delay": {"min_s": 60, "max_s": 60}}


async def a_due_comment(world: World) -> None:
    await world.add_task("Rules", timing=DELAY)
    await world.post("Hello")
    await world.work()
    world.clock.advance(60)


async def remove(world: World) -> None:
    async with world.tools.acting(world.anna, world.project_id) as act:
        await remove_bot(act, world.bots[0].id)


async def give_token(world: World, token: str) -> None:
    """Anna puts another token in the place of the bot's."""
    async with world.tools.acting(None, world.project_id) as act:
        bot = await act.session.get_one(Bot, world.bots[0].id)
        bot.token_sealed = act.keys.seal(Secret(token), f"bots.token_sealed:{bot.project_id}:{bot.telegram_id}")


async def status(world: World) -> str:
    async with world.tools.reading(None, world.project_id) as act:
        return (await act.session.get_one(Bot, world.bots[0].id)).status


async def test_an_answer_for_a_bot_that_was_removed_meanwhile_is_written_down(world: World) -> None:
    await a_due_comment(world)

    async def removed() -> None:
        await remove(world)

    outcome = await send_through(world, Between(world, after=removed), await the_comment(world))
    assert (outcome, (await the_comment(world)).state) == (Done(), "sent")


class Refusing(Between):
    """Refuses the bot after something happened."""

    async def send_comment(self, token: Secret, **asked: object) -> object:  # type: ignore[override]
        await self._after()
        raise RefusedBot(method="sendMessage", http=401, description="Unauthorized")


async def test_a_refusal_of_a_removed_bot_is_written_down(world: World) -> None:
    await a_due_comment(world)

    async def removed() -> None:
        await remove(world)

    outcome = await send_through(world, Refusing(world, after=removed), await the_comment(world))
    assert (outcome, (await the_comment(world)).state) == (Done(), "rejected")


async def test_a_refusal_of_an_old_token_says_nothing_of_the_one_in_its_place(world: World) -> None:
    await a_due_comment(world)

    async def replaced() -> None:
        await give_token(world, f"{world.bots[0].telegram_id}:{'B' * 35}")

    await send_through(world, Refusing(world, after=replaced), await the_comment(world))
    assert (await the_comment(world)).state == "rejected"
    assert await status(world) == "ACTIVE"


async def test_what_a_removed_bot_wrote_is_not_looked_at_any_more(world: World) -> None:
    await a_due_comment(world)
    await world.work()
    await remove(world)
    outcome = await observe(world.tools, Observe(world.project_id, (await the_comment(world)).id))
    assert isinstance(outcome, Cancel)


class Unseeing(Gateway):
    """Telegram with an answer to an edit that tells neither that the message is there nor that it is gone."""

    async def edit_message(
        self, token: Secret, *, chat_id: int, message_id: int, html: str, look: Look = PLAIN
    ) -> None:
        raise RefusedMessage(method="editMessageText", http=400, description="Bad Request: message can't be edited")


async def test_a_comment_that_cannot_be_looked_at_is_not_asked_for_for_ever(world: World) -> None:
    await a_due_comment(world)
    await world.work()
    tools = replace(world.tools, telegram=Unseeing(world.sandbox.url))
    outcome = await observe(tools, Observe(world.project_id, (await the_comment(world)).id))
    assert isinstance(outcome, Cancel)
    assert (await the_comment(world)).state == "sent"


async def test_what_is_under_way_is_finished_when_another_part_of_the_process_fails(world: World) -> None:
    finished: list[str] = []

    async def failing(tools: Tools, stopping: asyncio.Event) -> None:
        raise RuntimeError("broken")

    async def sending(tools: Tools, stopping: asyncio.Event) -> None:
        await stopping.wait()
        await asyncio.sleep(0.05)
        finished.append("sent")

    with pytest.raises(RuntimeError):
        await run_all(world.tools, asyncio.Event(), parts=(failing, sending))
    assert finished == ["sent"]
