"""A task's config: one document, every key with a default, unknown keys refused. Names and meaning: docs/api.md.

A key that this release does not honour takes nothing but its default: better refused than quietly ignored. Two defaults
stand for what only a later release does: `notes` names them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Literal, Self
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, Strict, ValidationError, model_validator
from pydantic_core import PydanticCustomError

from tgac.kit.errors import Invalid
from tgac.kit.web.i18n import N_, _
from tgac.settings.forms import STANDARD, Preset

from .text.compose import MAX_SOURCE, check_text
from .text.egress import strip_hidden
from .text.faults import TextError
from .text.html import href_fault

MEDIA = ("text", "photo", "video", "animation", "audio", "voice", "video_note", "document", "poll", "other")
"""What a post can carry; `text` means that it carries nothing else."""
DAY = 86_400
WEEK = 7 * DAY
MAX_FAULTS = 50


def _wrong(msgid: str) -> PydanticCustomError:
    return PydanticCustomError("tgac", msgid)


def _line(text: str) -> str:
    clean = " ".join(text.split())
    if strip_hidden(clean) != clean:
        raise _wrong(N_("Control and direction characters are not allowed."))
    if not clean:
        raise _wrong(N_("This is empty."))
    return clean


def _unique[T](items: tuple[T, ...]) -> tuple[T, ...]:
    if len(set(items)) != len(items):
        raise _wrong(N_("Something stands here twice."))
    return items


def _zone(name: str) -> str:
    if name not in _zones():
        raise _wrong(N_("There is no such time zone; write it like Europe/Moscow."))
    return name


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones()) - {"localtime", "Factory"}


def _link(url: str) -> str:
    if msgid := href_fault(url):
        raise _wrong(msgid)
    return url


def _tag(name: str) -> str:
    return name.removeprefix("#")


Int = Annotated[int, Strict()]
Bool = Annotated[bool, Strict()]
Str = Annotated[str, Strict()]
Words = Annotated[Str, Field(max_length=100), AfterValidator(_line)]
Id = Annotated[Int, Field(ge=1, le=2**63 - 1)]
Seconds = Annotated[Int, Field(ge=0, le=WEEK)]
HourMinute = Annotated[Str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Zone = Annotated[Str, Field(max_length=64), AfterValidator(_zone)]


class Part(BaseModel):
    """A piece of the document."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, serialize_by_alias=True, validate_default=False
    )


class Targets(Part):
    channels: Annotated[tuple[Id, ...], Field(max_length=5000), AfterValidator(_unique)] = ()
    playlists: Annotated[tuple[Id, ...], Field(max_length=1000)] = ()


class Filter(Part):
    """Which posts; lengths in characters, `share` is the part of posts that is taken."""

    any_words: Annotated[tuple[Words, ...], Field(max_length=200), AfterValidator(_unique)] = ()
    no_words: Annotated[tuple[Words, ...], Field(max_length=200), AfterValidator(_unique)] = ()
    regex: Annotated[Str, Field(max_length=500)] | None = None
    hashtags: Annotated[
        tuple[Annotated[Words, AfterValidator(_tag), AfterValidator(_line)], ...],
        Field(max_length=100),
        AfterValidator(_unique),
    ] = ()
    media: Annotated[
        tuple[
            Literal["text", "photo", "video", "animation", "audio", "voice", "video_note", "document", "poll", "other"],
            ...,
        ],
        Field(max_length=20),
        AfterValidator(_unique),
    ] = ()
    languages: Annotated[tuple[Annotated[Str, Field(max_length=20)], ...], Field(max_length=100)] = ()
    min_length: Annotated[Int, Field(ge=0, le=4096)] | None = None
    max_length: Annotated[Int, Field(ge=0, le=4096)] | None = None
    forwarded: Bool = True
    weekdays: Annotated[
        tuple[Annotated[Int, Field(ge=0, le=6)], ...], Field(min_length=1, max_length=7), AfterValidator(_unique)
    ] = (0, 1, 2, 3, 4, 5, 6)
    share: Annotated[float, Strict(), Field(ge=0, le=1)] = 1.0


class UrlButton(Part):
    text: Annotated[Str, Field(max_length=64), AfterValidator(_line)]
    url: Annotated[Str, Field(max_length=2048), AfterValidator(_link)]


