"""The parts of a task's config: one document, every key with a default, unknown keys refused.

Every key stands in docs/task-config.md with its meaning, default and limits; a test compares.
"""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, Self, get_args
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, ValidationError, model_validator

from tgac.kit.web.i18n import N_
from tgac.settings.forms import STANDARD
from tgac.tasks.config.kinds import (
    WEEK,
    Bool,
    HourMinute,
    Id,
    Int,
    Media,
    Seconds,
    Str,
    Words,
    Zone,
    line,
    link,
    tag,
    unique,
    wrong,
)
from tgac.tasks.languages import LanguageCode
from tgac.tasks.text.compose import MAX_SOURCE


class Part(BaseModel):
    """A piece of the document."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, serialize_by_alias=True, validate_default=False
    )


class Targets(Part):
    """Which channels: these, and those that are in one of these playlists at the moment of the post."""

    channels: Annotated[tuple[Id, ...], Field(max_length=5000), AfterValidator(unique)] = ()
    playlists: Annotated[tuple[Id, ...], Field(max_length=1000), AfterValidator(unique)] = ()


EVERY_DAY = (0, 1, 2, 3, 4, 5, 6)
Weekdays = Annotated[
    tuple[Annotated[Int, Field(ge=0, le=6)], ...], Field(min_length=1, max_length=7), AfterValidator(unique)
]
Share = Annotated[float, Strict(), Field(ge=0, le=1)]


class Filter(Part):
    """Which posts; lengths in characters, `share` is the part of posts that is taken. `weekdays` and `share` null: as
    the preset says."""

    any_words: Annotated[tuple[Words, ...], Field(max_length=200), AfterValidator(unique)] = ()
    no_words: Annotated[tuple[Words, ...], Field(max_length=200), AfterValidator(unique)] = ()
    regex: Annotated[Str, Field(min_length=1, max_length=500)] | None = None
    hashtags: Annotated[
        tuple[Annotated[Words, AfterValidator(tag), AfterValidator(line)], ...],
        Field(max_length=100),
        AfterValidator(unique),
    ] = ()
    media: Annotated[tuple[Media, ...], Field(max_length=20), AfterValidator(unique)] = ()
    languages: Annotated[tuple[LanguageCode, ...], Field(max_length=50), AfterValidator(unique)] = ()
    min_length: Annotated[Int, Field(ge=0, le=4096)] | None = None
    max_length: Annotated[Int, Field(ge=0, le=4096)] | None = None
    forwarded: Bool = True
    weekdays: Weekdays | None = None
    share: Share | None = None

    @property
    def days(self) -> tuple[int, ...]:
        """The weekdays that hold."""
        return EVERY_DAY if self.weekdays is None else self.weekdays

    @property
    def part(self) -> float:
        """The share that holds."""
        return 1.0 if self.share is None else self.share


class UrlButton(Part):
    text: Annotated[Str, Field(max_length=64), AfterValidator(line)]
    url: Annotated[Str, Field(max_length=2048), AfterValidator(link)]


class Poll(Part):
    """A poll with the variant's text as its question."""

    options: Annotated[
        tuple[Annotated[Str, Field(max_length=100), AfterValidator(line)], ...],
        Field(min_length=2, max_length=12),
        AfterValidator(unique),
    ]
    anonymous: Bool = True
    multiple: Bool = False


class Carried(Part):
    """A file of the project, with the variant's text as its caption."""

    media_id: Id


class Variant(Part):
    """One way to say it; chosen in proportion to its weight."""

    name: Annotated[Str, Field(max_length=40), AfterValidator(line)] = "A"
    weight: Annotated[Int, Field(ge=1, le=1000)] = 1
    text: Annotated[Str, Field(max_length=MAX_SOURCE)] = ""
    buttons: Annotated[
        tuple[Annotated[tuple[UrlButton, ...], Field(min_length=1, max_length=8)], ...], Field(max_length=10)
    ] = ()
    media: Carried | None = None
    poll: Poll | None = None

    @property
    def media_id(self) -> int | None:
        """The number of the file that it carries, if any."""
        return self.media.media_id if self.media else None


class Llm(Part):
    goal: Literal["question", "summary", "answer", "own"] = "question"
    voice: Annotated[Str, Field(max_length=4000)] = ""
    prompt: Annotated[Str, Field(max_length=4000)] | None = None
    max_length: Annotated[Int, Field(ge=20, le=3900)] = 400
    forbidden: Annotated[tuple[Words, ...], Field(max_length=200)] = ()
    allowed_links: Annotated[tuple[Annotated[Str, Field(max_length=2048)], ...], Field(max_length=200)] = ()


