import asyncio
from pathlib import Path

import pytest
from sqlalchemy import func, select
from tests.support.world import CHANNEL_RIGHTS, World, a_world

from tgac.bots.models import Seat
from tgac.bots.queries import seats_in_use
from tgac.bots.service import pause_bot
from tgac.channels.connect import Connected, connect_channel
from tgac.channels.models import Channel
from tgac.channels.queries import channels_heard_by, seats_of
from tgac.kit.act import Act
from tgac.kit.errors import AppError, Conflict, Invalid, NotFound, Refused
from tgac.kit.telegram.faults import Ambiguous
from tgac.kit.tenancy import EVERYONE, Principal
from tgac.people.models import User


async def connect(world: World, ref: object, author: Principal | None = None) -> Connected:
    return await connect_channel(world.tools, author or world.anna, project_id=world.project_id, ref=str(ref))


async def rows(world: World) -> tuple[int, int]:
    async with world.tools.reading(None, EVERYONE) as act:
        channels = await act.session.scalar(select(func.count()).select_from(Channel))
        return channels or 0, await act.session.scalar(select(func.count()).select_from(Seat)) or 0


async def refusal(world: World, ref: object, author: Principal | None = None) -> AppError:
    """Why the channel is not connected; nothing may have been written."""
    before = await rows(world)
    with pytest.raises(AppError) as caught:
        await connect(world, ref, author)
    assert await rows(world) == before
    return caught.value


async def put(world: World, chat_id: int, member_id: int, *, status: str, **rights: bool) -> None:
    await world.control("PUT", f"/chats/{chat_id}/members/{member_id}", status=status, rights=rights)


async def test_a_channel_where_telegram_confirms_everything_is_connected(world: World) -> None:
    channel_id, group_id = await world.make_channel("Sport")
    await world.invite(world.bots[0], channel_id, group_id)
    connected = await connect(world, "@sport")
    channel = connected.channel
    assert (channel.telegram_id, channel.group_id, channel.state) == (channel_id, group_id, "active")
    assert (channel.title, channel.username, channel.claimed_by) == ("Sport", "sport", world.anna.user_id)
    async with world.tools.reading(None, EVERYONE) as act:
        assert [(seat.state, bot.username) for seat, bot in (await seats_of(act, [channel.id]))[channel.id]] == [
            ("active", "city_bot")
        ]
        heard = await channels_heard_by(act, world.bots[0].id, channel_telegram_id=channel_id, group_id=group_id)
        assert [one.id for one in heard] == [channel.id]


@pytest.mark.parametrize("ref", ["t.me/sport", "sport", "id", "link"])
async def test_it_may_be_named_in_any_way(world: World, ref: str) -> None:
    channel_id, group_id = await world.make_channel("Sport")
    await world.invite(world.bots[0], channel_id, group_id)
    base = world.tools.config.telegram_link_base
    named = {"id": channel_id, "link": f"{base}/c/{str(channel_id).removeprefix('-100').lstrip('0')}/1"}.get(ref, ref)
    assert (await connect(world, named)).channel.telegram_id == channel_id


async def test_a_channel_that_is_nowhere_is_not_found(world: World) -> None:
    error = await refusal(world, "@no_such_channel")
    assert (type(error).__base__, error.code, error.field) == (Invalid, "chat_not_found", "ref")


async def test_a_person_or_a_group_is_no_channel(world: World) -> None:
    assert (await refusal(world, world.places[0].group_id)).code == "not_a_channel"


async def test_a_channel_where_the_bot_is_not_an_admin_is_refused_with_the_bot_named(world: World) -> None:
    await world.make_channel("Sport")
    error = await refusal(world, "@sport")
    assert (error.code, error.field) == ("bot_not_in_channel", "ref")
    assert "@city_bot" in error.message


async def test_a_channel_without_a_group_is_refused(world: World) -> None:
    channel_id, group_id = await world.make_channel("Sport")
    await world.invite(world.bots[0], channel_id, group_id)
    await world.control("PUT", f"/channels/{channel_id}/group", group_id=None)
    assert (await refusal(world, channel_id)).code == "no_group"


@pytest.mark.parametrize("status", ["member", "left", "kicked"])
async def test_a_bot_that_is_no_admin_of_the_group_cannot_serve(world: World, status: str) -> None:
    channel_id, group_id = await world.make_channel("Sport")
    bot = world.bots[0]
    await world.invite(bot, channel_id, group_id)
    await put(world, group_id, bot.telegram_id, status=status)
    assert (await refusal(world, channel_id)).code == "bot_not_in_group"


async def test_an_anonymous_bot_cannot_serve(world: World) -> None:
    channel_id, group_id = await world.make_channel("Sport")
    bot = world.bots[0]
    await world.invite(bot, channel_id, group_id)
    await put(world, group_id, bot.telegram_id, status="administrator", is_anonymous=True, can_delete_messages=True)
    assert (await refusal(world, channel_id)).code == "bot_anonymous"


