"""Which channels are meant, as it stands in an address or in an order for many."""

from typing import Annotated, Any

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, Field, field_validator

from tgac.channels.models import ChannelState
from tgac.kit.web.deps import MAX_ID
from tgac.kit.web.paging import OrAny


class ChannelSearch(BaseModel):
    """What is set must hold: words, state, what is missing, a bot that has or had a seat there, a playlist.

    Bot and playlist are told by number, or as they are called: `paging.called`.
    """

    model_config = ConfigDict(extra="forbid")

    q: str = Field(default="", max_length=100)
    state: ChannelState | None = None
    reason: str = Field(default="", max_length=40)
    bot_id: int | None = Field(default=None, ge=1, le=MAX_ID)
    playlist_id: int | None = Field(default=None, ge=1, le=MAX_ID)
    bot: str = Field(default="", max_length=100)
    playlist: str = Field(default="", max_length=100)

    @field_validator("q", "reason", "bot", "playlist")
    @classmethod
    def _without_nul(cls, value: str) -> str:
        """No database keeps a NUL."""
        return value.replace("\0", "").strip()

    @property
    def is_set(self) -> bool:
        """Whether anything is asked for."""
        return self != ChannelSearch()

    def values(self) -> dict[str, str]:
        """What is set, as it stands in an address."""
        return {name: str(value) for name, value in self if value}


def _related(
    bot_id: str = "",
    playlist_id: str = "",
    bot: Annotated[str, Query(max_length=100)] = "",
    playlist: Annotated[str, Query(max_length=100)] = "",
) -> dict[str, Any]:
    numbers = {"bot_id": _number(bot_id), "playlist_id": _number(playlist_id)}
    return {"bot": bot, "playlist": playlist, **numbers}


def _asked(
    related: Annotated[dict[str, Any], Depends(_related)],
    q: Annotated[str, Query(max_length=100)] = "",
    state: Annotated[ChannelState | None, OrAny] = None,
    reason: Annotated[str, Query(max_length=40)] = "",
) -> ChannelSearch:
    return ChannelSearch(q=q, state=state, reason=reason, **related)


def _number(text: str) -> int | None:
    """What a page's address says; None for any, and for what is no number."""
    is_number = text.isascii() and text.isdecimal() and len(text) < 19
    return int(text) or None if is_number else None


Wanted = Annotated[ChannelSearch, Depends(_asked)]
"""A route's parameter: `?q=&state=&reason=&bot_id=&playlist_id=&bot=&playlist=`."""
