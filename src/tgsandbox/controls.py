"""The sandbox's own controls: what people do in Telegram, done by scripts. Paths and bodies: README.md."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tgsandbox.endpoint import Endpoint
from tgsandbox.inputs import BadInput, ControlError, Impossible, Kinds, Missing, read_body
from tgsandbox.model import Bot, Chat, Person, Stored
from tgsandbox.world import World

Handler = Callable[["Control"], Any]
OPTIONAL_TEXT: Kinds = {"text": str}


@dataclass(slots=True)
class Control:
    """One use of a control."""

    request: web.Request
    world: World
    endpoint: Endpoint
    body: Any = None

    def read(self, needed: Kinds, optional: Kinds | None = None) -> dict[str, Any]:
        return read_body(self.body, needed=needed, optional=optional)

    def number(self, name: str) -> int:
        """An id in the path."""
        try:
            return int(self.request.match_info[name])
        except ValueError:
            raise BadInput(name, "is a whole number") from None

    def query_number(self, name: str) -> int | None:
        """A number in the query, if it is there."""
        text = self.request.query.get(name)
        if text is None:
            return None
        if not text.lstrip("-").isdigit():
            raise BadInput(name, "is a whole number")
        return int(text)

    def chat(self) -> Chat:
        """The channel or group in the path."""
        return self.chat_by_id(self.number("chat_id"))

    def chat_by_id(self, chat_id: int) -> Chat:
        chat = self.world.chats.get(chat_id)
        if chat is None:
            raise Missing("there is no such channel or group", field="chat_id")
        return chat

    def channel(self) -> Chat:
        chat = self.chat()
        if chat.type != "channel":
            raise Impossible("channel_id", "is a group, not a channel")
        return chat

    def stored(self) -> Stored:
        """The message in the path; a person's id as the chat means their private chats with bots."""
        return self.stored_in(self.number("chat_id"), self.number("message_id"))

    def stored_in(self, chat_id: int, message_id: int) -> Stored:
        private = (chat for (_, user_id), chat in self.world.private.items() if user_id == chat_id)
        chats = [self.chat_by_id(chat_id)] if chat_id < 0 else list(private)
        found = next((stored for chat in chats if (stored := self.world.message(chat, message_id))), None)
        if found is None:
            raise Missing("there is no such message", field="message_id")
        return found

    def person(self, user_id: int, field: str = "user_id") -> Person:
        person = self.world.people.get(user_id)
        if person is None:
            raise Missing("there is no such user", field=field)
        return person

    def bot(self, bot_id: int, field: str = "bot_id") -> Bot:
        bot = self.world.bots.get(bot_id)
        if bot is None:
            raise Missing("there is no such bot", field=field)
        return bot

    def account(self, user_id: int, field: str) -> int:
        """The id, when a person or a bot has it."""
        if self.world.account(user_id) is None:
            raise Missing("there is no such user or bot", field=field)
        return user_id


def handler_of(
    world: World, endpoint: Endpoint, act: Handler
) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Wrap a control into an aiohttp handler: body in, `{"ok": true, "result": …}` out."""

    async def handle(request: web.Request) -> web.StreamResponse:
        try:
            control = Control(request, world, endpoint, await _body(request))
            result = act(control)
            if asyncio.iscoroutine(result):
                result = await result
        except ControlError as error:
            return web.json_response(error.body(), status=error.status)
        if isinstance(result, web.StreamResponse):
            return result
        return web.json_response({"ok": True, "result": result})

    return handle


async def _body(request: web.Request) -> Any:
    if request.method == "GET":
        return None
    text = await request.text()
    if not text.strip():
        return {}
    try:
        return json.loads(text)
    except ValueError:
        raise ControlError("the body is not JSON") from None
