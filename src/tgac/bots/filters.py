"""Which bots are meant, as it stands in an address or in an order for many."""

from typing import Annotated, Final

from fastapi import Depends, Query
from pydantic import BaseModel, ConfigDict, Field, field_validator

from tgac.bots.status import Standing
from tgac.bots.tags import MAX_TAG
from tgac.kit.web.paging import OrAny

STRAIGHT: Final = "none"
_PROXY: Final = r"^(none|[1-9][0-9]{0,17})$"


class BotFilter(BaseModel):
    """What is set must hold: words, status, tag, the proxy's number (or `none`), room for another channel."""

    model_config = ConfigDict(extra="forbid")

    q: str = Field(default="", max_length=100)
    status: Standing | None = None
    tag: str = Field(default="", max_length=MAX_TAG)
    proxy: str | None = Field(default=None, pattern=_PROXY)
    room: bool = False

    @field_validator("q", "tag")
    @classmethod
    def _without_nul(cls, value: str) -> str:
        """No database keeps a NUL."""
        return value.replace("\0", "").strip()

    @property
    def is_set(self) -> bool:
        """Whether anything is asked for."""
        return self != BotFilter()

    def values(self) -> dict[str, str]:
        """What is set, as it stands in an address."""
        return {name: "1" if value is True else str(value) for name, value in self if value}


def _asked(
    q: Annotated[str, Query(max_length=100)] = "",
    status: Annotated[Standing | None, OrAny] = None,
    tag: Annotated[str, Query(max_length=MAX_TAG)] = "",
    proxy: Annotated[str, Query(pattern=r"^(|none|[1-9][0-9]{0,17})$")] = "",
    room: Annotated[bool | None, OrAny] = None,
) -> BotFilter:
    return BotFilter(q=q, status=status, tag=tag.lower(), proxy=proxy or None, room=bool(room))


Wanted = Annotated[BotFilter, Depends(_asked)]
"""A route's parameter: `?q=&status=&tag=&proxy=&room=`."""
