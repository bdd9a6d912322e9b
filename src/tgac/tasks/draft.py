"""The editor's form: a task's document as fields that a person fills in, and back.

A field is named by its path in the document, so what `check_config` says of a path stands beside the field. What the
editor does not show is taken over from the document that it began with.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from string import ascii_uppercase
from typing import Any, Final

from starlette.requests import Request

from tgac.kit.errors import AppError
from tgac.kit.web.deps import MAX_ID
from tgac.kit.web.forms import CSRF_FIELD, Filled
from tgac.tasks.config import TaskConfig, WaitFor
from tgac.tasks.draft_limits import LIMIT_FIELDS, limit_values, limits_document
from tgac.tasks.draft_numbers import UNITS, after_document, after_values, decimal, seconds, whole
from tgac.tasks.draft_wait import IN_TASK, WAIT_FIELDS, wait_document, wait_ticks, wait_values
from tgac.tasks.targets import Aim

_SAID: Final = {None: "", True: "yes", False: "no"}
"""What may be as the preset says."""
_TYPED: Final = ("name", "weight", "text", "poll", "poll_open", "poll_multiple", "media_id")
PREFIX: Final = "content.variants."
CHANNELS: Final = "targets.channels"
PLAYLISTS: Final = "targets.playlists"
LIFTS: Final = "lifts"
BOTS: Final = "bots"
EXPIRY: Final = "approval.expire_s"
"""Typed in minutes."""
_LISTS: Final = ("any_words", "no_words")
_NUMBERS: Final = ("min_length", "max_length")
_LLM_LISTS: Final = ("forbidden", "allowed_links")
_SHOWN: Final = frozenset(
    {
        "name", "bots", "targets.channels", "targets.playlists", "content.label",
        "timing.preset", "timing.delay", "timing.delay.min_s",
        "timing.delay.max_s", "timing.quiet_hours", "timing.quiet_hours.from", "timing.quiet_hours.to",
        "timing.time_zone", "filter.any_words", "filter.no_words", "filter.hashtags", "filter.media",
        "filter.min_length", "filter.max_length", "filter.weekdays", "filter.share", "filter.regex", "filter.languages",
        "approval.mode", "approval.expire_s", "approval.otherwise",
        "after.follow_edits", "after.delete_after_s", "content.quote", "content.pin",
        "content.kind", "content.llm.goal", "content.llm.voice", "content.llm.prompt", "content.llm.max_length",
        "content.llm.forbidden", "content.llm.allowed_links", LIFTS,
    }
) | LIMIT_FIELDS | WAIT_FIELDS  # fmt: skip
_VARIANT = re.compile(
    r"content\.variants\.(\d{1,3})\.(name|weight|text|poll|poll_open|poll_multiple|media_id|media|buttons)(?:\.(\d{1,3})\.(\d{1,3})\.(text|url))?"
)


@dataclass(frozen=True, slots=True)
class VariantFields:
    """The fields of one variant; `buttons` are the prefixes of theirs, a free one at the end."""

    index: int
    prefix: str
    buttons: tuple[str, ...]


@dataclass(slots=True)
class _Variant:
    """A variant as it was typed; buttons by row and place."""

    name: str = ""
    weight: str = "1"
    text: str = ""
    poll: str = ""
    poll_open: str = ""
    poll_multiple: str = ""
    media_id: str = ""
    buttons: dict[tuple[int, int], dict[str, str]] = field(default_factory=dict)

    @property
    def is_blank(self) -> bool:
        return not self.text.strip() and not self.poll.strip() and not self.media_id and not any(self.rows())

    def rows(self) -> list[list[dict[str, str]]]:
        rows: dict[int, list[dict[str, str]]] = {}
        for (row, _place), button in sorted(self.buttons.items()):
            if any(value.strip() for value in button.values()):
                rows.setdefault(row, []).append(button)
        return list(rows.values())


def form_of(name: str, config: TaskConfig, bot_ids: Iterable[int], *, version: int | None = None) -> Filled[Any]:
    """The form that shows a task as it is."""
    values = {"name": name, "version": str(version or ""), **_values(config), **limit_values(config)}
    for index, variant in enumerate(config.content.variants):
        buttons = {
            (row, place): {"text": button.text, "url": button.url}
            for row, in_row in enumerate(variant.buttons)
            for place, button in enumerate(in_row)
        }
        shown = _Variant(variant.name, str(variant.weight), variant.text, buttons=buttons)
        shown.media_id = str(variant.media_id or "")
        if poll := variant.poll:
            shown.poll = "\n".join(poll.options)
            shown.poll_open, shown.poll_multiple = "" if poll.anonymous else "1", "1" if poll.multiple else ""
        values |= _fields_of(index, shown)
    return Filled(values=values, ticks=frozenset(_ticks(config, bot_ids)))


async def typed(request: Request) -> Filled[Any]:
    """The form as it was sent, its variants and buttons in order and without blank ones."""
    sent = await request.form(max_fields=1000, max_files=0)
    pairs = [(key, one.replace("\r\n", "\n")) for key, one in sent.multi_items() if isinstance(one, str)]
    form = Filled[Any](values={key: one for key, one in pairs if key != CSRF_FIELD}, ticks=frozenset(pairs))
    gone = form.values.get("do", "").removeprefix("remove_variant.")
    variants = [one for index, one in _typed_variants(form.values) if str(index) != gone and not one.is_blank]
    _put_variants(form, variants or [_Variant("A")])
    return form


def add_variant(form: Filled[Any]) -> None:
    """One more variant to be filled in, under the next free letter."""
    variants = [one for _index, one in _typed_variants(form.values)]
    taken = {one.name.casefold() for one in variants}
    name = next((letter for letter in ascii_uppercase if letter.casefold() not in taken), "")
    _put_variants(form, [*variants, _Variant(name)])


def variants_of(form: Filled[Any]) -> list[VariantFields]:
    """What the page shows of variants."""
    shown = []
    for index, variant in _typed_variants(form.values):
        prefix = f"{PREFIX}{index}"
        last = max((row for row, _place in variant.buttons), default=-1)
        places = [*sorted(variant.buttons), (last + 1, 0)]
        shown.append(VariantFields(index, prefix, tuple(f"{prefix}.buttons.{row}.{place}" for row, place in places)))
    return shown


def document_of(form: Filled[Any], base: TaskConfig) -> dict[str, Any]:
    """The document that the form means. What cannot be read is left as it was typed, for `check_config` to refuse."""
    raw = deepcopy(base.dump())
    raw["targets"] = {"channels": chosen(form, CHANNELS), "playlists": chosen(form, PLAYLISTS)}
    raw["filter"] |= _filter(form)
    raw["content"] |= {
        "label": form.values.get("content.label", "").strip() or None,
        "silent": ("content.silent", "true") in _sent(form),
        "link_preview": ("content.link_preview", "true") in _sent(form),
        "quote": ("content.quote", "true") in _sent(form),
        "pin": ("content.pin", "true") in _sent(form),
        "variants": [_variant_document(one) for _index, one in _typed_variants(form.values)],
    }
    if "content.llm.goal" in form.values:
        raw["content"] |= _llm(form)
    raw["timing"] |= _timing(form, base)
    raw["approval"] |= _approval(form)
    raw["limits"] |= limits_document(form.values)
    raw["lifts"] = _ticked(form, LIFTS)
    raw["after"] |= after_document(form.values) | {
        "delete_with_post": ("after.delete_with_post", "true") in _sent(form)
    }
    return raw


def chosen(form: Filled[Any], name: str) -> list[int | str]:
    """What is chosen in a picker: the boxes that are ticked, and what is chosen but not shown. Numbers in order."""
    values = {value for key, value in _sent(form) if key == name} | set(form.values.get(f"{name}.kept", "").split())
    numbers = {whole(value) for value in values} - {None}
    return sorted((one for one in numbers if one is not None), key=lambda one: (isinstance(one, str), one))


def choose(form: Filled[Any], name: str, numbers: Iterable[int | str]) -> None:
    """Choose these in a picker, and nothing else."""
    form.ticks = frozenset(pair for pair in _sent(form) if pair[0] != name)
    form.values[f"{name}.kept"] = " ".join(str(one) for one in numbers)


def bots_of(form: Filled[Any]) -> list[int]:
    """The bots that are chosen."""
    return numbers_in(form, BOTS)


def aim_of(form: Filled[Any]) -> Aim:
    """What the chosen channels and playlists mean, as far as they are numbers."""
    return Aim(tuple(numbers_in(form, CHANNELS)), tuple(numbers_in(form, PLAYLISTS)))


def numbers_in(form: Filled[Any], name: str) -> list[int]:
    """What is chosen in a picker and may be a row's number."""
    return [one for one in chosen(form, name) if isinstance(one, int) and 1 <= one <= MAX_ID]


