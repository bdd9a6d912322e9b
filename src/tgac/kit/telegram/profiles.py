"""What Telegram tells of a bot's profile, read (https://core.telegram.org/bots/api#setmyname and what follows)."""

from collections.abc import Callable
from typing import Final

from tgac.kit.telegram.types import Command, ProfileText
from tgac.kit.telegram.updates import Unreadable

METHODS: Final[dict[ProfileText, str]] = {
    "name": "MyName",
    "description": "MyDescription",
    "short_description": "MyShortDescription",
}
"""What stands behind `get` and `set` in the methods' names."""


def read_said(what: ProfileText) -> Callable[[object], str]:
    """A reader of BotName, BotDescription, BotShortDescription; it raises Unreadable."""

    def read(value: object) -> str:
        text = value.get(what) if isinstance(value, dict) else None
        if not isinstance(text, str):
            raise Unreadable(f"there is no {what}")
        return text

    return read


def read_commands(value: object) -> tuple[Command, ...]:
    """An array of BotCommand; raises Unreadable."""
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise Unreadable("commands are no list of objects")
    return tuple(Command(str(one.get("command", "")), str(one.get("description", ""))) for one in value)


def read_photo(value: object) -> str | None:
    """The unique id of the newest photo in UserProfilePhotos; raises Unreadable."""
    photos = value.get("photos") if isinstance(value, dict) else None
    if not isinstance(photos, list):
        raise Unreadable("there are no photos")
    if not photos:
        return None
    sizes = photos[0]
    if not isinstance(sizes, list) or not sizes or not isinstance(sizes[-1], dict):
        raise Unreadable("a photo without sizes")
    return str(sizes[-1].get("file_unique_id"))
