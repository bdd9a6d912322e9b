"""What must hold after a month, whatever has happened in it: Telegram's own record against ours."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import text

from tests.simulation.aftercare import cared_for
from tests.simulation.month import Month
from tests.simulation.stage import Stage, rows
from tests.simulation.watch import is_comment
from tgac.comments.models import Comment
from tgac.journal.models import Event
from tgac.kit.queue.store import count
from tgac.kit.telegram.pace import CHAT, GROUP
from tgac.kit.tenancy import EVERYONE
from tgac.people.models import Project
from tgac.posts.models import Post
from tgac.tasks.config import TaskConfig
from tgac.tasks.timing import is_quiet
from tgsandbox.model import Stored

GRACE = timedelta(seconds=45)
"""Our clock is wrong by so much at times."""
ENDED = ("sent", "unknown", "rejected", "skipped", "expired", "cancelled", "deleted")
STOOD = ("sent", "deleted", "unknown", "rejected")


async def violations(month: Month) -> list[str]:
    """Everything that should not have happened, as sentences; empty when all is well."""
    stage = month.stage
    comments, posts = await rows(stage, Comment), await rows(stage, Post)
    zones = {project.id: ZoneInfo(project.time_zone) for project in await rows(stage, Project)}
    said = {(one.chat.id, one.id): one for one in _said(stage)}
    left = {event.post_id for event in await rows(stage, Event) if event.kind == "post_left"}
    return [
        *month.watch.broken,
        *_never_twice(said, comments, posts),
        *_counters_agree(said, comments),
        *_in_time(stage, said, comments, posts, zones),
        *_heard(month, said, comments, posts),
        *_within_limits(said),
        *_within_caps(stage, said, comments),
        *_all_ended(comments),
        *await cared_for(month, said, comments),
        *_all_seen(month, posts, comments, left),
        *await _all_open(stage),
        *await _nothing_stuck(stage),
    ]


def _said(stage: Stage) -> Iterator[Stored]:
    """What our bots have written in groups, deleted or not."""
    for place in stage.places:
        yield from (one for one in place.group.messages.values() if is_comment(stage, one))


def _never_twice(said: dict[tuple[int, int], Stored], comments: list[Comment], posts: list[Post]) -> Iterator[str]:
    """Under a root stand no more comments than tasks have reasons to say they wrote there."""
    roots = {(post.root_group_id, post.root_id): post.id for post in posts}
    wrote = Counter(comment.post_id for comment in comments if comment.state in STOOD)
    stood = Counter((one.chat.id, one.reply_to.id if one.reply_to else 0) for one in said.values())
    for (chat_id, root_id), number in stood.items():
        post_id = roots.get((chat_id, root_id))
        if post_id is None:
            yield f"a comment stands in {chat_id} under {root_id}, which is no post of ours"
        elif number > wrote[post_id]:
            yield f"post {post_id} has {number} comments and {wrote[post_id]} that may have been sent"
        elif number > 1:
            yield f"post {post_id} has {number} comments, and the limit is one"


def _counters_agree(said: dict[tuple[int, int], Stored], comments: list[Comment]) -> Iterator[str]:
    ours = Counter((one.group_id, one.message_id) for one in comments if one.message_id is not None)
    for key, number in ours.items():
        if number > 1:
            yield f"message {key} is claimed by {number} comments"
        if key not in said:
            yield f"message {key} is ours and not Telegram's"
    # Of these we do not know where they stand: a person has told of some, and may be mistaken.
    placeless = sum(one.state in ("unknown", "rejected", "sent") and one.message_id is None for one in comments)
    if len(set(said) - set(ours)) > placeless:
        yield f"Telegram has {len(set(said) - set(ours))} messages more than we know of, and {placeless} are unknown"


def _in_time(
    stage: Stage,
    said: dict[tuple[int, int], Stored],
    comments: list[Comment],
    posts: list[Post],
    zones: dict[int, ZoneInfo],
) -> Iterator[str]:
    published = {post.id: post.published_at for post in posts}
    configs: dict[int, TaskConfig] = {}
    for comment in comments:
        stored = said.get((comment.group_id, comment.message_id or 0))
        if stored is None:
            continue
        config = configs.setdefault(comment.task_id, TaskConfig.model_validate(_config(stage, comment.task_id)))
        at = datetime.fromtimestamp(stored.body["date"], UTC)
        zone, timing = zones[comment.project_id], config.timing
        if all(is_quiet(at + shift, timing.quiet_hours, zone) for shift in (-GRACE, GRACE)):
            yield f"comment {comment.id} was sent at {at.astimezone(zone)}, in quiet hours"
        if at < published[comment.post_id] + timedelta(seconds=timing.window.min_s) - GRACE:
            yield f"comment {comment.id} was sent {at}, too soon after {published[comment.post_id]}"
        if comment.expires_at and at > comment.expires_at + GRACE:
            yield f"comment {comment.id} was sent {at}, after {comment.expires_at}"


def _heard(
    month: Month, said: dict[tuple[int, int], Stored], comments: list[Comment], posts: list[Post]
) -> Iterator[str]:
    """Nothing leaves before its readers have talked, unless at its last moment; nothing is given up before that."""
    published = {post.id: (post.root_id, post.published_at) for post in posts}
    talks: dict[tuple[int, int], Talk] = defaultdict(list)
    for place in month.stage.places:
        for one in place.group.messages.values():
            if one.reply_to and one.author not in month.stage.bots:
                at = datetime.fromtimestamp(one.body["date"], UTC)
                asked = month.questions.get((place.group.id, one.id))
                talks[place.group.id, one.reply_to.id].append((at, asked))
    for comment in comments:
        if comment.wait_until is None:
            continue
        if comment.reason == "waited_in_vain" and comment.changed_at < comment.wait_until - GRACE:
            yield f"comment {comment.id} was given up at {comment.changed_at}, before {comment.wait_until}"
        stored = said.get((comment.group_id, comment.message_id or 0))
        left = datetime.fromtimestamp(stored.body["date"], UTC) if stored else comment.wait_until
        root_id, since = published[comment.post_id]
        talk = talks[comment.group_id, root_id or 0]
        if left < comment.wait_until - GRACE and not _has_talked(
            comment.decision["wait_for"], talk, since=since, by=left + GRACE
        ):
            yield f"comment {comment.id} was sent {left}: its readers had not talked; at most to {comment.wait_until}"


type Talk = list[tuple[datetime, datetime | None]]
"""When each reader wrote, and since when it is a question."""


def _has_talked(wait: dict[str, Any], talk: Talk, *, since: datetime, by: datetime) -> bool:
    """Whether all that is waited for has held at some moment, as Telegram's record shows."""
    silence = max(timedelta(0), timedelta(seconds=wait["silence_s"] or 0) - 2 * GRACE)
    moments = [since, *(at for told in talk for at in told if at)]
    for moment in (one + more for one in moments for more in (timedelta(0), silence)):
        so_far = [(at, asked) for at, asked in talk if at <= moment]
        is_silent = moment - max((at for at, _asked in so_far), default=since) >= silence
        is_asked = not wait["question"] or any(asked and asked <= moment for _at, asked in so_far)
        if moment <= by and is_silent and is_asked and len(so_far) >= wait["reader_comments"]:
            return True
    return False


