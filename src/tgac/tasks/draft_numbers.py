"""Numbers that were typed into the editor, and what becomes of a comment later, in its fields."""

from collections.abc import Mapping
from typing import Any, Final

from tgac.tasks.config import TaskConfig

UNITS: Final = {"s": 1, "min": 60, "h": 3600}


def after_values(config: TaskConfig) -> dict[str, str]:
    """What becomes of a comment, as the form shows it."""
    span = config.after.delete_after_s
    unit = unit_of(span or UNITS["h"])
    return {
        "after.follow_edits": config.after.follow_edits,
        "after.delete_after_s": "" if span is None else str(span // UNITS[unit]),
        "delete_unit": unit,
    }


def after_document(values: Mapping[str, str]) -> dict[str, Any]:
    """What becomes of a comment, as the form means it."""
    typed_span, unit = values.get("after.delete_after_s", "").strip(), UNITS.get(values.get("delete_unit", ""), 60)
    return {
        "follow_edits": values.get("after.follow_edits", "no"),
        "delete_after_s": seconds(typed_span, unit) if typed_span else None,
    }


def unit_of(span: int) -> str:
    """The largest unit in which so many seconds are whole; minutes for none."""
    return next(name for name in ("h", "min", "s") if span % UNITS[name] == 0) if span else "min"


def seconds(text: str, unit: int) -> int | str:
    """A number in that unit as seconds; what cannot be read stays as it was typed."""
    number = decimal(text)
    return int(number * unit) if isinstance(number, float) and (number * unit).is_integer() else text


def decimal(text: str) -> float | str:
    """A number with a comma or a point; what cannot be read stays as it was typed."""
    try:
        return float(text.strip().replace(",", "."))
    except ValueError:
        return text


def whole(text: str) -> int | str | None:
    """A whole number, None for nothing; what cannot be read stays as it was typed."""
    try:
        return int(text) if text.strip() else None
    except ValueError:
        return text
