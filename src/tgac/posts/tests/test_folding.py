"""Whatever the order in which the pieces of posts come, and however often, the posts are the same."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select
from tests.support.clock import ManualClock
from tests.support.databases import fresh_url
from tests.support.world import config_for

from tgac.channels.models import Channel
from tgac.kit.act import Act
from tgac.kit.db.session import Database
from tgac.kit.secrets import Keys, Secret, new_master_key
from tgac.kit.telegram.types import Chat, ForwardOrigin, Media, Message
from tgac.kit.tenancy import EVERYONE
from tgac.people.models import Project, User
from tgac.posts.models import Post, PostItem
from tgac.posts.service import Shelf, channel_piece, group_piece, take_piece

CHANNEL, GROUP = -1000000000001, -1000000000002
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ORIGINS = (
    ForwardOrigin("channel", NOON - timedelta(days=1), chat_id=-1000000000009, message_id=70),
    ForwardOrigin("user", NOON - timedelta(days=1), name="42"),
    ForwardOrigin("hidden_user", NOON - timedelta(days=1), name="Somebody"),
)


@dataclass(frozen=True)
class Shape:
    """What is published: how many messages, what they carry, whose they were."""

    media: tuple[Media | None, ...]
    captions: tuple[str, ...]
    origin: ForwardOrigin | None
    keyboard: bool


def messages_of(shapes: Sequence[Shape], *, grouped: bool) -> list[Message]:
    """Every message of these posts, in the channel and in the group; an album's forwards share a group if `grouped`."""
    told: list[Message] = []
    number = 0
    for index, shape in enumerate(shapes):
        date = NOON + timedelta(minutes=10 * index)
        album = f"album{index}" if len(shape.media) > 1 else None
        for place, media in enumerate(shape.media):
            number += 1
            content: dict[str, Any] = {"date": date, "media": media, "text": shape.captions[place]}
            origin = shape.origin and _nth(shape.origin, place)
            told.append(
                Message(
                    Chat(CHANNEL, "channel"),
                    number,
                    forward_origin=origin,
                    media_group_id=album,
                    has_keyboard=shape.keyboard,
                    **content,
                )
            )
            if not shape.keyboard:
                told.append(
                    Message(
                        Chat(GROUP, "supergroup"),
                        500 + number,
                        sender_chat=Chat(CHANNEL, "channel"),
                        is_automatic_forward=True,
                        forward_origin=origin or ForwardOrigin("channel", date, chat_id=CHANNEL, message_id=number),
                        media_group_id=album and f"{album}-forwarded" if grouped else None,
                        **content,
                    )
                )
    return told


def _nth(origin: ForwardOrigin, place: int) -> ForwardOrigin:
    """The origin of an album's nth item: of a channel each has its number there."""
    if origin.message_id is None:
        return origin
    return ForwardOrigin(origin.kind, origin.date, chat_id=origin.chat_id, message_id=origin.message_id + place)


@st.composite
def shapes(draw: st.DrawFn) -> Shape:
    count = draw(st.sampled_from((1, 1, 1, 2, 3)))
    kinds: tuple[Media | None, ...] = ("photo", "video") if count > 1 else (None, "photo", "video")
    media = tuple(draw(st.sampled_from(kinds)) for _ in range(count))
    captions = tuple(draw(st.sampled_from(("", "One", "Two words"))) if one else "Text" for one in media)
    origin = draw(st.sampled_from((None, None, *ORIGINS)))
    return Shape(media, captions, origin, keyboard=count == 1 and draw(st.integers(0, 9)) == 0)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[Shape], list[Message], list[Message]]:
    """Posts, their messages in order, and the same messages in some other order, some of them twice."""
    posts = draw(st.lists(shapes(), min_size=1, max_size=3))
    told = messages_of(posts, grouped=draw(st.booleans()))
    again = draw(st.lists(st.sampled_from(told), max_size=3))
    return posts, told, draw(st.permutations(told + again))


type Told = set[tuple[Any, ...]]


class Desk:
    """A database with one channel, emptied for each example."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.clock = ManualClock(NOON)
        self.config = config_for("http://127.0.0.1:1", "10000:" + "A" * 35)
        self.keys = Keys([Secret(new_master_key())])

    async def prepare(self) -> None:
        async with self.db.writing(EVERYONE) as session:
            session.add(User(id=1, username="anna", created_at=NOON))
            await session.flush()
            session.add(Project(id=1, user_id=1, name="City", created_at=NOON))
            await session.flush()
            session.add(
                Channel(
                    id=1,
                    project_id=1,
                    telegram_id=CHANNEL,
                    title="News",
                    group_id=GROUP,
                    group_title="Talk",
                    claimed_by=1,
                    checked_at=NOON,
                    created_at=NOON,
                )
            )
            await session.commit()

    async def take(self, told: Sequence[Message]) -> Told:
        """The posts that these messages, in this order, come to."""
        async with self.db.writing(1) as session:
            await session.execute(delete(Post))
            act = Act(session, 1, NOON, self.config, self.keys)
            channel = await session.get_one(Channel, 1)
            shelf = Shelf()
            for message in told:
                piece = group_piece(message, channel) if message.chat.id == GROUP else channel_piece(message)
                await take_piece(act, channel, piece, shelf=shelf, spoken_under=_nobody_spoke)
            await session.flush()
            return {await _told(act, post) for post in await session.scalars(select(Post))}


async def _nobody_spoke(act: Act, post_ids: Sequence[int]) -> set[int]:
    return set()


async def _told(act: Act, post: Post) -> tuple[Any, ...]:
    items = await act.session.scalars(select(PostItem).where(PostItem.post_id == post.id))
    numbers = sorted((item.message_id or 0, item.root_id or 0) for item in items)
    return (
        post.message_id,
        post.root_id,
        post.album_id,
        post.text,
        post.media,
        post.forwarded,
        post.has_keyboard,
        post.published_at,
        tuple({number for pair in numbers for number in pair if number}),
    )


def test_any_order_and_any_repetition_of_the_pieces_gives_the_same_posts(tmp_path: Path) -> None:
    with asyncio.Runner() as runner:
        desk = Desk(Database(runner.run(fresh_url("sqlite", tmp_path)).replace("sqlite:", "sqlite+aiosqlite:")))
        runner.run(desk.prepare())

        @settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])
        @given(deliveries())
        def hold(delivery: tuple[list[Shape], list[Message], list[Message]]) -> None:
            shapes, told, shuffled = delivery
            in_order = runner.run(desk.take(told))
            assert len(in_order) == len(shapes)
            assert runner.run(desk.take(shuffled)) == in_order

        try:
            hold()
        finally:
            runner.run(desk.db.aclose())
