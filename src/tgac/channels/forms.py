"""What is sent about channels."""

from pydantic import BaseModel, ConfigDict, Field


class ChannelRef(BaseModel):
    """How a person names a channel: see `refs.read_ref`."""

    model_config = ConfigDict(extra="forbid")

    ref: str = Field(min_length=1, max_length=200)
