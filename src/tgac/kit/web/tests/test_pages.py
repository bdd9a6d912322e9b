from collections.abc import AsyncIterator

import httpx
import pytest

from tgac.kit.web.pages import icon_url, local_path, static_url
from tgac.kit.web.tests.gallery import BASE_URL, gallery

SHOWN = "/projects/1/comments"
FROM_HERE = {"sec-fetch-site": "same-origin"}


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=gallery())
    async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as made:
        yield made


async def test_htmx_gets_the_block_and_everybody_else_the_page(client: httpx.AsyncClient) -> None:
    whole = await client.get(SHOWN)
    part = await client.get(SHOWN, headers={"hx-request": "true", "hx-request-type": "partial"})
    back = await client.get(SHOWN, headers={"hx-request": "true", "hx-request-type": "full"})
    assert "<!doctype html>" in whole.text
    assert "<!doctype html>" in back.text
    assert part.text.strip().startswith('<div id="rows"')
    assert whole.headers["vary"] == part.headers["vary"] == "HX-Request-Type"


async def test_names_cannot_bring_markup_along(client: httpx.AsyncClient) -> None:
    text = (await client.get(SHOWN)).text
    assert "&lt;b&gt;@vera&lt;/b&gt;" in text
    assert "<b>@vera" not in text


async def test_the_page_speaks_the_language_of_cookie_or_browser(client: httpx.AsyncClient) -> None:
    russian = await client.get(SHOWN, headers={"accept-language": "ru"})
    english = await client.get(SHOWN, headers={"accept-language": "ru", "cookie": "lang=en"})
    assert '<html lang="ru">' in russian.text
    assert "Комментарии" in russian.text
    assert '<html lang="en">' in english.text


async def test_times_stand_in_the_projects_zone_and_say_utc_to_programs(client: httpx.AsyncClient) -> None:
    assert (
        '<time datetime="2026-07-29T12:05:00Z" title="29 Jul 2026, 15:05:00, Europe/Moscow">29 Jul 2026, 15:05</time>'
        in (await client.get(SHOWN)).text
    )


async def test_where_one_stands_is_marked(client: httpx.AsyncClient) -> None:
    assert (await client.get(SHOWN)).text.count('aria-current="page"') == 1


async def test_a_notice_is_shown_once_after_going_on(client: httpx.AsyncClient) -> None:
    moved = await client.post("/form", data={"name": "<Anna>", "token": "t"}, headers=FROM_HERE)
    assert (moved.status_code, moved.headers["location"]) == (303, SHOWN)
    assert "Saved &lt;Anna&gt;." in (await client.get(SHOWN)).text
    assert "Saved" not in (await client.get(SHOWN)).text


@pytest.mark.parametrize("cookie", ["%%%", "bnVsbA==", "W10=", "WzEsMl0=", "WyJhIiwiPGI+Il0=", "\xd1\x8f"])
async def test_a_broken_notice_is_no_notice(client: httpx.AsyncClient, cookie: str) -> None:
    answer = await client.get(SHOWN, headers={b"cookie": f"notice={cookie}".encode("latin-1")})
    assert answer.status_code == 200
    assert 'class="notice notice-ok"' not in answer.text


async def test_going_on_under_htmx_is_a_header(client: httpx.AsyncClient) -> None:
    moved = await client.post("/go", headers={**FROM_HERE, "hx-request": "true"})
    assert (moved.status_code, moved.headers["hx-redirect"]) == (200, f"{SHOWN}?moved=1")


async def test_a_wrong_form_comes_back_with_its_values_but_never_a_secret(client: httpx.AsyncClient) -> None:
    answer = await client.post("/form", data={"name": "An", "token": "s3cret", "text": "<i>"}, headers=FROM_HERE)
    assert answer.status_code == 422
    assert 'value="An"' in answer.text
    assert 'aria-describedby="f-name-hint f-name-error" aria-invalid="true"' in answer.text
    assert "Write at least 3 characters." in answer.text
    assert "&lt;i&gt;</textarea>" in answer.text
    assert "s3cret" not in answer.text
    assert "checked" not in answer.text


@pytest.mark.parametrize(
    "path", ["//evil.example", "https://evil.example", "/\\evil.example", "evil", "", "/a\nb", "javascript:alert(1)"]
)
def test_an_address_from_a_form_never_leads_elsewhere(path: str) -> None:
    assert local_path(path) == "/"


def test_our_own_paths_are_kept() -> None:
    assert local_path("/projects/1/posts?q=a%20b&x=//") == "/projects/1/posts?q=a%20b&x=//"


async def test_built_files_are_served_and_kept_for_good(client: httpx.AsyncClient) -> None:
    answer = await client.get(static_url("app.css"))
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]


def test_an_icon_that_is_not_built_is_an_error() -> None:
    with pytest.raises(KeyError, match=r"icons\.txt"):
        icon_url("unicorn")
