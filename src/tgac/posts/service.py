"""Put together what Telegram tells of one post in pieces and in any order.

A post reaches us as `channel_post` in the channel and as an automatic forward in the discussion group, with no order
between them; an album comes item by item with no end marker; a repost's forward names the original author. So every
message becomes an item, items find their post by what they share, and posts that turn out to be one are merged.
Source of the rules: docs/telegram.md.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, bindparam, or_, select
from sqlalchemy.orm import contains_eager, joinedload

from tgac.channels.models import Channel
from tgac.kit.act import Act
from tgac.kit.db.many import hold
from tgac.kit.telegram.types import Message
from tgac.posts.models import Post, PostItem

QUOTED: Final = frozenset({"bold", "italic", "underline", "strikethrough", "spoiler", "custom_emoji"})
SAME_MOMENT = timedelta(seconds=60)
"""A repost and its automatic forward share their origin; this tells two reposts of one original apart."""

type SpokenUnder = Callable[[Act, Sequence[int]], Awaitable[set[int]]]
"""Tells, of posts by their ids, those under which comments stand: the slice above knows."""


@dataclass(frozen=True)
class Piece:
    """One message of a post, in the channel or in the group, as the folding needs it."""

    message_id: int | None
    root_id: int | None
    root_group_id: int | None
    album_id: str | None
    root_album_id: str | None
    origin: str | None
    published_at: datetime
    message: Message


@dataclass(frozen=True)
class Taken:
    """What became of a message: its post, and whether the message itself was not known before."""

    post: Post
    is_fresh: bool


class Shelf:
    """The items that are at hand, by their messages: a message whose item is known needs no statement."""

    def __init__(self) -> None:
        self._by_message: dict[tuple[int, int], PostItem] = {}
        self._by_root: dict[tuple[int, int | None, int], PostItem] = {}

    def put(self, item: PostItem) -> None:
        """Have an item at hand."""
        if item.message_id is not None:
            self._by_message[item.channel_id, item.message_id] = item
        if item.root_id is not None:
            self._by_root[item.channel_id, item.root_group_id, item.root_id] = item

    def item_of(self, channel: Channel, piece: Piece) -> PostItem | None:
        """The item that this message is, or whose other half it is."""
        found = self._by_message.get((channel.id, piece.message_id)) if piece.message_id is not None else None
        if found is None and piece.root_id is not None:
            found = self._by_root.get((channel.id, piece.root_group_id, piece.root_id))
        return found


_THERE: Final = PostItem.channel_id.in_(bindparam("channels"))
_ITEMS: Final = (
    select(PostItem)
    .options(joinedload(PostItem.post))
    .where(
        or_(
            and_(_THERE, PostItem.message_id.in_(bindparam("messages"))),
            and_(_THERE, PostItem.root_group_id.in_(bindparam("groups")), PostItem.root_id.in_(bindparam("roots"))),
        )
    )
)
"""Those of these messages, and those of these forwards, each by its own index."""


async def take_down(act: Act, pieces: Sequence[tuple[Channel, Piece]]) -> Shelf:
    """The shelf with every item that these messages are."""
    shelf = Shelf()
    if not pieces:
        return shelf
    asked: dict[str, set[Any]] = {
        "channels": {channel.id for channel, _ in pieces},
        "messages": {piece.message_id for _, piece in pieces if piece.message_id is not None},
        "roots": {piece.root_id for _, piece in pieces if piece.root_id is not None},
        "groups": {piece.root_group_id for _, piece in pieces if piece.root_id is not None},
    }
    for item in await act.session.scalars(_ITEMS, {name: list(values) for name, values in asked.items()}):
        shelf.put(item)
    return shelf


def channel_piece(message: Message) -> Piece:
    """A `channel_post`."""
    origin = message.forward_origin.signature if message.forward_origin else None
    return Piece(message.message_id, None, None, message.media_group_id, None, origin, message.date, message)


def group_piece(message: Message, channel: Channel) -> Piece:
    """An automatic forward. Its origin is our post, unless the post is a repost: then it is the original."""
    origin, place = message.forward_origin, (message.message_id, message.chat.id, None, message.media_group_id)
    if origin and origin.chat_id == channel.telegram_id and origin.message_id:
        return Piece(origin.message_id, *place, None, origin.date, message)
    return Piece(None, *place, origin.signature if origin else None, message.date, message)


async def take_piece(act: Act, channel: Channel, piece: Piece, *, shelf: Shelf, spoken_under: SpokenUnder) -> Taken:
    """Put a message to its post, making the post if it is the first. A second delivery changes nothing.

    What is made has its number when the act is flushed.
    """
    item = shelf.item_of(channel, piece) or await _other_half(act, channel, piece)
    if item is not None and not _says_more(item, piece):
        return Taken(item.post, is_fresh=False)
    posts = await _posts_of(act, channel, piece, item)
    post = await _one_of(act, posts, spoken_under) if posts else _new_post(act, channel, piece)
    _fold(post, piece)
    shelf.put(_put_item(act, item or PostItem(channel_id=channel.id), post, piece))
    return Taken(post, is_fresh=True)


def _says_more(item: PostItem, piece: Piece) -> bool:
    return (
        (item.root_id is None and piece.root_id is not None)
        or (item.message_id is None and piece.message_id is not None)
        or (piece.root_id is None and piece.album_id is not None and item.album_id is None)
    )


async def _other_half(act: Act, channel: Channel, piece: Piece) -> PostItem | None:
    """A repost's message and its forward have no number in common, but their origin. Each item is paired once."""
    if piece.origin is None:
        return None
    # Locked, so that two bots cannot take in the two halves side by side without seeing each other's.
    await hold(act.session, select(Channel.id).where(Channel.id == channel.id).with_for_update())
    mine, others = PostItem.message_id, PostItem.root_id
    if piece.message_id is None:
        mine, others = others, mine
    near = Post.published_at.between(piece.published_at - SAME_MOMENT, piece.published_at + SAME_MOMENT)
    found = await act.session.scalars(
        select(PostItem)
        .join(PostItem.post)
        .options(contains_eager(PostItem.post))
        .where(PostItem.channel_id == channel.id, PostItem.origin == piece.origin, mine.is_(None), near)
        .order_by(others)
        .limit(1)
    )
    return found.first()


