"""Structured lines: one event per line, secrets masked, control characters escaped."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, Literal

import structlog

from tgac.kit.secrets import mask


def _masked(logger: object, name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for key, value in event.items():
        if isinstance(value, str):
            event[key] = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in mask(value))
    return event


def set_up_logs(*, level: str, form: Literal["text", "json"]) -> None:
    """Send every line of the process to standard error, as text for people or as JSON for programs."""
    render: Any = structlog.processors.JSONRenderer(ensure_ascii=False)
    if form == "text":
        render = structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.format_exc_info, _masked, render],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(levelname)s %(name)s %(message)s")


def log() -> Any:
    """The logger: `log().info("comment_sent", comment=1)`."""
    return structlog.get_logger()
