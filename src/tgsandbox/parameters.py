"""Requests held against the Bot API's tables, read as Telegram reads them.

Everything may come as text, numbers may stand in quotes, objects may be JSON in a string, unknown names are ignored.
"""

import functools
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from tgsandbox.refusals import Refused, refuse
from tgsandbox.schema import METHODS, TYPES, Json, tags_of, untagged

Reader = Callable[[Any, str, str], Any]


def _read_int(value: Any, field: str, whole: str) -> int:
    if type(value) is int:
        return value
    if type(value) is str and re.fullmatch(r"-?\d{1,19}", value):
        return int(value)
    raise refuse("wrong_field", name=whole, field=field, wanted="Number")


def _read_float(value: Any, field: str, whole: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise refuse("wrong_field", name=whole, field=field, wanted="Number") from None


def _read_str(value: Any, field: str, whole: str) -> str:
    if type(value) is str:
        return value
    if type(value) in (int, float):
        return str(value)
    raise refuse("wrong_field", name=whole, field=field, wanted="String")


def _read_bool(value: Any, field: str, whole: str) -> bool:
    if type(value) is bool:
        return value
    raise refuse("wrong_field", name=whole, field=field, wanted="Boolean")


def _read_true(value: Any, field: str, whole: str) -> bool:
    if value is True:
        return True
    raise refuse("wrong_field", name=whole, field=field, wanted="True")


READERS: dict[str, Reader] = {
    "Integer": _read_int,
    "Float": _read_float,
    "String": _read_str,
    "Boolean": _read_bool,
    "True": _read_true,
}


@functools.cache
def reader(type_name: str) -> Reader:
    """A reader of values inside a JSON parameter: returns the value in its proper type or raises `Refused`."""
    if type_name in READERS:
        return READERS[type_name]
    if type_name.startswith("Array of "):
        return _array_reader(type_name.removeprefix("Array of "))
    options = re.split(r", | and | or ", type_name)
    if len(options) > 1:
        return _union_reader(options, tag=None)
    if "one_of" in TYPES[type_name]:
        return _union_reader(TYPES[type_name]["one_of"], tag=tags_of(type_name))
    return _object_reader(type_name)


def _array_reader(item_type: str) -> Reader:
    def read(value: Any, field: str, whole: str) -> list[Any]:
        if type(value) is not list:
            raise refuse("wrong_field", name=whole, field=field, wanted="Array")
        item_reader = reader(item_type)
        return [item_reader(item, field, whole) for item in value]

    return read


def _object_reader(type_name: str) -> Reader:
    fields: Json = TYPES[type_name]["fields"]
    required = [name for name, spec in fields.items() if spec["required"]]

    def read(value: Any, field: str, whole: str) -> Json:
        if type(value) is not dict:
            raise refuse("wrong_field", name=whole, field=field, wanted="Object")
        missing = next((name for name in required if name not in value), None)
        if missing:
            raise refuse("missing_field", name=whole, field=missing)
        known = ((name, item) for name, item in value.items() if name in fields and item is not None)
        return {name: reader(fields[name]["type"])(item, name, whole) for name, item in known}

    return read


def _union_reader(options: list[str], tag: tuple[str, dict[str, str]] | None) -> Reader:
    def read_tagged(value: Any, field: str, whole: str) -> Any:
        assert tag is not None
        member = tag[1].get(str(value.get(tag[0]))) if type(value) is dict else untagged(options, value)
        if member is None:
            raise refuse("wrong_field", name=whole, field=tag[0], wanted="String")
        return reader(member)(value, field, whole)

    def read_any(value: Any, field: str, whole: str) -> Any:
        failure: Refused | None = None
        for option in options:
            try:
                return reader(option)(value, field, whole)
            except Refused as refused:
                failure = failure or refused
        raise failure or refuse("wrong_json", name=whole)

    return read_tagged if tag else read_any


_EMPTY = {
    "chat_id": "chat_id_empty",
    "text": "text_empty",
    "message_id": "message_id_empty",
    "message_ids": "message_ids_empty",
    "user_id": "wrong_user_id",
    "action": "wrong_action",
    "callback_query_id": "query_too_old",
    "options": "poll_options",
    "question": "poll_question",
    "file_id": "wrong_file_id",
}
_FILES = {"photo", "animation", "document", "video", "audio", "voice", "sticker"}


def missing_parameter(name: str) -> Refused:
    """What Telegram says when the required parameter `name` is not there."""
    if name in _FILES:
        return refuse("no_file", kind=name)
    return refuse(_EMPTY[name]) if name in _EMPTY else refuse("missing", name=name)


def _top_int(value: Any, name: str) -> int:
    text = str(value).strip()
    if type(value) is not bool and re.fullmatch(r"-?\d{1,19}", text):
        return int(text)
    raise refuse(_EMPTY[name]) if name in ("message_id", "user_id") else refuse("wrong_number", name=name)


def _top_float(value: Any, name: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError):
        raise refuse("wrong_number", name=name) from None


def _top_str(value: Any, name: str) -> str:
    if type(value) is str:
        return value
    return json.dumps(value)


def _top_bool(value: Any, name: str) -> bool:
    return value if type(value) is bool else str(value).lower() in ("true", "yes", "1")


def _top_chat(value: Any, name: str) -> int | str:
    text = str(value)
    return int(text) if re.fullmatch(r"-?\d{1,19}", text) else text


def _top_json(type_name: str) -> Callable[[Any, str], Any]:
    def read(value: Any, name: str) -> Any:
        words = name.replace("_", " ")
        if type(value) is str:
            try:
                value = json.loads(value)
            except ValueError:
                raise refuse("wrong_json", name=words) from None
        if type(value) not in (dict, list):
            raise refuse("wrong_json", name=words)
        return reader(type_name)(value, name, words)

    return read


_TOP: dict[str, Callable[[Any, str], Any]] = {
    "Integer": _top_int,
    "Float": _top_float,
    "String": _top_str,
    "Boolean": _top_bool,
    "Integer or String": _top_chat,
    "InputFile": _top_str,
    "InputFile or String": _top_str,
}


@functools.cache
def _plan(method: str) -> tuple[dict[str, Callable[[Any, str], Any]], list[str]]:
    params: Json = METHODS[method]["params"]
    readers = {name: _TOP.get(spec["type"]) or _top_json(spec["type"]) for name, spec in params.items()}
    return readers, [name for name, spec in params.items() if spec["required"]]


def read_params(method: str, raw: Mapping[str, Any], uploaded: Mapping[str, Any]) -> Json:
    """The parameters of a call in their proper types.

    `raw` is what came (text from forms, any JSON from a JSON body); `uploaded` are the files that came in it. Raises
    `Refused` (400) for a missing or misshapen parameter. Parameters that the tables do not know are left out.
    """
    readers, required = _plan(method)
    for name in required:
        if raw.get(name) in (None, "") and name not in uploaded and name != "url":
            raise missing_parameter(name)
    return {name: readers[name](value, name) for name, value in raw.items() if name in readers and value is not None}
