"""What a person decides about a comment."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from tgac.tasks.text.compose import MAX_SOURCE


class Shown(BaseModel):
    """Which version of the comment was seen (`version` as the API tells it); without it, the comment as it stands."""

    model_config = ConfigDict(extra="forbid")

    version: Annotated[str, Field(max_length=64)] | None = None


class Words(Shown):
    """Another text for a comment, in Telegram's HTML."""

    text: Annotated[str, Field(min_length=1, max_length=MAX_SOURCE)]


class Wish(BaseModel):
    """Whether one is asked in Telegram about each comment that waits."""

    model_config = ConfigDict(extra="forbid")

    telegram: bool


class Resolution(BaseModel):
    """Whether the comment is there; `message_id` or `link` says where it stands in the discussion group."""

    model_config = ConfigDict(extra="forbid")

    answer: Literal["there", "not_there"]
    message_id: Annotated[int, Field(ge=1, lt=2**31)] | None = None
    link: Annotated[str, Field(max_length=300)] | None = None
