import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select
from tests.support.world import CHANNEL_RIGHTS, GROUP_RIGHTS, World

from tgac.bots.models import Bot
from tgac.bots.queries import find_bot
from tgac.bots.service import pause_bot, remove_bot
from tgac.channels.change import remove_channel
from tgac.channels.claims import claimed_channels
from tgac.channels.connect import SECOND_LOOK
from tgac.channels.inspection import inspect
from tgac.channels.jobs import CheckChannel, RecheckChannels
from tgac.channels.membership import link_changed, membership_changed
from tgac.channels.models import Channel
from tgac.channels.queries import channels_heard_by, eyes_of, reasons_of, seats_of
from tgac.channels.recheck import SPREAD_S, check_channel, recheck_channels
from tgac.channels.verify import LOOKING, Looked, take_down, target_of_channel, verify_channel
from tgac.journal.models import Event
from tgac.kit.errors import NotFound, Refused
from tgac.kit.queue.jobs import Cancel, Done, Snooze
from tgac.kit.queue.runner import Handles, Runner
from tgac.kit.telegram.types import ChatMemberUpdate, Kind
from tgac.kit.telegram.updates import read_update
from tgac.kit.tenancy import EVERYONE

KINDS: tuple[Kind, ...] = ("my_chat_member", "chat_member")
HANDLES = (Handles(CheckChannel, check_channel), Handles(RecheckChannels, recheck_channels))


async def put(world: World, chat_id: int, member_id: int, *, status: str, **rights: bool) -> None:
    await world.control("PUT", f"/chats/{chat_id}/members/{member_id}", status=status, rights=rights)


async def demote_anna(world: World) -> None:
    """Nobody can demote a creator: the channel was Vera's all along, and Anna was her admin."""
    chat = world.sandbox.world.chats[world.places[0].id]
    chat.owner_id = world.telegram_ids["vera"]
    chat.members[world.telegram_ids["anna"]].status = "administrator"
    await put(world, world.places[0].id, world.telegram_ids["anna"], status="member")


async def hear(world: World) -> None:
    """Every bot hears who was promoted and demoted."""
    for bot, token in zip(world.bots, world.tokens, strict=True):
        known = world._offsets.get(bot.id)
        secret = world.tools.config.telegram_bot_token.__class__(token)
        raw = await world.tools.telegram.get_updates(secret, offset=known, timeout_s=0, allowed=KINDS)
        async with world.tools.acting(None, EVERYONE) as act:
            for one in raw:
                update = read_update(one)
                assert update is not None
                if isinstance(update.event, ChatMemberUpdate):
                    await membership_changed(act, bot, update.event)
                world._offsets[bot.id] = update.update_id + 1


async def verify(world: World) -> Channel:
    return await verify_channel(world.tools, project_id=world.project_id, channel_id=world.places[0].row.id)


async def looked(world: World) -> Looked:
    """What the bots see of the channel at this moment, not written down yet."""
    number = world.places[0].row.id
    async with world.tools.reading(None, world.project_id) as act:
        channel, claimer = (await claimed_channels(act, [number]))[number]
        eyes = await eyes_of(act, LOOKING)
    seen = await inspect(world.tools.telegram, target_of_channel(channel), eyes=eyes, claimer=claimer)
    return Looked(channel, seen, None)


async def standing(world: World) -> tuple[str, str | None, list[tuple[str, str, str | None]]]:
    async with world.tools.reading(None, EVERYONE) as act:
        channel = await act.session.scalar(select(Channel).order_by(Channel.id))
        assert channel is not None
        seats = (await seats_of(act, [channel.id])).get(channel.id, [])
        return channel.state, channel.reason, [(bot.username, seat.state, seat.reason) for seat, bot in seats]


WELL = ("active", None, [("city_bot", "active", None)])


async def run_jobs(world: World) -> None:
    await Runner(world.tools, HANDLES).run_due()


async def settled(world: World) -> None:
    """The world after the second look and what the bots heard of being added."""
    await hear(world)
    world.clock.advance(SECOND_LOOK.total_seconds())
    await run_jobs(world)


