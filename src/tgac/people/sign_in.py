"""A sign-in from its start to its session. The rules are SECURITY.md's "Sign-in".

Three values, three powers: the flow's public id only asks how it stands, the link's secret only lets a person answer
in Telegram, the browser's secret only collects what was confirmed. The first two are derived from the third, which
nobody but the browser keeps; the database holds hashes.

    open ─ a user presents the link ─▸ asked ─ the right number ─▸ confirmed ─ the browser (and its code) ─▸ used
      └────────┴── a stranger, a second presenter, a wrong number, "not me", three wrong codes ──▸ burnt
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, delete, func, select

from tgac.journal.service import note
from tgac.kit.act import Act
from tgac.kit.errors import TooMuch
from tgac.kit.secrets import Keys, hash_secret, new_number, new_secret, same
from tgac.kit.web.i18n import _
from tgac.people.auth import ABSOLUTE
from tgac.people.browsers import Visitor
from tgac.people.models import KnownDevice, LoginFlow, LoginSession, User
from tgac.people.queries import IDLE, invited_user, user_by_telegram_id

STARTS_A_MINUTE: Final = 10
PROMPTS_IN_TEN_MINUTES: Final = 3
CODE_TRIES: Final = 3
_KEPT: Final = timedelta(hours=1)
_CLOCKS_DIFFER: Final = timedelta(seconds=30)


class State(StrEnum):
    """Where a sign-in stands; when its time is over it is expired, whatever it was."""

    OPEN = "open"
    ASKED = "asked"
    CONFIRMED = "confirmed"
    USED = "used"
    BURNT = "burnt"


class No(StrEnum):
    """Why nothing came of it. Those who may not know more hear `stale`."""

    STALE = "stale"
    STRANGER = "stranger"
    BURNT = "burnt"
    TOO_MANY = "too_many"
    CODE_NEEDED = "code_needed"
    CODE_WRONG = "code_wrong"


class Standing(StrEnum):
    """What the browser is told."""

    PENDING = "pending"
    CODE = "code"
    CONFIRMED = "confirmed"
    DENIED = "denied"
    EXPIRED = "expired"


# --- The machine itself: no database, no clock. ---


def after_presenting(state: State, *, is_user: bool, is_second: bool) -> State:
    """A person has opened the link in Telegram."""
    if state in (State.USED, State.BURNT):
        return state
    if not is_user or is_second:
        return State.BURNT
    return State.ASKED if state is State.OPEN else state


def after_answering(state: State, *, is_right: bool) -> State:
    """The person who was asked has pressed a number, or "not me" (which is never right)."""
    if state not in (State.ASKED, State.CONFIRMED):
        return state
    return State.CONFIRMED if is_right else State.BURNT


def after_collecting(state: State, *, code_is_right: bool, wrong_before: int) -> State:
    """The browser asks for its session; `wrong_before` counts the wrong codes so far."""
    if state is not State.CONFIRMED:
        return state
    if code_is_right:
        return State.USED
    return State.BURNT if wrong_before + 1 >= CODE_TRIES else state


def standing(state: State, *, needs_code: bool) -> Standing:
    """How a living sign-in stands, in the browser's words. One that was used has nothing more to give."""
    if state is State.CONFIRMED:
        return Standing.CODE if needs_code else Standing.CONFIRMED
    told = {State.BURNT: Standing.DENIED, State.USED: Standing.EXPIRED}
    return told.get(state, Standing.PENDING)


def nine_numbers(keys: Keys, flow: LoginFlow) -> tuple[str, ...]:
    """The right number among eight wrong ones. Always the same nine: two draws would give the right one away."""
    others = [f"{n:02}" for n in range(100) if f"{n:02}" != flow.number]
    others.sort(key=lambda n: keys.sign("sign-in numbers", f"{flow.link_hash}:{n}".encode()))
    return tuple(sorted([flow.number, *others[:8]]))


