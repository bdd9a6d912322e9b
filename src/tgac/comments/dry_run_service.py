"""Trying a task on posts: which posts, which tasks meet there. Reads alone; nothing is written, nothing sent."""

import asyncio
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import batched
from typing import Annotated, Any, BinaryIO, Final
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, Strict, model_validator
from sqlalchemy import Select, case, select

from tgac.bots.models import Bot, Seat
from tgac.channels.models import Channel
from tgac.comments.dry_run import DryRun, Place, Taker, Tried
from tgac.comments.facts import channel_facts, has_thread, hashtags_in, language_of, order_for, post_facts, zone_for
from tgac.comments.limits import grown_caps
from tgac.comments.telegram_export import Export, ExportedPost, read_export
from tgac.kit.act import Act
from tgac.kit.errors import Invalid
from tgac.kit.telegram.links import message_link
from tgac.kit.tenancy import Principal, Right, require
from tgac.kit.tools import Tools
from tgac.kit.web.deps import MAX_ID
from tgac.kit.web.i18n import _
from tgac.people.models import Project
from tgac.people.queries import the_project
from tgac.posts.models import Post
from tgac.settings.service import holding_here
from tgac.tasks.config import Media, TaskConfig
from tgac.tasks.facts import PostFacts
from tgac.tasks.media import media_named
from tgac.tasks.media_models import MediaFile
from tgac.tasks.models import Task, TaskBot
from tgac.tasks.presets import check_preset, config_held, presets_here
from tgac.tasks.queries import bots_writing, find_task, tasks_for_channels
from tgac.tasks.service import checked_document
from tgac.tasks.targets import Aim, aimed_at

MOST: Final = 1000
"""Posts that are tried at once, where they are not out of a file."""
_AT_ONCE: Final = 100
"""Posts between two pauses, in which other requests are answered."""
type RowNumber = Annotated[int, Field(ge=1, le=MAX_ID)]


class PastedPost(BaseModel):
    """A post that was never published; without `published_at` it appears at this moment."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(max_length=4096)] = ""
    published_at: AwareDatetime | None = None
    media: tuple[Media, ...] = ()
    forwarded: bool = False
    has_keyboard: bool = False


class What(BaseModel):
    """What is tried: a task as it is, a task with another document, or a document alone.

    `channel_id` is where posts that were pasted or come out of a file would appear; else the task's first channel.
    """

    model_config = ConfigDict(extra="forbid")

    task_id: RowNumber | None = None
    config: Any = None
    channel_id: RowNumber | None = None

    @model_validator(mode="after")
    def _something(self) -> "What":
        if self.task_id is None and self.config is None:
            raise ValueError(_("Say which task, or send a document."))
        return self


class Asked(What):
    """`posts` are tried where there are any, else the `last` ones of the task's channels."""

    last: Annotated[int, Strict(), Field(ge=1, le=MOST)] = 20
    posts: Annotated[list[PastedPost], Field(min_length=1, max_length=MOST)] | None = None


@dataclass(frozen=True, slots=True)
class Subject:
    """What is tried: the task as it stands or would stand. `served` asks for the channels that it serves, `prices` what
    a million tokens cost in US dollars, in and out (0: not known); `files` are those that its comments may carry."""

    task: Task | None
    config: TaskConfig
    project: Project
    served: Select[Channel]
    prices: tuple[float, float] = (0.0, 0.0)
    files: Mapping[int, MediaFile] = field(default_factory=dict)

    @property
    def zone(self) -> ZoneInfo:
        """The zone of its times."""
        return zone_for(self.config, self.project)

    async def channel_for(self, act: Act, wanted: int | None, *, telegram_id: int | None = None) -> Channel:
        """Where posts that no bot has seen would appear. Raises Invalid."""
        if wanted is not None:
            chosen = await act.session.scalar(self.served.where(Channel.id == wanted))
            if chosen is None:
                raise Invalid(_("The task does not serve this channel."), field="channel_id")
            return chosen
        is_own = case((Channel.telegram_id == telegram_id, 0), else_=1)
        found = await act.session.scalar(self.served.order_by(is_own, Channel.id).limit(1))
        if found is None:
            raise Invalid(_("The task has no channel yet. Choose one first."), field="channel_id")
        return found


