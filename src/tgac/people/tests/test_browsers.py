"""What is said of a browser."""

import pytest

from tgac.kit.web.i18n import using
from tgac.people.browsers import browser_name, shown_browser


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36", "Chrome · Windows"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge · Windows"),
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox · Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Version/19.0 Safari/604.1", "Safari · iPhone"),
        ("Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/140.0 Mobile Safari/537.36", "Chrome · Android"),
        ("curl/8", "Unknown browser"),
        ("<b>Your bank</b>", "Unknown browser"),
        ("", "Unknown browser"),
    ],
)
def test_a_browser_is_called_by_its_common_name_and_never_repeated(user_agent: str, name: str) -> None:
    assert browser_name(user_agent) == name


def test_an_unknown_browser_is_said_in_the_readers_language() -> None:
    with using("ru"):
        assert shown_browser("Unknown browser · Linux") == "Неизвестный браузер · Linux"
