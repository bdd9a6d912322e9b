"""What must hold at each step: looked at when a call leaves, and again when Telegram has done it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from tests.simulation.stage import Place, Stage
from tests.simulation.telegram import SENDS
from tgsandbox.model import Stored

OPEN_AGAIN_WITHIN = timedelta(hours=3)
"""A place where all is well again is served again after so long at most, whatever Telegram answers meanwhile."""
type Where = tuple[int, int]
"""A group, and a message there."""


def is_comment(stage: Stage, stored: Stored) -> bool:
    """Whether one of the projects' bots said it in a group. What the service bot says is said to people; that
    something was pinned says Telegram."""
    return stored.author in stage.bots and "pinned_message" not in stored.body


@dataclass
class Watch:
    """What is known at each step, and what was broken."""

    stage: Stage
    broken: list[str] = field(default_factory=list)
    stopped: dict[int, datetime] = field(default_factory=dict)
    """Projects in which nothing may leave, since when; 0 is the whole installation."""
    shut: dict[int, Place] = field(default_factory=dict)
    """Places in which nobody may write, by their rows."""
    heard: set[int] = field(default_factory=set)
    """Those of them of which every bot has been told."""
    reopened: dict[int, datetime] = field(default_factory=dict)
    """Places where all is well again, since when, and that are not served yet."""
    deleted: dict[Where, datetime] = field(default_factory=dict)
    edited: set[Where] = field(default_factory=set)
    pinned: set[Where] = field(default_factory=set)
    _places: dict[int, Place] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._places = {place.group.id: place for place in self.stage.places}
        self.stage.ground.network.before = self.before
        self.stage.ground.network.done = self.done

    def before(self, bot_id: int, method: str, asked: dict[str, Any]) -> None:
        """A call leaves at this moment."""
        place = self._places.get(asked.get("chat_id", 0))
        if place is None or method not in SENDS:
            return
        if bot_id == self.stage.service_id:
            self._break("the service bot writes", place)
        if self.stopped.keys() & {0, place.project_id}:
            self._break(f"bot {bot_id} writes after a stop", place)
        if place.row_id in self.heard:
            self._break(f"bot {bot_id} writes where nobody may", place)

    def done(self, bot_id: int, method: str, asked: dict[str, Any]) -> None:
        """Telegram has done it, and perhaps nobody hears of it."""
        place = self._places.get(asked.get("chat_id", 0))
        if place is None:
            return
        if method in SENDS:
            self._written(place, asked["reply_parameters"]["message_id"])
        elif method.startswith("editMessage"):
            self._touched(self.edited, "edits", place, bot_id=bot_id, message_id=asked["message_id"])
        elif method == "deleteMessage":
            self._touched(set(), "deletes", place, bot_id=bot_id, message_id=asked["message_id"])
            self.deleted[place.group.id, asked["message_id"]] = self.stage.clock.now()
        elif method == "pinChatMessage":
            self._touched(self.pinned, "pins", place, bot_id=bot_id, message_id=asked["message_id"])

    async def look(self) -> None:
        """After everybody has done what was due."""
        self.heard |= {key for key, place in self.shut.items() if self.stage.is_heard(place)}
        if not self.reopened:
            return
        now = self.stage.clock.now()
        served = {row_id for row_id, _bot_id in await self.stage.seated(self.reopened.keys())}
        for row_id, since in list(self.reopened.items()):
            if row_id in served or row_id in self.shut:
                del self.reopened[row_id]
            elif now - since > OPEN_AGAIN_WITHIN:
                self.broken.append(f"{now}: channel {row_id}, where all is well since {since}, is not served yet")
                del self.reopened[row_id]

    def shuts(self, place: Place) -> None:
        """Nobody may write there from when it was heard."""
        self.shut[place.row_id] = place

    def opens(self, place: Place) -> None:
        """All is well there again."""
        self.shut.pop(place.row_id, None)
        self.heard.discard(place.row_id)
        self.reopened[place.row_id] = self.stage.clock.now()

    def _written(self, place: Place, root_id: int) -> None:
        newest = next(reversed(place.group.messages.values()))
        if newest.reply_to is None or newest.reply_to.id != root_id:
            return  # the root is gone: it stands beside it, and is taken back
        under = [
            one.id
            for one in place.group.messages.values()
            if one.reply_to is newest.reply_to and is_comment(self.stage, one)
        ]
        if len(under) > 1:
            self._break(f"comments {under} were delivered under {root_id}", place)

    def _touched(self, kept: set[Where], what: str, place: Place, *, bot_id: int, message_id: int) -> None:
        stored = place.group.messages.get(message_id)
        if stored is None or stored.author != bot_id:
            self._break(f"bot {bot_id} {what} {message_id}, which it did not write", place)
        kept.add((place.group.id, message_id))

    def _break(self, what: str, place: Place) -> None:
        self.broken.append(f"{self.stage.clock.now()}: {what} in channel {place.row_id}")
