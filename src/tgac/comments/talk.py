"""What readers write under posts, as far as comments wait for it: noted when it arrives, weighed when one could leave.

Whether a wait is over stands nowhere: it is worked out from what was noted, whenever somebody looks. So nothing can be
lost between the two, and neither a second delivery nor another order of updates changes anything.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Row, and_, bindparam, delete, exists, or_, select

from tgac.comments.jobs import HearReaders, SendComment
from tgac.comments.models import Comment, ReaderComment
from tgac.comments.orders import config_of
from tgac.comments.reasons import NO_THREAD
from tgac.kit.act import Act
from tgac.kit.queue.jobs import Cancel, Done, Outcome
from tgac.kit.telegram.types import Message
from tgac.kit.tools import Tools
from tgac.posts.models import Post
from tgac.tasks.config import WaitFor
from tgac.tasks.models import Task
from tgac.tasks.presets import presets_for
from tgac.tasks.waiting import Said, Standing, asks, heard_at, standing

type Thread = tuple[int, int]
"""The group, and the automatic forward there under which comments stand."""
type _Row = Row[int, int, int, datetime, datetime | None]
type Talk = Mapping[Thread, Sequence[Said]]

_TO_COME: Final = ("planned", "awaiting_approval")
_UNDECIDED_FOR: Final = timedelta(days=1)
"""A post that the planner has not looked at by then is nobody's."""
KEPT_FOR: Final = timedelta(days=22)
"""The longest delay, the longest wait and the longest expiry, a week each, and a day."""
_WRITTEN: Final = (None, "written", "unused")
"""Where a language model is in a comment: before these it is not ready to leave."""


def is_by_reader(message: Message) -> bool:
    """Whether a person wrote it in their own name: no bot, no channel, no anonymous admin, no notice of Telegram."""
    author = message.from_user
    is_person = author is not None and not author.is_bot and message.sender_chat is None
    return is_person and message.chat.is_group and not message.is_automatic_forward and not message.is_service


def wait_of(comment: Comment) -> WaitFor | None:
    """What a comment waits for, as its task said when it was planned."""
    return WaitFor.model_validate(comment.decision["wait_for"]) if comment.wait_until else None


def standing_of(comment: Comment, post: Post, talk: Talk, now: datetime) -> Standing | None:
    """How a comment's wait for readers stands at a moment; None where it waits for none. `talk` covers its thread."""
    wait = wait_of(comment)
    if wait is None or comment.wait_until is None:
        return None
    said = talk.get((comment.group_id, post.root_id or 0), ())
    return standing(wait, said, since=post.published_at, last=comment.wait_until, now=now)


async def talk_of(act: Act, waiting: Iterable[tuple[Comment, Post]]) -> dict[Thread, list[Said]]:
    """What readers wrote in the threads of these comments that wait for it; no statement where none does."""
    threads = {(one.group_id, post.root_id) for one, post in waiting if one.wait_until and post.root_id}
    return await _said_in(act, {(group_id, root_id) for group_id, root_id in threads if root_id is not None})


async def take_talk(act: Act, messages: Iterable[Message]) -> None:
    """Note what readers have written, or edited, where comments wait for it, or may; and leave a job that lets what
    waited for it leave. Whoever plans or sends at this very moment sees nothing of it, nor we of them: the job sees
    both, since it begins when this act has ended."""
    said = [one for one in messages if is_by_reader(one) and _root_of(one)]
    posts = await _listened_to(act, {_thread(one) for one in said}) if said else {}
    heard = [one for one in said if _thread(one) in posts]
    if not heard:
        return
    known = await _known(act, {_key(one) for one in heard})
    fresh: dict[Thread, list[ReaderComment]] = {}
    for one in sorted(heard, key=lambda message: message.message_id):
        row = known.get(_key(one))
        if row is None:
            row = known[_key(one)] = _row(act, one)
        elif not _asks_earlier(act, row, one):
            continue
        fresh.setdefault(_thread(one), []).append(row)
    act.session.add_all(known.values())
    await act.flush()
    for thread, rows in fresh.items():
        act.enqueue(HearReaders(act.project_id, posts[thread].id, min(row.id for row in rows)))


async def hear_readers(tools: Tools, job: HearReaders) -> Outcome:
    """Handles HearReaders: leave a job for each comment whose wait is over because of what was noted since then, or
    over earlier: without one it is looked at every hour alone. A silence that was made longer needs none, since
    whoever looks then goes on waiting."""
    async with tools.acting(None, job.project_id) as act:
        post = await act.session.get(Post, job.post_id) or await _post_above(act, job.since)
        if post is None or post.root_group_id is None or post.root_id is None:
            return Cancel("the post was merged into another or deleted")
        rows = await _rows_in(act, {(post.root_group_id, post.root_id)})
        before, after = [_said(row) for row in rows if row.id < job.since], [_said(row) for row in rows]
        here = Comment.post_id == post.id, Comment.state == "planned", Comment.wait_until.is_not(None)
        for comment in await act.session.scalars(select(Comment).where(*here).order_by(Comment.id)):
            at = _earlier(comment, post, before, after, now=act.now)
            if at is not None and comment.decision.get("llm", {}).get("state") in _WRITTEN:
                # A key of its own: the usual job may be looking at this very moment, without these messages.
                key = f"send:{comment.id}:heard:{act.now.timestamp()}"
                act.enqueue(SendComment(act.project_id, comment.id), run_after=max(at, act.now), key=key)
    return Done()