async def _posts_of(act: Act, channel: Channel, piece: Piece, item: PostItem | None) -> list[Post]:
    """Every post that this message belongs to, oldest first: by its item, by its album."""
    mine = [item.post] if item else []
    same: list[ColumnElement[bool]] = []
    if piece.album_id is not None:
        same.append(Post.album_id == piece.album_id)
    if piece.root_album_id is not None:
        same.append(Post.root_album_id == piece.root_album_id)
    if not same:
        return mine
    found = await act.session.scalars(select(Post).where(Post.channel_id == channel.id, or_(*same)))
    return sorted({*mine, *found}, key=lambda post: post.id)


async def _one_of(act: Act, posts: list[Post], spoken_under: SpokenUnder) -> Post:
    """The post that stays, after the others were merged into it: the oldest under which a comment stands, else the
    oldest. What is commented stays by itself: it came apart before anybody could know."""
    if len(posts) == 1:
        return posts[0]
    ids = [post.id for post in posts]
    # Locked, so that the planner cannot write a comment under a post that is about to be merged into another.
    await hold(act.session, select(Post.id).where(Post.id.in_(ids)).order_by(Post.id).with_for_update())
    spoken = await spoken_under(act, ids)
    first, *others = sorted(posts, key=lambda post: (post.id not in spoken, post.id))
    for other in others:
        if other.id not in spoken:
            await _merge(act, first, other)
    return first


def _new_post(act: Act, channel: Channel, piece: Piece) -> Post:
    post = Post(
        channel_id=channel.id,
        text="",
        marks=[],
        has_keyboard=False,
        forwarded=False,
        published_at=piece.published_at,
        seen_at=act.now,
    )
    act.session.add(post)
    return post


def _fold(post: Post, piece: Piece) -> None:
    message = piece.message
    post.message_id = _lowest(post.message_id, piece.message_id)
    if piece.root_id is not None:
        same_group = post.root_group_id == piece.root_group_id
        post.root_id = _lowest(post.root_id if same_group else None, piece.root_id)
        post.root_group_id = piece.root_group_id
    post.album_id = post.album_id or piece.album_id
    post.root_album_id = post.root_album_id or piece.root_album_id
    _speak(post, message.text, marks_of(message))
    post.media = _lowest(post.media, message.media)
    post.has_keyboard = post.has_keyboard or message.has_keyboard
    post.forwarded = post.forwarded or piece.origin is not None
    post.published_at = min(post.published_at, piece.published_at)


def _lowest[T: (int, str)](one: T | None, other: T | None) -> T | None:
    return min((value for value in (one, other) if value is not None), default=None)


def _speak(post: Post, other: str, marks: list[Any]) -> None:
    """An album speaks with its longest caption: whatever comes first, the choice is the same. An edit stands."""
    if not post.edited_at and (len(other), other) > (len(post.text), post.text):
        post.text, post.marks = other, marks


def marks_of(message: Message) -> list[Any]:
    """The entities that a quote of this message must repeat (Bot API, ReplyParameters.quote)."""
    return [one for one in message.entities if one.get("type") in QUOTED]


async def _merge(act: Act, post: Post, other: Post) -> None:
    """Two posts turn out to be one album: `other` gives up its items; what was planned for it goes with it."""
    post.message_id = _lowest(post.message_id, other.message_id)
    post.root_id = _lowest(post.root_id, other.root_id)
    post.root_group_id = post.root_group_id or other.root_group_id
    post.album_id = post.album_id or other.album_id
    post.root_album_id = post.root_album_id or other.root_album_id
    _speak(post, other.text, other.marks)
    post.media = _lowest(post.media, other.media)
    post.forwarded = post.forwarded or other.forwarded
    post.published_at = min(post.published_at, other.published_at)
    for item in await act.session.scalars(select(PostItem).where(PostItem.post_id == other.id)):
        item.post = post
    await act.flush()
    await act.session.delete(other)


def _put_item(act: Act, item: PostItem, post: Post, piece: Piece) -> PostItem:
    item.message_id = piece.message_id or item.message_id
    if piece.root_id is not None:
        item.root_id, item.root_group_id = piece.root_id, piece.root_group_id
    item.album_id = piece.album_id or item.album_id
    item.origin = piece.origin or item.origin
    item.post = post
    act.session.add(item)
    return item


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
    post.text, post.marks = message.text, marks_of(message)
    post.edited_at = act.now
    return post
