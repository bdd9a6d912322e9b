"""Rows become the facts that the planner and the texts work with."""

import re

from tgac.bots.models import Bot
from tgac.channels.models import Channel
from tgac.kit.telegram.links import message_link
from tgac.posts.models import Post
from tgac.tasks.facts import BotFacts, ChannelFacts, PostFacts

_HASHTAG = re.compile(r"(?<!\w)#(\w{1,100})")
_CYRILLIC = re.compile(r"[а-яё]", re.IGNORECASE)
_LATIN = re.compile(r"[a-z]", re.IGNORECASE)


def language_of(text: str) -> str:
    """`ru` where most letters are Cyrillic, else `en`: for the words of dates in a comment."""
    return "ru" if len(_CYRILLIC.findall(text)) > len(_LATIN.findall(text)) else "en"


def post_link(base: str, post: Post, channel: Channel) -> str:
    """Where the post is read (`base` is Config.telegram_link_base); empty while its number is not known."""
    if post.message_id is None:
        return ""
    return message_link(base, channel.username or channel.telegram_id, message_id=post.message_id)


def post_facts(base: str, post: Post, channel: Channel) -> PostFacts:
    """A post as its tasks see it."""
    return PostFacts(
        id=post.id,
        text=post.text,
        link=post_link(base, post, channel),
        published_at=post.published_at,
        seen_at=post.seen_at,
        hashtags=tuple(_HASHTAG.findall(post.text)),
        media=frozenset({post.media}) if post.media else frozenset(),
        forwarded=post.forwarded,
        has_keyboard=post.has_keyboard,
        language=language_of(post.text),
    )


def channel_facts(channel: Channel) -> ChannelFacts:
    """A channel as texts speak of it."""
    return ChannelFacts(id=channel.id, title=channel.title, username=channel.username)


def bot_facts(bot: Bot) -> BotFacts:
    """A bot as texts speak of it."""
    return BotFacts(id=bot.id, name=bot.name, username=bot.username)
