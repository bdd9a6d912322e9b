from collections.abc import AsyncIterator

import httpx
import pytest

from tgac.kit.web.security import CSP, RequestGuard, origin_of
from tgac.kit.web.tests.gallery import BASE_URL, error_page, gallery, token_for

FROM_HERE = {"sec-fetch-site": "same-origin"}
SIGNED_IN = {"cookie": "session=s1"}
TOKEN = {"x-csrf-token": "token-of-s1"}
FORM = {"content-type": "application/x-www-form-urlencoded"}


def browser(base_url: str = BASE_URL) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app=gallery(base_url), raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=base_url)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with browser() as made:
        yield made


@pytest.mark.parametrize("path", ["/projects/1/comments", "/error", "/nowhere", "/crash", "/static/nothing.css"])
async def test_every_answer_carries_the_headers(client: httpx.AsyncClient, path: str) -> None:
    headers = (await client.get(path)).headers
    assert headers["content-security-policy"] == CSP
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["strict-transport-security"] == "max-age=31536000"
    assert headers["cache-control"] == "no-store"


async def test_a_refusal_carries_the_headers_too(client: httpx.AsyncClient) -> None:
    answer = await client.post("/echo", headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
    assert answer.headers["content-security-policy"] == CSP


async def test_nothing_is_promised_about_https_on_plain_http() -> None:
    async with browser("http://127.0.0.1:8080") as client:
        headers = (await client.get("/error")).headers
    assert "strict-transport-security" not in headers
    assert "cross-origin-opener-policy" not in headers


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({**FROM_HERE}, 200),
        ({**FROM_HERE, **SIGNED_IN, **TOKEN}, 200),
        ({"origin": BASE_URL, **SIGNED_IN, **TOKEN}, 200),
        ({"origin": "http://192.168.0.5:8080", "host": "192.168.0.5:8080", **SIGNED_IN, **TOKEN}, 200),
        ({**FROM_HERE, **SIGNED_IN}, 403),
        ({**FROM_HERE, **SIGNED_IN, "x-csrf-token": "token-of-s2"}, 403),
        ({**FROM_HERE, **SIGNED_IN, "x-csrf-token": "\xd0\xba"}, 403),
        ({**SIGNED_IN, **TOKEN}, 403),
        ({"cookie": "other=1"}, 403),
        ({"sec-fetch-site": "same-site", **SIGNED_IN, **TOKEN}, 403),
        ({"sec-fetch-site": "none", **SIGNED_IN, **TOKEN}, 403),
        ({"sec-fetch-site": "cross-site", "origin": BASE_URL}, 403),
        ({"origin": "https://evil.example", **SIGNED_IN, **TOKEN}, 403),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "null", **SIGNED_IN, **TOKEN}, 403),
        ({"authorization": "Bearer tgac_abc", "sec-fetch-site": "cross-site"}, 200),
        ({"authorization": "Basic abc", **SIGNED_IN}, 403),
    ],
)
async def test_only_our_own_pages_change_anything(
    client: httpx.AsyncClient, headers: dict[str, str], status: int
) -> None:
    raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
    assert (await client.post("/echo", headers=raw)).status_code == status


async def test_the_token_may_come_in_a_form(client: httpx.AsyncClient) -> None:
    answer = await client.post("/echo", headers={**FROM_HERE, **SIGNED_IN}, data={"a": "1", "csrf": "token-of-s1"})
    assert answer.json() == {"size": len("a=1&csrf=token-of-s1")}


async def test_the_token_may_come_beside_a_file(client: httpx.AsyncClient) -> None:
    for token, status in (("token-of-s1", 200), ("guess", 403)):
        answer = await client.post(
            "/echo", headers={**FROM_HERE, **SIGNED_IN}, data={"csrf": token}, files={"file": b"abc"}
        )
        assert answer.status_code == status


async def test_a_token_in_the_address_counts_for_nothing(client: httpx.AsyncClient) -> None:
    assert (await client.post("/echo?csrf=token-of-s1", headers={**FROM_HERE, **SIGNED_IN})).status_code == 403


async def test_reading_needs_no_token(client: httpx.AsyncClient) -> None:
    answer = await client.get("/error", headers={**SIGNED_IN, "sec-fetch-site": "cross-site"})
    assert answer.status_code == 404


async def test_the_page_holds_the_sessions_token(client: httpx.AsyncClient) -> None:
    assert 'name="csrf" value="token-of-s1"' in (await client.get("/projects/1/comments", headers=SIGNED_IN)).text


async def test_a_body_at_the_limit_passes_and_one_byte_more_does_not(client: httpx.AsyncClient) -> None:
    assert (await client.post("/echo", content=b"x" * 1_048_576)).json() == {"size": 1_048_576}
    answer = await client.post("/echo", content=b"x" * 1_048_577)
    assert answer.status_code == 413
    assert "at most 1024 kB" in answer.text


async def test_a_body_without_a_length_is_counted_while_it_comes(client: httpx.AsyncClient) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _chunk in range(2000):
            yield b"x" * 1000

    assert (await client.post("/echo", content=endless())).status_code == 413


async def test_streams_pass_unbuffered() -> None:
    async def app(scope: object, receive: object, send: object) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": b"1", "more_body": True})  # type: ignore[operator]
        await send({"type": "http.response.body", "body": b"2"})  # type: ignore[operator]

    seen: list[object] = []

    async def send(message: object) -> None:
        seen.append(message)

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": b"", "more_body": False}

    guard = RequestGuard(app, base_url=BASE_URL, token_for=token_for, answer=error_page)
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}
    await guard(scope, receive, send)
    assert len(seen) == 3


def test_an_origin_has_no_path() -> None:
    assert origin_of("https://panel.example.org:8443/base") == "https://panel.example.org:8443"
