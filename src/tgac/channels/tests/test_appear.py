"""Channels that appear by themselves, claims, and what ends them."""

import pytest
from sqlalchemy import select
from tests.support.world import CHANNEL_RIGHTS, GROUP_RIGHTS, World

from tgac.channels.appear import UNCLAIMED_MOST
from tgac.channels.change import change_channel, remove_channel
from tgac.channels.connect import claim_channel
from tgac.channels.models import Channel
from tgac.channels.tests.test_pending import looked_at, put, seats
from tgac.kit.errors import AppError, Refused
from tgac.kit.tenancy import EVERYONE
from tgac.people.members import leave_project
from tgac.people.models import Member


async def channel_of(world: World, telegram_id: int) -> Channel | None:
    async with world.tools.reading(None, EVERYONE) as act:
        found: Channel | None = await act.session.scalar(select(Channel).where(Channel.telegram_id == telegram_id))
        return found


async def standing(world: World, telegram_id: int) -> tuple[str, str | None] | None:
    found = await channel_of(world, telegram_id)
    return None if found is None else (found.state, found.reason)


async def let_in(world: World, name: str, role: str) -> None:
    async with world.tools.acting(None, EVERYONE) as act:
        user = world.people[name].user_id
        act.session.add(Member(project_id=world.project_id, user_id=user, role=role))


async def test_a_channel_appears_when_a_member_who_may_edit_adds_the_bot(world: World) -> None:
    sport, group = await world.make_channel("Sport")
    await world.invite(world.bots[0], sport, group)
    await world.work()
    found = await channel_of(world, sport)
    assert found is not None
    assert (found.state, found.claimed_by, found.title) == ("active", world.anna.user_id, "Sport")
    assert await seats(world, found) == [("city_bot", "active")]


@pytest.mark.parametrize("owner", ["boris", "vera"])
async def test_added_by_anybody_else_it_waits_for_a_member_who_is_its_admin(world: World, owner: str) -> None:
    """Boris is a member who may only look, Vera none at all."""
    sport, group = await world.make_channel("Sport", owner=owner)
    await world.invite(world.bots[0], sport, group)
    await world.work()
    assert await standing(world, sport) == ("pending", "unclaimed")
    found = await channel_of(world, sport)
    assert found is not None
    assert await seats(world, found) == [], "strangers use up no seats"
    with pytest.raises(AppError) as refused:
        await claim_channel(world.tools, world.anna, project_id=world.project_id, channel_id=found.id)
    assert refused.value.code == "not_your_channel"
    assert await standing(world, sport) == ("pending", "unclaimed")
    await put(world, sport, world.telegram_ids["anna"], CHANNEL_RIGHTS)
    await claim_channel(world.tools, world.anna, project_id=world.project_id, channel_id=found.id)
    assert await standing(world, sport) == ("active", None)


async def test_claiming_asks_for_the_right_to_edit(world: World) -> None:
    sport, group = await world.make_channel("Sport", owner="boris")
    await world.invite(world.bots[0], sport, group)
    await world.work()
    found = await channel_of(world, sport)
    assert found is not None
    with pytest.raises(Refused):
        await claim_channel(world.tools, world.people["boris"], project_id=world.project_id, channel_id=found.id)


async def test_a_bot_that_is_only_a_member_or_in_a_group_brings_nothing(world: World) -> None:
    sport, group = await world.make_channel("Sport")
    await put(world, sport, world.bots[0].telegram_id, status="member")
    await put(world, group, world.bots[0].telegram_id, GROUP_RIGHTS)
    await world.work()
    assert await channel_of(world, sport) is None
    assert await channel_of(world, group) is None


async def test_what_appeared_goes_when_the_bot_goes_before_it_was_confirmed(world: World) -> None:
    sport, group = await world.make_channel("Sport", owner="vera")
    await world.invite(world.bots[0], sport, group)
    await world.work()
    assert await standing(world, sport) == ("pending", "unclaimed")
    world.clock.advance(5)
    await put(world, sport, world.bots[0].telegram_id, status="left")
    await world.work()
    assert await channel_of(world, sport) is None