async def test_a_check_that_finds_all_well_changes_nothing_but_its_time(world: World) -> None:
    world.clock.advance(60)
    assert (await verify(world)).checked_at == world.clock.now()
    assert await standing(world) == WELL


async def test_looks_that_are_written_down_together_each_get_their_own_channel(world: World) -> None:
    for title in ("Sports", "Weather", "Culture", "Traffic"):
        await world.add_channel(title)
    first, *others = (place.row.id for place in world.places)
    world.clock.advance(60)
    asked = (*reversed(others), first, first, 9999)
    looks = (verify_channel(world.tools, project_id=world.project_id, channel_id=number) for number in asked)
    *found, missing = await asyncio.gather(*looks, return_exceptions=True)
    assert [(one.id, one.checked_at) for one in found if isinstance(one, Channel)] == [
        (number, world.clock.now()) for number in asked[:-1]
    ]
    assert isinstance(missing, NotFound)


async def test_of_two_looks_at_a_channel_that_are_written_down_together_the_second_is_taken_once_more(
    world: World,
) -> None:
    bot, place = await world.add_bot("second"), world.places[0]
    await world.invite(bot, place.id, place.group_id)
    await world.take_in()
    await world.work()
    earlier = await looked(world)
    await put(world, place.group_id, bot.telegram_id, status="kicked")
    later = await looked(world)
    world.clock.advance(10)
    left = await take_down(world.tools, world.project_id, [later, earlier])
    assert [one if isinstance(one, str) else "written" for one in left] == ["written", "overtaken"]
    assert ("second_bot", "lost", "bot_not_in_group") in (await standing(world))[2]


async def test_a_bot_put_out_of_the_group_suspends_the_channel_and_coming_back_reopens_it(
    world: World,
) -> None:
    bot, place = world.bots[0], world.places[0]
    await put(world, place.group_id, bot.telegram_id, status="kicked")
    await verify(world)
    lost = [("city_bot", "lost", "bot_not_in_group")]
    assert await standing(world) == ("suspended", "bot_not_in_group", lost)
    async with world.tools.reading(None, EVERYONE) as act:
        assert await channels_heard_by(act, bot.id) == []
    await put(world, place.group_id, bot.telegram_id, status="administrator", **GROUP_RIGHTS)
    await verify(world)
    assert await standing(world) == WELL


async def test_the_reason_names_the_bot_it_hangs_on(world: World) -> None:
    await put(world, world.places[0].id, world.bots[0].telegram_id, status="left")
    channel = await verify(world)
    async with world.tools.reading(None, EVERYONE) as act:
        told = await reasons_of(act, [channel])
    assert told[channel.id] == "@city_bot is not an admin of this channel. Add it."


async def test_an_owner_who_is_no_longer_an_admin_suspends_the_channel(world: World) -> None:
    await demote_anna(world)
    await verify(world)
    assert await standing(world) == ("suspended", "owner_lost", [("city_bot", "active", None)])


async def test_one_bot_of_two_loses_its_seat_and_the_channel_stays(world: World) -> None:
    second = await world.add_bot("second")
    await world.invite(second, world.places[0].id, world.places[0].group_id)
    await verify(world)
    await put(world, world.places[0].id, world.bots[0].telegram_id, status="left")
    await verify(world)
    lost = ("city_bot", "lost", "bot_not_in_channel")
    assert await standing(world) == ("active", None, [lost, ("second_bot", "active", None)])


async def test_a_paused_bot_keeps_its_seat(world: World) -> None:
    async with world.tools.acting(world.anna, world.project_id) as act:
        await pause_bot(act, world.bots[0].id)
    await verify(world)
    assert await standing(world) == WELL


async def test_without_any_bot_the_channel_is_suspended(world: World) -> None:
    async with world.tools.acting(world.anna, world.project_id) as act:
        await remove_bot(act, world.bots[0].id)
    await verify(world)
    assert await standing(world) == ("suspended", "no_bots", [])


