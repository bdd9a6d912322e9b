"""The state of the emulated Telegram, how to find things in it and how updates get to bots. No HTTP here."""

import itertools
from collections.abc import Callable, Iterable
from typing import Any

from tgsandbox.clock import Clock
from tgsandbox.model import Bot, Chat, Entry, File, Json, Member, Person, Query, Settings, Stored, new_token
from tgsandbox.refusals import refuse
from tgsandbox.schema import TYPES, misfit

KEPT_S = 24 * 3600
DEFAULT_UPDATES = frozenset(TYPES["Update"]["fields"]) - {
    "update_id",
    "chat_member",
    "message_reaction",
    "message_reaction_count",
}
_PAYLOAD = {name: spec["type"] for name, spec in TYPES["Update"]["fields"].items()}


class World:
    """Everybody and everything.

    `on_update(bot)` is called when a bot got an update; `version` grows with every change.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.on_update: Callable[[Bot], None] = lambda _bot: None
        self.repeats_of: Callable[[Bot, Json], int] = lambda _bot, _update: 0
        self.version = 0
        self.reset()

    def reset(self) -> None:
        """Empty the world. Ids begin again; tokens are never the same."""
        self.people: dict[int, Person] = {}
        self.bots: dict[int, Bot] = {}
        self.tokens: dict[str, Bot] = {}
        self.chats: dict[int, Chat] = {}
        self.private: dict[tuple[int, int], Chat] = {}
        self.usernames: dict[str, Person | Bot | Chat] = {}
        self.queries: dict[str, Query] = {}
        self.files: dict[str, File] = {}
        self.settings = Settings()
        self.person_ids = itertools.count(500_000_001)
        self.bot_ids = itertools.count(7_000_000_001)
        self.chat_ids = itertools.count(1_000_000_000_001)
        self.private_ids = itertools.count(1)
        self.serials = itertools.count(1)
        self.version += 1

    def now(self) -> int:
        """The moment as Telegram writes it: seconds since 1970."""
        return int(self.clock.now().timestamp())

    # --- making

    def claim(self, username: str | None, owner: Person | Bot | Chat) -> None:
        if username:
            self.usernames[username.lower()] = owner

    def is_taken(self, username: str | None) -> bool:
        return bool(username) and str(username).lower() in self.usernames

    def add_person(self, first_name: str, username: str | None = None, *, last_name: str | None = None) -> Person:
        person = Person(next(self.person_ids), first_name, username, last_name)
        self.people[person.id] = person
        self.claim(username, person)
        self.version += 1
        return person

    def add_bot(self, name: str, username: str, *, owner_id: int | None = None, manager_id: int | None = None) -> Bot:
        bot_id = next(self.bot_ids)
        bot = Bot(bot_id, name, username, new_token(bot_id), owner_id, manager_id)
        self.bots[bot_id] = bot
        self.tokens[bot.token] = bot
        self.claim(username, bot)
        self.version += 1
        return bot

    def renew_token(self, bot: Bot) -> str:
        """The old token stops working at once."""
        del self.tokens[bot.token]
        bot.token = new_token(bot.id)
        self.tokens[bot.token] = bot
        return bot.token

    def add_chat(self, kind: str, title: str, *, owner_id: int, username: str | None = None) -> Chat:
        chat = Chat(-next(self.chat_ids), kind, title, username, owner_id)
        chat.brief = {"id": chat.id, "title": title, "type": kind}
        if username:
            chat.brief["username"] = username
        chat.members[owner_id] = Member(owner_id, "creator")
        self.chats[chat.id] = chat
        self.claim(username, chat)
        self.version += 1
        return chat

    def private_chat(self, bot: Bot, person: Person) -> Chat:
        """The chat of a person with a bot; it is made when first asked for."""
        chat = self.private.get((bot.id, person.id))
        if chat is None:
            chat = Chat(person.id, "private", person.first_name, person.username, person.id, bot.id)
            user = person.as_user()
            chat.brief = {key: user[key] for key in ("id", "first_name", "last_name", "username") if key in user}
            chat.brief["type"] = "private"
            self.private[(bot.id, person.id)] = chat
        return chat

    # --- finding

    def account(self, user_id: int) -> Person | Bot | None:
        return self.people.get(user_id) or self.bots.get(user_id)

    def user(self, user_id: int) -> Json:
        """The User object of a person or a bot that is known to exist."""
        return (self.people.get(user_id) or self.bots[user_id]).as_user()

    def linked(self, chat: Chat) -> Chat | None:
        return self.chats.get(chat.linked_id) if chat.linked_id else None

    def find_chat(self, bot: Bot, chat_id: Any) -> Chat:
        """The chat that a bot names by id or @username; raises what Telegram says when the bot may not know of it."""
        if isinstance(chat_id, str):
            named = self.usernames.get(chat_id.removeprefix("@").lower()) if chat_id.startswith("@") else None
            if isinstance(named, Chat):
                return named
            raise refuse("chat_not_found")
        if chat_id in self.people:
            return self.private_chat(bot, self.people[chat_id])
        if chat_id in self.bots:
            raise refuse("bot_to_bot")
        chat = self.chats.get(chat_id)
        if chat is None or not self._knows(bot, chat):
            raise refuse("chat_not_found")
        return chat

    def _knows(self, bot: Bot, chat: Chat) -> bool:
        other = self.linked(chat)
        return bool(chat.username or bot.id in chat.members or (other and bot.id in other.members))

    def bots_in(self, chat: Chat) -> list[Bot]:
        """The bots that are in a channel or group."""
        return [self.bots[bot_id] for bot_id in chat.bot_ids if chat.members[bot_id].inside]

    # --- updates

    def announce(self, kind: str, payload: Json, bots: Iterable[Bot]) -> None:
        """Put an update of `kind` into the queue of each of `bots` that wants it."""
        self.version += 1
        wanting = [bot for bot in bots if kind in (DEFAULT_UPDATES if bot.allowed is None else bot.allowed)]
        if not wanting:
            return
        wrong = misfit(_PAYLOAD[kind])(payload)
        assert wrong is None, f"{kind}{wrong}"
        for bot in wanting:
            self._enqueue(bot, kind, payload)

    def _enqueue(self, bot: Bot, kind: str, payload: Json) -> None:
        at = self.clock.now().timestamp()
        while bot.pending and bot.pending[0].at < at - KEPT_S:
            bot.pending.popleft()
        body = {"update_id": bot.next_update, kind: payload}
        bot.pending.append(Entry(bot.next_update, at, body, self.repeats_of(bot, payload)))
        bot.next_update += 1
        self.on_update(bot)

    def message(self, chat: Chat, message_id: int) -> Stored | None:
        """A message that is still there."""
        stored = chat.messages.get(message_id)
        return None if stored is None or stored.deleted else stored
