"""What events changed: by name the old and the new value."""

import json
from typing import Any

from tgac.journal.models import Event, PanelEvent


def kept_changes(event: Event | PanelEvent) -> dict[str, list[Any]]:
    """What an event changed: by name the old and the new value, None where there was or is none."""
    data = event.data
    if "from" in data and "to" in data:
        return {"status" if event.kind == "task_toggled" else "bots": [data["from"], data["to"]]}
    return data.get("changes") or {}


def changes_of(event: Event | PanelEvent) -> list[tuple[str, str, str]]:
    """The same in text: name, old and new value; "" where there was or is none."""
    return [(name, _plain(before), _plain(after)) for name, (before, after) in kept_changes(event).items()]


def _plain(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