async def _post_above(act: Act, reader_comment_id: int) -> Post | None:
    """The post in whose thread it was written, where the one that was known then was merged into another since."""
    same = and_(Post.root_group_id == ReaderComment.group_id, Post.root_id == ReaderComment.root_id)
    asked = select(Post).join(ReaderComment, same).where(ReaderComment.id == reader_comment_id)
    found: Post | None = await act.session.scalar(asked)
    return found


async def forget_talk(act: Act) -> None:
    """Drop what no comment can wait for any more."""
    await act.session.execute(delete(ReaderComment).where(ReaderComment.said_at < act.now - KEPT_FOR))


def _root_of(message: Message) -> int | None:
    return message.thread_id or message.reply_to_message_id


def _thread(message: Message) -> Thread:
    return message.chat.id, _root_of(message) or 0


def _key(message: Message) -> Thread:
    return message.chat.id, message.message_id


def _row(act: Act, message: Message) -> ReaderComment:
    """Where Telegram's clock is ahead of ours, it was written at this moment."""
    return ReaderComment(
        group_id=message.chat.id,
        root_id=_root_of(message),
        message_id=message.message_id,
        said_at=min(message.date, act.now),
        asks_at=_asks_at(act, message),
    )


def _asks_at(act: Act, message: Message) -> datetime | None:
    """Since when this version of a message asks something."""
    return min(message.edit_date or message.date, act.now) if asks(message.text) else None


def _asks_earlier(act: Act, row: ReaderComment, message: Message) -> bool:
    """Whether this version makes it a question, or shows that it was one before. What was asked once has been asked,
    whatever its author makes of it later, and in whichever order we hear of it."""
    at = _asks_at(act, message)
    if at is None or (row.asks_at is not None and row.asks_at <= at):
        return False
    row.asks_at = at
    return True


_WAITS: Final = exists().where(Comment.post_id == Post.id, Comment.state.in_(_TO_COME), Comment.wait_until.is_not(None))
_DECIDED: Final = exists().where(
    Comment.post_id == Post.id, or_(Comment.reason.is_(None), Comment.reason != NO_THREAD.code)
)
_WAITED_UNDER: Final = select(Post, _WAITS.label("waits")).where(
    Post.root_group_id.in_(bindparam("groups")),
    Post.root_id.in_(bindparam("roots")),
    or_(_WAITS, and_(~_DECIDED, Post.seen_at > bindparam("undecided_since"))),
)


async def _listened_to(act: Act, threads: Collection[Thread]) -> dict[Thread, Post]:
    """The posts of these threads under which a comment waits for readers, or may when they have been planned."""
    groups, roots = {group_id for group_id, _ in threads}, {root_id for _, root_id in threads}
    asked = {"groups": list(groups), "roots": list(roots), "undecided_since": act.now - _UNDECIDED_FOR}
    found = [(row.Post, row.waits) for row in await act.session.execute(_WAITED_UNDER, asked)]
    may_wait = any(not waits for _, waits in found) and await _some_task_waits(act)
    kept = (post for post, waits in found if waits or may_wait)
    there = {(post.root_group_id or 0, post.root_id or 0): post for post in kept}
    return {thread: post for thread, post in there.items() if thread in threads}


async def _some_task_waits(act: Act) -> bool:
    """Whether a task of the project waits for readers. Asked only in the seconds in which a post is not planned yet."""
    asked = select(Task.config).where(Task.status != "OFF", Task.deleted_at.is_(None))
    documents = list(await act.session.scalars(asked))
    presets = await presets_for(act, documents)
    configs = (config_of(document, presets) for document in documents)
    return any(config.timing.awaits.is_on for config in configs if config)


async def _known(act: Act, keys: Collection[Thread]) -> dict[Thread, ReaderComment]:
    asked = select(ReaderComment).where(
        ReaderComment.group_id.in_({group_id for group_id, _ in keys}),
        ReaderComment.message_id.in_({number for _, number in keys}),
    )
    found = {(row.group_id, row.message_id): row for row in await act.session.scalars(asked)}
    return {key: row for key, row in found.items() if key in keys}


async def _said_in(act: Act, threads: Collection[Thread]) -> dict[Thread, list[Said]]:
    found: dict[Thread, list[Said]] = {thread: [] for thread in threads}
    for row in await _rows_in(act, threads) if threads else ():
        found.setdefault((row.group_id, row.root_id), []).append(_said(row))
    return found


_IN_THREADS: Final = select(
    ReaderComment.id, ReaderComment.group_id, ReaderComment.root_id, ReaderComment.said_at, ReaderComment.asks_at
).where(ReaderComment.group_id.in_(bindparam("groups")), ReaderComment.root_id.in_(bindparam("roots")))


async def _rows_in(act: Act, threads: Collection[Thread]) -> Sequence[_Row]:
    groups, roots = {group_id for group_id, _ in threads}, {root_id for _, root_id in threads}
    return (await act.session.execute(_IN_THREADS, {"groups": list(groups), "roots": list(roots)})).all()


def _said(row: _Row) -> Said:
    return Said(row.said_at, row.asks_at)


def _earlier(
    comment: Comment, post: Post, before: Iterable[Said], after: Iterable[Said], *, now: datetime
) -> datetime | None:
    """When the comment is to be looked at because of what was just written; None where its usual job comes in time."""
    wait, last = wait_of(comment), comment.wait_until
    if wait is None or last is None or comment.send_at is None or comment.send_at > now:
        return None
    was, at = heard_at(wait, before, post.published_at), heard_at(wait, after, post.published_at)
    if at is None or at >= last or (was is not None and was <= at):
        return None
    return at