# --- What the browser does. ---


@dataclass(frozen=True, slots=True)
class Started:
    """A sign-in as its own browser knows it."""

    flow_id: str
    link_secret: str
    browser_secret: str
    number: str
    expires_at: datetime
    standing: Standing = Standing.PENDING


@dataclass(frozen=True, slots=True)
class Entered:
    """A session has begun. `device_secret` is None where the browser is known to this user already."""

    user_id: int
    session_secret: str
    device_secret: str | None


def flow_id_of(keys: Keys, browser_secret: str) -> str:
    """The public id of the sign-in that the browser with this secret began."""
    return keys.sign("sign-in flow", browser_secret.encode())[:43]


def link_secret_of(keys: Keys, browser_secret: str) -> str:
    """What the deep link of that sign-in carries."""
    return keys.sign("sign-in link", browser_secret.encode())[:43]


async def start_sign_in(act: Act, visitor: Visitor, *, device_secret: str | None) -> Started:
    """Begin a sign-in in this browser. Raises TooMuch above ten starts a minute from one address."""
    await act.session.execute(delete(LoginFlow).where(LoginFlow.expires_at < act.now - _KEPT))
    await _refuse_too_many_starts(act, visitor.address)
    secret = new_secret()
    flow = LoginFlow(
        flow_hash=hash_secret(flow_id_of(act.keys, secret)),
        link_hash=hash_secret(link_secret_of(act.keys, secret)),
        browser_hash=hash_secret(secret),
        device_hash=hash_secret(device_secret) if device_secret else None,
        number=new_number(2),
        state=State.OPEN,
        browser=visitor.browser,
        address=visitor.address,
        prompts=0,
        code_tries=0,
        created_at=act.now,
        expires_at=act.now + timedelta(minutes=act.config.telegram_deeplink_ttl_min),
    )
    act.session.add(flow)
    return _as_started(act, flow, secret)


async def _refuse_too_many_starts(act: Act, address: str) -> None:
    if act.session.get_bind().dialect.name == "postgresql":  # SQLite has one writer at a time anyway
        await act.session.execute(select(func.pg_advisory_xact_lock(func.hashtext(address))))
    recent = select(func.count(LoginFlow.id)).where(
        LoginFlow.address == address, LoginFlow.created_at > act.now - timedelta(minutes=1)
    )
    if (await act.session.scalars(recent)).one() >= STARTS_A_MINUTE:
        raise TooMuch(_("Too many sign-ins were begun from your address. Wait a minute."), retry_after=60)


async def sign_in_under_way(act: Act, visitor: Visitor, *, browser_secret: str) -> Started | None:
    """The sign-in that this very browser began and may go on with; None where it has to begin anew.

    A cookie that somebody planted here was begun elsewhere: another address or another browser does not go on with it.
    """
    flow = await _flow(act, LoginFlow.browser_hash == hash_secret(browser_secret))
    if flow is None or (flow.browser, flow.address) != (visitor.browser, visitor.address):
        return None
    started = _as_started(act, flow, browser_secret)
    living = started.standing in (Standing.PENDING, Standing.CODE, Standing.CONFIRMED)
    return started if living and hash_secret(started.link_secret) == flow.link_hash else None


def _as_started(act: Act, flow: LoginFlow, secret: str) -> Started:
    return Started(
        flow_id=flow_id_of(act.keys, secret),
        link_secret=link_secret_of(act.keys, secret),
        browser_secret=secret,
        number=flow.number,
        expires_at=flow.expires_at,
        standing=standing(State(flow.state), needs_code=flow.code_hash is not None),
    )


async def standing_of(act: Act, flow_id: str, *, browser_secret: str | None) -> Standing:
    """How the sign-in stands. Whoever does not hold the browser's secret hears `expired`, as for one that never was."""
    if browser_secret is None:
        return Standing.EXPIRED
    flow = await _flow(act, _of_browser(flow_id, browser_secret))
    if flow is None:
        return Standing.EXPIRED
    return standing(State(flow.state), needs_code=flow.code_hash is not None)