async def test_a_revoked_token_found_by_a_check_stops_the_bot(world: World) -> None:
    world.sandbox.world.renew_token(world.sandbox.world.bots[world.bots[0].telegram_id])
    await verify(world)
    assert await standing(world) == ("suspended", "bot_refused", [("city_bot", "lost", "bot_refused")])
    async with world.tools.reading(None, world.project_id) as act:
        assert (await find_bot(act, world.bots[0].id)).status == "REVOKED"


async def test_another_group_is_learnt(world: World) -> None:
    other_channel, other_group = await world.make_channel("Other")
    await world.control("PUT", f"/channels/{other_channel}/group", group_id=None)
    await world.control("PUT", f"/channels/{world.places[0].id}/group", group_id=other_group)
    await verify(world)
    assert (await standing(world))[:2] == ("suspended", "bot_not_in_group")
    await put(world, other_group, world.bots[0].telegram_id, status="administrator", **GROUP_RIGHTS)
    assert (await verify(world)).group_id == other_group
    assert await standing(world) == WELL


@pytest.mark.parametrize("status", [502, 429])
async def test_silence_of_telegram_suspends_nothing_and_is_waited_for(world: World, status: int) -> None:
    fault = {"kind": "flood", "value": 7} if status == 429 else {"kind": "http", "value": status}
    await world.control("POST", "/faults", times=1, **fault)
    outcome = await check_channel(world.tools, CheckChannel(world.project_id, world.places[0].row.id))
    assert outcome == Snooze(7 if status == 429 else 60)
    assert await standing(world) == WELL


async def test_a_check_ends_in_a_storm_of_429s(world: World) -> None:
    """It goes on where it was told to slow down: begun anew each time it would hardly ever hear every answer."""
    await settled(world)
    await put(world, world.places[0].group_id, world.bots[0].telegram_id, status="left")
    await hear(world)
    await world.invite(world.bots[0], world.places[0].id, world.places[0].group_id)
    await hear(world)
    await world.control("POST", "/faults", kind="flood", value=30, probability=0.8, seed=5)
    job = CheckChannel(world.project_id, world.places[0].row.id)
    calls = 0
    while isinstance(await check_channel(world.tools, job), Snooze):
        calls += 1
        world.clock.advance(30)
        assert calls < 60
    assert calls > 5
    assert await standing(world) == WELL


async def test_answers_from_before_something_was_told_are_worth_nothing(world: World) -> None:
    """The last question of a look is put off; meanwhile the bot is put out, and that is told."""
    await settled(world)
    job = CheckChannel(world.project_id, world.places[0].row.id)
    await world.control("POST", "/faults", kind="flood", value=30, method="getChatAdministrators", times=1)
    assert isinstance(await check_channel(world.tools, job), Snooze)
    await put(world, world.places[0].group_id, world.bots[0].telegram_id, status="left")
    await hear(world)
    assert isinstance(await check_channel(world.tools, job), Done)
    assert (await standing(world))[0] == "suspended"


async def test_a_check_of_a_channel_that_is_gone_is_cancelled(world: World) -> None:
    outcome = await check_channel(world.tools, CheckChannel(world.project_id, 999))
    assert isinstance(outcome, Cancel)


async def test_every_channel_is_looked_at_once_a_day(world: World) -> None:
    await settled(world)
    await put(world, world.places[0].id, world.bots[0].telegram_id, status="left")
    world.clock.advance(timedelta(hours=23).total_seconds())
    assert await recheck_channels(world.tools, RecheckChannels()) == Done()
    world.clock.advance(SPREAD_S)
    await run_jobs(world)
    assert (await standing(world))[0] == "active"
    world.clock.advance(timedelta(hours=2).total_seconds())
    await recheck_channels(world.tools, RecheckChannels())
    world.clock.advance(SPREAD_S)
    await run_jobs(world)
    assert (await standing(world))[0] == "suspended"


async def test_a_demotion_of_the_bot_suspends_at_once_and_its_return_reopens(world: World) -> None:
    await settled(world)
    bot, place = world.bots[0], world.places[0]
    await put(world, place.id, bot.telegram_id, status="left")
    await hear(world)
    lost = [("city_bot", "lost", "bot_not_in_channel")]
    assert await standing(world) == ("suspended", "bot_not_in_channel", lost)
    await put(world, place.id, bot.telegram_id, status="administrator", **CHANNEL_RIGHTS)
    await hear(world)
    await run_jobs(world)
    assert await standing(world) == WELL


