"""What is sent about profiles."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from tgac.kit.errors import Invalid
from tgac.kit.images import MAX_BYTES
from tgac.kit.web.i18n import _
from tgac.profiles.document import MAX_LANGUAGES, clean_language, clean_text

type Sent = dict[str, dict[str, str | None]]
"""Texts by language and field; None takes a field out of the wish."""
type Code = Annotated[str, Field(max_length=20)]
_FAR_TOO_LONG = 50_000


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CommandFields(_Body):
    """A command that the bot offers."""

    command: str = Field(min_length=1, max_length=40)
    description: str = Field(min_length=1, max_length=1000)


class TextsFields(_Body):
    """Texts for one language. Not sent: stays as it was; null: is no longer our matter; "": none.

    Commands come as a list of objects, or as lines `start - Begin`.
    """

    name: Annotated[str, Field(max_length=_FAR_TOO_LONG)] | None = None
    short_description: Annotated[str, Field(max_length=_FAR_TOO_LONG)] | None = None
    description: Annotated[str, Field(max_length=_FAR_TOO_LONG)] | None = None
    commands: (
        Annotated[list[CommandFields], Field(max_length=1000)] | Annotated[str, Field(max_length=_FAR_TOO_LONG)] | None
    ) = None

    def sent(self) -> dict[str, str | None]:
        """What was sent, by field, commands as lines."""
        return {field: _as_text(getattr(self, field)) for field in self.model_fields_set}


class ProfileFields(_Body):
    """A wish by language ("" is the default) and perhaps a photo: a JPEG in base64, "" for none."""

    languages: Annotated[dict[Code, TextsFields], Field(max_length=MAX_LANGUAGES)] = Field(default_factory=dict)
    photo: str | None = Field(default=None, max_length=MAX_BYTES * 4 // 3 + 4, repr=False)


class SuggestionAsked(_Body):
    """For which language, and what the bot is for."""

    language: Code = ""
    about: Annotated[str, Field(max_length=2000)] = ""


def cleaned(languages: Mapping[str, Mapping[str, str | None]]) -> Sent:
    """The texts in our spelling. Raises Invalid with every field that does not fit, `languages.ru.name`."""
    clean: Sent = {}
    wrong: dict[str, str] = {}
    for code, texts in languages.items():
        try:
            language = clean_language(code)
        except ValueError as error:
            wrong[f"languages.{code}"] = str(error)
            continue
        for field, text in texts.items():
            try:
                kept = None if text is None else clean_text(field, text, language=language)
                clean.setdefault(language, {})[field] = kept
            except ValueError as error:
                wrong[f"languages.{code}.{field}"] = str(error)
    if wrong:
        raise Invalid(_("Some of what was sent does not fit."), fields=wrong)
    return clean


def _as_text(value: list[CommandFields] | str | None) -> str | None:
    if isinstance(value, list):
        return "\n".join(f"{one.command} - {' '.join(one.description.split())}" for one in value)
    return value
