"""A language model's endpoint on the loopback: it answers as it is told, and keeps what it was asked."""

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from tgac.kit.clock import RealClock
from tgac.kit.llm.client import ChatModel
from tgac.kit.secrets import Secret

KEY = "sk-test-0123456789abcdefghijklmnop"


@dataclass
class Said:
    """One answer: its status, its body (a dict or text goes out as the model's message), what to do before it."""

    body: Any = None
    status: int = 200
    delay_s: float = 0.0
    headers: Mapping[str, str] = field(default_factory=dict)
    raw: bool = False


@dataclass
class Endpoint:
    """`script` holds what is said to each request in turn, the last again and again; `asked` the bodies that came."""

    base_url: str = ""
    script: deque[Said] = field(default_factory=deque)
    asked: list[dict[str, Any]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    knows: tuple[str, ...] = ("json_schema", "json_object", "text")
    obeys: Callable[[dict[str, Any]], Said] | None = None
    """A model that does what it is told: gets the data that came, gives its answer."""

    def says(self, *script: Said | dict[str, Any] | str) -> None:
        """What comes next."""
        self.script.clear()
        self.script.extend(one if isinstance(one, Said) else Said(one) for one in script)

    def model(self, **options: Any) -> ChatModel:
        """A caller of this endpoint."""
        given: dict[str, Any] = {"key": Secret(KEY), "base_url": self.base_url, "model": "small", "clock": RealClock()}
        return ChatModel(**(given | {"allow_private": True, "pause_s": 0.0} | options))

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """One request."""
        body = await request.json()
        self.asked.append(body)
        self.keys.append(request.headers.get("Authorization", ""))
        if body.get("response_format", {"type": "text"})["type"] not in self.knows:
            return web.json_response({"error": {"message": "response_format is not supported"}}, status=400)
        if self.obeys is not None:
            said = self.obeys(json.loads(body["messages"][-1]["content"]))
        else:
            said = self.script.popleft() if len(self.script) > 1 else self.script[0]
        await asyncio.sleep(said.delay_s)
        return web.Response(
            body=_written(said), status=said.status, headers=said.headers, content_type="application/json"
        )


def _written(said: Said) -> bytes:
    if isinstance(said.body, bytes):
        return said.body
    if said.raw or said.status != 200:
        return json.dumps(said.body).encode()
    content = said.body if isinstance(said.body, str) else json.dumps(said.body)
    message = {"role": "assistant", "content": content}
    usage = {"prompt_tokens": 11, "completion_tokens": 7}
    return json.dumps({"choices": [{"message": message, "finish_reason": "stop"}], "usage": usage}).encode()


@asynccontextmanager
async def an_endpoint() -> AsyncIterator[Endpoint]:
    """It listens inside the block."""
    endpoint = Endpoint()
    app = web.Application()
    app.router.add_post("/v1/chat/completions", endpoint.answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    endpoint.base_url = f"http://127.0.0.1:{runner.addresses[0][1]}/v1"
    try:
        yield endpoint
    finally:
        await runner.cleanup()
