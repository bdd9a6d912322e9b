"""Many large files at once: so many stand in memory, the others wait on the line; what is small passes by."""

import asyncio
from dataclasses import dataclass, field

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import Message, Receive, Scope, Send

from tgac.kit.errors import AppError
from tgac.kit.web.security import BODY_LIMIT, LargeBodies, RequestGuard

PIECE = 256 * 1024
FILE = 4 * 1024 * 1024
AT_ONCE = 3


@dataclass
class Line:
    """Requests on their way: how many bytes of each have been read, and of which the answer is out."""

    read: dict[int, int] = field(default_factory=dict)
    answered: set[int] = field(default_factory=set)
    most: int = 0
    """The most bytes that were read of requests without an answer."""

    def receiver(self, number: int, size: int, *, stops_at: int | None = None) -> Receive:
        async def receive() -> Message:
            await asyncio.sleep(0)
            done = self.read.get(number, 0)
            if stops_at is not None and done >= stops_at:
                await asyncio.Event().wait()
            piece = min(PIECE, size - done)
            self.read[number] = done + piece
            self.most = max(self.most, sum(n for one, n in self.read.items() if one not in self.answered))
            return {"type": "http.request", "body": b"x" * piece, "more_body": self.read[number] < size}

        return receive

    def sender(self, number: int, told: list[int]) -> Send:
        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                told.append(message["status"])
            elif not message.get("more_body", False):
                self.answered.add(number)

        return send


async def take_in(scope: Scope, receive: Receive, send: Send) -> None:
    """An application that reads the file and thinks about it for a while."""
    await Request(scope, receive).body()
    for _ in range(20):
        await asyncio.sleep(0)
    await PlainTextResponse("Saved.")(scope, receive, send)


async def refusal(_request: Request, error: AppError) -> Response:
    return PlainTextResponse(error.code, status_code=error.status)


def a_guard(read_s: float = 60.0) -> RequestGuard:
    return RequestGuard(
        take_in,
        base_url="http://panel.test",
        token_for=lambda _connection: None,
        answer=refusal,
        larger={"/media": 2 * FILE},
        large=LargeBodies(AT_ONCE, read_s),
    )


def scope_of(path: str = "/media") -> Scope:
    headers = [(b"content-type", b"multipart/form-data; boundary=x"), (b"authorization", b"Bearer x")]
    return {"type": "http", "method": "POST", "path": path, "headers": headers, "query_string": b"", "state": {}}


async def test_twelve_files_at_once_are_never_more_than_three_in_memory() -> None:
    guard, line, told = a_guard(), Line(), list[int]()
    await asyncio.gather(
        *(guard(scope_of(), line.receiver(n, FILE), line.sender(n, told)) for n in range(12)),
    )
    assert told == [200] * 12
    # Those that wait have been read to just above what any request may have.
    assert line.most <= AT_ONCE * FILE + (12 - AT_ONCE) * (BODY_LIMIT + PIECE)
    assert line.most < 12 * FILE / 2


async def test_small_requests_pass_by_while_large_ones_wait() -> None:
    guard, line, told = a_guard(), Line(), list[int]()
    slow = [
        asyncio.create_task(guard(scope_of(), line.receiver(n, FILE, stops_at=2 * 1024 * 1024), line.sender(n, [])))
        for n in range(AT_ONCE + 2)
    ]
    for _ in range(200):
        await asyncio.sleep(0)
    await guard(scope_of(), line.receiver(99, 1000), line.sender(99, told))
    assert told == [200]
    for task in slow:
        task.cancel()
    await asyncio.gather(*slow, return_exceptions=True)


async def test_who_sends_too_slowly_gives_the_place_back() -> None:
    guard, line, told = a_guard(read_s=0.05), Line(), list[int]()
    stuck = [
        guard(scope_of(), line.receiver(n, FILE, stops_at=2 * 1024 * 1024), line.sender(n, told)) for n in range(4)
    ]
    await asyncio.gather(*stuck)
    assert told == [503] * 4
    await guard(scope_of(), line.receiver(9, FILE), line.sender(9, told))
    assert told[-1] == 200


async def test_a_file_that_is_refused_gives_the_place_back() -> None:
    guard, line, told = a_guard(), Line(), list[int]()
    for number in range(2 * AT_ONCE):
        async with asyncio.timeout(20):
            await guard(scope_of(), line.receiver(number, 3 * FILE), line.sender(number, told))
    assert told == [413] * 2 * AT_ONCE


@pytest.mark.parametrize("size", [10, BODY_LIMIT])
async def test_what_is_small_takes_no_place(size: int) -> None:
    guard, line, told = a_guard(), Line(), list[int]()
    for _ in range(AT_ONCE):
        await guard.room.acquire()
    async with asyncio.timeout(20):
        await guard(scope_of(), line.receiver(1, size), line.sender(1, told))
    assert told == [200]
