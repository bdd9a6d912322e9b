"""One bot's profile: wished, compared, applied field by field."""

import base64
from typing import Any

import pytest
from tests.support.photos import jpeg

from tgac.kit.queue.runner import Runner
from tgac.profiles.tests.conftest import Desk
from tgac.wiring import HANDLES

COMMANDS = [{"command": "start", "description": "Begin"}, {"command": "help", "description": "What it can do"}]
WISH = {
    "languages": {
        "": {"name": "City desk", "short_description": "The city", "description": "All of it", "commands": COMMANDS},
        "ru": {"name": "Город", "description": "Всё о городе"},
    }
}


async def outcomes(desk: Desk) -> dict[str, str]:
    shown = await desk.data("GET", desk.path)
    return {f"{one['language']}.{one['field']}".lstrip("."): one["state"] for one in shown["steps"]}


async def test_a_wish_reaches_telegram_in_every_language(desk: Desk) -> None:
    saved = await desk.data("PUT", desk.path, json=WISH)
    assert (saved["state"], saved["version"]) == ("applying", 1)
    await desk.world.work()
    assert desk.telegram.names == {"": "City desk", "ru": "Город"}
    assert desk.telegram.descriptions == {"": "All of it", "ru": "Всё о городе"}
    assert desk.telegram.short_descriptions == {"": "The city"}
    assert desk.telegram.commands == {"default/": COMMANDS}
    shown = await desk.data("GET", desk.path)
    assert (shown["state"], shown["differences"]) == ("applied", [])
    assert {one["state"] for one in shown["steps"]} == {"done"}
    assert shown["telegram"]["languages"]["ru"]["description"] == "Всё о городе"


async def test_only_what_differs_is_set_and_a_repeat_sets_nothing(desk: Desk) -> None:
    await desk.data("PUT", desk.path, json=WISH)
    await desk.world.work()
    before = len(desk.calls())
    await desk.data("PUT", desk.path, json=WISH)
    await desk.world.work()
    assert len(desk.calls()) == before
    await desk.data("PUT", desk.path, json={"languages": {"ru": {"description": "Другое"}}})
    await desk.world.work()
    assert desk.calls()[before:] == ["setMyDescription"]
    assert desk.telegram.names["ru"] == "Город", "what is not sent stays"


async def test_differences_are_told_before_anything_is_applied(desk: Desk) -> None:
    await desk.data("PUT", f"{desk.path}?apply=0", json={"languages": {"": {"name": "Next"}}})
    await desk.world.work()
    assert desk.calls() == []
    shown = await desk.data("GET", desk.path)
    assert shown["state"] == "saved"
    assert shown["differences"] == [{"language": "", "field": "name", "old": "City", "new": "Next"}]


async def test_an_empty_text_takes_a_languages_own_away_and_null_leaves_it_to_others(desk: Desk) -> None:
    await desk.data("PUT", desk.path, json=WISH)
    await desk.world.work()
    await desk.data("PUT", desk.path, json={"languages": {"ru": {"name": "", "description": None}}})
    await desk.world.work()
    assert desk.telegram.names["ru"] == ""
    assert desk.telegram.descriptions["ru"] == "Всё о городе"
    shown = await desk.data("GET", desk.path)
    assert shown["wish"]["languages"]["ru"] == {"name": ""}
    assert shown["differences"] == []


@pytest.mark.parametrize(
    ("language", "texts", "field"),
    [
        ("", {"name": "x" * 65}, "languages..name"),
        ("", {"name": " "}, "languages..name"),
        ("ru", {"description": "x" * 513}, "languages.ru.description"),
        ("ru", {"description": "🌆" * 257}, "languages.ru.description"),
        ("ru", {"short_description": "x" * 121}, "languages.ru.short_description"),
        ("ru", {"name": "a\u202eb"}, "languages.ru.name"),
        ("", {"commands": "start Begin"}, "languages..commands"),
        ("", {"commands": "Start - Begin"}, "languages..commands"),
        ("", {"commands": "a - x\na - y"}, "languages..commands"),
        ("", {"commands": f"a - {'x' * 257}"}, "languages..commands"),
        ("", {"commands": [{"command": f"c{n}", "description": "x"} for n in range(101)]}, "languages..commands"),
        ("russian", {"name": "x"}, "languages.russian"),
    ],
)
async def test_what_telegram_would_not_take_is_told_by_its_field(
    desk: Desk, language: str, texts: dict[str, Any], field: str
) -> None:
    assert await desk.error("PUT", desk.path, json={"languages": {language: texts}}) == (422, "invalid", field)
    assert (await desk.data("GET", desk.path))["version"] == 0