@pytest.mark.parametrize("rights", [{"is_anonymous": True, "can_delete_messages": True}, None])
async def test_in_the_group_it_must_be_an_admin_by_name(world: World, rights: dict[str, bool] | None) -> None:
    await settled(world)
    status = "administrator" if rights else "member"
    await put(world, world.places[0].group_id, world.bots[0].telegram_id, status=status, **rights or {})
    await hear(world)
    assert (await standing(world))[:2] == ("suspended", "bot_anonymous" if rights else "bot_not_in_group")


async def test_a_demotion_of_the_owner_suspends_at_once_and_their_return_reopens(world: World) -> None:
    await settled(world)
    await demote_anna(world)
    await hear(world)
    assert (await standing(world))[:2] == ("suspended", "owner_lost")
    await put(world, world.places[0].id, world.telegram_ids["anna"], status="administrator", can_post_messages=True)
    await hear(world)
    await run_jobs(world)
    assert await standing(world) == WELL


async def test_it_concerns_nobody_that_another_admin_leaves(world: World) -> None:
    await settled(world)
    for status in ("administrator", "left"):
        await put(world, world.places[0].id, world.telegram_ids["vera"], status=status)
    await hear(world)
    assert await standing(world) == WELL


async def test_a_bot_added_later_gets_its_seat_by_itself(world: World) -> None:
    await settled(world)
    second = await world.add_bot("second")
    await world.invite(second, world.places[0].id, world.places[0].group_id)
    await hear(world)
    await run_jobs(world)
    assert await standing(world) == ("active", None, [*WELL[2], ("second_bot", "active", None)])


async def test_a_look_that_was_overtaken_by_a_demotion_is_taken_again(world: World) -> None:
    """While Telegram answers about the group, the bot is put out of the channel, and this is told."""
    await settled(world)
    place = world.places[0]
    await world.control("POST", "/faults", kind="delay", chat_id=place.group_id, value=5, times=1)
    looking = asyncio.create_task(verify(world))
    while not world.clock._sleepers:  # noqa: ASYNC110  nobody rings when a request has arrived
        await asyncio.sleep(0.001)
    world.clock.advance(1)
    await put(world, place.id, world.bots[0].telegram_id, status="left")
    await hear(world)
    world.clock.advance(5)
    await looking
    assert (await standing(world))[:2] == ("suspended", "bot_not_in_channel")


async def test_a_forward_from_an_unknown_place_has_the_channel_looked_at(world: World) -> None:
    await settled(world)
    await world.control("PUT", f"/channels/{world.places[0].id}/group", group_id=None)
    async with world.tools.acting(None, EVERYONE) as act:
        bot = await act.session.get(Bot, world.bots[0].id)
        assert bot is not None
        await link_changed(act, bot, channel_telegram_id=world.places[0].id, group_id=-1009999999999)
    await run_jobs(world)
    assert (await standing(world))[:2] == ("suspended", "no_group")


async def test_suspensions_are_written_down_once(world: World) -> None:
    await settled(world)
    await put(world, world.places[0].id, world.bots[0].telegram_id, status="left")
    await hear(world)
    await verify(world)
    await verify(world)
    async with world.tools.reading(None, world.project_id) as act:
        events = await act.session.scalars(select(Event).where(Event.kind.like("channel_%")).order_by(Event.id))
        assert [event.kind for event in events] == ["channel_connected", "channel_suspended"]


async def test_a_removed_channel_is_gone_with_its_seats(world: World) -> None:
    async with world.tools.acting(world.people["boris"], world.project_id) as act:
        with pytest.raises(Refused):
            await remove_channel(act, world.places[0].row.id)
    async with world.tools.acting(world.anna, world.project_id) as act:
        await remove_channel(act, world.places[0].row.id)
    with pytest.raises(NotFound):
        await verify(world)
    async with world.tools.reading(None, EVERYONE) as act:
        assert await seats_of(act, [world.places[0].row.id]) == {}
