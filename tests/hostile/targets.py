"""Every field that can be written or asked with, found in the routes, their models and the forms of the pages."""

import copy
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import httpx

from tests.support.routes import Ids, Route, filled_value, schema_of
from tgac.tasks.config import TaskConfig

type Steps = tuple[str | int, ...]
type Schema = Mapping[str, Any]

OPEN: Mapping[str, Schema] = {"config": TaskConfig.model_json_schema()}
"""Fields whose models say "anything": what really fits there."""


@dataclass(frozen=True)
class Target:
    """One field of one request: `steps` lead to it within a body of JSON; a form or a query has one step."""

    route: str
    method: str
    url: str
    where: str
    steps: Steps
    base: Any
    is_text: bool

    def __str__(self) -> str:
        return f"{self.route} {self.where} {'.'.join(map(str, self.steps))}"

    def request(self, client: httpx.AsyncClient, value: Any) -> httpx.Request:
        """The request with `value` in this field."""
        if self.where == "json":
            body = json.dumps(with_value(self.base, self.steps, value)).encode()
            return client.build_request(
                self.method, self.url, content=body, headers={"content-type": "application/json"}
            )
        fields = urlencode({**self.base, str(self.steps[0]): _bytes(value)})
        if self.where == "query":
            return client.build_request(self.method, f"{self.url}?{fields}")
        kind = {"content-type": "application/x-www-form-urlencoded"}
        return client.build_request(self.method, self.url, content=fields.encode(), headers=kind)


def _bytes(value: Any) -> bytes:
    return str(value).encode("utf-8", "surrogatepass")


def with_value(base: Any, steps: Sequence[str | int], value: Any) -> Any:
    """The body with another value at the end of these steps."""
    if not steps:
        return value
    made = copy.copy(base)
    made[steps[0]] = with_value(made[steps[0]], steps[1:], value)
    return made


def url_of(route: Route, ids: Ids) -> str:
    """The route's address with these ids; what is no id is a word."""
    return re.sub(r"\{(\w+)(:\w+)?\}", lambda slot: str(ids.get(slot[1], "x")), route.path)


def json_targets(routes: Sequence[Route], ids: Ids) -> Iterator[Target]:
    """Every field of every body of JSON."""
    for route in routes:
        if not (route.is_api and route.is_unsafe):
            continue
        body = route.body(ids)
        for model in route.models:
            schema = schema_of(model)
            for steps, base, is_text in _fields(schema, schema.get("$defs", {}), body, ids):
                yield Target(str(route), route.method, url_of(route, ids), "json", steps, base, is_text)


def query_targets(routes: Sequence[Route], ids: Ids) -> Iterator[Target]:
    """Every parameter of every address that is looked at, and every word in a path."""
    for route in routes:
        if route.is_unsafe:
            continue
        for name in route.queries:
            yield Target(str(route), "GET", url_of(route, ids), "query", (name,), {}, is_text=True)


def form_targets(pages: Mapping[str, str]) -> Iterator[Target]:
    """Every field of every form on the pages (text by address), each once for each action and name."""
    seen: set[tuple[str, str]] = set()
    for text in pages.values():
        reader = _Forms()
        reader.feed(text)
        for action, fields in reader.found:
            route = "POST " + re.sub(r"\d+", "0", action)
            for name in fields:
                if (route, name) not in seen and name != "csrf":
                    seen.add((route, name))
                    yield Target(route, "POST", action, "form", (name,), fields, is_text=True)


def _fields(schema: Schema, defs: Schema, body: Any, ids: Ids) -> Iterator[tuple[Steps, Any, bool]]:
    """Steps to each field, a body in which they can be gone, and whether text belongs there."""
    for steps, is_text in _steps(schema, defs):
        yield steps, _reachable(body, schema, defs, steps=steps, ids=ids), is_text


def _steps(schema: Schema, defs: Schema) -> Iterator[tuple[Steps, bool]]:
    schema, defs = _resolved(schema, defs)
    if "items" in schema:
        for steps, is_text in _steps(schema["items"], defs):
            yield (0, *steps), is_text
    for name, declared in schema.get("properties", {}).items():
        inner = OPEN.get(name, declared)
        yield from (((name, *steps), is_text) for steps, is_text in _steps(inner, inner.get("$defs", defs)))
    yield (), schema.get("type", "string") == "string"


def _reachable(body: Any, schema: Schema, defs: Schema, *, steps: Sequence[str | int], ids: Ids) -> Any:
    schema, defs = _resolved(schema, defs)
    if not steps:
        return body
    first, *rest = steps
    if isinstance(first, int):
        inner = schema["items"]
        one = body[0] if isinstance(body, list) and body else filled_value("", inner, defs, ids)
        return [_reachable(one, inner, defs, steps=rest, ids=ids)]
    inner = OPEN.get(first, schema["properties"][first])
    made = dict(body) if isinstance(body, dict) else filled_value("", schema, defs, ids)
    made[first] = _reachable(made.get(first), inner, inner.get("$defs", defs), steps=rest, ids=ids)
    return made


def _resolved(schema: Schema, defs: Schema) -> tuple[Schema, Schema]:
    while "$ref" in schema or "anyOf" in schema:
        if "$ref" in schema:
            schema = defs[schema["$ref"].rpartition("/")[2]]
        else:
            schema = next(one for one in schema["anyOf"] if one.get("type") != "null")
    return schema, schema.get("$defs", defs)


class _Forms(HTMLParser):
    """The forms of a page that are sent: their actions and fields with what stands in them."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self._open: dict[str, str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = {} if told.get("method") == "post" else None
            if self._open is not None:
                self.found.append((told.get("action", ""), self._open))
        elif tag in ("input", "textarea", "select", "button") and "name" in told and self._open is not None:
            self._open.setdefault(told["name"], told.get("value", ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
