"""A server on the loopback that speaks as it is told: whole answers, half answers, none, or a closed door."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any


def said(body: object, *, http: int = 200, more: str = "") -> bytes:
    """A whole HTTP answer; bytes go out as they are, the rest as JSON."""
    sent = body if isinstance(body, bytes) else json.dumps(body).encode()
    return f"HTTP/1.1 {http} X\r\nContent-Length: {len(sent)}\r\n{more}\r\n".encode() + sent


def yes(result: object) -> bytes:
    return said({"ok": True, "result": result})


def no(http: int, description: str, **parameters: Any) -> bytes:
    return said({"ok": False, "error_code": http, "description": description, "parameters": parameters}, http=http)


HANG = b"<hang>"
"""Read the request and never answer."""
DROP = b""
"""Read the request and close."""
SLAM = b"<slam>"
"""Close before anything is read."""
THEN_CLOSE = b"<close>"
"""At the end of an answer: close the connection without having said so."""


@dataclass
class Server:
    """`script` holds what is said to each request in turn; `seen` what was asked: (path, JSON, connection number)."""

    base: str = ""
    script: deque[bytes] = field(default_factory=deque)
    seen: list[tuple[str, dict[str, Any], int]] = field(default_factory=list)
    connections: int = 0
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    open: list[asyncio.StreamWriter] = field(default_factory=list)

    def answers(self, *script: bytes) -> None:
        self.script.extend(script)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open.append(writer)
        number = self.connections
        try:
            while not (self.script and self.script[0] == SLAM) and await self._one(reader, writer, number=number):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, number: int) -> bool:
        """Serve one request; whether the connection stays open."""
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = [line.lower() for line in head.split("\r\n")]
        length = next((int(line[15:]) for line in lines if line.startswith("content-length:")), 0)
        body = await reader.readexactly(length)
        self.seen.append((head.split(" ")[1], json.loads(body or b"{}"), number))
        self.asked.set()
        answer = self.script.popleft()
        if answer == HANG:
            return bool(await reader.read())
        writer.write(answer.removesuffix(THEN_CLOSE))
        await writer.drain()
        return answer != DROP and not answer.endswith(THEN_CLOSE)


@asynccontextmanager
async def serving() -> AsyncIterator[Server]:
    server = Server()
    listening = await asyncio.start_server(server.talk, "127.0.0.1", 0)
    server.base = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listening.close()
        for writer in server.open:
            writer.close()
        await listening.wait_closed()
