"""Playlists: named sets of channels."""

from datetime import datetime

from sqlalchemy import Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from tgac.kit.db.base import Base, Owned, owned_args, owned_key
from tgac.kit.db.types import Id


class Playlist(Owned, Base):
    """A named set of channels of a project."""

    __tablename__ = "playlists"
    name: Mapped[str] = mapped_column(String(100))
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]

    __table_args__ = owned_args(UniqueConstraint("project_id", "name"))


class PlaylistChannel(Owned, Base):
    """A channel in a playlist; it may be in many."""

    __tablename__ = "playlist_channels"
    playlist_id: Mapped[int] = mapped_column(Id)
    channel_id: Mapped[int] = mapped_column(Id)

    __table_args__ = owned_args(
        UniqueConstraint("project_id", "playlist_id", "channel_id"),
        owned_key("playlist_id", "playlists"),
        owned_key("channel_id", "channels"),
        # Every post asks which playlists its channel is in.
        Index("ix_playlist_channels_channel_id_playlist_id", "channel_id", "playlist_id"),
    )
