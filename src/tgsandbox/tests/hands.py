"""Short words for what scripts and bots do to a sandbox."""

import asyncio
import io
import json
from collections.abc import Coroutine
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from tgsandbox import Sandbox
from tgsandbox.clock import ManualClock


@dataclass
class Hands:
    """What a script does with the controls and a bot with its token. Everything goes through real HTTP."""

    sandbox: Sandbox
    session: aiohttp.ClientSession
    clock: ManualClock
    running: set[asyncio.Future[Any]] = field(default_factory=set)

    async def raw(self, verb: str, path: str, body: Any = None) -> tuple[int, Any]:
        """A control's status and whole JSON."""
        async with self.session.request(verb, f"{self.sandbox.url}/sandbox{path}", json=body) as answer:
            return answer.status, await answer.json()

    async def do(self, verb: str, path: str, **body: Any) -> Any:
        """A control that succeeds; its result."""
        status, answer = await self.raw(verb, path, None if verb == "GET" else body)
        assert status == 200, answer
        return answer["result"]

    async def ask(self, token: str, method: str, **params: Any) -> dict[str, Any]:
        """A Bot API call; the whole answer. A parameter of bytes goes as a file."""
        sent: dict[str, Any] = {"json": params}
        if any(isinstance(value, bytes) for value in params.values()):
            sent = {"data": {name: _in_a_form(value) for name, value in params.items()}}
        async with self.session.post(f"{self.sandbox.url}/bot{token}/{method}", **sent) as answer:
            body: dict[str, Any] = await answer.json()
            assert body["ok"] or body["error_code"] == answer.status
            return body

    async def call(self, token: str, method: str, **params: Any) -> Any:
        """A Bot API call that succeeds; its result."""
        answer = await self.ask(token, method, **params)
        assert answer["ok"], answer
        return answer["result"]

    async def refusal(self, token: str, method: str, **params: Any) -> str:
        """A Bot API call that fails; what Telegram says."""
        answer = await self.ask(token, method, **params)
        assert not answer["ok"], answer
        return str(answer["description"])

    def background(self, work: Coroutine[Any, Any, Any]) -> None:
        """Let a control run on its own; it is forgotten when the test ends."""
        task = asyncio.ensure_future(work)
        self.running.add(task)
        task.add_done_callback(lambda done: done.cancelled() or done.exception())

    async def comment(self, scene: "Scene", root_id: int, text: str) -> Any:
        """Anna's bot comments; the Message."""
        reply = {"message_id": root_id}
        return await self.call(scene.token, "sendMessage", chat_id=scene.group, text=text, reply_parameters=reply)

    async def updates(self, token: str, **params: Any) -> list[dict[str, Any]]:
        """The updates that wait, all confirmed."""
        found: list[dict[str, Any]] = await self.call(token, "getUpdates", **params)
        if found:
            await self.call(token, "getUpdates", offset=found[-1]["update_id"] + 1)
        return found


def _in_a_form(value: Any) -> Any:
    if isinstance(value, bytes):
        return io.BytesIO(value)
    return value if isinstance(value, str) else json.dumps(value)


@dataclass
class Scene:
    """Anna's channel with its discussion group, and her bot, an administrator of both."""

    anna: int
    vera: int
    bot: int
    token: str
    channel: int
    group: int


async def promote(hands: Hands, chat_id: int, user_id: int, *rights: str) -> None:
    """Make somebody an administrator; without rights named, with the usual ones."""
    channel = hands.sandbox.world.chats[chat_id].type == "channel"
    usual = ("can_post_messages",) if channel else ("can_delete_messages", "can_pin_messages")
    granted = dict.fromkeys(rights or usual, True)
    await hands.do("PUT", f"/chats/{chat_id}/members/{user_id}", status="administrator", rights=granted)


async def post(hands: Hands, scene: Scene, **body: Any) -> tuple[int, int]:
    """A post in Anna's channel → (its id, the id of its auto-forward)."""
    made = await hands.do("POST", f"/channels/{scene.channel}/posts", **(body or {"text": "A post"}))
    return made["message_ids"][0], made["thread_ids"][0]
