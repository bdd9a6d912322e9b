"""Texts proposed by a language model: shown in the form, never applied by themselves."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from tests.support.llm import Endpoint, Said, an_endpoint

from tgac.profiles.tests.conftest import Desk

GOOD = {"name": "City desk", "short_description": "News of the city", "description": "Ask what happened today."}


@pytest.fixture
async def endpoint(desk: Desk) -> AsyncIterator[Endpoint]:
    async with an_endpoint() as made:
        desk.world.tools.llm = made.model()
        yield made


async def suggested(desk: Desk, **body: Any) -> Any:
    return await desk.data("POST", f"{desk.path}/suggest", json={"about": "News of Riga"} | body)


async def test_texts_are_proposed_and_nothing_is_changed(desk: Desk, endpoint: Endpoint) -> None:
    endpoint.says(GOOD)
    told = await suggested(desk, language="ru")
    assert (told["texts"], told["left_out"], told["tokens_in"]) == (GOOD, {}, 11)
    assert "News of Riga" in endpoint.asked[0]["messages"][1]["content"]
    await desk.world.work()
    assert desk.calls() == []
    assert (await desk.data("GET", desk.path))["version"] == 0


@pytest.mark.parametrize(
    "text",
    [
        "see https://evil.example",
        "see evil.example/x",
        "write @evil_bot",
        "t.me/evil",
        "x" * 121,
        "a\u202eb",
        "пиши на зло.рф",
    ],
)
async def test_what_leads_elsewhere_or_does_not_fit_is_dropped(desk: Desk, endpoint: Endpoint, text: str) -> None:
    endpoint.says(GOOD | {"short_description": text})
    told = await suggested(desk)
    assert set(told["texts"]) == {"name", "description"}
    assert set(told["left_out"]) == {"short_description"}


async def test_a_sentence_without_a_space_after_its_end_is_no_link(desk: Desk, endpoint: Endpoint) -> None:
    endpoint.says(GOOD | {"description": "Новости города. Каждый день, 24/7. Задавайте вопросы!"})
    assert (await suggested(desk))["left_out"] == {}


async def test_without_a_key_it_says_what_to_set(desk: Desk) -> None:
    status, code, _field = await desk.error("POST", f"{desk.path}/suggest", json={"about": "x"})
    assert (status, code) == (409, "llm_off")
    page = await desk.ask("GET", desk.path)
    assert "OPENAI_API_KEY" in page.text
    assert "/suggest" not in page.text


async def test_a_failing_model_is_told_and_keeps_what_was_typed(desk: Desk, endpoint: Endpoint) -> None:
    endpoint.says(Said({"error": {"message": "no such model"}}, status=404))
    assert (await desk.error("POST", f"{desk.path}/suggest", json={"about": "x"}))[:2] == (503, "llm_failed")
    page = await desk.ask("POST", f"{desk.path}/suggest?language=ru", data={"known": "1", "languages.ru.name": "Typed"})
    assert page.status_code == 503
    assert "no such model" in page.text
    assert "Typed" in page.text


async def test_the_page_puts_the_proposal_into_the_form(desk: Desk, endpoint: Endpoint) -> None:
    endpoint.says(GOOD | {"name": "t.me/evil"})
    typed = {"known": "1", "about": "News", "languages..name": "City", "languages.ru.name": "Город"}
    page = await desk.ask("POST", f"{desk.path}/suggest?language=ru", data=typed)
    assert page.status_code == 200
    assert "Ask what happened today." in page.text
    assert "Город" in page.text, "what was dropped leaves what was typed"
    assert "was dropped" in page.text
    assert (await desk.data("GET", desk.path))["version"] == 0


async def test_who_may_only_look_asks_no_model(desk: Desk, endpoint: Endpoint) -> None:
    assert (await desk.error("POST", f"{desk.path}/suggest", "boris", json={"about": "x"}))[0] == 403
    assert endpoint.asked == []
