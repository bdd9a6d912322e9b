"""The part of the editor's form that speaks of limits: its fields, and the document's `limits` that they mean."""

from collections.abc import Mapping
from typing import Any, Final

from tgac.tasks.config import Limits, TaskConfig

_FIELDS: Final = (
    "per_channel_hour",
    "per_channel_day",
    "per_bot_hour",
    "per_bot_day",
    "pause_s",
    "ramp_up_days",
    "per_post",
    "per_post_together",
    "threads_per_bot",
)
LIMIT_FIELDS: Final = frozenset(f"limits.{name}" for name in _FIELDS)


def limit_values(config: TaskConfig) -> dict[str, str]:
    """What the fields show of a document."""
    values = {name: getattr(config.limits, name) for name in _FIELDS}
    return {f"limits.{name}": "" if value is None else str(value) for name, value in values.items()}


def limits_document(values: Mapping[str, str]) -> dict[str, Any]:
    """What the fields mean: an empty one is the default. What is no number stays, for `check_config` to refuse."""
    usual = Limits().model_dump()
    shown = {name: values[f"limits.{name}"].strip() for name in _FIELDS if f"limits.{name}" in values}
    return {name: _whole(text) if text else usual[name] for name, text in shown.items()}


def _whole(text: str) -> int | str:
    try:
        return int(text)
    except ValueError:
        return text
