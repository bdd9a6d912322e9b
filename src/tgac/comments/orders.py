"""A task's document, read. The same document reads the same, so each is read once."""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from tgac.tasks.config import Preset, TaskConfig, filled


def config_of(document: dict[str, Any], own: Mapping[str, Preset] | None = None) -> TaskConfig | None:
    """The document as the line works with it; None where it cannot be read any more (an older release wrote it).

    `own` are the project's presets, for whoever needs times and limits: the preset's values are put in, and a document
    whose preset is gone cannot be read.
    """
    try:
        return _read(json.dumps(document if own is None else filled(document, own), sort_keys=True))
    except KeyError:
        return None


@lru_cache(maxsize=1000)
def _read(document: str) -> TaskConfig | None:
    try:
        return TaskConfig.model_validate(json.loads(document))
    except ValidationError:
        return None