async def finish_sign_in(
    act: Act, flow_id: str, *, browser_secret: str, code: str | None, visitor: Visitor, old_session: str | None
) -> Entered | No:
    """Give the browser that began a confirmed sign-in its session; its former one ends. A wrong code is counted."""
    flow = await _flow(act, _of_browser(flow_id, browser_secret), lock=True)
    if flow is None or flow.state != State.CONFIRMED:
        return No.BURNT if flow is not None and flow.state == State.BURNT else No.STALE
    if flow.code_hash and not code:
        return No.CODE_NEEDED
    right = flow.code_hash is None or same(_code_hash(act.keys, flow, code or ""), flow.code_hash)
    flow.state = after_collecting(State.CONFIRMED, code_is_right=right, wrong_before=flow.code_tries)
    if not right:
        flow.code_tries += 1
        return No.BURNT if flow.state == State.BURNT else No.CODE_WRONG
    user = await act.session.get(User, flow.user_id, with_for_update=True)
    if user is None or user.state != "active":
        return No.STALE
    return await _enter(act, user, flow=flow, visitor=visitor, old_session=old_session)


async def _enter(act: Act, user: User, *, flow: LoginFlow, visitor: Visitor, old_session: str | None) -> Entered:
    over = LoginSession.expires_at < act.now
    if old_session is not None:
        over |= LoginSession.secret_hash == hash_secret(old_session)
    over |= LoginSession.seen_at < act.now - IDLE
    await act.session.execute(delete(LoginSession).where(over))
    session_secret = new_secret()
    act.session.add(
        LoginSession(
            user_id=user.id,
            secret_hash=hash_secret(session_secret),
            browser=visitor.browser,
            address=visitor.address,
            created_at=act.now,
            seen_at=act.now,
            expires_at=act.now + ABSOLUTE,
        )
    )
    note(act, "session_began", {"browser": visitor.browser}, subject_id=user.id, author_id=user.id)
    if await _is_known(act, user.id, flow.device_hash):
        return Entered(user.id, session_secret, None)
    device_secret = new_secret()
    act.session.add(KnownDevice(user_id=user.id, secret_hash=hash_secret(device_secret), created_at=act.now))
    return Entered(user.id, session_secret, device_secret)


# --- What the person does in Telegram. ---


