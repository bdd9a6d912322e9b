"""How a task's comments look, before any is written."""

import random
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

from sqlalchemy import select

from tgac.bots.models import Bot
from tgac.channels.models import Channel
from tgac.kit.act import Act
from tgac.kit.errors import Invalid
from tgac.kit.telegram.links import message_link
from tgac.kit.telegram.types import Poll
from tgac.kit.web.i18n import language, zone_of
from tgac.people.models import Project
from tgac.posts.models import Post
from tgac.tasks.config import TaskConfig, check_config
from tgac.tasks.facts import BotFacts, ChannelFacts, Scene
from tgac.tasks.queries import newest_post
from tgac.tasks.targets import Aim, aimed_at
from tgac.tasks.text.compose import FULL
from tgac.tasks.text.egress import Button
from tgac.tasks.text.faults import TextError
from tgac.tasks.text.html import MAX_LENGTH, Run, to_runs
from tgac.tasks.text.quote import first_words
from tgac.tasks.text.render import render
from tgac.tasks.text.spintax import count_variants, parse

MANY = 1_000_000_000
"""So many texts or more: `count` goes no higher."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One variant as its readers would see it, or the sentence that says why it cannot be shown.

    `count` is how many texts its choices mean, at most MANY; `length` is in UTF-16 units, as Telegram counts;
    `quote` is what it quotes of the post, "" for nothing; `media` is the number of the file that it carries.
    """

    name: str
    runs: tuple[Run, ...] = ()
    buttons: tuple[tuple[Button, ...], ...] = ()
    html: str = ""
    length: int = 0
    count: int = 0
    fault: str | None = None
    quote: str = ""
    poll: Poll | None = None
    media: int | None = None

    @property
    def is_blank(self) -> bool:
        """Whether nothing has been written yet."""
        return not self.html and self.fault is None

    @property
    def is_rich(self) -> bool:
        """Whether it is too long for a message."""
        return self.length > MAX_LENGTH

    @property
    def parts(self) -> list[tuple[str, list[Run]]]:
        """The runs in pieces that stand in a block of their own (`quote`, `pre`) or in the line (`words`)."""
        return [(kind, list(runs)) for kind, runs in groupby(self.runs, key=_kind)]


def _kind(run: Run) -> str:
    return next((kind for kind in ("quote", "pre") if kind in run.marks), "words")


def preview_task(config: TaskConfig, scene: Scene, dice: random.Random) -> list[Shown]:
    """One pick of each variant, for the post of `scene`."""
    return [_shown(config, index, scene, dice) for index in range(len(config.content.variants))]


def preview_draft(content: dict[str, Any], scene: Scene, dice: random.Random) -> list[Shown]:
    """The same for content that has not been checked: each variant that is wrong says why, the others are shown."""
    return [shown for variant in content["variants"] for shown in _draft_variant(content, variant, scene, dice)]


def _draft_variant(
    content: dict[str, Any], variant: dict[str, Any], scene: Scene, dice: random.Random
) -> Iterator[Shown]:
    if not str(variant["text"]).strip():
        yield Shown(str(variant["name"]))
        return
    try:
        config = check_config({"content": {**content, "variants": [variant]}})
    except Invalid as error:
        yield Shown(str(variant["name"]), fault=next(iter(error.fields.values())))
        return
    yield from preview_task(config, scene, dice)


def _shown(config: TaskConfig, index: int, scene: Scene, dice: random.Random) -> Shown:
    variant = config.content.variants[index]
    alone = config.content.model_copy(update={"variants": (variant,)})
    try:
        text = render(alone, scene, dice)
    except TextError as error:
        return Shown(variant.name, fault=error.sentence)
    return Shown(
        variant.name,
        tuple(to_runs(text.html)),
        text.buttons,
        text.html,
        length=text.length,
        count=min(count_variants(parse(variant.text)), MANY),
        poll=text.poll,
        media=text.media,
        quote=first_words(scene.post.text)[1] if config.content.quote else "",
    )


async def scene_for(act: Act, aim: Aim, *, bot_ids: Collection[int], post_text: str | None) -> Scene:
    """What a preview is tried on: the first of these channels and bots, and `post_text` or else the newest post there.

    Where there is none of one of them, the example's stands in.
    """
    channel = await act.session.scalar(aimed_at(aim).order_by(Channel.id).limit(1))
    bot = await act.session.scalar(select(Bot).where(Bot.id.in_(bot_ids)).order_by(Bot.id).limit(1))
    post = await newest_post(act, [channel.id]) if channel and post_text is None else None
    project = await act.session.get_one(Project, act.project_id)
    text = post_text if post_text is not None else post.text if post else FULL.post.text
    return replace(
        FULL,
        post=replace(FULL.post, text=text, link=_link(act, channel, post), hashtags=_hashtags(text)),
        channel=ChannelFacts(channel.id, channel.title, channel.username) if channel else FULL.channel,
        bot=BotFacts(bot.id, bot.name, bot.username) if bot else FULL.bot,
        moment=act.now.astimezone(zone_of(project.time_zone)),
        language=language(),
    )


def _link(act: Act, channel: Channel | None, post: Post | None) -> str:
    if channel is None:
        return FULL.post.link
    message_id = (post.message_id if post else None) or 123
    return message_link(act.config.telegram_link_base, channel.address, message_id=message_id)


def _hashtags(text: str) -> tuple[str, ...]:
    return tuple(word.strip("#.,;:!?") for word in text.split() if word.startswith("#") and len(word) > 1)
