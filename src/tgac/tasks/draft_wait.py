"""The part of the editor's form that speaks of waiting for readers: its fields, and the `wait_for` that they mean."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from tgac.tasks.config import TaskConfig, WaitFor
from tgac.tasks.draft_numbers import UNITS, seconds, unit_of, whole

_AT: Final = "timing.wait_for."
WAIT_FIELDS: Final = frozenset(_AT + name for name in WaitFor.model_fields)


def wait_values(config: TaskConfig) -> dict[str, str]:
    """What the fields show of a document: spans in the largest unit in which they are whole."""
    wait = config.timing.wait_for
    of_silence, of_deadline = unit_of(wait.silence_s or UNITS["min"]), unit_of(wait.deadline_s)
    return {
        f"{_AT}reader_comments": str(wait.reader_comments or ""),
        f"{_AT}silence_s": str(wait.silence_s // UNITS[of_silence]) if wait.silence_s else "",
        "silence_unit": of_silence,
        f"{_AT}deadline_s": str(wait.deadline_s // UNITS[of_deadline]),
        "deadline_unit": of_deadline,
        f"{_AT}otherwise": wait.otherwise,
    }


def wait_ticks(config: TaskConfig) -> Iterator[tuple[str, str]]:
    """The box that is ticked."""
    if config.timing.wait_for.question:
        yield f"{_AT}question", "true"


def wait_document(values: Mapping[str, str], ticks: Collection[tuple[str, str]]) -> dict[str, Any]:
    """What the fields mean; nothing where the form has none of them. An empty field is the default."""
    if f"{_AT}otherwise" not in values:
        return {}
    silence, deadline = (values.get(_AT + name, "").strip() for name in ("silence_s", "deadline_s"))
    wait: dict[str, Any] = {
        "reader_comments": whole(values.get(f"{_AT}reader_comments", "")) or 0,
        "silence_s": seconds(silence, UNITS.get(values.get("silence_unit", ""), 60)) if silence else None,
        "question": (f"{_AT}question", "true") in ticks,
        "otherwise": values[f"{_AT}otherwise"],
    }
    if deadline:
        wait["deadline_s"] = seconds(deadline, UNITS.get(values.get("deadline_unit", ""), 60))
    return {"wait_for": wait}
