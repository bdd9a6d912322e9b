from typing import Annotated, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, field_validator
from starlette.requests import Request

from tgac.kit.errors import Conflict, Invalid
from tgac.kit.web.forms import Filled, blank, read_form
from tgac.kit.web.i18n import using


class Order(BaseModel):
    model_config = ConfigDict(extra="forbid")

    name: Annotated[str, Field(min_length=3, max_length=5)]
    count: Annotated[int, Field(ge=1, le=9)] = 1
    mode: Literal["a", "b"] = "a"
    channels: list[int] | None = None
    label: bool = False

    @field_validator("name")
    @classmethod
    def _kind(cls, value: str) -> str:
        if value == "rude":
            raise ValueError("Be kind.")
        return value


async def sent(body: str) -> Filled[Order]:
    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body.encode(), "more_body": False}

    headers = [(b"content-type", b"application/x-www-form-urlencoded")]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers, "query_string": b""}
    return await read_form(Request(scope, receive), Order)


async def test_a_good_form_becomes_the_model() -> None:
    form = await sent("csrf=x&name=Anna&count=3&mode=b&channels=1&channels=2&label=true")
    assert form.data == Order(name="Anna", count=3, mode="b", channels=[1, 2], label=True)
    assert form.errors == {}


async def test_one_ticked_channel_is_still_a_list() -> None:
    form = await sent("name=Anna&channels=7")
    assert form.data is not None
    assert form.data.channels == [7]


async def test_a_blank_field_means_the_default() -> None:
    form = await sent("name=Anna&count=+")
    assert form.data is not None
    assert form.data.count == 1


@pytest.mark.parametrize(
    ("body", "field", "sentence"),
    [
        ("", "name", "Fill this in."),
        ("name=An", "name", "Write at least 3 characters."),
        ("name=Annnna", "name", "Write at most 5 characters."),
        ("name=rude", "name", "Be kind."),
        ("name=Anna&count=many", "count", "Write a number."),
        ("name=Anna&count=0", "count", "Write 1 or more."),
        ("name=Anna&mode=c", "mode", "Choose one of the values offered."),
        ("name=Anna&label=perhaps", "label", "Choose one of the values offered."),
        ("name=Anna&more=1", "more", "There is no such field."),
        ("name=Anna&channels=1&channels=x", "channels.1", "Write a number."),
    ],
)
async def test_what_is_wrong_is_said_beside_its_field(body: str, field: str, sentence: str) -> None:
    form = await sent(body)
    assert form.data is None
    assert form.errors == {field: sentence, field.partition(".")[0]: sentence}


async def test_errors_are_said_in_the_readers_language() -> None:
    with using("ru"):
        assert (await sent("")).errors == {"name": "Заполните это поле."}


async def test_a_form_remembers_what_was_typed_and_ticked() -> None:
    form = await sent("name=An&count=4&channels=2")
    assert form.values["count"] == "4"
    assert form.ticked("channels", "2", otherwise=False)
    assert not form.ticked("label", "true", otherwise=True)


def test_a_form_nobody_sent_shows_its_defaults() -> None:
    form = blank(name=None, count=5)
    assert form.values == {"name": "", "count": "5"}
    assert form.ticked("label", "true", otherwise=True)


async def test_a_services_refusal_is_shown_beside_its_field() -> None:
    form = await sent("name=Anna")
    form.refuse(Invalid("Taken.", field="name"))
    assert form.errors == {"name": "Taken."}
    assert form.data is None


async def test_a_refusal_without_a_field_goes_on() -> None:
    form = await sent("name=Anna")
    with pytest.raises(Conflict):
        form.refuse(Conflict("Busy."))