class Variant(Part):
    """One way to say it; chosen in proportion to its weight."""

    name: Annotated[Str, Field(max_length=40), AfterValidator(_line)] = "A"
    weight: Annotated[Int, Field(ge=1, le=1000)] = 1
    text: Annotated[Str, Field(max_length=MAX_SOURCE)] = ""
    buttons: Annotated[
        tuple[Annotated[tuple[UrlButton, ...], Field(min_length=1, max_length=8)], ...], Field(max_length=10)
    ] = ()
    media: dict[str, Any] | None = None
    poll: dict[str, Any] | None = None


class Llm(Part):
    goal: Annotated[Str, Field(max_length=40)] = "question"
    voice: Annotated[Str, Field(max_length=4000)] = ""
    prompt: Annotated[Str, Field(max_length=4000)] | None = None
    max_length: Annotated[Int, Field(ge=1, le=4096)] = 400
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


class Delay(Part):
    """Seconds after publication, at least and at most."""

    min_s: Seconds
    max_s: Seconds

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min_s > self.max_s:
            raise _wrong(N_("The least delay is longer than the longest."))
        return self


class QuietHours(Part):
    """From this time of day until that one, across midnight if need be, in the channel's zone."""

    from_: HourMinute = Field(alias="from")
    to: HourMinute

    @model_validator(mode="after")
    def _some_hours(self) -> Self:
        if self.from_ == self.to:
            raise _wrong(N_("Quiet hours begin and end at the same time."))
        return self


class WaitFor(Part):
    reader_comments: Annotated[Int, Field(ge=0, le=1000)] = 0
    silence_s: Seconds | None = None
    question: Bool = False
    deadline_s: Seconds = 1800
    otherwise: Literal["send", "skip"] = "send"


class Timing(Part):
    """When. `delay` null: as the preset says. `time_zone` null: the channel's, else the project's."""

    preset: Preset = STANDARD
    delay: Delay | None = None
    quiet_hours: QuietHours | None = None
    time_zone: Zone | None = None
    expire_after_s: Annotated[Int, Field(ge=60, le=WEEK)] = 3600
    typing: Bool = False
    wait_for: WaitFor = WaitFor()

    @property
    def window(self) -> Delay:
        """The delay that holds: the task's own, else the preset's."""
        return self.delay or PRESETS[self.preset]

    @property
    def zone(self) -> ZoneInfo | None:
        """The task's own zone, if it has one."""
        return ZoneInfo(self.time_zone) if self.time_zone else None


PRESETS: Mapping[str, Delay] = {
    "safe": Delay(min_s=600, max_s=1800),
    "balanced": Delay(min_s=180, max_s=420),
    "boost": Delay(min_s=30, max_s=120),
}
Cap = Annotated[Int, Field(ge=1, le=100_000)] | None


class Limits(Part):
    """How many. `ramp_up_days` stands for a later release; see `notes`."""

    per_post: Annotated[Int, Field(ge=1, le=10)] = 1
    per_channel_hour: Cap = None
    per_channel_day: Cap = None
    per_bot_hour: Cap = None
    per_bot_day: Cap = None
    pause_s: Seconds = 0
    ramp_up_days: Annotated[Int, Field(ge=0, le=90)] = 3


class Approval(Part):
    mode: Literal["none", "all"] = "none"
    expire_s: Annotated[Int, Field(ge=60, le=WEEK)] = 3600
    otherwise: Literal["skip", "send"] = "skip"


class After(Part):
    follow_edits: Annotated[Str, Field(max_length=20)] = "no"
    delete_after_s: Seconds | None = None
    delete_with_post: Bool = True


class TaskConfig(Part):
    """The whole document. `TaskConfig()` is the empty form; only `check_config` says that one is good."""

    targets: Targets = Targets()
    filter: Filter = Filter()
    content: Content = Content()
    timing: Timing = Timing()
    limits: Limits = Limits()
    approval: Approval = Approval()
    after: After = After()

    def dump(self) -> dict[str, Any]:
        """The complete document as JSON holds it; `check_config` gives the same config back."""
        return self.model_dump(mode="json")


@dataclass(frozen=True, slots=True)
class _Later:
    """A key that takes only these values until the release that honours it."""

    path: str
    also: tuple[object, ...] = ()


LATER = (
    _Later("targets.playlists"),
    _Later("filter.regex"),
    _Later("filter.languages"),
    _Later("content.kind"),
    _Later("content.quote"),
    _Later("content.pin"),
    _Later("content.llm"),
    _Later("timing.typing"),
    _Later("timing.wait_for"),
    _Later("limits.per_channel_hour"),
    _Later("limits.per_channel_day"),
    _Later("limits.per_bot_hour"),
    _Later("limits.per_bot_day"),
    _Later("limits.pause_s"),
    _Later("limits.ramp_up_days", also=(0,)),
    _Later("approval"),
    _Later("after.follow_edits"),
    _Later("after.delete_after_s"),
    _Later("after.delete_with_post", also=(False,)),
)

