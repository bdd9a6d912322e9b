"""Reading the bodies of the sandbox's own controls, strictly: every field is named and typed."""

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]


class ControlError(Exception):
    """A control was used wrongly; `status` and the JSON of the answer."""

    status = 400

    def __init__(self, message: str, *, field: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field

    def body(self) -> Json:
        """The JSON that goes out."""
        error: Json = {"code": _CODES[self.status], "message": self.message}
        if self.field:
            error["field"] = self.field
        return {"ok": False, "error": error}


class BadInput(ControlError):
    """A field is missing, unknown or of the wrong shape; 400."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field} {message}", field=field)


class Missing(ControlError):
    """What the control names is not there; 404."""

    status = 404


class Impossible(ControlError):
    """Well-formed, but Telegram's world does not allow it; 422."""

    status = 422

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field} {message}", field=field)


_CODES = {400: "bad_input", 404: "not_found", 422: "impossible"}
_WORDS = {int: "a whole number", str: "a string", bool: "true or false", dict: "an object", list: "a list"}
Kinds = Mapping[str, type | tuple[type, ...]]


def read_body(body: Any, *, needed: Kinds, optional: Kinds | None = None) -> Json:
    """The body when it holds all of `needed`, perhaps some of `optional` and nothing else; null means absent."""
    if not isinstance(body, dict):
        raise ControlError("the body is a JSON object")
    known = {**needed, **(optional or {})}
    unknown = next((name for name in body if name not in known), None)
    if unknown is not None:
        raise BadInput(unknown, "is not a field of this control")
    given: Json = {name: value for name, value in body.items() if value is not None}
    missing = next((name for name in needed if name not in given), None)
    if missing is not None:
        raise BadInput(missing, "is needed")
    for name, value in given.items():
        _check_kind(name, value, known[name])
    return given


def _check_kind(name: str, value: Any, kind: type | tuple[type, ...]) -> None:
    kinds = kind if isinstance(kind, tuple) else (kind,)
    fits = isinstance(value, kinds) and (not isinstance(value, bool) or bool in kinds)
    if not fits:
        raise BadInput(name, "is " + " or ".join(_WORDS.get(one, one.__name__) for one in kinds))
