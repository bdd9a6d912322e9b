"""What is sent about bots."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from tgac.bots.filters import BotFilter
from tgac.kit.web.deps import MAX_ID

MAX_NOTE = 1000
MAX_LINES = 500

type RowNumber = Annotated[int, Field(ge=1, le=MAX_ID)]


class BotToken(BaseModel):
    """A bot's token, as @BotFather gives it."""

    model_config = ConfigDict(extra="forbid")

    token: str = Field(min_length=1, max_length=100, repr=False)


class BotList(BaseModel):
    """Tokens, one per line."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=200_000, repr=False)


class ManagedBot(BaseModel):
    """How a bot is to be called that a person makes through the service bot; what is empty is suggested."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(default="", max_length=64)
    username: str = Field(default="", max_length=33)


class BotProxy(BaseModel):
    """The proxy that a bot is to go through; null for none."""

    model_config = ConfigDict(extra="forbid")

    proxy_id: int | None = Field(ge=1, le=MAX_ID)


class BotProxyForm(BotProxy):
    """The same from a page, where nothing chosen means none."""

    proxy_id: int | None = Field(default=None, ge=1, le=MAX_ID)


class BotWords(BaseModel):
    """What a person has written about a bot; what is not sent stays."""

    model_config = ConfigDict(extra="forbid")

    tags: list[str] | None = Field(default=None, max_length=100)
    note: str | None = Field(default=None, max_length=MAX_NOTE)


class BotWordsForm(BaseModel):
    """The same from a page, where what is empty is meant to be."""

    tags: str = Field(default="", max_length=1000)
    note: str = Field(default="", max_length=MAX_NOTE)


type Action = Literal["pause", "resume", "check", "tag", "untag", "proxy", "remove"]


class BotOrder(BaseModel):
    """One thing to be done with many bots: those of `ids`, or all that match `filter`; one of the two."""

    model_config = ConfigDict(extra="forbid")

    action: Action
    ids: list[RowNumber] | None = Field(default=None, min_length=1, max_length=1000)
    filter: BotFilter | None = None
    tags: list[str] = Field(default=[], max_length=100)
    proxy_id: int | None = Field(default=None, ge=1, le=MAX_ID)


class BotOrderForm(BaseModel):
    """The same from a page: the ticked ones, or `all` that the page's address asks for; `sure` where it is for good."""

    action: Action
    ids: list[RowNumber] = Field(default=[], max_length=1000)
    whole: bool = False
    tags: str = Field(default="", max_length=1000)
    proxy_id: int | None = Field(default=None, ge=1, le=MAX_ID)
    sure: bool = False