_SENTENCES = {
    "extra_forbidden": N_("There is no such key."),
    "missing": N_("This is missing."),
    "int_type": N_("A whole number is expected."),
    "float_type": N_("A number is expected."),
    "finite_number": N_("A finite number is expected."),
    "bool_type": N_("Yes or no is expected."),
    "string_type": N_("Text is expected."),
    "string_unicode": N_("The text is not valid Unicode."),
    "tuple_type": N_("A list is expected."),
    "dict_type": N_("An object is expected."),
    "model_type": N_("An object is expected."),
    "literal_error": N_("Expected: %(expected)s."),
    "greater_than_equal": N_("At least %(ge)s is expected."),
    "less_than_equal": N_("At most %(le)s is expected."),
    "string_too_long": N_("At most %(max_length)s characters are allowed."),
    "too_long": N_("At most %(max_length)s items are allowed."),
    "too_short": N_("At least %(min_length)s items are needed."),
    "string_pattern_mismatch": N_("A time is written like 23:00."),
}


def check_config(raw: object) -> TaskConfig:
    """The document as a config that can be carried out; Invalid with a sentence for each dotted path that is wrong."""
    try:
        config = TaskConfig.model_validate(raw)
    except ValidationError as error:
        raise _invalid(_pydantic_faults(error)) from None
    faults = dict(_faults(config))
    if faults:
        raise _invalid(faults)
    return config


def notes(config: TaskConfig) -> dict[str, str]:
    """Keys that are kept but not acted upon in this release, each with a sentence for who set them."""
    found = {}
    if config.limits.ramp_up_days:
        found["limits.ramp_up_days"] = _("A slow start comes with a later release; until then there is none.")
    if config.after.delete_with_post:
        found["after.delete_with_post"] = _("Deleting with the post comes with a later release.")
    return found


def _invalid(faults: dict[str, str]) -> Invalid:
    first = next(iter(faults.items()))
    return Invalid(f"{first[0]}: {first[1]}", fields=dict(list(faults.items())[:MAX_FAULTS]))


def _pydantic_faults(error: ValidationError) -> dict[str, str]:
    """Sentences by path. That a list is too short is left out where its items are the fault: they were taken away."""
    found = error.errors(include_url=False, include_input=False)[:MAX_FAULTS]
    outer = {fault["loc"][:depth] for fault in found for depth in range(len(fault["loc"]))}
    return {
        ".".join(str(part)[:64] for part in fault["loc"])[:300] or "config": _sentence(fault["type"], fault)
        for fault in found
        if fault["loc"] not in outer
    }


def _sentence(kind: str, fault: Mapping[str, Any]) -> str:
    if kind == "tgac":
        return _(fault["msg"])
    return _(_SENTENCES.get(kind, N_("This value does not fit.")), **fault.get("ctx", {}))


def _faults(config: TaskConfig) -> Iterator[tuple[str, str]]:
    """What single values cannot show."""
    yield from _later_faults(config)
    lengths = config.filter
    if lengths.min_length is not None and lengths.max_length is not None and lengths.min_length > lengths.max_length:
        yield "filter.min_length", _("The least length is longer than the longest.")
    names: set[str] = set()
    for index, variant in enumerate(config.content.variants):
        yield from _variant_faults(variant, f"content.variants.{index}", names, label=config.content.label)
        names.add(variant.name.casefold())


def _later_faults(config: TaskConfig) -> Iterator[tuple[str, str]]:
    default = TaskConfig()
    for later in LATER:
        value = _at(config, later.path)
        if value != _at(default, later.path) and value not in later.also:
            yield later.path, _("Not available in this release; leave it as it is by default.")


def _at(config: TaskConfig, path: str) -> object:
    value: object = config
    for name in path.split("."):
        value = getattr(value, name)
    return value


def _variant_faults(variant: Variant, path: str, names: set[str], *, label: str | None) -> Iterator[tuple[str, str]]:
    if variant.name.casefold() in names:
        yield f"{path}.name", _("Another variant has this name.")
    for key in ("media", "poll"):
        if getattr(variant, key) is not None:
            yield f"{path}.{key}", _("Not available in this release; leave it as it is by default.")
    try:
        check_text(variant.text, label=label)
    except TextError as error:
        yield f"{path}.text", error.sentence
