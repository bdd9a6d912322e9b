"""What every method of the Bot API gets: who calls, with what, in which world."""

from dataclasses import dataclass, field
from typing import Any

from tgsandbox.limits import Limits
from tgsandbox.model import Bot, Chat, Json, Stored, Upload
from tgsandbox.refusals import refuse
from tgsandbox.world import World


@dataclass(slots=True)
class Call:
    """One call: `params` are checked against the tables already; `chat` is set by those who look it up."""

    world: World
    limits: Limits
    bot: Bot
    method: str
    params: Json
    uploads: dict[str, Upload] = field(default_factory=dict)

    def chat(self, name: str = "chat_id") -> Chat:
        """The chat that the call names, if the bot can know it."""
        if self.params.get(name) in (None, ""):
            raise refuse("chat_id_empty")
        return self.world.find_chat(self.bot, self.params[name])

    def message(self, chat: Chat, missing: str) -> Stored:
        """The message of that chat that the call names; raises the refusal named `missing` when it is not there."""
        message_id = self.params.get("message_id", 0)
        if message_id <= 0:
            raise refuse("message_id_empty")
        stored = self.world.message(chat, message_id)
        if stored is None:
            raise refuse(missing)
        return stored

    def text(self, name: str) -> str:
        return str(self.params.get(name, ""))


Answer = Any
