"""What is said of a browser to the person who is asked to let it in. Only words of ours: a header is never repeated."""

from dataclasses import dataclass
from typing import Final

from starlette.requests import HTTPConnection

from tgac.kit.web.i18n import N_, _

# The first mark that is found wins: Edge and Opera call themselves Chrome too, and Chrome calls itself Safari.
_BROWSERS: Final = (
    ("edg", "Edge"),
    ("opr/", "Opera"),
    ("yabrowser", "Yandex Browser"),
    ("samsungbrowser", "Samsung Internet"),
    ("firefox", "Firefox"),
    ("fxios", "Firefox"),
    ("chrome", "Chrome"),
    ("crios", "Chrome"),
    ("safari", "Safari"),
)
_SYSTEMS: Final = (
    ("windows", "Windows"),
    ("android", "Android"),
    ("iphone", "iPhone"),
    ("ipad", "iPad"),
    ("mac os", "macOS"),
    ("cros", "ChromeOS"),
    ("linux", "Linux"),
)
UNKNOWN_BROWSER: Final = N_("Unknown browser")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a request comes from: a browser by its common name (`Chrome · Windows`) and the address it calls from."""

    browser: str
    address: str


def visitor_of(connection: HTTPConnection) -> Visitor:
    """The visitor behind a request, as far as it tells."""
    address = connection.client.host if connection.client else "?"
    return Visitor(browser_name(connection.headers.get("user-agent", "")), address[:64])


def browser_name(user_agent: str) -> str:
    """Browser and system by their common names: `Chrome · Windows`."""
    text = user_agent[:500].lower()
    browser = next((name for mark, name in _BROWSERS if mark in text), UNKNOWN_BROWSER)
    system = next((name for mark, name in _SYSTEMS if mark in text), None)
    return f"{browser} · {system}" if system else browser


def shown_browser(name: str) -> str:
    """The name as kept, in the language in use."""
    return name.replace(UNKNOWN_BROWSER, _(UNKNOWN_BROWSER))