async def test_a_strangers_channel_is_refused_even_where_the_bot_was_invited(world: World) -> None:
    channel_id, group_id = await world.make_channel("Vera writes", owner="vera")
    await world.invite(world.bots[0], channel_id, group_id)
    error = await refusal(world, channel_id)
    assert (error.code, error.field) == ("not_your_channel", "ref")
    await put(world, channel_id, world.telegram_ids["anna"], status="administrator", can_post_messages=True)
    assert (await connect(world, channel_id)).channel.state == "active"


async def test_it_is_refused_to_those_who_only_look(world: World) -> None:
    channel_id, group_id = await world.make_channel("Boris writes", owner="boris")
    await world.invite(world.bots[0], channel_id, group_id)
    assert type(await refusal(world, channel_id, world.people["boris"])) is Refused
    assert type(await refusal(world, channel_id, world.people["vera"])) is NotFound


async def test_a_project_without_an_active_bot_connects_nothing(world: World) -> None:
    async with world.tools.acting(world.anna, world.project_id) as act:
        await pause_bot(act, world.bots[0].id)
    assert (await refusal(world, "@sport")).code == "no_bots"


async def test_who_never_signed_in_with_telegram_claims_nothing(world: World) -> None:
    async with world.tools.acting(None, EVERYONE) as act:
        user = await act.session.scalar(select(User).where(User.id == world.anna.user_id))
        assert user is not None
        user.telegram_id = None
    assert (await refusal(world, "@sport")).code == "telegram_unknown"


async def test_a_channel_is_connected_once(world: World) -> None:
    error = await refusal(world, world.places[0].id)
    assert isinstance(error, Conflict)
    assert (error.code, error.field) == ("channel_known", "ref")


async def test_a_lost_answer_of_telegram_connects_nothing(world: World) -> None:
    await world.make_channel("Sport")
    before = await rows(world)
    await world.control("POST", "/faults", kind="http", value=502, times=1)
    with pytest.raises(Ambiguous):
        await connect(world, "@sport")
    assert await rows(world) == before


async def test_every_bot_that_fits_gets_a_seat_and_the_others_none(world: World) -> None:
    second, third = await world.add_bot("second"), await world.add_bot("third")
    channel_id, group_id = await world.make_channel("Sport")
    for bot in (world.bots[0], third):
        await world.invite(bot, channel_id, group_id)
    await put(world, channel_id, second.telegram_id, status="administrator", **CHANNEL_RIGHTS)
    connected = await connect(world, channel_id)
    async with world.tools.reading(None, EVERYONE) as act:
        seated = [bot.username for _, bot in (await seats_of(act, [connected.channel.id]))[connected.channel.id]]
    assert seated == ["city_bot", "third_bot"]


async def test_of_several_failures_the_one_nearest_to_the_goal_is_told(world: World) -> None:
    second = await world.add_bot("second")
    channel_id, _group_id = await world.make_channel("Sport")
    await put(world, channel_id, second.telegram_id, status="administrator", **CHANNEL_RIGHTS)
    error = await refusal(world, channel_id)
    assert error.code == "bot_not_in_group"
    assert "@second_bot" in error.message


async def invited_to(world: World, title: str) -> int:
    channel_id, group_id = await world.make_channel(title)
    for bot in world.bots:
        await world.invite(bot, channel_id, group_id)
    return channel_id


async def used(act: Act, world: World) -> list[int]:
    seats = await seats_in_use(act, [bot.id for bot in world.bots])
    return [seats.get(bot.id, 0) for bot in world.bots]


async def test_a_bot_that_serves_as_many_channels_as_it_may_is_left_out(database: str, tmp_path: Path) -> None:
    async with a_world(database, tmp_path, max_channels_per_bot=2) as world:
        await connect(world, await invited_to(world, "Second"))
        error = await refusal(world, await invited_to(world, "Third"))
        assert (type(error), error.code) == (Conflict, "bot_full")
        assert "@city_bot serves 2 channels" in error.message
        await world.add_bot("fresh")
        connected = await connect(world, await invited_to(world, "Fourth"))
        assert [bot.username for bot in connected.left_out] == ["city_bot"]
        async with world.tools.reading(None, EVERYONE) as act:
            assert await used(act, world) == [2, 1]


async def test_the_limit_holds_when_many_connect_at_once(database: str, tmp_path: Path) -> None:
    async with a_world(database, tmp_path, max_channels_per_bot=3) as world:
        ids = [await invited_to(world, f"Number {n}") for n in range(6)]
        told = await asyncio.gather(*(connect(world, one) for one in ids), return_exceptions=True)
        assert sum(isinstance(one, Connected) for one in told) == 2
        assert {one.code for one in told if isinstance(one, AppError)} == {"bot_full"}
        async with world.tools.reading(None, EVERYONE) as act:
            assert await used(act, world) == [3]


async def test_a_suspended_channel_may_be_claimed_anew_by_another_of_its_admins(world: World) -> None:
    async with world.tools.acting(None, world.project_id) as act:
        channel = await act.session.scalar(select(Channel))
        assert channel is not None
        channel.state, channel.reason = "suspended", "owner_lost"
        channel.claimed_by = world.people["vera"].user_id
    claimed = (await connect(world, world.places[0].id)).channel
    assert (claimed.state, claimed.reason, claimed.claimed_by) == ("active", None, world.anna.user_id)
    assert await rows(world) == (1, 1)
