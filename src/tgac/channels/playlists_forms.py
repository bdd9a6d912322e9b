"""What is sent about playlists."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, Strict

from tgac.channels.models import ChannelState
from tgac.channels.playlists import MAX_CHANNELS
from tgac.kit.web.deps import MAX_ID

type ChannelId = Annotated[int, Strict(), Field(ge=1, le=MAX_ID)]
type ChannelIds = Annotated[list[ChannelId], Field(max_length=MAX_CHANNELS)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class PlaylistName(_Body):
    """What it is called."""

    name: Annotated[str, Field(max_length=1000)]


class NewPlaylist(PlaylistName):
    """A playlist that is made, with its first channels."""

    channel_ids: ChannelIds = []


class ChannelFilter(_Body):
    """The channels that the channel list shows for the same values."""

    q: Annotated[str, Field(max_length=100)] = ""
    state: ChannelState | None = None
    playlist_id: ChannelId | None = None


class ChannelChange(_Body):
    """Which channels go in and which go out: by number, or all that match."""

    add: ChannelIds = []
    remove: ChannelIds = []
    add_matching: ChannelFilter | None = None
    remove_matching: ChannelFilter | None = None


class ChannelList(_Body):
    """A pasted list, one channel per line."""

    text: Annotated[str, Field(min_length=1, max_length=500_000)]


class ChannelTicks(BaseModel):
    """The form of a playlist's page: what was ticked, or all that the search shows, and what is to become of it."""

    do: Literal["add", "remove", "add_all", "remove_all"]
    channel_ids: list[Annotated[int, Field(ge=1, le=MAX_ID)]] = []
    q: Annotated[str, Field(max_length=100)] = ""
    state: ChannelState | None = None
