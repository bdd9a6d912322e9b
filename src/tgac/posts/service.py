"""Put together what Telegram tells of one post in pieces and in any order.

A post reaches us as `channel_post` in the channel and as an automatic forward in the discussion group, with no order
between them; an album comes item by item with no end marker; a repost's forward names the original author. So every
message becomes an item, items find their post by what they share, and posts that turn out to be one are merged.
Source of the rules: docs/telegram.md.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, or_, select, update

from tgac.channels.models import Channel
from tgac.kit.act import Act
from tgac.kit.telegram.types import Message
from tgac.posts.models import Post, PostItem

SAME_MOMENT = timedelta(seconds=60)
"""A repost and its automatic forward share their origin; this tells two reposts of one original apart."""


@dataclass(frozen=True)
class Piece:
    """One message of a post, in the channel or in the group, as the folding needs it."""

    message_id: int | None
    root_id: int | None
    album_id: str | None
    root_album_id: str | None
    origin: str | None
    published_at: datetime
    message: Message


@dataclass(frozen=True)
class Taken:
    """What became of a message: its post; whether the message itself and the post's thread were not known before."""

    post: Post
    is_fresh: bool
    has_fresh_root: bool


def channel_piece(message: Message) -> Piece:
    """A `channel_post`."""
    origin = message.forward_origin.signature if message.forward_origin else None
    return Piece(message.message_id, None, message.media_group_id, None, origin, message.date, message)


def group_piece(message: Message, channel: Channel) -> Piece:
    """An automatic forward. Its origin is our post, unless the post is a repost: then it is the original."""
    origin = message.forward_origin
    if origin and origin.chat_id == channel.telegram_id and origin.message_id:
        return Piece(origin.message_id, message.message_id, None, message.media_group_id, None, origin.date, message)
    signature = origin.signature if origin else None
    return Piece(None, message.message_id, None, message.media_group_id, signature, message.date, message)


async def take_piece(act: Act, channel: Channel, piece: Piece) -> Taken:
    """Put a message to its post, making the post if it is the first. A second delivery changes nothing."""
    items = await _items_of(act, channel, piece)
    item = items[0] if items else None
    if item is not None and not _says_more(item, piece):
        return Taken(await act.session.get_one(Post, item.post_id), is_fresh=False, has_fresh_root=False)
    posts = await _posts_of(act, channel, piece, [one.post_id for one in items])
    post = posts[0] if posts else _new_post(act, channel, piece)
    for other in posts[1:]:
        await _merge(act, post, other)
    had_root = post.root_id is not None
    _fold(post, piece)
    await act.flush()
    await _put_item(act, channel, post, piece)
    return Taken(post, is_fresh=True, has_fresh_root=post.root_id is not None and not had_root)


def _says_more(item: PostItem, piece: Piece) -> bool:
    return (
        (item.root_id is None and piece.root_id is not None)
        or (item.message_id is None and piece.message_id is not None)
        or (piece.root_id is None and piece.album_id is not None and item.album_id is None)
    )


async def _items_of(act: Act, channel: Channel, piece: Piece) -> list[PostItem]:
    same: list[ColumnElement[bool]] = []
    if piece.message_id is not None:
        same.append(PostItem.message_id == piece.message_id)
    if piece.root_id is not None:
        same.append(PostItem.root_id == piece.root_id)
    found = await act.session.scalars(
        select(PostItem).where(PostItem.channel_id == channel.id, or_(*same)).order_by(PostItem.id)
    )
    return list(found)


async def _posts_of(act: Act, channel: Channel, piece: Piece, post_ids: list[int]) -> list[Post]:
    """Every post that this message belongs to, oldest first: by its item, by its album, by a repost's origin."""
    same: list[ColumnElement[bool]] = [Post.id.in_(post_ids)]
    if piece.album_id is not None:
        same.append(Post.album_id == piece.album_id)
    if piece.root_album_id is not None:
        same.append(Post.root_album_id == piece.root_album_id)
    if piece.origin is not None:
        half = Post.message_id if piece.message_id is not None else Post.root_id
        near = Post.published_at.between(piece.published_at - SAME_MOMENT, piece.published_at + SAME_MOMENT)
        same.append((Post.origin == piece.origin) & half.is_(None) & near)
    found = await act.session.scalars(select(Post).where(Post.channel_id == channel.id, or_(*same)).order_by(Post.id))
    return list(found)


def _new_post(act: Act, channel: Channel, piece: Piece) -> Post:
    post = Post(
        channel_id=channel.id,
        text="",
        has_keyboard=False,
        forwarded=False,
        published_at=piece.published_at,
        seen_at=act.now,
        origin=piece.origin,
    )
    act.session.add(post)
    return post


def _fold(post: Post, piece: Piece) -> None:
    message = piece.message
    post.message_id = _lowest(post.message_id, piece.message_id)
    post.root_id = _lowest(post.root_id, piece.root_id)
    post.album_id = post.album_id or piece.album_id
    post.root_album_id = post.root_album_id or piece.root_album_id
    post.text = post.text or message.text
    post.media = post.media or message.media
    post.has_keyboard = post.has_keyboard or message.has_keyboard
    post.forwarded = post.forwarded or piece.origin is not None
    post.published_at = min(post.published_at, piece.published_at)


def _lowest(one: int | None, other: int | None) -> int | None:
    return min((number for number in (one, other) if number is not None), default=None)


async def _merge(act: Act, post: Post, other: Post) -> None:
    """Two posts turn out to be one album: the younger gives up its items. It has no comments yet: planning waits."""
    post.message_id = _lowest(post.message_id, other.message_id)
    post.root_id = _lowest(post.root_id, other.root_id)
    post.text = post.text or other.text
    await act.session.execute(
        update(PostItem)
        .where(PostItem.post_id == other.id)
        .values(post_id=post.id)
        .execution_options(synchronize_session=False)
    )
    await act.session.delete(other)


async def _put_item(act: Act, channel: Channel, post: Post, piece: Piece) -> None:
    items = await _items_of(act, channel, piece)
    item = items[0] if items else PostItem(channel_id=channel.id, post_id=post.id)
    for double in items[1:]:
        await act.session.delete(double)
    await act.flush()
    item.message_id = piece.message_id or item.message_id
    item.root_id = piece.root_id or item.root_id
    item.album_id = piece.album_id or item.album_id
    item.post_id = post.id
    act.session.add(item)
    await act.flush()


async def take_edit(act: Act, channel: Channel, message: Message) -> Post | None:
    """The text of a post was edited in the channel. Gives the post, or None when it is not known or nothing changed."""
    found = await act.session.scalars(
        select(Post)
        .join(PostItem, PostItem.post_id == Post.id)
        .where(PostItem.channel_id == channel.id, PostItem.message_id == message.message_id)
    )
    post = found.first()
    if post is None or not message.text or post.text == message.text:
        return None
    post.text = message.text
    post.edited_at = act.now
    return post
