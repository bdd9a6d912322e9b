"""What a bot may say of itself, and how often it may change it."""

from typing import Any

import pytest
from tests.support.photos import jpeg

from tgsandbox.tests.hands import Hands, Scene

STATIC = {"type": "static", "photo": "attach://me"}


async def test_a_language_without_a_text_reads_the_default(hands: Hands, scene: Scene) -> None:
    await hands.call(scene.token, "setMyDescription", description=" Everything of the city ")
    await hands.call(scene.token, "setMyDescription", description="Всё о городе", language_code="ru")
    for language, text in (("", "Everything of the city"), ("ru", "Всё о городе"), ("de", "Everything of the city")):
        assert await hands.call(scene.token, "getMyDescription", language_code=language) == {"description": text}
    await hands.call(scene.token, "setMyDescription", description="", language_code="ru")
    assert (await hands.call(scene.token, "getMyDescription", language_code="ru"))["description"].startswith("Every")


async def test_commands_of_a_language_are_its_own(hands: Hands, scene: Scene) -> None:
    commands = [{"command": "/start", "description": " Begin "}]
    await hands.call(scene.token, "setMyCommands", commands=commands)
    assert await hands.call(scene.token, "getMyCommands") == [{"command": "start", "description": "Begin"}]
    assert await hands.call(scene.token, "getMyCommands", language_code="ru") == []


@pytest.mark.parametrize(
    ("method", "params", "said"),
    [
        ("setMyName", {"name": "x" * 65}, "BOT_TITLE_INVALID"),
        ("setMyName", {"name": " "}, "BOT_TITLE_INVALID"),
        ("setMyName", {"name": "x", "language_code": "rus"}, "invalid language code specified"),
        ("getMyName", {"language_code": "RU"}, "invalid language code specified"),
        ("setMyDescription", {"description": "x" * 513}, "description is too long"),
        ("setMyDescription", {"description": "🌆" * 257}, "description is too long"),
        ("setMyShortDescription", {"short_description": "x" * 121}, "description is too long"),
        ("setMyCommands", {"commands": [{"command": "a", "description": "x"}] * 101}, "BOT_COMMANDS_TOO_MUCH"),
        ("setMyCommands", {"commands": [{"command": "A", "description": "x"}]}, "BOT_COMMAND_INVALID"),
        ("setMyCommands", {"commands": [{"command": "/", "description": "x"}]}, "command must be non-empty"),
        (
            "setMyCommands",
            {"commands": [{"command": "a" * 33, "description": "x"}]},
            "command length must not exceed 32",
        ),
        (
            "setMyCommands",
            {"commands": [{"command": "a", "description": " "}]},
            "command description must be non-empty",
        ),
        (
            "setMyCommands",
            {"commands": [{"command": "a", "description": "x" * 257}]},
            "command description length must not exceed 256",
        ),
        ("deleteMyCommands", {"language_code": "русский"}, "invalid language code specified"),
        ("setMyProfilePhoto", {"photo": {"type": "static", "photo": "https://example.org/a.jpg"}}, "must be uploaded"),
        ("setMyProfilePhoto", {"photo": STATIC, "me": b"\x89PNG"}, "IMAGE_PROCESS_FAILED"),
        ("setMyProfilePhoto", {"photo": STATIC, "me": jpeg(100, 640)}, "PHOTO_CROP_SIZE_SMALL"),
        ("setMyProfilePhoto", {"photo": STATIC, "me": jpeg(9000, 9000)}, "PHOTO_INVALID_DIMENSIONS"),
        ("setMyProfilePhoto", {"photo": STATIC}, "wrong file identifier"),
        ("getUserProfilePhotos", {"user_id": 5}, "user not found"),
    ],
)
async def test_what_telegram_does_not_take(
    hands: Hands, scene: Scene, method: str, params: dict[str, Any], said: str
) -> None:
    told = await hands.refusal(scene.token, method, **params)
    assert told.startswith("Bad Request: ")
    assert said in told


async def test_a_photo_is_uploaded_shown_and_taken_away(hands: Hands, scene: Scene) -> None:
    shown = []
    for mark in (b"1", b"2"):
        await hands.call(scene.token, "setMyProfilePhoto", photo=STATIC, me=jpeg(640, 640, mark=mark))
        photos = await hands.call(scene.token, "getUserProfilePhotos", user_id=scene.bot)
        shown.append(photos["photos"][0][0]["file_unique_id"])
    assert len(set(shown)) == 2
    await hands.call(scene.token, "removeMyProfilePhoto")
    assert await hands.call(scene.token, "getUserProfilePhotos", user_id=scene.bot) == {"total_count": 0, "photos": []}


async def test_a_bot_that_renames_itself_again_and_again_has_to_wait(hands: Hands, scene: Scene) -> None:
    answers = [await hands.ask(scene.token, "setMyName", name=f"Desk {n}") for n in range(6)]
    assert [answer["ok"] for answer in answers] == [True] * 5 + [False]
    assert answers[-1]["parameters"]["retry_after"] == 720
    await hands.call(scene.token, "setMyDescription", description="Other things are not held up")
    hands.clock.advance(720)
    await hands.call(scene.token, "setMyName", name="Desk 6")


async def test_other_changes_have_a_budget_too(hands: Hands, scene: Scene) -> None:
    for n in range(30):
        await hands.call(scene.token, "setMyDescription", description=str(n))
    assert await hands.refusal(scene.token, "deleteMyCommands") == "Too Many Requests: retry after 2"
