"""The Bot API's own tables (`data/bot-api-10.3.json`), and strict checks of our answers and updates made from them."""

import functools
import json
import re
from collections.abc import Callable
from importlib import resources
from typing import Any

Json = dict[str, Any]
Check = Callable[[Any], str | None]

API: Json = json.loads((resources.files("tgsandbox") / "data" / "bot-api-10.3.json").read_text("utf-8"))
METHODS: Json = API["methods"]
TYPES: Json = API["types"]
_LOWER = {name.lower(): name for name in METHODS}
_TAGS = {
    "ChatMemberOwner": "creator",
    "ChatMemberBanned": "kicked",
    "Preformatted": "pre",
    "SectionHeading": "heading",
    "BlockQuotation": "blockquote",
    "ExpandableBlockQuotation": "expandable_blockquote",
    "PullQuotation": "pullquote",
}
"""Tags that do not follow from the type's name."""
_UNTAGGED = ("String", "Array of RichText")
"""What a RichText may be besides its tagged members: told apart by its JSON."""


def method_named(name: str) -> str | None:
    """The method's proper name (Telegram does not mind the case), or None when there is none."""
    return _LOWER.get(name.lower())


def _is_int(value: Any) -> str | None:
    return None if type(value) is int else f"is {type(value).__name__}, not Integer"


def _is_float(value: Any) -> str | None:
    return None if type(value) in (int, float) else f"is {type(value).__name__}, not Float"


def _is_str(value: Any) -> str | None:
    return None if type(value) is str else f"is {type(value).__name__}, not String"


def _is_bool(value: Any) -> str | None:
    return None if type(value) is bool else f"is {type(value).__name__}, not Boolean"


def _is_true(value: Any) -> str | None:
    return None if value is True else f"is {value!r}, not True"


PRIMITIVES: dict[str, Check] = {
    "Integer": _is_int,
    "Float": _is_float,
    "String": _is_str,
    "Boolean": _is_bool,
    "True": _is_true,
}


def alternatives(type_name: str) -> list[str]:
    """`Integer or String` → both; `Array of A, B and C` stays one."""
    return [type_name] if type_name.startswith("Array of ") else type_name.split(" or ")


@functools.cache
def misfit(type_name: str) -> Check:
    """A check for `type_name`: given a value it returns None, or what is wrong with it and where."""
    if type_name in PRIMITIVES:
        return PRIMITIVES[type_name]
    if type_name.startswith("Array of "):
        return _array_check(type_name.removeprefix("Array of "))
    options = re.split(r", | and | or ", type_name)
    if len(options) > 1:
        return _union_check(options, tag=None)
    if "one_of" in TYPES[type_name]:
        return _union_check(TYPES[type_name]["one_of"], tag=tags_of(type_name))
    return _object_check(type_name)


def conforms(type_name: str, value: Any) -> bool:
    """Whether `value` is a `type_name` of the Bot API, to the last field."""
    return misfit(type_name)(value) is None


def _array_check(item_type: str) -> Check:
    def check(value: Any) -> str | None:
        if type(value) is not list:
            return "is not an Array"
        item_check = misfit(item_type)
        return next((f"[{n}]{wrong}" for n, item in enumerate(value) if (wrong := item_check(item))), None)

    return check


def _object_check(type_name: str) -> Check:
    fields: Json = TYPES[type_name]["fields"]
    required = {name for name, field in fields.items() if field["required"]}
    checks: dict[str, Check] = {}

    def check(value: Any) -> str | None:
        if type(value) is not dict:
            return f"is not a {type_name}"
        if not required <= value.keys():
            return f" lacks {sorted(required - value.keys())} of {type_name}"
        if not checks:
            checks.update({name: misfit(field["type"]) for name, field in fields.items()})
        for name, item in value.items():
            field_check = checks.get(name)
            if field_check is None:
                return f".{name} is not a field of {type_name}"
            wrong = field_check(item)
            if wrong:
                return f".{name} {wrong}"
        return None

    return check


def tags_of(union: str) -> tuple[str, dict[str, str]] | None:
    """How a union is told apart: the field (`type` or `status`) and which value means which member."""
    members: list[str] = [name for name in TYPES[union]["one_of"] if name not in _UNTAGGED]
    key = "status" if union == "ChatMember" else "type"
    if not all(name in TYPES and key in TYPES[name].get("fields", {}) for name in members):
        return None
    return key, {_TAGS.get(name) or _tag(name.removeprefix(union)): name for name in members}


def untagged(options: list[str], value: Any) -> str | None:
    """Which of a tagged union's plain members the value can only be: a text or a list; None for an object."""
    plain = "String" if type(value) is str else "Array of RichText"
    return plain if type(value) in (str, list) and plain in options else None


def _tag(name: str) -> str:
    return _TAGS.get(name) or _snake(name)


def _snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def _union_check(options: list[str], tag: tuple[str, dict[str, str]] | None) -> Check:
    def check_tagged(value: Any) -> str | None:
        assert tag is not None
        member = tag[1].get(value.get(tag[0], "")) if type(value) is dict else untagged(options, value)
        return misfit(member)(value) if member else f"is none of {options}"

    def check_any(value: Any) -> str | None:
        return None if any(misfit(option)(value) is None for option in options) else f"is none of {options}"

    return check_tagged if tag else check_any