@dataclass(frozen=True, slots=True)
class Tryout:
    """A dry run that is done; `channel` is where posts were put that no bot has seen, `export` their file."""

    subject: Subject
    run: DryRun
    channel: Channel | None = None
    export: Export | None = None


async def try_posts(act: Act, asked: Asked, *, keep: int | None = MOST) -> Tryout:
    """What the task would have done with the last posts of its channels, or with pasted ones.

    Raises Refused, NotFound, Invalid (`config.…`, `channel_id`).
    """
    require(act, Right.LOOK)
    return await rehearse(act, asked, keep=keep)


async def rehearse(act: Act, asked: Asked, *, keep: int | None = MOST) -> Tryout:
    """The same for the machinery itself, which has no role. Raises NotFound, Invalid."""
    subject = await _subject(act, asked)
    if asked.posts is not None:
        channel = await subject.channel_for(act, asked.channel_id)
        run = DryRun(await _places(act, subject, [channel]), keep=keep)
        await asyncio.to_thread(run.take_all, list(_pasted(asked.posts, channel.id, act.now)))
        return Tryout(subject, run, channel)
    wanted = subject.served
    if asked.channel_id is not None:
        wanted = wanted.where(Channel.id == (await subject.channel_for(act, asked.channel_id)).id)
    ids = await _newest(act, wanted, asked.last)
    there = select(Channel).where(Channel.id.in_({channel_id for _id, channel_id in ids}))
    channels = {channel.id: channel for channel in await act.session.scalars(there)}
    run = DryRun(await _places(act, subject, channels.values()), keep=keep)
    for some in batched(reversed(ids), _AT_ONCE):
        posts = await act.session.scalars(
            select(Post)
            .where(Post.id.in_([post_id for post_id, _channel in some]))
            .order_by(Post.published_at, Post.id)
        )
        base = act.config.telegram_link_base
        await asyncio.to_thread(run.take_all, [_stored(base, post, channels[post.channel_id]) for post in posts])
    return Tryout(subject, run)


async def try_export(
    tools: Tools, principal: Principal, what: What, *, project_id: int, file: BinaryIO, keep: int | None = MOST
) -> Tryout:
    """What the task would have done with the posts of a channel's export. They are stored nowhere.

    Raises Refused, NotFound, Invalid (`file`, `config.…`, `channel_id`).
    """
    async with tools.reading(principal, project_id) as act:
        require(act, Right.LOOK)
        subject = await _subject(act, what)
        export = await asyncio.to_thread(read_export, file, subject.zone)
        channel = await subject.channel_for(act, what.channel_id, telegram_id=export.telegram_id)
        run = DryRun(await _places(act, subject, [channel]), keep=keep)
    base = tools.config.telegram_link_base
    await asyncio.to_thread(run.take_all, _exported(export.posts, channel, base))
    return Tryout(subject, run, channel, export)


async def _subject(act: Act, what: What) -> Subject:
    task = await find_task(act, what.task_id) if what.task_id is not None else None
    if what.config is not None:
        config = checked_document(what.config)
    else:
        config = TaskConfig.model_validate(task.config if task else {})
    own = await presets_here(act)
    check_preset(config, own)
    config = config_held(config.dump(), own)
    served = aimed_at(Aim(config.targets.channels, config.targets.playlists))
    prices = (act.config.openai_price_in, act.config.openai_price_out)
    files = await media_named(act, {one.media_id for one in config.content.variants if one.media_id})
    return Subject(task, config, await the_project(act), served, prices, files)


