"""`/bot<token>/<method>`: from an HTTP request to the answer, through faults, checks and the record of calls."""

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from tgsandbox.bot_api.call import Call
from tgsandbox.bot_api.methods import AWAITED, METHODS
from tgsandbox.calls import CallLog, Record, without_secrets
from tgsandbox.faults import Fault, Faults
from tgsandbox.inbox import Pollers
from tgsandbox.limits import Limits
from tgsandbox.model import TOKEN, Bot, Json, Upload
from tgsandbox.parameters import read_params
from tgsandbox.refusals import Refused, refuse
from tgsandbox.requests import read_request
from tgsandbox.schema import METHODS as TABLES
from tgsandbox.schema import method_named, misfit
from tgsandbox.webhooks import Webhooks
from tgsandbox.world import World

_STATUS_TEXTS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    409: "Conflict",
    429: "Too Many Requests: retry after 3",
    500: "Internal Server Error",
}
_NOT_EMULATED = (
    "business_connection_id",
    "direct_messages_topic_id",
    "ephemeral_message_parameters",
    "suggested_post_parameters",
    "inline_message_id",
)
Came = tuple[dict[str, Any], dict[str, Upload]]


class Dropped(Exception):
    """The connection is to be cut without an answer."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back to a bot."""

    status: int
    body: bytes
    content_type: str = "application/json"


class Endpoint:
    """Answers the calls of all bots."""

    def __init__(self, world: World, *, limits: Limits, faults: Faults, calls: CallLog) -> None:
        self.world = world
        self.limits = limits
        self.faults = faults
        self.calls = calls
        self.pollers = Pollers(world.clock)
        self.webhooks = Webhooks(world.clock, self.pollers)
        self.on_close_port: Callable[[float, web.Request], None] = lambda _seconds, _spare: None
        world.on_update = self.pollers.wake
        world.repeats_of = lambda bot, payload: faults.repeats(bot_id=bot.id, chat_id=_chat_of(payload))

    def close_port(self, seconds: float, spare: web.Request) -> None:
        """Refuse all connections for a while; the server says how (see `server.py`)."""
        self.on_close_port(seconds, spare)

    def renew_token(self, bot: Bot) -> str:
        """A new token; whoever polls with the old one is told that it is not valid any more."""
        token = self.world.renew_token(bot)
        self.pollers.end(bot, refuse("unauthorized"))
        return token

    async def reset(self) -> None:
        """Everything as at the start, but for the switch of the limits."""
        self.pollers.end_all()
        await self.webhooks.close()
        self.world.reset()
        self.faults.clear()
        self.limits.reset()
        self.calls.clear()

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One HTTP request to one method."""
        try:
            reply = await self.ask(
                request.match_info["token"], request.match_info["method"], lambda: read_request(request)
            )
        except Dropped:
            if request.transport:
                request.transport.abort()
            return web.Response(status=500)
        return web.Response(status=reply.status, body=reply.body, content_type=reply.content_type)

    async def ask(self, token: str, method: str, read: Callable[[], Awaitable[Came]]) -> Reply:
        """One call of one method; `read` gives its parameters and files. Raises Dropped where the connection is cut."""
        clock = self.world.clock
        bot = self.world.tokens.get(token)
        started = clock.monotonic()
        record = self.calls.begin(clock.now().timestamp(), bot.id if bot else None, _log_name(method))
        try:
            if bot is None:
                raise refuse("unauthorized" if TOKEN.fullmatch(token) else "not_found")
            return await self._answer(bot, method, await read(), record=record)
        except Refused as refused:
            record.executed = refused.description.startswith("Internal Server Error: sent")
            return _refusal(refused, record)
        finally:
            record.ms = round((clock.monotonic() - started) * 1000, 2)

    async def lost(self, _request: web.Request) -> web.StreamResponse:
        """An address that looks like the Bot API's but is none of its methods."""
        return web.json_response(refuse("not_found").body(), status=404)

    async def download(self, request: web.Request) -> web.StreamResponse:
        """`/file/bot<token>/<file_path>`: the bytes of a file."""
        file = self.world.files.get(request.match_info["file_id"])
        if request.match_info["token"] not in self.world.tokens or file is None:
            return web.json_response(refuse("not_found").body(), status=404)
        return web.Response(body=file.content, content_type=file.mime_type)

    async def _answer(self, bot: Bot, name: str, came: Came, *, record: Record) -> Reply:
        call = self._read(bot, name, came, record=record)
        hits = self.faults.for_call(method=record.method, bot_id=bot.id, chat_id=record.chat_id)
        after = await self._suffer(hits, record)
        if isinstance(call, Refused):
            raise call
        _check_bot(bot)
        result = await self._execute(call, record)
        if after == "drop_after":
            raise Dropped
        return _success(result, record, broken=after == "bad_json")

    def _read(self, bot: Bot, name: str, came: Came, *, record: Record) -> Call | Refused:
        """The call, or why it is none: that is only said after the faults had their turn. Writes both down."""
        raw, uploads = came
        method = method_named(name)
        record.chat_id = _as_int(raw.get("chat_id"))
        files = {key: {"file": upload.name, "size": len(upload.content)} for key, upload in uploads.items()}
        try:
            if method is None:
                raise refuse("no_method")
            params = read_params(method, raw, uploads)
        except Refused as refused:
            record.params = without_secrets(raw | files)
            return refused
        record.params = without_secrets(params | files)
        return Call(self.world, self.limits, bot, method, params, uploads)

    async def _suffer(self, hits: list[Fault], record: Record) -> str | None:
        """Let the faults strike that come before the method; returns the kind of one that comes after it."""
        after = None
        for fault in hits:
            record.fault = f"{record.fault}+{fault.kind}" if record.fault else fault.kind
            if fault.kind == "delay":
                await self.world.clock.sleep(fault.value or 0)
            elif fault.kind in ("refuse", "drop_before"):
                raise Dropped
            elif fault.kind == "flood":
                raise refuse("flood", retry_after=int(fault.value or 3))
            elif fault.kind == "http":
                raise _http_fault(int(fault.value or 500))
            else:
                after = fault.kind
        return after

    async def _execute(self, call: Call, record: Record) -> Any:
        if call.method in AWAITED:
            result = await self._awaited(call)
        elif call.method in METHODS:
            _check_emulated(call)
            result = METHODS[call.method](call)
        else:
            raise refuse("not_emulated")
        record.executed = True
        _check_result(call.method, result)
        return result

    async def _awaited(self, call: Call) -> Any:
        if call.method == "getUpdates":
            return await self.pollers.get_updates(call.bot, call.params)
        if call.method == "setWebhook":
            return await self.webhooks.set(call)
        if call.method == "deleteWebhook":
            return await self.webhooks.delete(call)
        return self.webhooks.info(call.bot)


