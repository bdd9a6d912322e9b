"""Words in the reader's language (gettext), and times and numbers as that language writes them.

The language of a request stands in a ContextVar, so a service can word an error without being told for whom.
"""

import gettext
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, tzinfo
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

from babel.core import negotiate_locale
from babel.dates import format_date, get_month_names
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Receive, Scope, Send

LANGUAGES: Final = {"en": "English", "ru": "Русский"}
"""The languages there are, with their own names. English is what the msgids are written in."""
DEFAULT: Final = "en"
LANGUAGE_COOKIE: Final = "lang"
LOCALE_DIR: Final = Path(__file__).parents[2] / "locale"

_language: ContextVar[str] = ContextVar("language", default=DEFAULT)


def language() -> str:
    """The language in use: a key of LANGUAGES."""
    return _language.get()


def set_language(code: str | None) -> None:
    """Speak `code` from here to the end of this request; None or an unknown code changes nothing."""
    if code in LANGUAGES:
        _language.set(code)


@contextmanager
def using(code: str) -> Iterator[None]:
    """Speak `code` inside the block; an unknown code means English."""
    token = _language.set(code if code in LANGUAGES else DEFAULT)
    try:
        yield
    finally:
        _language.reset(token)


@cache
def _catalogue(code: str) -> gettext.NullTranslations:
    """The translations, compiled from the `.po` file when first needed: there is no second file to keep in step."""
    path = LOCALE_DIR / code / "LC_MESSAGES" / "messages.po"
    if not path.exists():
        return gettext.NullTranslations()
    compiled = BytesIO()
    with path.open("rb") as file:
        write_mo(compiled, read_po(file, locale=code))
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def _(message: str, **values: object) -> str:
    """`message` in the language in use, its `%(name)s` filled from `values` (only where there are any)."""
    text = _catalogue(language()).gettext(message)
    return text % values if values else text


def ngettext(one: str, many: str, n: int, **values: object) -> str:
    """The form that goes with the number `n`, which fills `%(n)s`."""
    return translate_many(one, many, n) % {"n": n, **values}


def translate_many(one: str, many: str, n: int) -> str:
    """The form that goes with `n`, unfilled: for templates, which fill and escape by themselves."""
    return _catalogue(language()).ngettext(one, many, n)


def N_(message: str) -> str:  # noqa: N802
    """Mark for translation where the language is not known yet; `_` translates it where it is shown."""
    return message


def pick_language(accept_language: str, cookie: str | None, user: str | None) -> str:
    """The user's own setting, else what was chosen in this browser, else what the browser asks for, else English."""
    for choice in (user, cookie):
        if choice in LANGUAGES:
            return choice
    wanted = sorted(_weighed(accept_language), key=lambda pair: -pair[0])
    return negotiate_locale([tag for weight, tag in wanted if weight > 0], LANGUAGES, sep="-") or DEFAULT


def _weighed(accept_language: str) -> Iterator[tuple[float, str]]:
    for part in accept_language[:200].split(","):
        tag, _sep, weight = part.strip().partition(";q=")
        try:
            yield float(weight or 1), tag
        except ValueError:
            continue


class Languages:
    """ASGI: every request is answered in the language that its cookie or its browser asks for.

    Who signs in may have set another one: the sign-in calls `set_language` with it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        request = HTTPConnection(scope)
        cookie = request.cookies.get(LANGUAGE_COOKIE)
        with using(pick_language(request.headers.get("accept-language", ""), cookie, None)):
            return await self.app(scope, receive, send)


def zone_of(name: str) -> tzinfo:
    """The IANA time zone `name`; UTC where there is no such zone."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


def show_moment(moment: datetime, zone: tzinfo = UTC, *, seconds: bool = False) -> str:
    """Day and time of an aware moment in `zone`: `29 Jul 2026, 14:05`."""
    here = moment.astimezone(zone)
    # Put together by hand: Babel reads its pattern anew each time, and a page of a list shows hundreds of moments.
    clock = f"{here.hour:02}:{here.minute:02}:{here.second:02}" if seconds else f"{here.hour:02}:{here.minute:02}"
    return f"{here.day} {_months(language())[here.month]} {here.year}, {clock}"


@cache
def _months(code: str) -> Mapping[int, str]:
    """The short names of the months as they stand in a date."""
    return {number: get_month_names("abbreviated", locale=code)[number] for number in range(1, 13)}


def show_clock(moment: datetime, zone: tzinfo = UTC) -> str:
    """The time alone: `14:05`."""
    return f"{moment.astimezone(zone):%H:%M}"


def show_day(moment: datetime, zone: tzinfo = UTC) -> str:
    """The day alone: `29 July 2026`."""
    return format_date(moment.astimezone(zone).date(), "d MMMM y", locale=language())


def show_number(number: float) -> str:
    """A number with the language's separators."""
    return format_decimal(number, locale=language())