async def test_a_photo_is_set_known_again_and_taken_away(desk: Desk) -> None:
    photo = base64.b64encode(jpeg(640, 640)).decode()
    for _again in range(2):
        await desk.data("PUT", desk.path, json={"photo": photo})
        await desk.world.work()
    assert desk.calls() == ["setMyProfilePhoto"]
    assert (await desk.ask("GET", f"{desk.path}/photo")).content == jpeg(640, 640)
    await desk.data("PUT", desk.path, json={"photo": ""})
    await desk.world.work()
    assert desk.telegram.photo is None
    assert (await desk.data("GET", desk.path))["differences"] == []


async def test_a_photo_that_somebody_changed_elsewhere_differs(desk: Desk) -> None:
    await desk.data("PUT", desk.path, json={"photo": base64.b64encode(jpeg(640, 640)).decode()})
    await desk.world.work()
    desk.telegram.photo = None
    (change,) = (await desk.data("GET", desk.path))["differences"]
    assert (change["field"], change["old"]) == ("photo", "")


@pytest.mark.parametrize(
    ("photo", "code"), [("%%%", "invalid"), ("R0lGODlh", "not_a_jpeg"), (jpeg(90, 90), "photo_dimensions")]
)
async def test_a_photo_that_is_none_is_refused(desk: Desk, photo: str | bytes, code: str) -> None:
    sent = photo if isinstance(photo, str) else base64.b64encode(photo).decode()
    assert await desk.error("PUT", desk.path, json={"photo": sent}) == (422, code, "photo")


async def test_a_name_that_has_to_wait_holds_nothing_else_up(desk: Desk) -> None:
    await desk.world.control("POST", "/faults", kind="flood", method="setMyName", times=1, value=3600)
    await desk.data("PUT", desk.path, json=WISH)
    await desk.world.work()
    assert await outcomes(desk) == {
        "name": "waiting",
        "ru.name": "waiting",
        "description": "done",
        "ru.description": "done",
        "short_description": "done",
        "commands": "done",
    }
    assert desk.calls("setMyName") == ["setMyName"], "the second name is not tried while the first has to wait"
    page = await desk.ask("GET", desk.path)
    assert "Telegram asks to wait until" in page.text
    await desk.world.wait(3599)
    assert desk.calls("setMyName") == ["setMyName"]
    await desk.world.wait(1)
    assert desk.telegram.names == {"": "City desk", "ru": "Город"}
    assert set((await outcomes(desk)).values()) == {"done"}


async def test_a_lost_answer_is_asked_again_and_does_no_harm(desk: Desk) -> None:
    await desk.world.control("POST", "/faults", kind="drop_after", method="setMyDescription", times=1)
    await desk.data("PUT", desk.path, json=WISH)
    await desk.world.work()
    assert (await desk.data("GET", desk.path))["state"] == "applying"
    await desk.world.wait(2)
    assert (await desk.data("GET", desk.path))["state"] == "applied"
    assert desk.telegram.descriptions == {"": "All of it", "ru": "Всё о городе"}


async def test_a_silent_telegram_is_given_up_after_a_while_and_said_so(desk: Desk) -> None:
    await desk.world.control("POST", "/faults", kind="http", value=502, method="setMyDescription")
    await desk.data("PUT", desk.path, json={"languages": {"": {"description": "x"}}})
    await desk.world.work()
    for seconds in (2, 5, 15, 60, 300, 900, 1800):
        await desk.world.wait(seconds)
    assert (await desk.data("GET", desk.path))["state"] == "failed"
    assert (await outcomes(desk))["description"] == "waiting"


async def test_a_bot_that_is_shut_out_says_so_and_the_wish_stays(desk: Desk) -> None:
    await desk.world.control("PUT", f"/bots/{desk.world.bots[0].telegram_id}", frozen=True)
    await desk.data("PUT", desk.path, json=WISH)
    await Runner(desk.world.tools, HANDLES).run_due()
    shown = await desk.data("GET", desk.path)
    assert (shown["state"], shown["steps"][0]["state"]) == ("failed", "failed")
    assert shown["wish"]["languages"]["ru"]["name"] == "Город"
    assert (await desk.data("GET", f"/bots/{desk.world.bots[0].id}"))["status"] == "REVOKED"


