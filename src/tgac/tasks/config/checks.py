"""Whether a task's config can be carried out, with a sentence for each path that is wrong."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from tgac.kit.errors import Invalid
from tgac.kit.telegram.types import Poll
from tgac.kit.web.i18n import N_, _, ngettext
from tgac.tasks.config.parts import PRESETS, Delay, TaskConfig, Timing, Variant, WaitFor
from tgac.tasks.patterns import pattern_fault
from tgac.tasks.text.compose import check_text
from tgac.tasks.text.egress import keys_in
from tgac.tasks.text.faults import TextError

MAX_FAULTS = 50
MAX_WRITTEN = 900
"""So long may a model's words be beside a file: what Telegram takes there, without the label."""


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
    "string_too_short": N_("This is empty."),
    "string_pattern_mismatch": N_("A time is written like 23:00."),
}
_COUNTED: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "string_too_long": lambda given: ngettext(
        "At most %(n)s character is allowed.", "At most %(n)s characters are allowed.", given["max_length"]
    ),
    "too_long": lambda given: ngettext(
        "At most %(n)s item is allowed.", "At most %(n)s items are allowed.", given["max_length"]
    ),
    "too_short": lambda given: ngettext(
        "At least %(n)s item is needed.", "At least %(n)s items are needed.", given["min_length"]
    ),
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
    context = fault.get("ctx", {})
    if kind in _COUNTED:
        return _COUNTED[kind](context)
    return _(_SENTENCES.get(kind, N_("This value does not fit.")), **context)


def _faults(config: TaskConfig) -> Iterator[tuple[str, str]]:
    """What single values cannot show."""
    yield from _wait_faults(config.timing)
    yield from _lift_faults(config)
    lengths = config.filter
    if lengths.regex is not None and (said := pattern_fault(lengths.regex)):
        yield "filter.regex", _("RE2 cannot read this pattern: %(reason)s", reason=said)
    if lengths.min_length is not None and lengths.max_length is not None and lengths.min_length > lengths.max_length:
        yield "filter.min_length", _("The least length is longer than the longest.")
    content = config.content
    if content.kind == "llm" and content.llm.goal == "own" and not (content.llm.prompt or "").strip():
        yield "content.llm.prompt", _("Write what the model is to do, or choose another goal.")
    for index, one in enumerate(content.llm.allowed_links):
        if not keys_in(one) or one.split() != [one]:
            yield f"content.llm.allowed_links.{index}", _("This is no link and no @name.")
    names: set[str] = set()
    for index, variant in enumerate(config.content.variants):
        yield from _variant_faults(variant, f"content.variants.{index}", names, label=config.content.label)
        names.add(variant.name.casefold())
        if variant.media and content.kind == "llm" and content.llm.max_length > MAX_WRITTEN:
            words = _("Beside a file a comment is short: choose at most %(limit)s characters.", limit=MAX_WRITTEN)
            yield "content.llm.max_length", words
        if variant.poll and content.kind == "llm":
            yield f"content.variants.{index}.poll", _("A language model writes no polls: choose templates.")


def _wait_faults(timing: Timing) -> Iterator[tuple[str, str]]:
    is_known = timing.delay is not None or timing.preset in PRESETS
    if timing.wait_for is not None:
        found = wait_faults(timing.wait_for, timing.window if is_known else None)
        yield from ((f"timing.{path}", said) for path, said in found)


def _lift_faults(config: TaskConfig) -> Iterator[tuple[str, str]]:
    for path in config.lifts:
        part, _dot, name = path.partition(".")
        if getattr(getattr(config, part), name) is not None:
            yield path, _("Either a value or none at all: not both.")


def wait_faults(wait: WaitFor, window: Delay | None) -> Iterator[tuple[str, str]]:
    """What is wrong with a wait for readers; `window` is the delay before it, None where it is not known."""
    if not wait.is_on:
        return
    if not wait.deadline_s:
        yield "wait_for.deadline_s", _("Say how long it waits for readers at most.")
    if window is not None and (wait.silence_s or 0) > window.max_s + wait.deadline_s:
        yield "wait_for.silence_s", _("The wait is over before it can have been silent for so long.")


def _variant_faults(variant: Variant, path: str, names: set[str], *, label: str | None) -> Iterator[tuple[str, str]]:
    if variant.name.casefold() in names:
        yield f"{path}.name", _("Another variant has this name.")
    if variant.media and variant.poll:
        yield f"{path}.media", _("A poll carries no file: choose one of the two.")
    form = Poll(variant.poll.options) if variant.poll else variant.media_id
    try:
        check_text(variant.text, label=label, form=form)
    except TextError as error:
        yield f"{path}.text", error.sentence