def _config(stage: Stage, task_id: int) -> dict[str, Any]:
    return stage.tasks[task_id]


def _within_limits(said: dict[tuple[int, int], Stored]) -> Iterator[str]:
    """Telegram's limits for a bot in a group, over any window."""
    times: dict[tuple[int, int], list[int]] = defaultdict(list)
    for one in said.values():
        times[one.author, one.chat.id].append(one.body["date"])
    for key, moments in times.items():
        ordered = sorted(moments)
        for limit in (CHAT, GROUP):
            for first, last in zip(ordered, ordered[limit.count :], strict=False):
                if last - first < limit.seconds - 1:
                    yield f"bot and group {key}: more than {limit.count} within {limit.seconds} s at {first}"


def _within_caps(stage: Stage, said: dict[tuple[int, int], Stored], comments: list[Comment]) -> Iterator[str]:
    """Our own limits, over any window: how often something stood in the channel, or was written by the bot, before."""
    refused = {(one.group_id, one.message_id) for one in comments if one.state == "rejected"}
    moments: dict[tuple[str, int], list[datetime]] = defaultdict(list)
    for key, one in said.items():
        if key not in refused:
            at = datetime.fromtimestamp(one.body["date"], UTC)
            moments["channel", one.chat.id].append(at)
            moments["bot", one.author].append(at)
    for comment in comments:
        stored = said.get((comment.group_id, comment.message_id or 0))
        if stored is None or (comment.group_id, comment.message_id) in refused:
            continue
        at, limits = datetime.fromtimestamp(stored.body["date"], UTC), _config(stage, comment.task_id).get("limits", {})
        caps = (
            ("channel", stored.chat.id, limits.get("per_channel_hour"), 3600),
            ("bot", stored.author, limits.get("per_bot_day"), 86_400),
            ("bot", stored.author, 1 if limits.get("pause_s") else None, limits.get("pause_s", 0)),
            ("bot", stored.author, 50, 300),
        )
        for scope, number, most, seconds in caps:
            since = at - timedelta(seconds=seconds) + 2 * GRACE
            before = sum(since < moment < at for moment in moments[scope, number])
            if most is not None and before >= most:
                yield f"comment {comment.id}: {before} of its {scope} within {seconds} s before {at}, not {most}"


def _all_ended(comments: list[Comment]) -> Iterator[str]:
    for comment in comments:
        if comment.state not in ENDED:
            yield f"comment {comment.id} has not ended: {comment.state}, due {comment.send_at}"
        elif comment.state != "sent" and not comment.reason:
            yield f"comment {comment.id} is {comment.state} without a reason"


def _all_seen(month: Month, posts: list[Post], comments: list[Comment], left: set[int | None]) -> Iterator[str]:
    known = {(post.channel_id, post.message_id): post for post in posts}
    decided = {comment.post_id for comment in comments}
    for published in month.published:
        post = known.get((published.place.row_id, published.post.id))
        if post is None and published.must_be_seen:
            yield f"the post {published.post.id} of channel {published.place.row_id} ({published.at}) was never seen"
        if post is not None and post.id not in decided and post.id not in left:
            yield f"post {post.id} ({post.published_at}) has neither a comment nor a reason"


async def _all_open(stage: Stage) -> list[str]:
    """In the end every bot is where it was: however long Telegram was silent, each channel is looked at again."""
    seated = await stage.seated({place.row_id for place in stage.places})
    due = {(place.row_id, bot.id) for place in stage.places for bot in place.bots}
    return [f"bot {bot_id} has no seat in channel {row_id}" for row_id, bot_id in sorted(due - seated)]


_STUCK = "SELECT kind, payload, status, error FROM jobs WHERE status IN ('running', 'failed')"


async def _nothing_stuck(stage: Stage) -> list[str]:
    async with stage.tools.reading(None, EVERYONE) as act:
        jobs = await count(act.session)
        stuck = (await (await act.session.connection()).execute(text(_STUCK))).all()
    told = [f"{number} jobs are {state}" for state, number in jobs.items() if state in ("running", "failed")]
    return [*told, *(f"{row.kind} {row.payload} is {row.status}: {row.error}" for row in stuck)]
