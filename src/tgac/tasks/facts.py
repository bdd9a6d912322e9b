"""The facts that filters, times and texts are worked out from: frozen, handed in, free of the database."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from tgac.kit.web.i18n import _

type Param = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class PostFacts:
    """A channel post as a bot saw it.

    `text` is plain text or caption, `link` its public address, `hashtags` stand without `#`, `media` holds kinds out of
    `tgac.tasks.config.MEDIA` (empty: nothing but text). Both times are aware. `language` (ru or en) is that of the
    words of dates in a comment; what the filter goes by is `languages.guess_language`.
    """

    id: int
    text: str
    link: str
    published_at: datetime
    seen_at: datetime
    hashtags: tuple[str, ...] = ()
    media: frozenset[str] = frozenset()
    forwarded: bool = False
    has_keyboard: bool = False
    language: str | None = None


@dataclass(frozen=True, slots=True)
class ChannelFacts:
    """A channel; `username` without `@`, None for a private one."""

    id: int
    title: str
    username: str | None = None
    time_zone: str | None = None


@dataclass(frozen=True, slots=True)
class BotFacts:
    """The bot that comments; `username` without `@`."""

    id: int
    name: str
    username: str


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that a text may speak of. `moment` is aware and in the channel's zone; `language` is ru or en."""

    post: PostFacts
    channel: ChannelFacts
    bot: BotFacts
    moment: datetime
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Reason:
    """Why not: a stable code, the values that were compared, and the sentence they fit into (an English msgid)."""

    code: str
    msgid: str
    params: Mapping[str, Param] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        """The sentence in the reader's language."""
        return _(self.msgid, **self.params)