def refuse(form: Filled[Any], error: AppError) -> None:
    """Put what a verb refused beside the fields; under "" what belongs to none. Raises an error that names no field."""
    found = error.fields or ({error.field: error.message} if error.field else {})
    if not found:
        raise error
    for path, sentence in found.items():
        place = _place(path.removeprefix("config."))
        form.errors.setdefault(place, sentence if place or path == "version" else f"{path}: {sentence}")


def _place(path: str) -> str:
    if path == "bot_ids":
        return "bots"
    if match := _VARIANT.match(path):
        if match[2].startswith("poll"):
            return f"{PREFIX}{match[1]}.poll"
        if match[2] == "media":
            return f"{PREFIX}{match[1]}.media_id"
        return path if match[5] or match[2] != "buttons" else f"{PREFIX}{match[1]}.text"
    while path and path not in _SHOWN:
        path = path.rpartition(".")[0]
    return path


def _values(config: TaskConfig) -> dict[str, str]:
    wanted, timing, quiet = config.filter, config.timing, config.timing.quiet_hours
    own = timing.delay
    units = (name for name in ("h", "min", "s") if own and own.min_s % UNITS[name] == own.max_s % UNITS[name] == 0)
    unit = next(units, "min")
    return {
        "content.label": config.content.label or "",
        "timing.preset": timing.preset,
        "timing.delay.min_s": str(own.min_s // UNITS[unit]) if own else "",
        "timing.delay.max_s": str(own.max_s // UNITS[unit]) if own else "",
        "delay_unit": unit,
        "timing.quiet_hours.from": quiet.from_ if quiet else "",
        "timing.quiet_hours.to": quiet.to if quiet else "",
        "timing.time_zone": timing.time_zone or "",
        EXPIRY: f"{config.approval.expire_s / UNITS['min']:.10g}",
        "approval.otherwise": config.approval.otherwise,
        **after_values(config),
        **wait_values(timing.wait_for or WaitFor(), IN_TASK),
        "timing.typing": _SAID[timing.typing],
        "content.llm.goal": config.content.llm.goal,
        "content.llm.voice": config.content.llm.voice,
        "content.llm.prompt": config.content.llm.prompt or "",
        "content.llm.max_length": str(config.content.llm.max_length),
        "content.llm.forbidden": "\n".join(config.content.llm.forbidden),
        "content.llm.allowed_links": "\n".join(config.content.llm.allowed_links),
        "filter.any_words": "\n".join(wanted.any_words),
        "filter.no_words": "\n".join(wanted.no_words),
        "filter.hashtags": " ".join(f"#{tag}" for tag in wanted.hashtags),
        "filter.regex": wanted.regex or "",
        "filter.languages": " ".join(wanted.languages),
        "filter.min_length": "" if wanted.min_length is None else str(wanted.min_length),
        "filter.max_length": "" if wanted.max_length is None else str(wanted.max_length),
        "filter.share": "" if wanted.share is None else f"{wanted.share * 100:.10g}",
    }


def _ticks(config: TaskConfig, bot_ids: Iterable[int]) -> Iterator[tuple[str, str]]:
    yield from ((CHANNELS, str(one)) for one in config.targets.channels)
    yield from ((PLAYLISTS, str(one)) for one in config.targets.playlists)
    yield from ((BOTS, str(one)) for one in bot_ids)
    yield from (("filter.media", one) for one in config.filter.media)
    yield from ((LIFTS, one) for one in config.lifts)
    yield from (("filter.weekdays", str(one)) for one in config.filter.weekdays or ())
    flags = {
        "filter.forwarded": config.filter.forwarded,
        "content.silent": config.content.silent,
        "content.link_preview": config.content.link_preview,
        "content.quote": config.content.quote,
        "content.pin": config.content.pin,
        "after.delete_with_post": config.after.delete_with_post,
    }
    yield from ((name, "true") for name, on in flags.items() if on)
    yield from wait_ticks(config.timing.wait_for, IN_TASK)
    yield from [("approval.mode", "all")] if config.approval.mode == "all" else []
    yield from [("content.kind", "llm")] if config.content.kind == "llm" else []


def _typed_variants(values: Mapping[str, str]) -> list[tuple[int, _Variant]]:
    found: dict[int, _Variant] = {}
    for key, value in values.items():
        match = _VARIANT.fullmatch(key)
        if match is None or match[2] == "media" or (match[2] == "buttons") != bool(match[5]):
            continue
        variant = found.setdefault(int(match[1]), _Variant())
        if match[5]:
            variant.buttons.setdefault((int(match[3]), int(match[4])), {})[match[5]] = value
        else:
            setattr(variant, match[2], value)
    return sorted(found.items())


def _put_variants(form: Filled[Any], variants: Iterable[_Variant]) -> None:
    """Write variants back under the numbers that they have in the document, so that faults find their fields."""
    kept = {key: value for key, value in form.values.items() if not key.startswith(PREFIX)}
    for index, variant in enumerate(variants):
        kept |= _fields_of(index, variant)
    form.values = kept


def _fields_of(index: int, variant: _Variant) -> dict[str, str]:
    prefix = f"{PREFIX}{index}"
    fields = {f"{prefix}.{name}": getattr(variant, name) for name in _TYPED}
    for row, buttons in enumerate(variant.rows()):
        for place, button in enumerate(buttons):
            fields |= {f"{prefix}.buttons.{row}.{place}.{key}": button.get(key, "") for key in ("text", "url")}
    return fields


def _variant_document(variant: _Variant) -> dict[str, Any]:
    rows = [
        [{"text": button.get("text", ""), "url": button.get("url", "").strip()} for button in row]
        for row in variant.rows()
    ]
    said = {"name": variant.name, "weight": whole(variant.weight), "text": variant.text, "buttons": rows}
    options = [line.strip() for line in variant.poll.splitlines() if line.strip()]
    shape = {"anonymous": not variant.poll_open, "multiple": bool(variant.poll_multiple)}
    carried = {"media_id": whole(variant.media_id)} if variant.media_id.strip() else None
    return said | {"media": carried, "poll": {"options": options, **shape} if options else None}


def _filter(form: Filled[Any]) -> dict[str, Any]:
    values = form.values
    share = decimal(values["filter.share"]) if values.get("filter.share", "").strip() else None
    found: dict[str, Any] = {
        "hashtags": values.get("filter.hashtags", "").replace(",", " ").split(),
        "regex": values.get("filter.regex", "") or None,
        "languages": values.get("filter.languages", "").replace(",", " ").lower().split(),
        "media": _ticked(form, "filter.media"),
        "weekdays": [whole(one) for one in _ticked(form, "filter.weekdays")] or None,
        "forwarded": ("filter.forwarded", "true") in _sent(form),
        "share": round(share / 100, 12) if isinstance(share, float) else share,
    }
    for name in _LISTS:
        found[name] = [line.strip() for line in values.get(f"filter.{name}", "").splitlines() if line.strip()]
    for name in _NUMBERS:
        found[name] = whole(values.get(f"filter.{name}", ""))
    return found


def _timing(form: Filled[Any], base: TaskConfig) -> dict[str, Any]:
    values = form.values
    preset = values.get("timing.preset", base.timing.preset)
    hours = {key: values.get(f"timing.quiet_hours.{key}", "").strip() for key in ("from", "to")}
    filled = {key: value for key, value in hours.items() if value}
    return {
        "preset": preset,
        "delay": _delay(values) or None,
        "quiet_hours": filled or None,
        "time_zone": values.get("timing.time_zone", "").strip() or None,
        "typing": {said: meant for meant, said in _SAID.items()}.get(values.get("timing.typing", "")),
    } | wait_document(values, _sent(form), IN_TASK)


def _llm(form: Filled[Any]) -> dict[str, Any]:
    values = form.values
    said: dict[str, Any] = {name: values.get(f"content.llm.{name}", "").strip() for name in ("goal", "voice", "prompt")}
    for name in _LLM_LISTS:
        said[name] = [line.strip() for line in values.get(f"content.llm.{name}", "").splitlines() if line.strip()]
    if values.get("content.llm.max_length", "").strip():
        said["max_length"] = whole(values["content.llm.max_length"])
    kind = "llm" if ("content.kind", "llm") in _sent(form) else "template"
    return {"kind": kind, "llm": said | {"prompt": said["prompt"] or None}}


def _approval(form: Filled[Any]) -> dict[str, Any]:
    if EXPIRY not in form.values:
        return {}
    minutes = form.values[EXPIRY]
    return {
        "mode": "all" if ("approval.mode", "all") in _sent(form) else "none",
        "otherwise": form.values.get("approval.otherwise", "skip"),
        **({"expire_s": seconds(minutes, UNITS["min"])} if minutes.strip() else {}),
    }


def _delay(values: Mapping[str, str]) -> dict[str, Any]:
    unit = UNITS.get(values.get("delay_unit", ""), 60)
    typed_ends = {key: values.get(f"timing.delay.{key}", "").strip() for key in ("min_s", "max_s")}
    return {key: seconds(value, unit) for key, value in typed_ends.items() if value}


def _sent(form: Filled[Any]) -> frozenset[tuple[str, str]]:
    return form.ticks or frozenset()


def _ticked(form: Filled[Any], name: str) -> list[str]:
    """The values of the boxes that were ticked, numbers in their order."""
    values = {value for key, value in _sent(form) if key == name}
    return sorted(values, key=lambda value: (len(value), value))
