"""How a bot stands, as people see it: one order of conditions, once for rows in hand and once for the database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from sqlalchemy import ColumnElement, case, select

from tgac.bots.models import Bot, BotStatus, Seat, SeatState

DEAD_AFTER: Final = timedelta(days=1)
"""When health checks have failed in a row for so long, nobody expects the bot back by itself."""


class Standing(StrEnum):
    """NEEDS_SETUP has no place to write in; FLOOD_WAIT rests because Telegram asked for it; DEAD is not to be reached.

    REVOKED needs another token, PAUSED was told to be silent, ACTIVE writes.
    """

    NEEDS_SETUP = "NEEDS_SETUP"
    ACTIVE = "ACTIVE"
    PAUSED = "PAUSED"
    FLOOD_WAIT = "FLOOD_WAIT"
    REVOKED = "REVOKED"
    DEAD = "DEAD"


@dataclass(frozen=True, slots=True)
class Places:
    """The seats of a bot: how many it may write in, how many it has lost, until when Telegram wants it to rest."""

    used: int = 0
    lost: int = 0
    slow_until: datetime | None = None


_ORDER: Final[tuple[tuple[str, Standing], ...]] = (
    ("gone", Standing.DEAD),
    ("refused", Standing.REVOKED),
    ("failing", Standing.DEAD),
    ("paused", Standing.PAUSED),
    ("homeless", Standing.NEEDS_SETUP),
    ("resting", Standing.FLOOD_WAIT),
)
"""What is asked, the first yes decides; ACTIVE without any."""


def standing_of(bot: Bot, places: Places, *, now: datetime) -> Standing:
    """How the bot stands at this moment."""
    refused = bot.status == BotStatus.REVOKED
    holds: Mapping[str, bool] = {
        "gone": refused and bot.is_gone,
        "refused": refused,
        "failing": bot.failing_since is not None and bot.failing_since <= now - DEAD_AFTER,
        "paused": bot.status == BotStatus.PAUSED,
        "homeless": places.used == 0,
        "resting": places.slow_until is not None and places.slow_until > now,
    }
    return next((standing for name, standing in _ORDER if holds[name]), Standing.ACTIVE)


def standing_in_sql(now: datetime) -> ColumnElement[str]:
    """The same as a column beside `Bot`, to filter and to count by."""
    refused = Bot.status == BotStatus.REVOKED
    seats = select(Seat.id).where(Seat.bot_id == Bot.id, Seat.state == SeatState.ACTIVE).correlate(Bot)
    holds: Mapping[str, ColumnElement[bool]] = {
        "gone": refused & Bot.is_gone,
        "refused": refused,
        "failing": Bot.failing_since <= now - DEAD_AFTER,
        "paused": Bot.status == BotStatus.PAUSED,
        "homeless": ~seats.exists(),
        "resting": seats.where(Seat.slow_until > now).exists(),
    }
    return case(*((holds[name], standing.value) for name, standing in _ORDER), else_=Standing.ACTIVE.value)
