from pathlib import Path

from sqlalchemy import func, select
from tests.support.world import CHANNEL_RIGHTS, GROUP_RIGHTS, World, a_world

from tgac.bots.models import Bot, Seat
from tgac.channels.change import change_channel, propose_channel
from tgac.channels.connect import connect_channel
from tgac.channels.jobs import RecheckChannels
from tgac.channels.models import Channel
from tgac.channels.queries import seats_of
from tgac.channels.recheck import SPREAD_S, recheck_channels
from tgac.channels.verify import verify_channel
from tgac.kit.tenancy import EVERYONE


async def named(world: World, ref: object, who: str = "anna") -> Channel:
    """A channel that a member has named; Telegram has not been asked."""
    async with world.tools.acting(world.people[who], world.project_id) as act:
        return await propose_channel(act, str(ref))


async def looked_at(world: World, channel: Channel, *bots: Bot) -> tuple[str, str | None, int | None]:
    world.clock.advance(1)
    only = [bot.id for bot in bots] or None
    found = await verify_channel(world.tools, project_id=channel.project_id, channel_id=channel.id, bot_ids=only)
    return found.state, found.reason, found.reason_bot_id


async def now(world: World, channel: Channel) -> Channel | None:
    async with world.tools.reading(None, EVERYONE) as act:
        return await act.session.get(Channel, channel.id)


async def seats(world: World, channel: Channel) -> list[tuple[str, str]]:
    async with world.tools.reading(None, EVERYONE) as act:
        return [(bot.username, seat.state) for seat, bot in (await seats_of(act, [channel.id])).get(channel.id, [])]


async def put(
    world: World, chat_id: int, member_id: int, rights: dict[str, bool] | None = None, *, status: str = "administrator"
) -> None:
    await world.control("PUT", f"/chats/{chat_id}/members/{member_id}", status=status, rights=rights or {})


async def test_each_look_tells_what_is_missing_next_and_the_last_opens_the_channel(world: World) -> None:
    bot = world.bots[0]
    sport, group = await world.make_channel("Sport")
    await world.control("PUT", f"/channels/{sport}/group", group_id=None)
    channel = await named(world, "t.me/Sport")
    assert (channel.state, channel.telegram_id, channel.ref, channel.title) == ("pending", None, "@sport", "@Sport")
    assert await looked_at(world, channel) == ("pending", "bot_not_in_channel", bot.id)
    await put(world, sport, bot.telegram_id, CHANNEL_RIGHTS)
    assert await looked_at(world, channel) == ("pending", "no_group", bot.id)
    await world.control("PUT", f"/channels/{sport}/group", group_id=group)
    assert await looked_at(world, channel) == ("pending", "bot_not_in_group", bot.id)
    await put(world, group, bot.telegram_id, GROUP_RIGHTS)
    assert await looked_at(world, channel) == ("active", None, None)
    there = await now(world, channel)
    assert there is not None
    assert (there.telegram_id, there.group_id, there.title, there.ref) == (sport, group, "Sport", None)
    assert await seats(world, channel) == [("city_bot", "active")]


async def test_what_a_bot_hears_of_a_pending_channel_has_it_looked_at_at_once(world: World) -> None:
    sport, group = await world.make_channel("Sport")
    channel = await named(world, "@sport")
    await world.work()
    for chat_id, rights in ((sport, CHANNEL_RIGHTS), (group, GROUP_RIGHTS)):
        world.clock.advance(5)
        await put(world, chat_id, world.bots[0].telegram_id, rights)
        await world.work()
    there = await now(world, channel)
    assert there is not None
    assert there.state == "active"


async def test_it_opens_by_itself_when_its_claimer_becomes_its_admin(world: World) -> None:
    sport, group = await world.make_channel("Sport", owner="vera")
    channel = await named(world, sport)
    await world.invite(world.bots[0], sport, group)
    await world.work()
    assert await looked_at(world, channel) == ("pending", "claimer_not_admin", None)
    assert await seats(world, channel) == [], "a claim that does not hold takes no seats"
    await put(world, sport, world.telegram_ids["anna"], CHANNEL_RIGHTS)
    await world.wait(1)
    there = await now(world, channel)
    assert there is not None
    assert there.state == "active"


