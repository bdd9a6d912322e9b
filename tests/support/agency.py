"""An agency's project as a person meets it on a bad day, beside an empty one; rows stand still, no worker runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from playwright.async_api import StorageState

from tests.support.browser import free_port
from tests.support.world import World, an_empty_world
from tgac.bots.imports import begin_import
from tgac.bots.models import Bot, BotStatus, Seat, SeatState
from tgac.bots.service import describe_bot
from tgac.channels import reasons
from tgac.channels.models import Channel, ChannelState
from tgac.channels.playlists import create_playlist
from tgac.kit.act import Act
from tgac.kit.secrets import hash_secret
from tgac.kit.tenancy import EVERYONE, NO_PROJECT, Role
from tgac.onboarding.models import Item
from tgac.onboarding.progress import settle_item
from tgac.onboarding.queries import items_of
from tgac.onboarding.service import start_run
from tgac.people.members import invite
from tgac.people.models import LoginSession, Member
from tgac.people.projects import create_project
from tgac.processes.api import serving
from tgac.proxies.models import Proxy, ProxyState
from tgac.wiring import guarded, make_app

SESSION = "s" * 43
EMPTY, FULL = 1, 2
TITLES = (
    "Городские новости и происшествия: главное за сутки без рекламы и лишних слов",
    "🔥 Скидки дня: техника, билеты, доставка еды",
    "أخبار المدينة والمنطقة الشرقية",
    "The Weekly Review of Compilers, Databases and Other Slow Things That Matter",
    "Кулинарный дневник",
    "Tech weekly",
)
BOTS = ("city_helper", "second_desk", "kitchen_hand", "a_rather_long_name_of_a_desk", "night_shift", "spare")
WRONG = (
    (ChannelState.SUSPENDED, reasons.BOT_NOT_IN_GROUP),
    (ChannelState.SUSPENDED, reasons.OWNER_LOST),
    (ChannelState.SUSPENDED, reasons.NO_GROUP),
    (ChannelState.SUSPENDED, reasons.REFUSED_BY_TELEGRAM),
    (ChannelState.PENDING, reasons.CHAT_NOT_FOUND),
    (ChannelState.PENDING, reasons.UNCLAIMED),
    (ChannelState.PENDING, None),
    (ChannelState.ARCHIVED, None),
)


@dataclass(frozen=True, slots=True)
class Agency:
    """Where its panel answers, and how to be signed in there as Anna."""

    panel: str
    world: World
    state: StorageState


@asynccontextmanager
async def an_agency(folder: Path) -> AsyncIterator[Agency]:
    """The panel over the two projects: 1 is empty, 2 has everything and much of it fails."""
    port = free_port()
    panel = f"http://127.0.0.1:{port}"
    async with an_empty_world("sqlite", folder, port=port, base_url=panel, review_days=3) as world:
        await _furnish(world)
        cookie = {"name": "tgac_session", "value": SESSION, "domain": "127.0.0.1", "path": "/"}
        app = make_app(world.tools)
        async with serving(guarded(app), host="127.0.0.1", port=port):
            yield Agency(panel, world, {"cookies": [cookie], "origins": []})  # type: ignore[list-item,typeddict-item]
            app.state.streams.end()


async def _furnish(world: World) -> None:
    tools, anna = world.tools, world.anna
    async with tools.acting(anna, EVERYONE) as act:
        await create_project(act, "Fresh start")
        full = await create_project(act, "Агентство «Северный ветер»: клиентские каналы")
        boris = world.people["boris"].user_id
        act.session.add(Member(project_id=full.id, user_id=boris, role="viewer"))
    world.project_id = full.id
    async with tools.acting(None, NO_PROJECT) as act:
        act.session.add(_session(act, anna.user_id))
    for name in BOTS:
        await world.add_bot(name)
    for title in ("City news", "Cooking", "Bargains"):
        await world.add_channel(title)
    await world.add_task(timing={"delay": {"min_s": 30, "max_s": 900}})
    await _publish(world)
    async with tools.acting(anna, full.id) as act:
        await _spoil(act, world)
    async with tools.acting(anna, full.id) as act:
        await _begin(act, world)


def _session(act: Act, user_id: int) -> LoginSession:
    return LoginSession(
        user_id=user_id,
        secret_hash=hash_secret(SESSION),
        browser="Chrome on Windows",
        address="203.0.113.9",
        created_at=act.now,
        seen_at=act.now,
        expires_at=act.now + timedelta(days=9),
    )


async def _publish(world: World) -> None:
    """Posts of every kind; comments wait for approval in the review period, then some are sent."""
    await world.post("A first post, whose comment waits for approval. " * 8, world.places[0])
    await world.wait(60)
    await world.wait(4 * 86_400)
    await world.post("Борщ по-домашнему: свёкла, терпение и ложка уксуса. #рецепты", world.places[1])
    await world.post("أهلاً وسهلاً بكم في القناة", world.places[0])
    await world.work()
    await world.wait(900)
    await world.post("Пост, комментарий к которому ещё не отправлен", world.places[2])
    await world.post("Saturday in pictures", world.places[1], album=["photo", "photo"])
    await world.work()


async def _spoil(act: Act, world: World) -> None:
    """Rows as they stand when things go wrong."""
    helper, second, kitchen, long, night, _spare = [await act.session.get_one(Bot, bot.id) for bot in world.bots]
    second.status, second.is_paused = BotStatus.PAUSED, True
    kitchen.status, kitchen.reason = BotStatus.REVOKED, "Unauthorized"
    long.failing_since, long.reason = act.now - timedelta(hours=30), "the proxy did not answer in time"
    long.health_at = act.now - timedelta(minutes=4)
    night.failing_since, night.reason = act.now - timedelta(minutes=30), "Telegram did not answer"
    await describe_bot(act, helper.id, tags=["north", "клиент-а"], note="Belongs to the agency's oldest client.")
    for place, title in zip(world.places, TITLES, strict=False):
        (await act.session.get_one(Channel, place.row.id)).title = title
    for number in range(37):
        act.session.add(_channel(act, number, bot_id=kitchen.id))
    await act.flush()
    for number in range(4, 20):
        seat = Seat(bot_id=helper.id, channel_id=number, state=SeatState.ACTIVE, checked_at=act.now)
        seat.reason = None
        if number % 5 == 0:
            seat.state, seat.reason = SeatState.LOST, reasons.BOT_NOT_IN_GROUP
        act.session.add(seat)
    for number, state in enumerate((ProxyState.WORKING, ProxyState.FAILING, ProxyState.UNCHECKED)):
        act.session.add(_proxy(act, number, state))


def _channel(act: Act, number: int, *, bot_id: int) -> Channel:
    state, reason = WRONG[number] if number < len(WRONG) else (ChannelState.ACTIVE, None)
    named = state == ChannelState.PENDING
    seen = not named or reason == reasons.UNCLAIMED
    return Channel(
        telegram_id=-1001000000000 - number if seen else None,
        ref=f"@client_{number}" if named else None,
        title=TITLES[number % len(TITLES)] + (f" · {number}" if number >= len(TITLES) else "")
        if seen
        else f"@client_{number}",
        username=f"client_channel_{number}" if seen and number % 3 else None,
        group_id=-1002000000000 - number if seen and reason != reasons.NO_GROUP else None,
        group_title=f"Обсуждение: {TITLES[number % len(TITLES)]}" if seen and reason != reasons.NO_GROUP else "",
        state=state,
        reason=reason,
        reason_bot_id=bot_id if reason else None,
        checked_at=act.now - timedelta(minutes=number),
        posted_at=act.now - timedelta(hours=number) if number % 2 else None,
        created_at=act.now - timedelta(days=9),
    )


def _proxy(act: Act, number: int, state: ProxyState) -> Proxy:
    return Proxy(
        scheme="socks5",
        host=f"proxy-{number}.frankfurt.a-rather-long-name-of-a-provider.example.com",
        port=1080,
        username="agency",
        state=state,
        reason="The proxy refused the user name or the password." if state == ProxyState.FAILING else None,
        latency_ms=184 if state == ProxyState.WORKING else None,
        checked_at=None if state == ProxyState.UNCHECKED else act.now - timedelta(minutes=7),
        created_at=act.now,
    )


async def _begin(act: Act, world: World) -> None:
    """What people have begun: a playlist, a list of bots, a run, an invitation."""
    await create_playlist(act, "Клиент А: новостные каналы северных городов", [1, 2, 3, 4, 5, 9])
    await begin_import(act, f"{world.tokens[0]}\nnot a token\n123456789:AAE-a_token_nobody_knows_of_it_at_all")
    started = await start_run(act, ["@client_one", "@client_two", "@client_6"], with_trial=True)
    for item in await items_of(act, started.run.id):
        await settle_item(act, await act.session.get_one(Item, item.id))
    await invite(act, Role.EDITOR, username="a_rather_long_name_of_somebody")
