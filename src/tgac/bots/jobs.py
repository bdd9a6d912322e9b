"""Work with bots that is done later."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Final

from tgac.bots.models import Bot
from tgac.kit.act import Act
from tgac.kit.queue.jobs import Job

EVERY_S: Final = 3600
"""How often each bot is looked at; the looks are spread over that time."""
SLICE_S: Final = 900
"""They come in slices: one look at the queue takes several of them."""
TOGETHER: Final = 5
"""So many of a project come at once: what is read and written for them is read and written together."""


@dataclass(frozen=True)
class CheckBot(Job):
    """Ask Telegram whether a bot is well."""

    kind: ClassVar[str] = "check_bot"
    project_id: int
    bot_id: int


@dataclass(frozen=True)
class CheckBots(Job):
    """Have every bot looked at, and forget what is over."""

    kind: ClassVar[str] = "check_bots"


@dataclass(frozen=True)
class CheckPlaces(Job):
    """Have every channel looked at where the bot has a seat, lost ones too. Handled in `channels/recheck.py`."""

    kind: ClassVar[str] = "check_places"
    project_id: int
    bot_id: int


@dataclass(frozen=True)
class ImportBots(Job):
    """Ask Telegram for the next line of a list of tokens."""

    kind: ClassVar[str] = "import_bots"
    project_id: int
    import_id: int


@dataclass(frozen=True)
class TakeManagedBot(Job):
    """Somebody has made a bot through a link of the service bot, or given such a bot another token."""

    kind: ClassVar[str] = "take_managed_bot"
    person_id: int
    language: str
    telegram_id: int
    username: str


def check_soon(act: Act, bot: Bot, *, run_after: datetime | None = None) -> None:
    """Have the bot looked at, at once or later; one check of each sort waits at a time."""
    key = f"bot:{bot.id}:later" if run_after else f"bot:{bot.id}"
    act.enqueue(CheckBot(bot.project_id, bot.id), run_after=run_after, key=key)


def check_places_soon(act: Act, bot: Bot) -> None:
    """Have its rights looked at wherever it has a seat."""
    act.enqueue(CheckPlaces(bot.project_id, bot.id), key=f"places:{bot.id}")