class Content(Part):
    """What is said. `label` is a line of plain text under every comment; null: none."""

    kind: Literal["template", "llm"] = "template"
    label: Words | None = None
    link_preview: Bool = False
    silent: Bool = True
    quote: Bool = False
    pin: Bool = False
    variants: Annotated[tuple[Variant, ...], Field(min_length=1, max_length=20)] = (Variant(),)
    llm: Llm = Llm()


PresetName = Annotated[Str, Field(max_length=40), AfterValidator(line)]


class Delay(Part):
    """Seconds after publication, at least and at most."""

    min_s: Seconds
    max_s: Seconds

    @classmethod
    def once(cls, seconds: int) -> Self:
        """Exactly so long."""
        return cls(min_s=seconds, max_s=seconds)

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min_s > self.max_s:
            raise wrong(N_("The least delay is longer than the longest."))
        return self


class QuietHours(Part):
    """From this time of day until that one, across midnight if need be, in the channel's zone."""

    from_: HourMinute = Field(alias="from")
    to: HourMinute

    @model_validator(mode="after")
    def _some_hours(self) -> Self:
        if self.from_ == self.to:
            raise wrong(N_("Quiet hours begin and end at the same time."))
        return self


class WaitFor(Part):
    """What readers have to do first: all that is set here. A wait begins when the delay is over, and ends at the latest
    `deadline_s` later; `otherwise` says what becomes of the comment then."""

    reader_comments: Annotated[Int, Field(ge=0, le=1000)] = 0
    silence_s: Seconds | None = None
    question: Bool = False
    deadline_s: Seconds = 1800
    otherwise: Literal["send", "skip"] = "send"

    @property
    def is_on(self) -> bool:
        """Whether anything is waited for."""
        return bool(self.reader_comments or self.silence_s or self.question)


Cap = Annotated[Int, Field(ge=1, le=100_000)] | None
Expiry = Annotated[Int, Field(ge=60, le=WEEK)]
RampUp = Annotated[Int, Field(ge=0, le=90)]
PerPost = Annotated[Int, Field(ge=1, le=10)]


class Preset(Part):
    """Values of timing, limits and share under one name: they hold where a task's document has null."""

    delay: Delay
    quiet_hours: QuietHours | None = None
    expire_after_s: Expiry = 3600
    typing: Bool = False
    wait_for: WaitFor = WaitFor()
    weekdays: Weekdays = EVERY_DAY
    share: Share = 1.0
    per_post: PerPost = 1
    per_post_together: PerPost | None = None
    threads_per_bot: Cap = None
    per_channel_hour: Cap = None
    per_channel_day: Cap = None
    per_bot_hour: Cap = None
    per_bot_day: Cap = None
    pause_s: Seconds = 0
    ramp_up_days: RampUp = 3


PRESETS: Mapping[str, Preset] = {
    "safe": Preset(
        delay=Delay(min_s=600, max_s=1800),
        per_channel_hour=6,
        per_channel_day=40,
        per_bot_hour=60,
        per_bot_day=400,
        pause_s=20,
    ),
    "balanced": Preset(delay=Delay(min_s=180, max_s=420)),
    "boost": Preset(delay=Delay(min_s=30, max_s=120), ramp_up_days=0),
}
"""Those that every project has; Balanced and Boost set no caps besides Telegram's and the project's."""


class Timing(Part):
    """When. What is null is as the preset says; `filled` puts it in. `time_zone` null: the project's."""

    preset: PresetName = STANDARD
    delay: Delay | None = None
    quiet_hours: QuietHours | None = None
    time_zone: Zone | None = None
    expire_after_s: Expiry | None = None
    typing: Bool | None = None
    wait_for: WaitFor | None = None

    @property
    def window(self) -> Delay:
        """The delay that holds: the task's own, else the preset's."""
        return self.delay or self._preset.delay

    @property
    def expiry_s(self) -> int:
        """The `expire_after_s` that holds."""
        return self._preset.expire_after_s if self.expire_after_s is None else self.expire_after_s

    @property
    def types(self) -> bool:
        """Whether “typing…” is shown."""
        return self._preset.typing if self.typing is None else self.typing

    @property
    def awaits(self) -> WaitFor:
        """What is waited for."""
        return self._preset.wait_for if self.wait_for is None else self.wait_for

    @property
    def _preset(self) -> Preset:
        return PRESETS.get(self.preset, PRESETS[STANDARD])

    @property
    def zone(self) -> ZoneInfo | None:
        """The task's own zone, if it has one."""
        return ZoneInfo(self.time_zone) if self.time_zone else None


