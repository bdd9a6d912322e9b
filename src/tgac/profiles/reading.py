"""What Telegram has of a bot's profile, read while no act is open."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tgac.kit.secrets import Secret
from tgac.kit.telegram.calls import Telegram
from tgac.kit.telegram.faults import Fault
from tgac.profiles.document import Texts, seen_texts, spelt

PATIENCE_S: Final = 8.0
"""How long a page waits for Telegram before it shows what was seen last."""


@dataclass(frozen=True, slots=True)
class Seen:
    """Texts by language in our spelling, and Telegram's name of the photo, "" without one."""

    languages: dict[str, Texts]
    photo: str


async def read_profile(telegram: Telegram, token: Secret, languages: Iterable[str]) -> Seen:
    """The default's profile and those of `languages`. Raises a Fault."""
    codes = sorted({"", *languages})
    try:
        async with asyncio.TaskGroup() as group:
            photo = group.create_task(telegram.get_photo(token))
            texts = {code: group.create_task(_read(telegram, token, code)) for code in codes}
    except* Fault as failed:
        fault = next(one for one in failed.exceptions if isinstance(one, Fault))
    else:
        return Seen(seen_texts({code: task.result() for code, task in texts.items()}), photo.result() or "")
    raise fault


async def _read(telegram: Telegram, token: Secret, language: str) -> Texts:
    """One language; its four parts one after the other, so that few connections do."""
    return {
        "name": await telegram.get_profile_text(token, "name", language=language),
        "short_description": await telegram.get_profile_text(token, "short_description", language=language),
        "description": await telegram.get_profile_text(token, "description", language=language),
        "commands": spelt(await telegram.get_commands(token, language=language)),
    }