async def test_a_later_wish_ends_an_earlier_one(desk: Desk) -> None:
    await desk.data("PUT", desk.path, json={"languages": {"": {"name": "First"}}})
    await desk.data("PUT", desk.path, json={"languages": {"": {"name": "Second"}}})
    await desk.world.work()
    assert desk.calls() == ["setMyName"]
    assert desk.telegram.names[""] == "Second"


async def test_who_may_only_look_changes_nothing_and_strangers_see_nothing(desk: Desk) -> None:
    assert (await desk.error("PUT", desk.path, "boris", json=WISH))[0] == 403
    assert (await desk.ask("GET", f"/api{desk.path}", "boris")).status_code == 200
    assert (await desk.error("PUT", desk.path, "vera", json=WISH))[0] == 404
    assert (await desk.error("GET", desk.path, "vera"))[0] == 404


# --- the page ---


async def form_of(desk: Desk, **typed: str) -> dict[str, str]:
    """The editor's fields as they are filled, with something else typed into some."""
    shown = (await desk.data("GET", desk.path))["telegram"]["languages"]
    names = ("name", "short_description", "description")
    filled = {f"languages.{code}.{name}": texts[name] for code, texts in shown.items() for name in names}
    return {"known": "1"} | filled | {f"languages.{name}": text for name, text in typed.items()}


async def test_the_page_saves_shows_the_difference_and_applies_it(desk: Desk) -> None:
    typed = await form_of(desk, **{".name": "City desk", "ru.description": "Всё о городе"})
    files = {"photo": ("me.jpg", jpeg(300, 300), "image/jpeg")}
    assert (await desk.ask("POST", desk.path, data=typed, files=files)).status_code == 303
    assert desk.calls() == []
    page = await desk.ask("GET", desk.path)
    assert "What would change in Telegram" in page.text
    assert "Всё о городе" in page.text
    assert "the photo sent" in page.text
    assert (await desk.ask("POST", f"{desk.path}/apply", data={"version": "1"})).status_code == 303
    await desk.world.work()
    assert (desk.telegram.names, desk.telegram.descriptions["ru"]) == ({"": "City desk"}, "Всё о городе")
    assert desk.telegram.photo
    assert "as it is wished" in (await desk.ask("GET", desk.path)).text


async def test_the_page_tells_what_does_not_fit_beside_the_field_and_keeps_what_was_typed(desk: Desk) -> None:
    typed = await form_of(desk, **{".name": "x" * 65, "de.commands": "no command"})
    page = await desk.ask("POST", desk.path, data=typed)
    assert page.status_code == 422
    assert page.text.count('aria-invalid="true"') == 2
    assert "x" * 65 in page.text
    assert "no command" in page.text


async def test_the_page_follows_the_progress_without_asking_telegram(desk: Desk) -> None:
    await desk.data("PUT", desk.path, json=WISH)
    asked = desk.world.sandbox.endpoint.calls.count
    shown = await desk.ask("GET", f"{desk.path}/standing")
    assert "data-live" in shown.text
    assert "<html" not in shown.text
    assert desk.world.sandbox.endpoint.calls.count == asked
    await desk.world.work()
    shown = await desk.ask("GET", f"{desk.path}/standing")
    assert "data-live" not in shown.text
    assert shown.text.count("circle-check") == 7


async def test_an_older_preview_applies_nothing(desk: Desk) -> None:
    await desk.ask("POST", desk.path, data=await form_of(desk, **{".name": "One"}))
    await desk.ask("POST", desk.path, data=await form_of(desk, **{".name": "Two"}))
    assert (await desk.ask("POST", f"{desk.path}/apply", data={"version": "1"})).status_code == 409
    assert desk.calls() == []


async def test_while_telegram_is_silent_blank_fields_take_nothing_away(desk: Desk) -> None:
    desk.telegram.descriptions[""] = "Stays"
    await desk.world.control("POST", "/faults", kind="http", value=502)
    page = await desk.ask("GET", desk.path)
    assert "Telegram could not be asked" in page.text
    assert 'name="known"' not in page.text
    await desk.ask("POST", desk.path, data={"languages..name": "Next", "languages..description": ""})
    await desk.world.control("DELETE", "/faults")
    assert [one["field"] for one in (await desk.data("GET", desk.path))["differences"]] == ["name"]


async def test_another_language_is_added_by_its_code(desk: Desk) -> None:
    page = await desk.ask("GET", f"{desk.path}?language=de")
    assert 'name="languages.de.name"' in page.text
    wrong = await desk.ask("GET", f"{desk.path}?language=german")
    assert "two letters" in wrong.text
