"""What the service bot does for sign-in: `/start` with what a link carries, and presses of the numbers.

Slices above hand in what answers `/start` with a payload that begins with a word of theirs, presses of their buttons,
and replies to their messages (`wiring.ANSWERS`).

Each update is one act; what is said in Telegram is said after it, and a failure to say it takes nothing back.
Heard are people in their private chats alone: no groups, no bots, no forwarded messages, nothing edited.
"""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from html import escape
from typing import Final
from urllib.parse import urlsplit

from tgac.kit.log import log
from tgac.kit.telegram.faults import Fault
from tgac.kit.telegram.types import Button, CallbackQuery, Keyboard, Look, Message, Update, User
from tgac.kit.tenancy import NO_PROJECT
from tgac.kit.tools import Tools
from tgac.kit.web.i18n import _, ngettext, using
from tgac.people.browsers import shown_browser
from tgac.people.service import BIND_PREFIX, bind_by_link
from tgac.people.sign_in import Confirmed, No, Person, Prompt, answer_prompt, present_link, user_of

_START: Final = re.compile(r"/start(?:@\w+)?(?:\s+(?P<payload>[A-Za-z0-9_-]{1,64}))?\s*")
_PRESS: Final = re.compile(r"signin:(?P<flow>\d{1,18}):(?P<choice>\d\d|no)")


@dataclass(frozen=True, slots=True)
class Say:
    """A message to a person."""

    chat_id: int
    html: str
    keyboard: Keyboard = ()


@dataclass(frozen=True, slots=True)
class Rewrite:
    """The message under which a button was pressed, with other words and no buttons."""

    chat_id: int
    message_id: int
    html: str


@dataclass(frozen=True, slots=True)
class Seen:
    """Telegram is told that a press was seen, so that the button stops waiting; `text` is shown in a box."""

    callback_id: str
    text: str = ""


type Reply = Say | Rewrite | Seen
type Start = Callable[[Tools, User, str], Awaitable[Say]]
"""Answers `/start` from a person in their private chat, spoken to in their language: gets what follows the prefix."""


type Press = Callable[[Tools, CallbackQuery], Awaitable[list[Reply]]]
"""Answers a press by a person in their private chat; gets all of it, the prefix of its data too."""
type Replied = Callable[[Tools, Message], Awaitable[list[Reply]]]
"""Answers a person's reply to a message of the bot; empty where the message is none of its own."""


@dataclass(frozen=True)
class Answers:
    """What slices above answer. `starts` by the payload's prefix, `presses` by what stands before the first colon."""

    starts: Mapping[str, Start] = field(default_factory=dict)
    presses: Mapping[str, Press] = field(default_factory=dict)
    replied: Replied | None = None


async def handle_service_update(tools: Tools, update: Update, *, answers: Answers) -> None:
    """Do what one update of the service bot asks for, then say what came of it."""
    event = update.event
    replies: list[Reply] = []
    if update.kind == "message" and isinstance(event, Message):
        replies = await _hear(tools, event, answers)
    elif update.kind == "callback_query" and isinstance(event, CallbackQuery):
        replies = await _take_press(tools, event, answers)
    for reply in replies:
        await _tell(tools, reply)


async def _hear(tools: Tools, message: Message, answers: Answers) -> list[Reply]:
    person = _private_person(message)
    if person is None:
        return []
    start = _START.fullmatch(message.text)
    if start is None:
        is_reply = message.reply_to_message_id is not None and answers.replied is not None
        return await answers.replied(tools, message) if is_reply and answers.replied else []
    payload = start["payload"]
    with using(language_of(person)):
        if payload is None:
            return [Say(person.id, await _greeting(tools, _account(person)))]
        if payload.startswith(BIND_PREFIX):
            return [Say(person.id, await _bound(tools, _account(person), payload.removeprefix(BIND_PREFIX)))]
        for prefix, answer in answers.starts.items():
            if payload.startswith(prefix):
                return [await answer(tools, person, payload.removeprefix(prefix))]
        return [await _presented(tools, _account(person), payload, sent_at=message.date)]


def _private_person(message: Message) -> User | None:
    """The person who wrote this himself, in his private chat with the bot."""
    who = message.from_user
    if who is None or who.is_bot or message.sender_chat is not None or message.forward_origin is not None:
        return None
    return who if message.chat.type == "private" and message.chat.id == who.id else None


async def _greeting(tools: Tools, person: Person) -> str:
    async with tools.reading(None, NO_PROJECT) as act:
        user = await user_of(act, person)
    if user is None:
        return _stranger()
    return _("This is the bot of the panel %(panel)s. To sign in, begin there.", panel=escape(tools.config.base_url))


