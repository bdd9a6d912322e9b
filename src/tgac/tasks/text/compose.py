"""From one author's text to one text that may leave; and the check of all of them before a task is saved."""

import random
import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import lru_cache
from html import escape

from babel.dates import format_date, format_time

from tgac.kit.telegram.types import Poll
from tgac.kit.web.i18n import N_
from tgac.tasks.facts import BotFacts, ChannelFacts, PostFacts, Scene

from . import spintax, template
from .egress import Button, Form, Outgoing, disarm, keys_in, let_out, link_keys
from .faults import TextError
from .html import decode
from .spintax import Piece, Tag

MAX_SOURCE = 49_152
"""Characters that an author may write: as much as a rich message takes, with room for markup and choices."""
_QUOTED = re.compile(r"\"([^\"]*)\"|'([^']*)'")
_MARKUP = re.compile(r"<[^>]*>")
_SAMPLES = 40


def compose(source: str, scene: Scene, dice: random.Random, *, label: str | None = None) -> Outgoing:
    """One of the texts that `source` means, for this post; TextError where it cannot be or may not leave."""
    return _finish(spintax.pick(_parsed(source), dice), scene, label=label)


def count_texts(source: str) -> int:
    """How many texts `source` means for one post; TextError where it means none."""
    return spintax.count_variants(_parsed(source))


def check_text(source: str, *, label: str | None = None, form: Form = None) -> None:
    """Refuse, before it is saved, a text that could not be sent (TextError).

    Syntax, variables and filters are checked in every option; the finished text is tried for every option (up to 40
    picks) on a full post and on a bare one.
    """
    if not source.strip():
        raise TextError("text_empty", N_("Write the text."))
    if len(source) > MAX_SOURCE:
        raise TextError("text_too_long", N_("The text is longer than %(limit)d characters."), limit=MAX_SOURCE)
    tree = spintax.parse(source)
    template.check(tree)
    for pieces in spintax.samples(tree, _SAMPLES):
        for scene in (FULL, BARE):
            text = _finish(pieces, scene, label=None if isinstance(form, Poll) else label)
            let_out(text.html, allowed=text.allowed, form=form)


def values_of(scene: Scene, allowed: frozenset[str]) -> template.Values:
    """The variables; what others wrote is disarmed."""
    post, channel, moment = scene.post, scene.channel, scene.moment
    language = "ru" if scene.language == "ru" else "en"
    return {
        "post": {
            "text": disarm(post.text, allowed),
            "link": post.link,
            "hashtags": disarm(" ".join(f"#{tag.removeprefix('#')}" for tag in post.hashtags), allowed),
        },
        "channel": {"title": disarm(channel.title, allowed), "username": channel.username or ""},
        "bot": {"name": disarm(scene.bot.name, allowed)},
        "date": _day(moment.date(), "long", language),
        "time": format_time(moment, "HH:mm", locale=language),
        "weekday": _day(moment.date(), "EEEE", language),
    }


@lru_cache(maxsize=256)
def _parsed(source: str) -> spintax.Sequence:
    return spintax.parse(source)


@lru_cache(maxsize=256)
def _day(day: date, style: str, language: str) -> str:
    return format_date(day, style, locale=language)


def allowed_keys(pieces: Iterable[Piece], scene: Scene) -> frozenset[str]:
    """What may be clickable: what the author wrote out, the post's own address, the channel and the bot."""
    source = "".join(" " if isinstance(piece, Tag) else piece.value for piece in pieces)
    quoted = (words for piece in pieces if isinstance(piece, Tag) for words in _QUOTED.findall(piece.source))
    written = "\n".join([source, *("".join(words) for words in quoted)])
    names = {f"@{name.lower()}" for name in (scene.channel.username, scene.bot.username) if name}
    own = link_keys(scene.post.link) if scene.post.link else frozenset[str]()
    return keys_in(decode(written)) | keys_in(decode(_MARKUP.sub("", written))) | own | names


def _finish(pieces: list[Piece], scene: Scene, *, label: str | None) -> Outgoing:
    allowed = allowed_keys(pieces, scene)
    html = template.fill(pieces, values_of(scene, allowed))
    if label:
        html = f"{html.rstrip()}\n\n{escape(label)}"
        allowed |= keys_in(label)
    return let_out(html, allowed=allowed)


_MOMENT = datetime(2026, 9, 30, 12, 0, tzinfo=UTC)
FULL = Scene(
    post=PostFacts(
        id=1,
        text="The bridge is open again. Trams run from 6 to 23; buses 4 and 11 follow their old way.",
        link="https://t.me/city_news/123",
        published_at=_MOMENT,
        seen_at=_MOMENT,
        hashtags=("city", "transport"),
    ),
    channel=ChannelFacts(id=1, title="City News", username="city_news"),
    bot=BotFacts(id=1, name="City Helper", username="city_helper_bot"),
    moment=_MOMENT,
)
"""An example to try texts on, for checks and previews."""
BARE = replace(
    FULL,
    post=replace(FULL.post, text="", link="https://t.me/c/1234567890/123", hashtags=()),
    channel=replace(FULL.channel, username=None),
)
"""The other extreme: a photo without words in a private channel."""

__all__ = ["BARE", "FULL", "MAX_SOURCE", "Button", "Outgoing", "allowed_keys", "check_text", "compose", "values_of"]
