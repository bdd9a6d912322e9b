"""An agency's project as a person meets it on a bad day, beside an empty one; rows stand still, no worker runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from playwright.async_api import StorageState
from sqlalchemy import select

from tests.support.browser import free_port
from tests.support.world import World, an_empty_world
from tgac.bots.imports import begin_import
from tgac.bots.models import Bot, BotStatus, Seat, SeatState
from tgac.bots.service import describe_bot
from tgac.channels import reasons
from tgac.channels.clients import accept_link, make_connect_link, revoke_connect_link
from tgac.channels.models import Channel, ChannelState
from tgac.channels.playlists import create_playlist
from tgac.comments.models import Comment
from tgac.kit.act import Act
from tgac.kit.secrets import hash_secret
from tgac.kit.tenancy import EVERYONE, NO_PROJECT, Role
from tgac.notices.service import look_for_trouble
from tgac.onboarding import steps
from tgac.onboarding.models import Item, RunState, Step, Trial
from tgac.onboarding.progress import settle_item
from tgac.onboarding.queries import items_of
from tgac.onboarding.service import cancel_run, start_run
from tgac.people.forms import NewToken
from tgac.people.members import change_role, invite
from tgac.people.models import LoginSession, Member, Project, User
from tgac.people.projects import create_project
from tgac.people.service import create_own_token
from tgac.processes.api import serving
from tgac.proxies.models import Proxy, ProxyState
from tgac.wiring import guarded, make_app

SESSIONS = {"anna": "s" * 43, "boris": "b" * 43}
EMPTY, FULL, STOPPED = 1, 2, 3
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
    (ChannelState.SUSPENDED, reasons.BOT_REFUSED),
    (ChannelState.PENDING, reasons.CHAT_NOT_FOUND),
    (ChannelState.PENDING, reasons.UNCLAIMED),
    (ChannelState.PENDING, None),
    (ChannelState.ARCHIVED, None),
)


@dataclass(frozen=True, slots=True)
class Agency:
    """Where its panel answers, and how to be signed in there, by name."""

    panel: str
    world: World
    states: dict[str, StorageState]


@asynccontextmanager
async def an_agency(folder: Path) -> AsyncIterator[Agency]:
    """The panel over the two projects: 1 is empty, 2 has everything and much of it fails."""
    port = free_port()
    panel = f"http://127.0.0.1:{port}"
    async with an_empty_world("sqlite", folder, port=port, base_url=panel, review_days=3) as world:
        await _furnish(world)
        async with world.tools.acting(None, world.project_id) as act:
            await look_for_trouble(act)
        states = {name: _signed_in(secret) for name, secret in SESSIONS.items()}
        app = make_app(world.tools)
        async with serving(guarded(app), host="127.0.0.1", port=port):
            yield Agency(panel, world, states)
            app.state.streams.end()


def _signed_in(secret: str) -> StorageState:
    cookie = {"name": "tgac_session", "value": secret, "domain": "127.0.0.1", "path": "/"}
    return {"cookies": [cookie], "origins": []}  # type: ignore[list-item]


async def _furnish(world: World) -> None:
    tools, anna = world.tools, world.anna
    async with tools.acting(anna, EVERYONE) as act:
        await create_project(act, "Fresh start")
        full = await create_project(act, "Агентство «Северный ветер»: клиентские каналы")
        boris = world.people["boris"].user_id
        act.session.add(Member(project_id=full.id, user_id=boris, role="viewer"))
        stopped = await create_project(act, "Stopped by hand")
        (await act.session.get_one(Project, stopped.id)).stopped_at = act.now
    world.project_id = full.id
    async with tools.acting(None, NO_PROJECT) as act:
        for name, secret in SESSIONS.items():
            act.session.add(_session(act, world.people[name].user_id, secret))
        act.session.add(_session(act, anna.user_id, "o" * 43))
        for name, state in (("blocked_person", "blocked"), ("a_rather_long_name_of_somebody", "invited")):
            act.session.add(User(username=name, state=state, quota_projects=12, created_at=act.now))
    await create_own_token(tools, anna, NewToken(name="Backup script of the night", scope="read"))
    for name in BOTS:
        await world.add_bot(name)
    for title in ("City news", "Cooking", "Bargains"):
        await world.add_channel(title)
    await world.add_task(timing={"delay": {"min_s": 30, "max_s": 900}})
    await _publish(world)
    async with tools.acting(anna, full.id) as act:
        await _spoil(act, world)
    async with tools.acting(anna, full.id) as act:
        await _trouble(act)
    async with tools.acting(anna, full.id) as act:
        await _begin(act, world)
    async with tools.acting(anna, full.id) as act:
        await _links(act)
        await _runs(act)
        member = (await act.session.scalars(select(Member.id).where(Member.user_id == boris))).one()
        await change_role(act, member, Role.REVIEWER)
        await change_role(act, member, Role.VIEWER)


def _session(act: Act, user_id: int, secret: str) -> LoginSession:
    return LoginSession(
        user_id=user_id,
        secret_hash=hash_secret(secret),
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
        seat = Seat(bot_id=helper.id, channel_id=number, state=SeatState.ACTIVE, since=act.now)
        seat.reason = None
        if number % 5 == 0:
            seat.state, seat.reason = SeatState.LOST, reasons.BOT_NOT_IN_GROUP
        act.session.add(seat)
    for number, state in enumerate((ProxyState.WORKING, ProxyState.FAILING, ProxyState.UNCHECKED)):
        act.session.add(_proxy(act, number, state))


async def _trouble(act: Act) -> None:
    """Comments in every state that a bad day brings, beside the one that was sent."""
    sent = (await act.session.scalars(select(Comment).where(Comment.state == "sent").limit(1))).one()
    told: tuple[tuple[str, str], ...] = (
        ("unknown", "The connection broke after the comment was handed over."),
        ("rejected", "Telegram refused it: Bad Request: message to be replied not found"),
        ("cancelled", "The project was stopped."),
        ("expired", "Its time was over before it could be sent."),
        ("deleted", "It is not under the post any more."),
    )
    for number, (state, sentence) in enumerate(told, start=2):
        about = {one: getattr(sent, one) for one in ("task_id", "post_id", "channel_id", "bot_id", "group_id", "text")}
        data = {"sentence": sentence, "values": {}}
        at = {"created_at": act.now, "changed_at": act.now, "send_at": act.now}
        row = Comment(n=number, state=state, reason=state, reason_data=data, decision=sent.decision, **about, **at)
        act.session.add(row)
    waits = select(Comment).where(Comment.state.in_(("awaiting_approval", "expired"))).order_by(Comment.id).limit(1)
    for comment in await act.session.scalars(waits):
        comment.reason, comment.reason_data = None, {}
        comment.state, comment.send_at = "awaiting_approval", act.now + timedelta(minutes=20)
        comment.approve_by = comment.expires_at = act.now + timedelta(hours=2)


async def _links(act: Act) -> None:
    """A connect link that works, one that is revoked, one that is too old."""
    works, _secret = await make_connect_link(act, "Клиент А: северные города, договор 14/26")
    await accept_link(act, works, telegram_id=77, name="Client", language="ru")
    revoked, _secret = await make_connect_link(act, "Bargains Ltd")
    await revoke_connect_link(act, revoked.id)
    old, _secret = await make_connect_link(act, "Кухня")
    old.expires_at = act.now - timedelta(days=1)


async def _runs(act: Act) -> None:
    """A run where everything that can be missing is missing, one that is done, one that was ended."""
    codes = [*steps.SENTENCES, *(code for code in reasons.SENTENCES if code in reasons.REASON_WORDS)]
    channels = list(await act.session.scalars(select(Channel).order_by(Channel.id.desc()).limit(len(codes) + 3)))
    full = await start_run(act, ["@run_of_all"], with_trial=True)
    bot_id = (await items_of(act, full.run.id))[0].bot_id
    for code, channel in zip([*codes, None, None, ""], channels, strict=True):
        step = Step.READY if code == "" else Step.TRIAL if code and code.startswith("trial") else Step.GROUP
        item = Item(run_id=full.run.id, channel_id=channel.id, bot_id=bot_id, step=step, reason=code or None)
        item.changed_at, item.trial, item.trial_answer = act.now, Trial.NONE, "Bad Request: not enough rights"
        act.session.add(item)
    done = await start_run(act, ["@run_done"])
    for item in await items_of(act, done.run.id):
        ready = await act.session.get_one(Item, item.id)
        ready.step, ready.dry_run = Step.READY, {"task": "Welcome", "bot": "night_shift_bot", "after_s": 300}
    done.run.state, done.run.ended_at = RunState.DONE, act.now
    ended = await start_run(act, ["@run_ended", "@run_ended_too"])
    await cancel_run(act, ended.run.id)


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