@dataclass(frozen=True, slots=True)
class Person:
    """A Telegram account. The number is who they are; the name may be somebody else's tomorrow."""

    telegram_id: int
    username: str | None


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the person is asked: is it you, there, and which number do you see? `since`: how long ago it was begun."""

    flow_row: int
    numbers: tuple[str, ...]
    browser: str
    address: str
    since: timedelta


@dataclass(frozen=True, slots=True)
class Confirmed:
    """The person has confirmed; `code` is to be typed in a browser that is not known yet, and by admins always."""

    code: str | None


async def present_link(act: Act, person: Person, *, link_secret: str, sent_at: datetime) -> Prompt | No:
    """A person has sent the link's secret to the service bot, at `sent_at` by Telegram's clock."""
    flow = await _flow(act, LoginFlow.link_hash == hash_secret(link_secret), lock=True)
    if flow is None or flow.state in (State.USED, State.BURNT) or sent_at < flow.created_at - _CLOCKS_DIFFER:
        return No.STALE
    user = await user_of(act, person)
    is_second = flow.presenter_id not in (None, person.telegram_id)
    state = after_presenting(State(flow.state), is_user=user is not None, is_second=is_second)
    if state is State.BURNT:
        flow.state = state
        return No.BURNT if user is not None else No.STRANGER
    if await _prompts(act, person.telegram_id) >= PROMPTS_IN_TEN_MINUTES:
        return No.TOO_MANY
    flow.state = state
    flow.presenter_id, flow.presented_at, flow.prompts = person.telegram_id, act.now, flow.prompts + 1
    numbers = nine_numbers(act.keys, flow)
    return Prompt(flow.id, numbers, flow.browser, flow.address, act.now - flow.created_at)


async def answer_prompt(act: Act, person: Person, *, flow_row: int, number: str | None) -> Confirmed | No:
    """The person has pressed a number, or None for "not me". A press of anybody else is not heard."""
    return await _answer(act, person, LoginFlow.id == flow_row, number=number)


async def answer_by_link(act: Act, person: Person, *, link_secret: str, number: str | None) -> Confirmed | No:
    """The same from a bot elsewhere, which knows the link and no rows."""
    return await _answer(act, person, LoginFlow.link_hash == hash_secret(link_secret), number=number)


async def _answer(act: Act, person: Person, which: ColumnElement[bool], *, number: str | None) -> Confirmed | No:
    flow = await _flow(act, which, lock=True)
    if flow is None or flow.presenter_id != person.telegram_id:
        return No.STALE
    user = await user_of(act, person)
    is_right = user is not None and number is not None and same(number, flow.number)
    before, flow.state = flow.state, after_answering(State(flow.state), is_right=is_right)
    if flow.state != State.CONFIRMED:
        return No.STALE if before in (State.OPEN, State.USED, State.BURNT) else No.BURNT
    assert user is not None
    _bind(user, person)
    flow.user_id = user.id
    return Confirmed(await _asked_code(act, flow, user))


async def _asked_code(act: Act, flow: LoginFlow, user: User) -> str | None:
    if not user.is_admin and await _is_known(act, user.id, flow.device_hash):
        return None
    code = new_number(6)
    flow.code_hash = _code_hash(act.keys, flow, code)
    return code


async def user_of(act: Act, person: Person) -> User | None:
    """The user whom this Telegram account may sign in as: by its number, else by a name that waits for its owner.

    An admin's name is no key: squatting it would be a takeover. Admins are bound by link or from the server's shell.
    """
    bound = await user_by_telegram_id(act.session, person.telegram_id)
    if bound is not None:
        return bound if bound.state == "active" else None
    waiting = await invited_user(act.session, person.username) if person.username else None
    return waiting if waiting is not None and waiting.state == "invited" and not waiting.is_admin else None


def _bind(user: User, person: Person) -> None:
    user.telegram_id = person.telegram_id
    user.username = person.username or user.username
    user.state = "active"


async def _flow(act: Act, which: ColumnElement[bool], *, lock: bool = False) -> LoginFlow | None:
    asked = select(LoginFlow).where(which, LoginFlow.expires_at > act.now)
    return (await act.session.scalars(asked.with_for_update() if lock else asked)).one_or_none()


def _of_browser(flow_id: str, browser_secret: str) -> ColumnElement[bool]:
    return (LoginFlow.flow_hash == hash_secret(flow_id)) & (LoginFlow.browser_hash == hash_secret(browser_secret))


async def _prompts(act: Act, telegram_id: int) -> int:
    recent = select(func.coalesce(func.sum(LoginFlow.prompts), 0)).where(
        LoginFlow.presenter_id == telegram_id, LoginFlow.presented_at > act.now - timedelta(minutes=10)
    )
    return (await act.session.scalars(recent)).one()


async def _is_known(act: Act, user_id: int, device_hash: str | None) -> bool:
    if device_hash is None:
        return False
    known = select(KnownDevice.id).where(KnownDevice.user_id == user_id, KnownDevice.secret_hash == device_hash)
    return (await act.session.scalars(known)).one_or_none() is not None


def _code_hash(keys: Keys, flow: LoginFlow, code: str) -> str:
    """Six digits are guessed from a plain hash at once; without the key they are not."""
    return keys.sign("sign-in code", f"{flow.link_hash}:{code.strip()}".encode())