async def _places(act: Act, subject: Subject, channels: Iterable[Channel]) -> dict[int, Place]:
    """The channels with the tasks that meet there, in the planner's order: a task that is not written down yet comes
    last, and is served by every bot that may write there."""
    holding = await holding_here(act)
    limit = holding.collision_limit_per_post
    by_id = {channel.id: channel for channel in channels}
    meeting = await tasks_for_channels(act, by_id)
    tasks = {task.id: task for on in meeting.values() for task in on} | (
        {subject.task.id: subject.task} if subject.task else {}
    )
    bots = await _bots(act, tasks, by_id)
    own = await presets_here(act)
    documents = {task.id: config_held(task.config, own) for task in tasks.values()}
    takers: dict[int, list[Taker]] = {one: [] for one in by_id}
    for channel_id, on in meeting.items():
        for task in sorted({*on, *([subject.task] if subject.task else [])}, key=lambda task: task.id):
            is_tried = task is subject.task
            config = subject.config if is_tried else documents[task.id]
            order = order_for(task.id, config, bots.get((task.id, channel_id), ()))
            zone, caps = zone_for(config, subject.project), grown_caps(config.limits, holding)
            takers[channel_id].append(Taker(task.name, order, zone, is_tried, caps))
        if subject.task is None:
            order = order_for(0, subject.config, bots.get((0, channel_id), ()))
            caps = grown_caps(subject.config.limits, holding)
            takers[channel_id].append(Taker(_("This task"), order, subject.zone, is_tried=True, caps=caps))
    return {one: Place(channel_facts(channel), tuple(takers[one]), limit) for one, channel in by_id.items()}


async def _bots(act: Act, task_ids: Collection[int], channel_ids: Collection[int]) -> dict[tuple[int, int], list[Bot]]:
    """Who may write, by task and channel; under the task 0 whoever may write there at all."""
    found: dict[tuple[int, int], list[Bot]] = {}
    here = bots_writing().where(Seat.channel_id.in_(channel_ids)).add_columns(Seat.channel_id)
    serving = here.join(TaskBot, TaskBot.bot_id == Bot.id).where(TaskBot.task_id.in_(task_ids))
    for bot, channel_id, task_id in await act.session.execute(serving.add_columns(TaskBot.task_id)):
        found.setdefault((task_id, channel_id), []).append(bot)
    for bot, channel_id in await act.session.execute(here):
        found.setdefault((0, channel_id), []).append(bot)
    return found


async def _newest(act: Act, channels: Select[Channel], last: int) -> list[tuple[int, int]]:
    """The newest posts of these channels, each with its channel; newest first."""
    newest = (
        select(Post.id, Post.channel_id)
        .where(Post.channel_id.in_(channels.with_only_columns(Channel.id)))
        .order_by(Post.published_at.desc(), Post.id.desc())
        .limit(last)
    )
    return [(row.id, row.channel_id) for row in await act.session.execute(newest)]


def _stored(base: str, post: Post, channel: Channel) -> Tried:
    return Tried(
        post_facts(base, post, channel),
        channel.id,
        has_root=has_thread(post, channel),
        is_gone=post.gone_at is not None,
    )


def _pasted(posts: Iterable[PastedPost], channel_id: int, now: datetime) -> Iterator[Tried]:
    for number, post in enumerate(posts, start=1):
        yield Tried(_facts(number, post, post.published_at or now), channel_id)


def _exported(posts: Iterable[ExportedPost], channel: Channel, base: str) -> Iterator[Tried]:
    """The posts of an export, as if a bot had seen each at once. They count by their numbers in the channel."""
    for post in posts:
        link = message_link(base, channel.address, message_id=post.message_id)
        yield Tried(_facts(post.message_id, post, post.published_at, link=link), channel.id)


def _facts(number: int, post: PastedPost | ExportedPost, at: datetime, *, link: str = "") -> PostFacts:
    return PostFacts(
        id=number,
        text=post.text,
        link=link,
        published_at=at,
        seen_at=at,
        hashtags=hashtags_in(post.text),
        media=frozenset(post.media) - {"text"},
        forwarded=post.forwarded,
        has_keyboard=post.has_keyboard,
        language=language_of(post.text),
    )
