"""Forms sent by people: read into a pydantic model; what is wrong is said beside each field, in their language."""

import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData
from starlette.requests import Request

from tgac.kit.errors import AppError
from tgac.kit.web.i18n import N_, _, ngettext

CSRF_FIELD: Final = "csrf"

_SENTENCES: Final = {
    "missing": N_("Fill this in."),
    "too_short": N_("Choose at least %(min_length)s."),
    "too_long": N_("Choose at most %(max_length)s."),
    "string_pattern_mismatch": N_("This does not have the expected form."),
    "greater_than": N_("Write a number above %(gt)s."),
    "greater_than_equal": N_("Write %(ge)s or more."),
    "less_than": N_("Write a number below %(lt)s."),
    "less_than_equal": N_("Write %(le)s or less."),
    "extra_forbidden": N_("There is no such field."),
}
_BY_KIND: Final = (
    (("int_", "float_", "decimal_", "finite_number"), N_("Write a number.")),
    (("literal_error", "enum", "bool_"), N_("Choose one of the values offered.")),
    (("date_", "time_", "datetime_", "timezone_"), N_("Write a date or a time.")),
    (("url_",), N_("Write a web address.")),
)


@dataclass(slots=True)
class Filled[M: BaseModel]:
    """A form as it came: what was typed, the model made of it (None where it does not fit) and an error by field."""

    values: dict[str, str] = field(default_factory=dict)
    data: M | None = None
    errors: dict[str, str] = field(default_factory=dict)
    ticks: frozenset[tuple[str, str]] | None = None

    def ticked(self, name: str, value: str, otherwise: bool) -> bool:
        """Whether the box `name` with `value` was ticked; `otherwise` where nothing has been sent yet."""
        return otherwise if self.ticks is None else (name, value) in self.ticks

    def refuse(self, error: AppError) -> None:
        """Take up what a service refused, so that the form can show it. Raises the error when it names no field."""
        if not error.field and not error.fields:
            raise error
        self.errors |= error.fields or {error.field or "": error.message}
        self.data = None


async def read_form[M: BaseModel](request: Request, model: type[M]) -> Filled[M]:
    """Read the request's form into `model`. Blank fields count as not sent, so the model's defaults stand for them."""
    sent = await request.form(max_fields=1000, max_files=0)
    pairs = [(name, value) for name, value in sent.multi_items() if isinstance(value, str) and name != CSRF_FIELD]
    filled = Filled[M](values=dict(pairs), ticks=frozenset(pairs))
    try:
        filled.data = model.model_validate(_shaped(sent, pairs, model))
    except ValidationError as error:
        filled.errors = _beside_fields(field_errors(error))
    return filled


def _beside_fields(errors: dict[str, str]) -> dict[str, str]:
    """What is wrong within a field that takes many stands beside that field too."""
    return {name.partition(".")[0]: sentence for name, sentence in reversed(errors.items())} | errors


def blank(**values: object) -> Filled[Any]:
    """A form nobody has sent yet, showing `values`."""
    return Filled(values={name: "" if value is None else str(value) for name, value in values.items()})


def field_errors(error: ValidationError) -> dict[str, str]:
    """One sentence by dotted field name, in the language in use."""
    found: dict[str, str] = {}
    for detail in error.errors(include_url=False):
        found.setdefault(".".join(str(part) for part in detail["loc"]), error_sentence(detail))
    return found


def error_sentence(detail: Mapping[str, Any]) -> str:
    """One of pydantic's error details as a sentence in the language in use."""
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "string_too_short":
        return ngettext("Write at least %(n)s character.", "Write at least %(n)s characters.", context["min_length"])
    if kind == "string_too_long":
        return ngettext("Write at most %(n)s character.", "Write at most %(n)s characters.", context["max_length"])
    if kind in _SENTENCES:
        return _(_SENTENCES[kind], **context)
    for beginnings, sentence in _BY_KIND:
        if kind.startswith(beginnings):
            return _(sentence)
    return _("This value does not fit.")


def _shaped(sent: FormData, pairs: Sequence[tuple[str, str]], model: type[BaseModel]) -> dict[str, object]:
    shaped: dict[str, object] = {name: value for name, value in pairs if value.strip()}
    for name, info in model.model_fields.items():
        if name in shaped and _is_many(info.annotation):
            shaped[name] = [value for value in sent.getlist(name) if isinstance(value, str) and value.strip()]
    return shaped


def _is_many(annotation: object) -> bool:
    if get_origin(annotation) is Annotated:
        return _is_many(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        return any(_is_many(part) for part in get_args(annotation))
    return get_origin(annotation) in (list, set, frozenset, tuple) or annotation in (list, set, frozenset, tuple)
