"""docs/task-config.md tells of every key what the models say: default, limits, and whether it is for later."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tgac.tasks.config import TaskConfig

PAPER = Path(__file__).parents[1] / "docs" / "task-config.md"
SCHEMA = TaskConfig.model_json_schema(by_alias=True)
LARGEST = 2**53
"""A limit above this one is the database's and tells nobody anything."""


def whole(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """The schema with what it refers to in its place; null beside it does not count."""
    if "$ref" in schema:
        return whole({**SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]], **_without(schema, "$ref")})
    if "anyOf" in schema:
        kind = next(one for one in schema["anyOf"] if one.get("type") != "null")
        return whole({**kind, **_without(schema, "anyOf")})
    return schema


def _without(schema: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name != key}


def limits(schema: Mapping[str, Any]) -> str:
    """What a value may be, in words."""
    one = whole(schema)
    return "; ".join(part for part in _limits(one) if part)


def _limits(one: Mapping[str, Any]) -> Iterator[str]:
    yield ", ".join(f"`{choice}`" for choice in one.get("enum", ()))
    if "minimum" in one:
        yield f"{one['minimum']} to {one['maximum']}" if one["maximum"] < LARGEST else f"from {one['minimum']}"
    if "maxLength" in one:
        yield f"at most {one['maxLength']} characters"
    if "pattern" in one:
        yield "HH:MM"
    if one.get("type") == "array":
        least, most = one.get("minItems", 0), one["maxItems"]
        yield f"{least} to {most} items" if least else f"at most {most} items"
        inner = limits(one["items"])
        yield f"each {inner}" if inner else ""


def keys(schema: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, str, str]]:
    """Path, default and limits of every key below; `n` for the place in a list."""
    for name, inner in whole(schema).get("properties", {}).items():
        here = f"{path}.{name}" if path else name
        one = whole(inner)
        if "properties" in one and inner.get("default") is not None:
            yield from keys(one, here)
            continue
        default = f"`{json.dumps(inner['default'], ensure_ascii=False)}`" if "default" in inner else "—"
        yield here, default if here != "content.variants" else "one, empty", limits(one) or "—"
        while one.get("type") == "array":
            one, here = whole(one["items"]), f"{here}.n"
        if "properties" in one:
            yield from keys(one, here)


def told() -> dict[str, list[str]]:
    """The rows of the paper by key: default, limits, meaning."""
    rows = re.findall(r"^\| `([\w.]+)` \| (.*) \|$", PAPER.read_text(), re.MULTILINE)
    return {key: re.split(r" (?<!\\)\| ", rest) for key, rest in rows}


def test_every_key_is_told_with_its_default_and_its_limits() -> None:
    so = {path: [default, allowed] for path, default, allowed in keys(SCHEMA)}
    assert len(so) > 50
    assert {key: row[:2] for key, row in told().items()} == so
    assert [key for key, row in told().items() if len(row) != 3 or not row[2].strip()] == []


def test_the_example_in_the_paper_is_good() -> None:
    (example,) = re.findall(r"```json\n(.*?)\n```", PAPER.read_text(), re.DOTALL)
    assert TaskConfig.model_validate(json.loads(example)).targets.channels == (1,)
