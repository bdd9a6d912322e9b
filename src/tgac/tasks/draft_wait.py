"""The part of a form that speaks of waiting for readers: its fields, and the `wait_for` that they mean. A task's editor
and a preset's form have it, under names that begin otherwise."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from tgac.tasks.config import WaitFor
from tgac.tasks.draft_numbers import UNITS, seconds, unit_of, whole

IN_TASK: Final = "timing.wait_for."
IN_PRESET: Final = "wait_for."
WAIT_FIELDS: Final = frozenset(IN_TASK + name for name in WaitFor.model_fields)
NOBODY: Final = "wait_nobody"
"""The tick of a task that waits for nobody, whatever its preset says."""


def wait_values(wait: WaitFor, at: str) -> dict[str, str]:
    """What the fields show: spans in the largest unit in which they are whole. `at` is how their names begin."""
    of_silence, of_deadline = unit_of(wait.silence_s or UNITS["min"]), unit_of(wait.deadline_s)
    return {
        f"{at}reader_comments": str(wait.reader_comments or ""),
        f"{at}silence_s": str(wait.silence_s // UNITS[of_silence]) if wait.silence_s else "",
        "silence_unit": of_silence,
        f"{at}deadline_s": str(wait.deadline_s // UNITS[of_deadline]),
        "deadline_unit": of_deadline,
        f"{at}otherwise": wait.otherwise,
    }


def wait_ticks(wait: WaitFor | None, at: str) -> Iterator[tuple[str, str]]:
    """The boxes that are ticked."""
    if wait is not None and wait.question:
        yield f"{at}question", "true"
    if wait is not None and not wait.is_on:
        yield NOBODY, "true"


def wait_document(values: Mapping[str, str], ticks: Collection[tuple[str, str]], at: str) -> dict[str, Any]:
    """What the fields mean; nothing where the form has none of them. An empty field is the default; where nothing is
    waited for, it is as the preset says, unless the form says: for nobody."""
    if f"{at}otherwise" not in values:
        return {}
    silence, deadline = (values.get(at + name, "").strip() for name in ("silence_s", "deadline_s"))
    wait: dict[str, Any] = {
        "reader_comments": whole(values.get(f"{at}reader_comments", "")) or 0,
        "silence_s": seconds(silence, UNITS.get(values.get("silence_unit", ""), 60)) if silence else None,
        "question": (f"{at}question", "true") in ticks,
        "otherwise": values[f"{at}otherwise"],
    }
    if not any(wait[name] for name in ("reader_comments", "silence_s", "question")):
        return {"wait_for": {} if (NOBODY, "true") in ticks else None}
    if deadline:
        wait["deadline_s"] = seconds(deadline, UNITS.get(values.get("deadline_unit", ""), 60))
    return {"wait_for": wait}
