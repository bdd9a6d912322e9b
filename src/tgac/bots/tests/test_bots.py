import pytest
from sqlalchemy import select
from tests.support.world import World

from tgac.bots.health import check_bot
from tgac.bots.models import Bot
from tgac.bots.queries import find_bot, seats_in_use
from tgac.bots.service import (
    connect_bot,
    mark_bot_refused,
    pause_bot,
    remove_bot,
    replace_token,
    resume_bot,
    token_of,
)
from tgac.kit.errors import AppError, Conflict, Invalid, NotFound, Refused, Unavailable
from tgac.kit.tenancy import EVERYONE, Principal
from tgac.people.projects import create_project

WELL_FORMED = "123456789:AAE" + "x" * 32


async def token_in_telegram(world: World, name: str) -> str:
    made = await world.control("POST", "/bots", name=name.title(), username=f"{name}_bot")
    return str(made["token"])


async def refusal(world: World, token: str, author: Principal | None = None, project_id: int | None = None) -> AppError:
    """Why the bot is not connected; nothing may have been written."""
    before = await all_bots(world)
    with pytest.raises(AppError) as caught:
        await connect_bot(world.tools, author or world.anna, project_id=project_id or world.project_id, token=token)
    assert await all_bots(world) == before
    return caught.value


async def all_bots(world: World) -> list[tuple[int, int, str]]:
    async with world.tools.reading(None, EVERYONE) as act:
        bots = await act.session.scalars(select(Bot).order_by(Bot.id))
        return [(bot.id, bot.project_id, bot.status) for bot in bots]


async def as_it_is(world: World) -> Bot:
    async with world.tools.reading(world.anna, world.project_id) as act:
        return await find_bot(act, world.bots[0].id)


async def project_of_vera(world: World) -> int:
    async with world.tools.acting(world.people["vera"], EVERYONE) as act:
        return (await create_project(act, "Vera's")).id


async def test_a_connected_bot_is_active_and_its_token_is_sealed(world: World) -> None:
    bot, token = await as_it_is(world), world.tokens[0]
    assert (bot.status, bot.username, bot.name) == ("ACTIVE", "city_bot", "City")
    assert token_of(world.tools.keys, bot).reveal() == token
    assert token not in bot.token_sealed


async def test_a_token_that_stands_in_another_row_opens_nothing(world: World) -> None:
    bot, other = await as_it_is(world), await world.add_bot("other")
    other.token_sealed = bot.token_sealed
    with pytest.raises(ValueError, match="does not belong here"):
        token_of(world.tools.keys, other)


@pytest.mark.parametrize("token", ["", "hello", "123:short", "１２３４５６７８９:AAE" + "x" * 32, WELL_FORMED + "\n1"])
async def test_what_is_no_token_is_told_beside_its_field(world: World, token: str) -> None:
    error = await refusal(world, token)
    assert (type(error), error.code, error.field) == (Invalid, "bad_token", "token")


async def test_a_token_that_telegram_does_not_know_is_told_beside_its_field(world: World) -> None:
    error = await refusal(world, WELL_FORMED)
    assert (type(error), error.code, error.field) == (Invalid, "token_refused", "token")
    assert WELL_FORMED not in error.message


async def test_the_service_bot_writes_no_comments(world: World) -> None:
    error = await refusal(world, world.service_bot["token"])
    assert (type(error), error.code, error.field) == (Invalid, "service_bot", "token")


async def test_a_bot_is_connected_once(world: World) -> None:
    error = await refusal(world, world.tokens[0])
    assert (type(error), error.code, error.field) == (Conflict, "bot_known", "token")


async def test_it_is_not_told_whose_a_bot_is(world: World) -> None:
    error = await refusal(world, world.tokens[0], world.people["vera"], await project_of_vera(world))
    assert (type(error), error.code, error.field) == (Conflict, "bot_taken", "token")
    assert "City" not in error.message
    assert "anna" not in error.message.lower()


async def test_nothing_is_said_about_a_token_while_telegram_is_silent(world: World) -> None:
    token = await token_in_telegram(world, "second")
    await world.control("POST", "/faults", kind="http", value=502, times=1)
    error = await refusal(world, token)
    assert (type(error), error.code) == (Unavailable, "telegram_unavailable")