async def _bound(tools: Tools, person: Person, secret: str) -> str:
    async with tools.acting(None, NO_PROJECT) as act:
        admin = await bind_by_link(act, person, secret=secret)
    if admin is None:
        return _("This link is used up, too old, or not for you.")
    return _("You are the admin of %(panel)s. Sign in there.", panel=escape(tools.config.base_url))


async def _presented(tools: Tools, person: Person, link_secret: str, *, sent_at: datetime) -> Say:
    async with tools.acting(None, NO_PROJECT) as act:
        found = await present_link(act, person, link_secret=link_secret, sent_at=sent_at)
    if isinstance(found, No):
        return Say(person.telegram_id, refusal(found))
    return Say(person.telegram_id, question(found, tools.config.base_url), _keyboard(found))


def question(prompt: Prompt, base_url: str) -> str:
    """What the person is asked before the numbers, in Telegram's HTML."""
    browser, address = escape(shown_browser(prompt.browser)), escape(prompt.address)
    return "\n\n".join(
        (
            "<b>" + _("Sign in to %(host)s?", host=escape(urlsplit(base_url).netloc)) + "</b>",
            f"{browser} · {address} · {_since(prompt.since)}",
            _("Pick the number on your screen."),
            _("Nobody will ever send you such a link: if you did not open the sign-in page yourself, press “Not me”."),
        )
    )


def _since(age: timedelta) -> str:
    minutes = int(age.total_seconds() // 60)
    return ngettext("%(n)s minute ago", "%(n)s minutes ago", minutes) if minutes else _("just now")


def _keyboard(prompt: Prompt) -> Keyboard:
    """ "Not me" comes first and is as wide as a row of numbers."""
    numbers = [Button(number, data=f"signin:{prompt.flow_row}:{number}") for number in prompt.numbers]
    not_me = Button(_("Not me"), data=f"signin:{prompt.flow_row}:no")
    return ((not_me,), tuple(numbers[:3]), tuple(numbers[3:6]), tuple(numbers[6:]))


async def _take_press(tools: Tools, press: CallbackQuery, answers: Answers) -> list[Reply]:
    asked = _PRESS.fullmatch(press.data)
    who = press.from_user
    theirs = answers.presses.get(press.data.partition(":")[0])
    if asked is None and theirs is None:
        return []
    if who.is_bot or press.chat_type != "private" or press.chat_id != who.id or press.message_id is None:
        return [Seen(press.id)]
    if asked is None:
        return await theirs(tools, press) if theirs else []
    number = None if asked["choice"] == "no" else asked["choice"]
    async with tools.acting(None, NO_PROJECT) as act:
        outcome = await answer_prompt(act, _account(who), flow_row=int(asked["flow"]), number=number)
    with using(language_of(who)):
        html = refusal(outcome) if isinstance(outcome, No) else confirmation(outcome)
    return [Seen(press.id), Rewrite(who.id, press.message_id, html)]


def confirmation(confirmed: Confirmed) -> str:
    """What is said when the number was right, in Telegram's HTML."""
    if confirmed.code is None:
        return _("Confirmed. Go back to your browser.")
    code = f"<code>{confirmed.code}</code>"
    return _("Confirmed. Type this code in the browser: %(code)s. Tell it to nobody.", code=code)


def refusal(why: No) -> str:
    """Why nothing came of it, as far as the person may know."""
    if why is No.STRANGER:
        return _stranger()
    if why is No.TOO_MANY:
        return _("Too many sign-ins. Wait ten minutes and begin again on the page.")
    if why is No.BURNT:
        return _("This sign-in was stopped; nobody got in by it. If it was yours, begin again on the page.")
    return _("This link is not good any more. Begin again on the page.")


def _stranger() -> str:
    return _("You are not a user of this panel. Ask its admin to add your Telegram username.")


async def _tell(tools: Tools, reply: Reply) -> None:
    try:
        await _send(tools, reply)
    except Fault as fault:
        log().warning("service_bot_unheard", reply=type(reply).__name__, method=fault.method, error=fault.description)


async def _send(tools: Tools, reply: Reply) -> None:
    token, telegram = tools.config.telegram_bot_token, tools.telegram
    if isinstance(reply, Seen):
        return await telegram.answer_callback(token, callback_id=reply.callback_id, text=reply.text[:200])
    if isinstance(reply, Rewrite):
        return await telegram.edit_message(
            token, chat_id=reply.chat_id, message_id=reply.message_id, html=reply.html, look=Look(link_preview=False)
        )
    look = Look(reply.keyboard, link_preview=False)
    await telegram.send_message(token, chat_id=reply.chat_id, html=reply.html, look=look)
    return None


def _account(person: User) -> Person:
    return Person(person.id, person.username)


def language_of(person: User) -> str:
    """The language that the person's Telegram speaks, as two letters; "" where it does not say."""
    return (person.language_code or "").partition("-")[0]
