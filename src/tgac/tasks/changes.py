"""What differs between two documents, by dotted paths."""

from collections.abc import Iterator, Mapping
from typing import Any

type Changes = dict[str, list[Any]]


def changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> Changes:
    """Old and new value of what differs, by name."""
    paths = [*before, *(path for path in after if path not in before)]
    return {path: [before.get(path), after.get(path)] for path in paths if before.get(path) != after.get(path)}


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Every value of a document with its dotted path; lists of objects by number, other lists whole."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value and all(isinstance(one, dict) for one in value):
        for index, inner in enumerate(value):
            yield from leaves(inner, f"{path}.{index}")
    else:
        yield path, value