class Limits(Part):
    """How many. Caps count every comment of the project in the channel or by the bot, in any hour and any day.

    `per_post_together` and `threads_per_bot` are the project's, made smaller. What is younger than `ramp_up_days`
    (task, bot, or channel) has a part of the caps that grows by the day.
    """

    per_post: PerPost | None = None
    per_post_together: PerPost | None = None
    threads_per_bot: Cap = None
    per_channel_hour: Cap = None
    per_channel_day: Cap = None
    per_bot_hour: Cap = None
    per_bot_day: Cap = None
    pause_s: Seconds | None = None
    ramp_up_days: RampUp | None = None

    @property
    def times(self) -> int:
        """The `per_post` that holds."""
        return 1 if self.per_post is None else self.per_post


class Approval(Part):
    mode: Literal["none", "all"] = "none"
    expire_s: Annotated[Int, Field(ge=60, le=WEEK)] = 3600
    otherwise: Literal["skip", "send"] = "skip"


class After(Part):
    """What becomes of a comment later. `delete_after_s` counts from when it was sent."""

    follow_edits: Literal["no", "ask", "render"] = "no"
    delete_after_s: Annotated[Int, Field(ge=10, le=WEEK)] | None = None
    delete_with_post: Bool = True


Lifted = Literal[
    "timing.quiet_hours",
    "limits.per_channel_hour",
    "limits.per_channel_day",
    "limits.per_bot_hour",
    "limits.per_bot_day",
    "limits.per_post_together",
    "limits.threads_per_bot",
]
"""What a preset may set and a task may have none of."""


def _in_one_order(lifts: tuple[Lifted, ...]) -> tuple[Lifted, ...]:
    return tuple(sorted(unique(lifts), key=get_args(Lifted).index))


class TaskConfig(Part):
    """The whole document. `TaskConfig()` is the empty form; only `check_config` says that one is good.

    What `lifts` names is null and stays so, whatever the preset says.
    """

    targets: Targets = Targets()
    filter: Filter = Filter()
    content: Content = Content()
    timing: Timing = Timing()
    limits: Limits = Limits()
    approval: Approval = Approval()
    after: After = After()
    lifts: Annotated[tuple[Lifted, ...], Field(max_length=7), AfterValidator(_in_one_order)] = ()

    def dump(self) -> dict[str, Any]:
        """The complete document as JSON holds it; `check_config` gives the same config back."""
        return self.model_dump(mode="json")


_OF_PRESET = {
    "timing": ("delay", "quiet_hours", "expire_after_s", "typing", "wait_for"),
    "filter": ("weekdays", "share"),
}
"""Where a preset's values stand in a document; the others are `limits`."""


def completed(document: Mapping[str, Any]) -> dict[str, Any]:
    """A stored document with the keys that came since it was written; as it is where it cannot be read any more."""
    try:
        return TaskConfig.model_validate(document).dump()
    except ValidationError:
        return dict(document)


def preset_named(document: Mapping[str, Any]) -> str | None:
    """The name of the preset that a document goes by; None where it cannot be read."""
    timing = document.get("timing") or {}
    name = timing.get("preset", STANDARD) if isinstance(timing, Mapping) else None
    return name if isinstance(name, str) else None


def filled(document: Mapping[str, Any], own: Mapping[str, Preset]) -> dict[str, Any]:
    """The document with its preset's values where it has none and lifts none. `own` are the project's presets by name.

    Raises KeyError where there is no such preset. What cannot be read stays as it is, for whoever reads it to refuse.
    """
    parts = {name: {} if document.get(name) is None else document[name] for name in (*_OF_PRESET, "limits")}
    name = preset_named(document)
    if name is None or not all(isinstance(part, Mapping) for part in parts.values()):
        return dict(document)
    values = (PRESETS.get(name) or own[name]).model_dump(mode="json")
    usual = {part: {key: values.pop(key) for key in keys} for part, keys in _OF_PRESET.items()} | {"limits": values}
    said = {part: {k: v for k, v in given.items() if v is not None} for part, given in parts.items()}
    lifts = document.get("lifts")
    lifted: Sequence[object] = lifts if isinstance(lifts, Sequence) else ()
    held = {part: {k: v for k, v in usual[part].items() if f"{part}.{k}" not in lifted} | said[part] for part in parts}
    return {**document, **held}