def _check_emulated(call: Call) -> None:
    """A parameter that the sandbox does not know how to honour is refused, never passed over."""
    name = next((name for name in _NOT_EMULATED if call.params.get(name)), None)
    if name:
        raise refuse("kind_not_emulated", name=name)


def _check_bot(bot: Bot) -> None:
    if bot.logged_out:
        raise refuse("logged_out")
    if bot.frozen:
        raise refuse("frozen")


def _check_result(method: str, result: Any) -> None:
    """Our own promise: what goes out is what the tables say."""
    if method == "getUpdates":
        return  # every update was checked when it was put into the queue
    wanted = TABLES[method]["returns"]
    wrong = [misfit(name)(result) for name in wanted]
    assert None in wrong, f"{method}: {wrong}"


def _success(result: Any, record: Record, *, broken: bool) -> Reply:
    record.status = 200
    body = json.dumps({"ok": True, "result": result}, separators=(",", ":"))
    if broken:
        body = body[: max(1, len(body) // 2)]
    return Reply(200, body.encode())


def _refusal(refused: Refused, record: Record) -> Reply:
    record.status, record.description = refused.status, refused.description
    if "<html" in refused.description:
        return Reply(refused.status, refused.description.encode(), "text/html")
    return Reply(refused.status, json.dumps(refused.body()).encode())


def _http_fault(status: int) -> Refused:
    """An error from the front of Telegram: 502 and 504 are pages of its proxy."""
    names = {502: "502 Bad Gateway", 504: "504 Gateway Time-out"}
    if status in names:
        title = names[status]
        page = f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n<center><h1>{title}</h1></center>\r\n"
        return Refused(status, page + "<hr><center>nginx/1.18.0</center>\r\n</body>\r\n</html>\r\n")
    return Refused(
        status, _STATUS_TEXTS.get(status, "Internal Server Error"), **({"retry_after": 3} if status == 429 else {})
    )


def _log_name(method: str) -> str:
    return method_named(method) or TOKEN.sub("•••", method)[:64]


def _as_int(chat_id: Any) -> Any:
    try:
        return int(chat_id)
    except (TypeError, ValueError):
        return chat_id


def _chat_of(payload: Json) -> Any:
    chat = payload.get("chat") or (payload.get("message") or {}).get("chat") or {}
    return chat.get("id")
