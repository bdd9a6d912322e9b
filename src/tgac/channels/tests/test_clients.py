"""Connect links: Vera is a client, and has no business in the panel."""

from typing import Any

import pytest
from sqlalchemy import func, select
from tests.support.world import CHANNEL_RIGHTS, GROUP_RIGHTS, World

from tgac.channels.clients import CLIENT_PREFIX, LINK_LIVES, connect_links, make_connect_link, revoke_connect_link
from tgac.channels.clients_models import ConnectLink
from tgac.channels.tests.test_appear import channel_of, standing
from tgac.channels.tests.test_pending import put
from tgac.kit.errors import Invalid, Refused
from tgac.kit.telegram.updates import offset_after, read_update
from tgac.kit.tenancy import EVERYONE
from tgac.people.models import Member, User
from tgac.people.service_bot import handle_service_update
from tgac.wiring import ANSWERS


class Chat:
    """Vera's private chat with the service bot."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.offset: int | None = None
        self.path = f"/private/{world.service_bot['id']}/{world.telegram_ids['vera']}/messages"

    async def start(self, payload: str) -> dict[str, Any]:
        """She presses the link; gives what the bot answered."""
        await self.world.control("POST", self.path, text=f"/start {payload}")
        token = self.world.tools.config.telegram_bot_token
        raw = await self.world.tools.telegram.get_updates(token, offset=self.offset, timeout_s=0, allowed=["message"])
        for one in raw:
            update = read_update(one)
            assert update is not None
            await handle_service_update(self.world.tools, update, answers=ANSWERS)
        self.offset = offset_after(raw, self.offset)
        return (await self.said())[-1]

    async def said(self) -> list[dict[str, Any]]:
        """What the bot has written to her."""
        messages = await self.world.control("GET", self.path)
        return [one for one in messages if one["from"]["is_bot"]]


def buttons(message: dict[str, Any]) -> list[str]:
    """The addresses behind a message's buttons."""
    return [one["url"] for row in message["reply_markup"]["inline_keyboard"] for one in row]


async def made(world: World) -> tuple[int, str]:
    async with world.tools.acting(world.anna, world.project_id) as act:
        link, secret = await make_connect_link(act, "Vera's shop")
        return link.id, CLIENT_PREFIX + secret.reveal()


async def hers(world: World, title: str = "Vera writes") -> tuple[int, int]:
    """A channel of hers to which she has just added the bot."""
    channel_id, group_id = await world.make_channel(title, owner="vera")
    await put(world, channel_id, world.bots[0].telegram_id, CHANNEL_RIGHTS)
    await world.work()
    await world.wait(1)
    return channel_id, group_id


async def test_a_client_connects_a_channel_and_hears_of_every_step(world: World) -> None:
    chat, (_, payload) = Chat(world), await made(world)
    greeting = await chat.start(payload)
    assert "The project “City” of the panel" in greeting["text"]
    assert [url.rpartition("?")[2].partition("&")[0] for url in buttons(greeting)] == [
        "startchannel",
        "startgroup=comments",
    ]
    channel_id, group_id = await hers(world)
    assert await standing(world, channel_id) == ("pending", "bot_not_in_group")
    missing = (await chat.said())[-1]
    assert "not connected yet. @city_bot is not an admin of the channel's discussion group." in missing["text"]
    assert "startgroup" in buttons(missing)[0]
    await put(world, group_id, world.bots[0].telegram_id, GROUP_RIGHTS)
    await world.work()
    assert await standing(world, channel_id) == ("active", None)
    assert "“Vera writes” is connected" in (await chat.said())[-1]["text"]
    found = await channel_of(world, channel_id)
    assert found is not None
    assert (found.claimed_by, found.client_telegram_id) == (None, world.telegram_ids["vera"])


async def test_no_account_and_no_membership_is_made(world: World) -> None:
    async def counts() -> tuple[int | None, int | None]:
        async with world.tools.reading(None, EVERYONE) as act:
            return (
                await act.session.scalar(select(func.count(User.id))),
                await act.session.scalar(select(func.count(Member.id))),
            )

    before = await counts()
    await Chat(world).start((await made(world))[1])
    await hers(world)
    assert await counts() == before


async def test_a_client_who_loses_the_channel_ends_the_comments_there(world: World) -> None:
    chat = Chat(world)
    await chat.start((await made(world))[1])
    channel_id, group_id = await hers(world)
    await put(world, group_id, world.bots[0].telegram_id, GROUP_RIGHTS)
    await world.work()
    assert await standing(world, channel_id) == ("active", None)
    there = world.sandbox.world.chats[channel_id]
    there.owner_id = world.telegram_ids["boris"]
    there.members[world.telegram_ids["vera"]].status = "administrator"
    await world.wait(5)
    await put(world, channel_id, world.telegram_ids["vera"], status="member")
    await world.work()
    assert await standing(world, channel_id) == ("suspended", "owner_lost")
    assert "Nothing is sent in “Vera writes” any more." in (await chat.said())[-1]["text"]


@pytest.mark.parametrize("end", ["revoked", "too old", "its maker may no longer edit"])
async def test_a_link_that_has_ended_opens_nothing(world: World, end: str) -> None:
    chat, (link_id, payload) = Chat(world), await made(world)
    await chat.start(payload)
    async with world.tools.acting(world.anna, world.project_id) as act:
        if end == "revoked":
            await revoke_connect_link(act, link_id)
        elif end != "too old":
            anna = select(Member).where(Member.user_id == world.anna.user_id)
            (await act.session.scalars(anna)).one().role = "viewer"
    if end == "too old":
        world.clock.advance(LINK_LIVES.total_seconds())
    assert "revoked or too old" in (await chat.start(payload))["text"]
    if end != "its maker may no longer edit":
        channel_id, _ = await hers(world)
        assert await standing(world, channel_id) == ("pending", "unclaimed")


async def test_only_the_hash_of_a_link_is_kept_and_who_may_edit_makes_them(world: World) -> None:
    _, payload = await made(world)
    async with world.tools.reading(world.anna, world.project_id) as act:
        (link,) = await act.session.scalars(select(ConnectLink))
        assert payload.removeprefix(CLIENT_PREFIX) not in str(vars(link))
        assert [(one.row.name, one.made_by, one.clients) for one in await connect_links(act)] == [
            ("Vera's shop", "anna", 0)
        ]
    async with world.tools.acting(world.people["boris"], world.project_id) as act:
        with pytest.raises(Refused):
            await make_connect_link(act, "Mine")
        with pytest.raises(Refused):
            await revoke_connect_link(act, link.id)
    async with world.tools.acting(world.anna, world.project_id) as act:
        with pytest.raises(Invalid):
            await make_connect_link(act, "  ")


async def test_a_bot_without_rights_to_be_shown_is_told_as_a_guard(world: World) -> None:
    made_bot = await world.control("POST", "/bots", name="Guard", username="guard_bot")
    place = world.places[0]
    await put(world, place.group_id, made_bot["id"], GROUP_RIGHTS)
    harmless = await world.control("POST", "/bots", name="Poller", username="poll_bot")
    await put(world, place.group_id, harmless["id"], {"can_pin_messages": True})
    await world.wait(100)
    await world.wait(100)
    found = await channel_of(world, place.id)
    assert found is not None
    assert found.guards == ["guard_bot"], "ours may delete too, and the other one may not"
