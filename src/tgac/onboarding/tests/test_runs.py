"""A run brings channels from a name to being served; each says what is missing, and goes on when that is mended."""

from tests.support.world import World

from tgac.channels import reasons
from tgac.onboarding import steps
from tgac.onboarding.models import RunState, Step
from tgac.onboarding.tests.desk import a_channel, admit, begin, row, seen, welcome


async def test_a_channel_where_all_is_well_is_ready_by_itself(world: World) -> None:
    tram = await a_channel(world, "tram")
    await welcome(world, tram, world.bots[0])
    run_id = await begin(world, "tram")
    await world.work()
    view = await seen(world, run_id)
    assert [(one.state, one.item.step, one.channel.state) for one in view.rows] == [("ready", "ready", "active")]
    assert view.run.state == RunState.DONE


async def test_a_channel_says_what_is_missing_and_goes_on_when_telegram_tells_that_it_is_mended(world: World) -> None:
    bot, tram = world.bots[0], await a_channel(world, "tram")
    run_id = await begin(world, "tram")
    await world.work()
    here = await row(world, run_id, "tram")
    assert (here.item.step, here.item.reason) == (Step.CHANNEL, reasons.BOT_NOT_IN_CHANNEL)
    assert here.mend is not None
    assert here.mend.href.endswith("/city_bot?startchannel&admin=manage_chat")
    await admit(world, tram.id, bot, can_manage_chat=True)
    await world.work()
    here = await row(world, run_id, "tram")
    assert (here.item.step, here.item.reason) == (Step.GROUP, reasons.BOT_NOT_IN_GROUP)
    assert here.mend is not None
    assert "startgroup" in here.mend.href
    await admit(world, tram.group_id, bot, is_anonymous=True, can_delete_messages=True)
    await world.work()
    here = await row(world, run_id, "tram")
    assert (here.item.step, here.item.reason) == (Step.RIGHTS, reasons.BOT_ANONYMOUS)
    await admit(world, tram.group_id, bot)
    await world.work()
    assert (await row(world, run_id, "tram")).state == "ready"


async def test_a_group_that_is_linked_later_is_seen_at_the_next_look(world: World) -> None:
    bot, tram = world.bots[0], await a_channel(world, "tram", group=False)
    await admit(world, tram.id, bot, can_manage_chat=True)
    run_id = await begin(world, "tram")
    await world.work()
    here = await row(world, run_id, "tram")
    assert here.item.reason == reasons.NO_GROUP
    assert here.mend is not None
    assert here.mend.href.endswith(f"/onboarding/{run_id}#link-a-group")
    other = await a_channel(world, "spare")
    await world.control("PUT", f"/channels/{other.id}/group", group_id=None)
    await world.control("PUT", f"/channels/{tram.id}/group", group_id=other.group_id)
    await admit(world, other.group_id, bot)
    await world.wait(75)
    assert (await row(world, run_id, "tram")).state == "ready"


async def test_a_channel_of_somebody_else_stays_outside(world: World) -> None:
    theirs = await a_channel(world, "theirs", owner="vera")
    await welcome(world, theirs, world.bots[0])
    run_id = await begin(world, "theirs")
    await world.work()
    here = await row(world, run_id, "theirs")
    assert (here.item.step, here.item.reason) == (Step.OWNER, reasons.CLAIMER_NOT_ADMIN)
    assert here.channel.state == "pending"


async def test_posts_with_buttons_hold_a_channel_up_until_one_comes_without(world: World) -> None:
    bot, tram = world.bots[0], await a_channel(world, "tram")
    run_id = await begin(world, "tram")
    await world.work()
    await admit(world, tram.id, bot, can_manage_chat=True)
    await world.work()
    keyboard = [[{"text": "Buy", "url": "https://example.org"}]]
    await world.control("POST", f"/channels/{tram.id}/posts", text="Sale", keyboard=keyboard)
    await world.work()
    await admit(world, tram.group_id, bot)
    await world.work()
    here = await row(world, run_id, "tram")
    assert (here.item.step, here.item.reason) == (Step.POSTS, steps.POST_HAS_BUTTONS)
    assert here.channel.state == "active"
    await world.control("POST", f"/channels/{tram.id}/posts", text="News")
    await world.wait(75)
    assert (await row(world, run_id, "tram")).state == "ready"
