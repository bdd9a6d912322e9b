"""Every route of the application, and requests made for it from what it declares: nobody lists them by hand."""

import inspect
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal, get_args

import httpx
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel

from tgac.kit.web import deps

type Kind = Literal["public", "signed_in", "project", "admin"]
type Ids = Mapping[str, int]

NOBODYS_ID = 987_654
UNSAFE = {"POST", "PUT", "PATCH", "DELETE"}
_BY_HAND = re.compile(r"(\.form|\bsent_file|\btyped|\bread_what|_read_editor)\(")
EXAMPLES: Mapping[str, Any] = {
    "token": "123456789:" + "A" * 35,
    "username": "somebody_bot",
    "time_zone": "UTC",
    "action": "check",
    "values": {"delay": {"min_s": 0, "max_s": 60}},
    "ids": ["bot_id"],
    "until": "2026-03-01T12:00:00Z",
    "from": "23:00",
    "to": "08:00",
    "config": {"targets": {"channels": ["channel_id"]}, "content": {"variants": [{"name": "A", "text": "Hi"}]}},
}
"""Values for fields whose type alone does not tell what fits; `x_id` in them stands for that id of the request."""


@dataclass(frozen=True)
class Route:
    """One method of one path, who it is for, and what it takes."""

    method: str
    path: str
    kind: Kind
    slots: tuple[str, ...]
    query_ids: tuple[str, ...]
    models: tuple[type[BaseModel], ...]
    queries: tuple[str, ...] = ()
    reads_by_hand: bool = False
    """Whether the endpoint reads a form field by field."""

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def is_api(self) -> bool:
        return self.path.startswith(("/api/", "/auth/"))

    @property
    def is_unsafe(self) -> bool:
        return self.method in UNSAFE

    def body_ids(self, ids: Ids) -> bool:
        """Whether a body of this route names rows."""
        return self.body(ids) != self.body({})

    def body(self, ids: Ids) -> dict[str, Any]:
        """The smallest body that fits, with everything in it that names a row."""
        made: dict[str, Any] = {}
        for model in self.models:
            schema = schema_of(model)
            made |= _filled(schema, schema.get("$defs", {}), ids)
        return made

    def request(self, client: httpx.AsyncClient, ids: Ids, *, query: Ids | None = None) -> httpx.Request:
        """A request in which every slot of path, query and body is filled from `ids`."""
        path = re.sub(r"\{(\w+)(:\w+)?\}", lambda slot: str(ids.get(slot[1], NOBODYS_ID)), self.path)
        if not self.is_unsafe:
            return client.build_request(self.method, path, params=dict(query or {}))
        body = self.body(ids)
        if self.is_api:
            return client.build_request(self.method, path, json=body if self.models else None)
        return client.build_request(self.method, path, data=body)


@cache
def schema_of(model: type[BaseModel]) -> Mapping[str, Any]:
    """The model's schema of JSON, made once: each request that is built asks for it."""
    return model.model_json_schema()


def routes_of(app: FastAPI) -> list[Route]:
    """Every route with what FastAPI knows of it. `app.routes` alone shows only the routers."""
    return [
        made
        for context in iter_route_contexts(app.routes)
        if context.path is not None and hasattr(context.route, "methods")
        for made in _routes(context)
    ]


def _routes(context: Any) -> Iterator[Route]:
    dependant = getattr(context, "dependant", None)
    all_dependants = list(_flat(dependant)) if dependant else []
    calls = {one.call for one in all_dependants}
    slots = tuple(re.findall(r"\{(\w+)", context.path))
    query = {param.name for one in all_dependants for param in one.query_params if param.name.endswith("_id")}
    every = tuple(sorted({param.alias for one in all_dependants for param in one.query_params}))
    by_hand = _BY_HAND.search(inspect.getsource(context.endpoint)) is not None
    made = Route("GET", context.path, _kind(context.path, calls), slots, tuple(sorted(query)), (), every, by_hand)
    models = tuple(_models(context.endpoint, all_dependants))
    for method in sorted((context.methods or {"GET"}) - {"HEAD"}):
        yield replace(made, method=method, models=models if method in UNSAFE else ())


def _flat(dependant: Dependant) -> Iterator[Dependant]:
    yield dependant
    for one in dependant.dependencies:
        yield from _flat(one)


def _kind(path: str, calls: set[Any]) -> Kind:
    if deps.signed_in not in calls:
        return "public"
    if calls & {get_args(one)[1].dependency for one in (deps.AdminRead, deps.AdminWrite)}:
        return "admin"
    return "project" if "{project_id}" in path else "signed_in"


def _models(endpoint: Any, dependants: list[Dependant]) -> Iterator[type[BaseModel]]:
    """What is read as JSON is declared; what a page reads as a form is named in its body."""
    declared = [param.field_info.annotation for one in dependants for param in one.body_params]
    named = inspect.getclosurevars(inspect.unwrap(endpoint)).globals.values()
    for one in declared or named:
        for kind in get_args(one) or (one,):  # a body that may be left out is declared as one of two
            if isinstance(kind, type) and issubclass(kind, BaseModel):
                yield kind


def _filled(schema: Mapping[str, Any], defs: Mapping[str, Any], ids: Ids) -> dict[str, Any]:
    wanted = set(schema.get("required", ())) | {name for name in schema.get("properties", {}) if _names_rows(name)}
    return {
        name: filled_value(name, inner, defs, ids)
        for name, inner in schema.get("properties", {}).items()
        if name in wanted or name in EXAMPLES
    }


def _names_rows(name: str) -> bool:
    return name.endswith(("_id", "_ids")) and name != "message_id"


def filled_value(name: str, schema: Mapping[str, Any], defs: Mapping[str, Any], ids: Ids) -> Any:
    if name in EXAMPLES:
        return _with_ids(EXAMPLES[name], ids)
    if "$ref" in schema:
        return filled_value(name, defs[schema["$ref"].rpartition("/")[2]], defs, ids)
    if "anyOf" in schema:
        return filled_value(name, next(one for one in schema["anyOf"] if one.get("type") != "null"), defs, ids)
    choices = schema.get("enum", [schema["const"]] if "const" in schema else [])
    return choices[0] if choices else _plain_value(name, schema, defs, ids)


def _plain_value(name: str, schema: Mapping[str, Any], defs: Mapping[str, Any], ids: Ids) -> Any:
    assert "pattern" not in schema, f"which {name!r} fits? Add one to EXAMPLES"
    match schema.get("type"):
        case "array":
            one = filled_value(name.removesuffix("s"), schema.get("items", {}), defs, ids)
            return [one] if _names_rows(name) else [one] * schema.get("minItems", 0)
        case "object":
            return _filled(schema, defs, ids)
        case "integer" | "number":
            return ids.get(name, NOBODYS_ID) if _names_rows(name) else schema.get("minimum", 1)
        case "boolean":
            return False
        case _:
            return "x" * max(1, schema.get("minLength", 1))


def _with_ids(example: Any, ids: Ids) -> Any:
    if isinstance(example, dict):
        return {name: _with_ids(inner, ids) for name, inner in example.items()}
    if isinstance(example, list):
        return [_with_ids(inner, ids) for inner in example]
    return ids.get(example, NOBODYS_ID) if isinstance(example, str) and _names_rows(example) else example