async def test_a_group_that_becomes_linked_is_seen_at_the_hourly_look(world: World) -> None:
    sport, group = await world.make_channel("Sport")
    await world.control("PUT", f"/channels/{sport}/group", group_id=None)
    await world.invite(world.bots[0], sport, group)
    channel = await named(world, sport)
    assert await looked_at(world, channel) == ("pending", "no_group", world.bots[0].id)
    await world.work()
    await world.control("PUT", f"/channels/{sport}/group", group_id=group)
    world.clock.advance(3600)
    await recheck_channels(world.tools, RecheckChannels())
    await world.wait(SPREAD_S)
    there = await now(world, channel)
    assert there is not None
    assert there.state == "active"


async def test_some_bots_may_be_asked_alone_and_the_others_keep_their_places(world: World) -> None:
    second = await world.add_bot("second")
    channel = world.places[0].row
    assert await looked_at(world, channel, second) == ("active", None, None)
    assert await seats(world, channel) == [("city_bot", "active")]
    await world.invite(second, world.places[0].id, world.places[0].group_id)
    await put(world, world.places[0].id, world.bots[0].telegram_id, status="left")
    assert await looked_at(world, channel, second) == ("active", None, None)
    assert await seats(world, channel) == [("city_bot", "active"), ("second_bot", "active")]
    assert await looked_at(world, channel) == ("active", None, None)
    assert await seats(world, channel) == [("city_bot", "lost"), ("second_bot", "active")]


async def test_one_channel_by_two_names_becomes_one(world: World) -> None:
    sport, group = await world.make_channel("Sport")
    await world.invite(world.bots[0], sport, group)
    first, again = await named(world, sport), await named(world, "@sport")
    assert first.id != again.id
    assert (await verify_channel(world.tools, project_id=world.project_id, channel_id=first.id)).id == first.id
    assert (await verify_channel(world.tools, project_id=world.project_id, channel_id=again.id)).id == first.id
    assert await now(world, again) is None


async def test_a_name_is_taken_in_once_however_it_is_written(world: World) -> None:
    first = await named(world, "@Sport")
    for ref in ("sport", "t.me/SPORT", "https://t.me/s/sport/7"):
        assert (await named(world, ref)).id == first.id
    assert (await named(world, "@CITY_news")).id == world.places[0].row.id
    assert (await named(world, world.places[0].id)).id == world.places[0].row.id


async def test_connecting_a_pending_channel_opens_that_very_one(world: World) -> None:
    sport, group = await world.make_channel("Sport")
    channel = await named(world, "@sport", "anna")
    await world.invite(world.bots[0], sport, group)
    connected = await connect_channel(world.tools, world.anna, project_id=world.project_id, ref="@sport")
    assert (connected.channel.id, connected.channel.state) == (channel.id, "active")


async def test_an_archived_channel_rests_and_comes_back_through_the_same_door(world: World) -> None:
    channel = world.places[0].row
    async with world.tools.acting(world.anna, world.project_id) as act:
        await change_channel(act, channel.id, state="archived", remark="Sold in May")
    assert await looked_at(world, channel) == ("archived", None, None)
    async with world.tools.reading(None, EVERYONE) as act:
        assert await act.session.scalar(select(func.count(Seat.id))) == 0
    await put(world, world.places[0].id, world.bots[0].telegram_id, status="left")
    await world.wait(3600)
    async with world.tools.acting(world.anna, world.project_id) as act:
        again = await change_channel(act, channel.id, state="active")
        assert (again.state, again.note) == ("pending", "Sold in May")
    assert await looked_at(world, channel) == ("pending", "bot_not_in_channel", world.bots[0].id)
    await put(world, world.places[0].id, world.bots[0].telegram_id, CHANNEL_RIGHTS)
    assert await looked_at(world, channel) == ("active", None, None)


async def test_a_full_bot_leaves_a_pending_channel_waiting(database: str, tmp_path: Path) -> None:
    async with a_world(database, tmp_path, max_channels_per_bot=1) as world:
        sport, group = await world.make_channel("Sport")
        await world.invite(world.bots[0], sport, group)
        channel = await named(world, sport)
        assert await looked_at(world, channel) == ("pending", "bot_full", world.bots[0].id)
        assert await seats(world, channel) == []
