"""What was published."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, foreign, mapped_column, relationship

from tgac.kit.db.base import Base, Owned, owned_args, owned_key
from tgac.kit.db.types import Id


class Post(Owned, Base):
    """A channel post; an album is one post. `message_id` is the channel's (lowest of an album), `root_id` is the
    auto-forward in the discussion group under which comments stand (lowest of an album). Either may come first.
    `marks` are the entities of the text that a quote has to repeat, in Telegram's words and UTF-16 units."""

    __tablename__ = "posts"
    channel_id: Mapped[int] = mapped_column(Id)
    message_id: Mapped[int | None]
    root_id: Mapped[int | None]
    root_group_id: Mapped[int | None] = mapped_column(BigInteger)
    album_id: Mapped[str | None] = mapped_column(String(64))
    root_album_id: Mapped[str | None] = mapped_column(String(64))
    text: Mapped[str]
    marks: Mapped[list[Any]] = mapped_column(default=list)
    media: Mapped[str | None] = mapped_column(String(16))
    has_keyboard: Mapped[bool] = mapped_column(default=False)
    forwarded: Mapped[bool] = mapped_column(default=False)
    published_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    edited_at: Mapped[datetime | None]
    gone_at: Mapped[datetime | None]

    __table_args__ = owned_args(
        owned_key("channel_id", "channels"),
        Index("ix_posts_channel_id_id", "channel_id", "id"),
        Index("ix_posts_project_id_published_at", "project_id", "published_at"),
        Index("ix_posts_root_group_id_root_id", "root_group_id", "root_id"),
        Index("ix_posts_channel_id_album_id", "channel_id", "album_id"),
        Index("ix_posts_channel_id_root_album_id", "channel_id", "root_album_id"),
    )


class PostItem(Owned, Base):
    """One message of a post: in the channel, in the group, or (once both came) in both. A second delivery ends here."""

    __tablename__ = "post_items"
    channel_id: Mapped[int] = mapped_column(Id)
    post_id: Mapped[int] = mapped_column(Id, index=True)
    message_id: Mapped[int | None]
    root_id: Mapped[int | None]
    root_group_id: Mapped[int | None] = mapped_column(BigInteger)
    album_id: Mapped[str | None] = mapped_column(String(64))
    origin: Mapped[str | None] = mapped_column(String(200))
    post: Mapped[Post] = relationship(Post, lazy="raise", primaryjoin=lambda: foreign(PostItem.post_id) == Post.id)

    __table_args__ = owned_args(
        owned_key("post_id", "posts"),
        UniqueConstraint("channel_id", "message_id"),
        # With the group: a channel may get another one, which counts its messages anew.
        UniqueConstraint("channel_id", "root_group_id", "root_id"),
        Index("ix_post_items_channel_id_origin", "channel_id", "origin"),
    )
