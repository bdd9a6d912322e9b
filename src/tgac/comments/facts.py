"""Rows become the facts that the planner and the texts work with."""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from tgac.bots.models import Bot
from tgac.channels.models import Channel
from tgac.comments.decide import Order
from tgac.comments.models import Comment
from tgac.journal.service import About
from tgac.kit.telegram.links import message_link
from tgac.kit.telegram.types import Button, File, Look, Poll, Quote
from tgac.people.models import Project
from tgac.posts.models import Post
from tgac.tasks.config import Content, TaskConfig
from tgac.tasks.facts import BotFacts, ChannelFacts, PostFacts
from tgac.tasks.text.egress import Button as LinkButton
from tgac.tasks.text.egress import Form
from tgac.tasks.text.html import utf16_length
from tgac.tasks.text.quote import first_words
from tgac.tasks.text.rich import blocks_if_long

_SEEN = ("buttons", "media", "poll")
_HASHTAG = re.compile(r"(?<!\w)#(\w{1,100})")
_CYRILLIC = re.compile(r"[а-яё]", re.IGNORECASE)
_LATIN = re.compile(r"[a-z]", re.IGNORECASE)


def language_of(text: str) -> str:
    """`ru` where most letters are Cyrillic, else `en`: for the words of dates in a comment."""
    return "ru" if len(_CYRILLIC.findall(text)) > len(_LATIN.findall(text)) else "en"


def hashtags_in(text: str) -> tuple[str, ...]:
    """The hashtags of a text, without #."""
    return tuple(_HASHTAG.findall(text))


def post_link(base: str, post: Post, channel: Channel) -> str:
    """Where the post is read (`base` is Config.telegram_link_base); empty while its number is not known."""
    if post.message_id is None:
        return ""
    return message_link(base, channel.address, message_id=post.message_id)


def post_facts(base: str, post: Post, channel: Channel) -> PostFacts:
    """A post as its tasks see it."""
    return PostFacts(
        id=post.id,
        text=post.text,
        link=post_link(base, post, channel),
        published_at=post.published_at,
        seen_at=post.seen_at,
        hashtags=hashtags_in(post.text),
        media=frozenset({post.media}) if post.media else frozenset(),
        forwarded=post.forwarded,
        has_keyboard=post.has_keyboard,
        language=language_of(post.text),
    )


def has_thread(post: Post, channel: Channel) -> bool:
    """Whether comments can stand under the post.

    A thread in a group that is no longer the channel's is none: there its number is a stranger's message.
    """
    return post.root_id is not None and post.root_group_id == channel.group_id


def order_for(task_id: int, config: TaskConfig, bots: Iterable[Bot]) -> Order:
    """A task as the planner sees it."""
    return Order(task_id, config, tuple(bot_facts(bot) for bot in bots))


def zone_for(config: TaskConfig, project: Project) -> ZoneInfo:
    """The zone of a task's times: its own, else the project's."""
    return config.timing.zone or ZoneInfo(project.time_zone)


def channel_facts(channel: Channel) -> ChannelFacts:
    """A channel as texts speak of it."""
    return ChannelFacts(id=channel.id, title=channel.title, username=channel.username)


def bot_facts(bot: Bot) -> BotFacts:
    """A bot as texts speak of it."""
    return BotFacts(id=bot.id, name=bot.name, username=bot.username)


def look_of(comment: Comment, content: Content) -> Look:
    """How the comment is shown besides its text. The file is only named: whoever sends it brings it."""
    rows = comment.decision.get("buttons", [])
    keyboard = tuple(tuple(Button(one["text"], url=one["url"]) for one in row) for row in rows)
    look = Look(keyboard=keyboard, link_preview=content.link_preview, silent=content.silent, poll=poll_of(comment))
    carried = comment.decision.get("media")
    if carried:
        return replace(look, file=File(carried.get("kind", "document")))
    return replace(look, rich=blocks_if_long(comment.text or ""))


def kept_buttons(rows: Iterable[Iterable[Button | LinkButton]]) -> list[list[dict[str, str]]]:
    """Link buttons as a decision keeps them."""
    return [[{"text": one.text, "url": one.url or ""} for one in row] for row in rows]


def buttons_of(comment: Comment) -> list[list[dict[str, str]]]:
    """The link buttons that a comment has, as they are kept."""
    rows: list[list[dict[str, str]]] = comment.decision.get("buttons", [])
    return rows


def media_of(comment: Comment) -> int | None:
    """The number of the file that the comment carries, if it carries one."""
    return (comment.decision.get("media") or {}).get("id")


def form_of(comment: Comment) -> Form:
    """What the comment's text belongs to."""
    return poll_of(comment) or media_of(comment)


def kept_media(media: int | None) -> dict[str, Any] | None:
    """A file as a decision keeps it."""
    return {"id": media} if media is not None else None


def poll_of(comment: Comment) -> Poll | None:
    """The poll that the comment is, if it is one; its text is the question."""
    given = comment.decision.get("poll")
    return Poll(tuple(given["options"]), given["anonymous"], given["multiple"], given["about"]) if given else None


def kept_poll(poll: Poll | None) -> dict[str, Any] | None:
    """A poll as a decision keeps it."""
    return asdict(poll) | {"options": list(poll.options)} if poll else None


def quote_of(post: Post) -> Quote | None:
    """The beginning of the post with the looks that Telegram wants repeated; None where it has no words."""
    start, words = first_words(post.text)
    if not words:
        return None
    end = start + utf16_length(words)
    inside = (one for one in post.marks if one["offset"] < end and one["offset"] + one["length"] > start)
    return Quote(words, tuple(_clipped(one, start, end) for one in inside))


def _clipped(mark: dict[str, Any], start: int, end: int) -> dict[str, Any]:
    first, last = max(mark["offset"], start), min(mark["offset"] + mark["length"], end)
    return mark | {"offset": first - start, "length": last - first}


def written_at(comment: Comment) -> datetime:
    """When the comment got the words that it has: what happened to the post later, they do not know."""
    told = comment.decision.get("written_at")
    return datetime.fromisoformat(told) if told else comment.created_at


def version_of(comment: Comment) -> str:
    """A name of exactly what readers would see: whoever approves names it, so that nothing else is approved."""
    shown = {"text": comment.text, "bot": comment.bot_id, **{key: comment.decision.get(key) for key in _SEEN}}
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()[:16]


def about(comment: Comment) -> About:
    """What an event of this comment is about."""
    return {
        "post_id": comment.post_id,
        "comment_id": comment.id,
        "task_id": comment.task_id,
        "bot_id": comment.bot_id,
        "channel_id": comment.channel_id,
    }