async def test_it_is_refused_to_those_who_only_look(world: World) -> None:
    token = await token_in_telegram(world, "second")
    assert type(await refusal(world, token, world.people["boris"])) is Refused
    assert type(await refusal(world, token, world.people["vera"])) is NotFound


async def test_a_webhook_set_elsewhere_is_taken_away_so_that_updates_come(world: World) -> None:
    token = await token_in_telegram(world, "hooked")
    bot = world.sandbox.world.tokens[token]
    bot.webhook.url = "https://elsewhere.example.org/hook"
    await connect_bot(world.tools, world.anna, project_id=world.project_id, token=token)
    assert bot.webhook.url == ""


async def test_a_bot_is_paused_and_resumed(world: World) -> None:
    async with world.tools.acting(world.anna, world.project_id) as act:
        assert (await pause_bot(act, world.bots[0].id)).status == "PAUSED"
        assert (await resume_bot(act, world.bots[0].id)).status == "ACTIVE"
    async with world.tools.acting(world.people["boris"], world.project_id) as act:
        with pytest.raises(Refused):
            await pause_bot(act, world.bots[0].id)


async def check(world: World) -> Bot:
    return await check_bot(world.tools, world.anna, project_id=world.project_id, bot_id=world.bots[0].id)


async def test_a_revoked_token_shows_in_the_health_check_and_another_one_mends_it(world: World) -> None:
    account = world.sandbox.world.bots[world.bots[0].telegram_id]
    fresh = world.sandbox.world.renew_token(account)
    refused = await check(world)
    assert (refused.status, refused.reason) == ("REVOKED", "Unauthorized")
    async with world.tools.acting(world.anna, world.project_id) as act:
        with pytest.raises(Conflict, match="token"):
            await resume_bot(act, refused.id)
    mended = await replace_token(
        world.tools, world.anna, project_id=world.project_id, bot_id=refused.id, token=f" {fresh}\n"
    )
    assert (mended.status, mended.reason) == ("ACTIVE", None)
    assert token_of(world.tools.keys, await as_it_is(world)).reveal() == fresh


async def test_a_health_check_learns_names_and_leaves_a_paused_bot_paused(world: World) -> None:
    world.sandbox.world.bots[world.bots[0].telegram_id].username = "renamed_bot"
    async with world.tools.acting(world.anna, world.project_id) as act:
        await pause_bot(act, world.bots[0].id)
    world.clock.advance(60)
    checked = await check(world)
    assert (checked.status, checked.username, checked.health_at) == ("PAUSED", "renamed_bot", world.clock.now())


async def test_silence_of_telegram_is_no_sign_of_illness(world: World) -> None:
    await world.control("POST", "/faults", kind="http", value=502, times=1)
    with pytest.raises(Unavailable):
        await check(world)
    assert (await as_it_is(world)).status == "ACTIVE"


async def test_the_token_of_another_bot_does_not_take_its_place(world: World) -> None:
    token = await token_in_telegram(world, "second")
    with pytest.raises(Invalid) as caught:
        await replace_token(world.tools, world.anna, project_id=world.project_id, bot_id=world.bots[0].id, token=token)
    assert (caught.value.code, caught.value.field) == ("another_bot", "token")
    assert token_of(world.tools.keys, await as_it_is(world)).reveal() == world.tokens[0]


async def test_a_sender_that_is_refused_stops_the_bot(world: World) -> None:
    async with world.tools.acting(None, world.project_id) as act:
        await mark_bot_refused(act, world.bots[0].id, "Unauthorized" * 100)
    bot = await as_it_is(world)
    assert bot.status == "REVOKED"
    assert bot.reason is not None
    assert len(bot.reason) == 300


async def test_a_removed_bot_takes_its_seats_along(world: World) -> None:
    async with world.tools.acting(world.anna, world.project_id) as act:
        await remove_bot(act, world.bots[0].id)
    async with world.tools.reading(world.anna, world.project_id) as act:
        assert await seats_in_use(act, [world.bots[0].id]) == {}
        with pytest.raises(NotFound):
            await find_bot(act, world.bots[0].id)
