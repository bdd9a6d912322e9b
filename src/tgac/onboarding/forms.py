"""What is sent about runs."""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

MOST_CHANNELS: Final = 500
"""Channels of one run."""

RowNumber = Annotated[int, Field(ge=1, le=2**63 - 1)]
Ref = Annotated[str, Field(max_length=200)]


class NewRun(BaseModel):
    """Which channels are to be set up, named as `channels.refs.read_ref` reads them; none: all that are pending.

    `bot_ids`: the bots among which they are divided; none: every bot of the project with room. `trial`: whether each
    bot writes a test comment under the newest post and deletes it.
    """

    model_config = ConfigDict(extra="forbid")

    channels: list[Ref] = Field(default=[], max_length=MOST_CHANNELS)
    bot_ids: list[RowNumber] = Field(default=[], max_length=200)
    trial: bool = False


class NewRunForm(BaseModel):
    """The same from a page: one channel per line."""

    model_config = ConfigDict(extra="forbid")

    channels: str = Field(default="", max_length=100_000)
    bot_ids: list[RowNumber] = Field(default=[], max_length=200)
    trial: bool = False


class Again(BaseModel):
    """Which channels of the run are looked at again; none named: all that are not ready."""

    model_config = ConfigDict(extra="forbid")

    channel_ids: list[RowNumber] = Field(default=[], max_length=MOST_CHANNELS)
