"""A task's config: `TaskConfig` is the document, `check_config` says that one can be carried out."""

from tgac.tasks.config.checks import check_config, wait_faults
from tgac.tasks.config.kinds import MEDIA, Media
from tgac.tasks.config.parts import (
    EVERY_DAY,
    PRESETS,
    After,
    Approval,
    Content,
    Delay,
    Filter,
    Limits,
    Llm,
    Preset,
    QuietHours,
    TaskConfig,
    Timing,
    Variant,
    WaitFor,
    completed,
    filled,
    preset_named,
)

__all__ = [
    "EVERY_DAY",
    "MEDIA",
    "PRESETS",
    "After",
    "Approval",
    "Content",
    "Delay",
    "Filter",
    "Limits",
    "Llm",
    "Media",
    "Preset",
    "QuietHours",
    "TaskConfig",
    "Timing",
    "Variant",
    "WaitFor",
    "check_config",
    "completed",
    "filled",
    "preset_named",
    "wait_faults",
]
