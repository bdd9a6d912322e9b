"""The values of a task's config: what single ones may be, each refusal with its sentence."""

from functools import cache
from typing import Annotated, Literal, get_args
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, Strict
from pydantic_core import PydanticCustomError

from tgac.kit.web.i18n import N_
from tgac.tasks.text.egress import strip_hidden
from tgac.tasks.text.html import href_fault

Media = Literal["text", "photo", "video", "animation", "audio", "voice", "video_note", "document", "poll", "other"]
MEDIA: tuple[str, ...] = get_args(Media)
"""What a post can carry; `text` means that it carries nothing else."""
DAY = 86_400
WEEK = 7 * DAY


def wrong(msgid: str) -> PydanticCustomError:
    """A refusal with this sentence (a msgid)."""
    return PydanticCustomError("tgac", msgid)


def line(text: str) -> str:
    """One line without hidden characters."""
    clean = " ".join(text.split())
    if strip_hidden(clean) != clean:
        raise wrong(N_("Control and direction characters are not allowed."))
    if not clean:
        raise wrong(N_("This is empty."))
    return clean


def unique[T](items: tuple[T, ...]) -> tuple[T, ...]:
    """The items, none of them twice."""
    if len(set(items)) != len(items):
        raise wrong(N_("Something stands here twice."))
    return items


def _zone(name: str) -> str:
    if name not in _zones():
        raise wrong(N_("There is no such time zone; write it like Europe/Moscow."))
    return name


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones()) - {"localtime", "Factory"}


def link(url: str) -> str:
    """An address that a comment may carry."""
    if msgid := href_fault(url):
        raise wrong(msgid)
    return url


def tag(name: str) -> str:
    """A hashtag without its #."""
    return name.removeprefix("#")


Int = Annotated[int, Strict()]
Bool = Annotated[bool, Strict()]
Str = Annotated[str, Strict()]
Words = Annotated[Str, Field(max_length=100), AfterValidator(line)]
Id = Annotated[Int, Field(ge=1, le=2**63 - 1)]
Seconds = Annotated[Int, Field(ge=0, le=WEEK)]
HourMinute = Annotated[Str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Zone = Annotated[Str, Field(max_length=64), AfterValidator(_zone)]
