"""A task's document, read. The same document reads the same, so each is read once."""

import json
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from tgac.tasks.config import TaskConfig


def config_of(document: dict[str, Any]) -> TaskConfig | None:
    """The document as the line works with it; None where it cannot be read any more (an older release wrote it)."""
    return _read(json.dumps(document, sort_keys=True))


@lru_cache(maxsize=1000)
def _read(document: str) -> TaskConfig | None:
    try:
        return TaskConfig.model_validate(json.loads(document))
    except ValidationError:
        return None
