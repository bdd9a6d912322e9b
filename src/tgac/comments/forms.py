"""What a person answers about a comment whose fate is not known."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class Resolution(BaseModel):
    """Whether the comment is there; `message_id` or `link` says where it stands in the discussion group."""

    model_config = ConfigDict(extra="forbid")

    answer: Literal["there", "not_there"]
    message_id: Annotated[int, Field(ge=1, lt=2**31)] | None = None
    link: Annotated[str, Field(max_length=300)] | None = None
