"""What is sent about channels."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from tgac.channels.filters import ChannelSearch
from tgac.kit.web.deps import MAX_ID


class ChannelRef(BaseModel):
    """How a person names a channel: see `refs.read_ref`."""

    model_config = ConfigDict(extra="forbid")

    ref: str = Field(min_length=1, max_length=200)


class ChannelChange(BaseModel):
    """What is changed of a channel; what is left out stays."""

    model_config = ConfigDict(extra="forbid")

    state: Literal["active", "archived"] | None = None
    note: str | None = Field(default=None, max_length=1000)


class ChannelList(BaseModel):
    """A pasted list, one channel per line."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=500_000)


type ChannelAction = Literal["check", "archive", "unarchive", "remove"]
type RowNumber = Annotated[int, Field(ge=1, le=MAX_ID)]


class ChannelOrder(BaseModel):
    """One thing to be done with many channels: those of `ids`, or all that match `filter`; one of the two."""

    model_config = ConfigDict(extra="forbid")

    action: ChannelAction
    ids: list[RowNumber] | None = Field(default=None, min_length=1, max_length=5000)
    filter: ChannelSearch | None = None


class ChannelOrderForm(BaseModel):
    """The same from a page: the ticked ones, or all that the page's address asks for; `sure` where it is for good."""

    action: ChannelAction
    ids: list[RowNumber] = Field(default=[], max_length=5000)
    whole: bool = False
    sure: bool = False


class LinkName(BaseModel):
    """For whom a connect link is."""

    model_config = ConfigDict(extra="forbid")

    name: str = Field(min_length=1, max_length=100)


class NoteForm(BaseModel):
    """What people have noted about a channel."""

    note: str = Field(default="", max_length=1000)