async def test_a_look_by_a_bot_that_is_not_there_and_a_rest_in_the_archive_lose_nothing(world: World) -> None:
    second = await world.add_bot("second")
    sport, group = await world.make_channel("Sport")
    await put(world, sport, world.bots[0].telegram_id, CHANNEL_RIGHTS)
    await world.work()
    found = await channel_of(world, sport)
    assert found is not None
    assert await looked_at(world, found, second) == ("pending", "bot_not_in_channel", second.id)
    await put(world, group, world.bots[0].telegram_id, GROUP_RIGHTS)
    assert (await looked_at(world, found))[0] == "active"
    async with world.tools.acting(world.anna, world.project_id) as act:
        await change_channel(act, found.id, state="archived")
        await change_channel(act, found.id, state="active")
    await put(world, sport, world.bots[0].telegram_id, status="left")
    assert (await looked_at(world, found))[:2] == ("pending", "bot_not_in_channel")
    assert await channel_of(world, sport) is not None


async def test_a_channel_in_the_archive_does_not_appear_once_more(world: World) -> None:
    place = world.places[0]
    async with world.tools.acting(world.anna, world.project_id) as act:
        await change_channel(act, place.row.id, state="archived")
    await put(world, place.id, world.bots[0].telegram_id, status="left")
    await world.work()
    await world.invite(world.bots[0], place.id, place.group_id)
    await world.work()
    assert await standing(world, place.id) == ("archived", None)


async def test_strangers_fill_a_project_with_channels_only_so_far(world: World) -> None:
    async with world.tools.acting(None, world.project_id) as act:
        for n in range(UNCLAIMED_MOST - 1):
            waiting = Channel(telegram_id=-n - 1, title=f"Spam {n}", state="pending", appeared_by=7, created_at=act.now)
            waiting.checked_at = act.now
            act.session.add(waiting)
    made = [await world.make_channel(f"Number {n}", owner="vera") for n in range(2)]
    for channel_id, group_id in made:
        await world.invite(world.bots[0], channel_id, group_id)
        await world.work()
    assert [await standing(world, channel_id) for channel_id, _ in made] == [("pending", "unclaimed"), None]
    mine, group = await world.make_channel("Mine")
    await world.invite(world.bots[0], mine, group)
    await world.work()
    assert await standing(world, mine) == ("active", None)


async def test_the_claim_ends_with_the_membership_until_another_member_claims(world: World) -> None:
    place = world.places[0]
    await let_in(world, "vera", "owner")
    async with world.tools.acting(world.anna, world.project_id) as act:
        await leave_project(act)
    await world.work()
    assert await standing(world, place.id) == ("suspended", "claimer_left")
    vera = world.people["vera"]
    with pytest.raises(AppError):
        await claim_channel(world.tools, vera, project_id=world.project_id, channel_id=place.row.id)
    await put(world, place.id, world.telegram_ids["vera"], CHANNEL_RIGHTS)
    await claim_channel(world.tools, vera, project_id=world.project_id, channel_id=place.row.id)
    assert await standing(world, place.id) == ("active", None)


async def test_a_check_that_waits_for_telegram_holds_up_none_that_is_wanted_at_once(world: World) -> None:
    await world.work()
    await world.wait(120)
    await world.control("POST", "/faults", kind="flood", chat_id=world.places[0].id, value=600, times=1)
    await put(world, world.places[0].group_id, world.bots[0].telegram_id, status="administrator")
    await world.work()
    await world.wait(5)
    await put(world, world.places[0].group_id, world.bots[0].telegram_id, status="left")
    await world.work()
    assert await standing(world, world.places[0].id) == ("suspended", "bot_not_in_group")
    await world.wait(5)
    await put(world, world.places[0].group_id, world.bots[0].telegram_id, GROUP_RIGHTS)
    await world.work()
    assert await standing(world, world.places[0].id) == ("active", None)


async def test_a_removed_channel_appears_when_the_bot_is_added_anew(world: World) -> None:
    place = world.places[0]
    await world.work()
    async with world.tools.acting(world.anna, world.project_id) as act:
        await remove_channel(act, place.row.id)
    await put(world, place.id, world.bots[0].telegram_id, status="left")
    await world.work()
    assert await channel_of(world, place.id) is None
    await put(world, place.id, world.bots[0].telegram_id, CHANNEL_RIGHTS)
    await world.work()
    found = await channel_of(world, place.id)
    assert found is not None
    assert (found.state, found.claimed_by) == ("active", world.anna.user_id)
