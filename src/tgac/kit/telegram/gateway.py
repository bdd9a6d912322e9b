"""The only caller of Telegram's Bot API, over HTTP (https://core.telegram.org/bots/api#making-requests).

After each failure it is known whether the request may have left this machine: a send is repeated only if it did not.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import aiohttp

from tgac.kit.secrets import Secret
from tgac.kit.telegram.faults import (
    BY_PROXY,
    NOTHING_WAS_SENT,
    Ambiguous,
    Fault,
    NotModified,
    NotSent,
    RefusedBot,
    RefusedMessage,
    sort_answer,
)
from tgac.kit.telegram.profiles import METHODS, read_commands, read_photo, read_said
from tgac.kit.telegram.types import (
    PLAIN,
    ChatFull,
    Command,
    File,
    Kind,
    Look,
    Member,
    ProfileText,
    Sent,
    User,
    Way,
)
from tgac.kit.telegram.updates import (
    Unreadable,
    read_chat_full,
    read_member,
    read_members,
    read_sent,
    read_token,
    read_user,
)
from tgac.kit.telegram.ways import NoWay, ProxyFailed, ThroughProxy, Ways
from tgac.kit.telegram.wording import body_of, captioned, markup, quietly, quoted, said, written

_TOKEN = re.compile(r"[0-9]{1,20}:[A-Za-z0-9_-]{1,100}")


class Gateway:
    """Telegram over HTTP; implements `types.Telegram`. One for a process; used in one event loop.

    `limit` is how many calls run at once, 0 for no limit: a long poll counts for as long as it lasts. A call that finds
    no free place or no connection within `connect_timeout_s` is NotSent. Telegram may hold a call for 8 s before it
    answers 429, so `call_timeout_s` must be well above that.

    `ways`, when it is set, says which bot goes through which proxy; only public proxies unless `allow_private`. A call
    that does not get through its proxy is NotSent with reason `proxy`, and never tried straight.
    """

    ways: Ways | None = None

    def __init__(
        self,
        api_base: str,
        *,
        limit: int = 100,
        call_timeout_s: float = 35.0,
        connect_timeout_s: float = 10.0,
        allow_private: bool = False,
    ) -> None:
        self._base = api_base.rstrip("/")
        self._limit = limit
        self._call_timeout_s = call_timeout_s
        self._connect_timeout_s = connect_timeout_s
        self._allow_private = allow_private
        self._open: dict[Way | None, aiohttp.ClientSession] = {}

    async def aclose(self) -> None:
        """Close the connections; a later call opens others."""
        sessions, self._open = self._open, {}
        for session in sessions.values():
            await session.close()

    async def reach(self, way: Way) -> float:
        started = asyncio.get_running_loop().time()
        timeout = aiohttp.ClientTimeout(total=self._connect_timeout_s)
        trip = SimpleNamespace(written=False)
        try:
            async with (
                self._made_session(way) as session,
                session.get(f"{self._base}/", timeout=timeout, allow_redirects=False, trace_request_ctx=trip),
            ):
                return asyncio.get_running_loop().time() - started
        except TimeoutError:
            lost = f"no answer within {self._connect_timeout_s:g} s"
        except (aiohttp.ClientError, OSError) as error:
            lost = _named(error)
        raise _not_through(way, "reach", lost)

    async def get_me(self, token: Secret) -> User:
        return await self._ask(token, "getMe", read=read_user)

    async def get_updates(
        self, token: Secret, *, offset: int | None, timeout_s: int, allowed: Sequence[Kind]
    ) -> list[dict[str, Any]]:
        asked = {"offset": offset, "timeout": timeout_s, "allowed_updates": list(allowed)}
        return await self._ask(token, "getUpdates", read=_raw_updates, timeout_s=timeout_s + 10.0, **asked)

    async def get_chat(self, token: Secret, chat_id: int | str) -> ChatFull:
        return await self._ask(token, "getChat", read=read_chat_full, chat_id=chat_id)

    async def get_chat_member(self, token: Secret, *, chat_id: int, user_id: int) -> Member:
        return await self._ask(token, "getChatMember", read=read_member, chat_id=chat_id, user_id=user_id)

    async def get_chat_administrators(self, token: Secret, *, chat_id: int) -> list[Member]:
        # `return_bots`: without it all bots but the asking one are left out (Bot API, getChatAdministrators).
        asked = {"chat_id": chat_id, "return_bots": True}
        return await self._ask(token, "getChatAdministrators", read=read_members, **asked)

    async def send_comment(self, token: Secret, *, chat_id: int, root_id: int, html: str, look: Look = PLAIN) -> Sent:
        under = {"message_id": root_id, "allow_sending_without_reply": False, **quoted(look)}
        method, words = said(html, look)
        asked = {"chat_id": chat_id, "reply_parameters": under, **words, **quietly(look)}
        return await self._ask(token, method, read=read_sent, **asked)

    async def send_message(self, token: Secret, *, chat_id: int, html: str, look: Look = PLAIN) -> Sent:
        method, words = said(html, look)
        return await self._ask(token, method, read=read_sent, chat_id=chat_id, **words, **quietly(look))

    async def edit_message(
        self, token: Secret, *, chat_id: int, message_id: int, html: str, look: Look = PLAIN
    ) -> None:
        place = {"chat_id": chat_id, "message_id": message_id}
        if look.poll is not None:
            await self._ask(token, "editMessageReplyMarkup", read=_done, **place, reply_markup=markup(look))
            return
        if look.file is not None:
            await self._ask(token, "editMessageCaption", read=_done, **place, **captioned(html, look))
            return
        await self._ask(token, "editMessageText", read=_done, **place, **written(html, look))

    async def answer_callback(self, token: Secret, *, callback_id: str, text: str = "", alert: bool = False) -> None:
        asked: dict[str, Any] = {"callback_query_id": callback_id, "text": text or None, "show_alert": alert or None}
        await self._ask(token, "answerCallbackQuery", read=_done, **asked)

    async def delete_message(self, token: Secret, *, chat_id: int, message_id: int) -> None:
        await self._ask(token, "deleteMessage", read=_done, chat_id=chat_id, message_id=message_id)

    async def pin_message(self, token: Secret, *, chat_id: int, message_id: int, silent: bool) -> None:
        asked = {"chat_id": chat_id, "message_id": message_id, "disable_notification": silent}
        try:
            await self._ask(token, "pinChatMessage", read=_done, **asked)
        except RefusedMessage as refused:
            if refused.reason != "not_changed":
                raise

    async def stands(self, token: Secret, *, chat_id: int, message_id: int) -> bool:
        # An edit that Telegram cannot but refuse: its words tell whether the message is there (docs/telegram.md).
        try:
            await self._ask(token, "editMessageReplyMarkup", read=_done, chat_id=chat_id, message_id=message_id)
        except NotModified:
            return True
        except RefusedMessage as refused:
            if refused.reason not in ("gone", "not_ours"):
                raise
            return refused.reason == "not_ours"
        return True

    async def send_typing(self, token: Secret, *, chat_id: int) -> None:
        await self._ask(token, "sendChatAction", read=_done, chat_id=chat_id, action="typing")

    async def delete_webhook(self, token: Secret) -> None:
        await self._ask(token, "deleteWebhook", read=_done, drop_pending_updates=False)

    async def get_managed_bot_token(self, token: Secret, *, bot_id: int) -> Secret:
        return await self._ask(token, "getManagedBotToken", read=read_token, user_id=bot_id)

    async def get_profile_text(self, token: Secret, what: ProfileText, *, language: str) -> str:
        return await self._ask(token, f"get{METHODS[what]}", read=read_said(what), language_code=language)

    async def set_profile_text(self, token: Secret, what: ProfileText, text: str, *, language: str) -> None:
        asked: dict[str, Any] = {what: text, "language_code": language}
        await self._ask(token, f"set{METHODS[what]}", read=_done, **asked)

    async def get_commands(self, token: Secret, *, language: str) -> tuple[Command, ...]:
        return await self._ask(token, "getMyCommands", read=read_commands, language_code=language)

    async def set_commands(self, token: Secret, commands: Sequence[Command], *, language: str) -> None:
        if not commands:
            await self._ask(token, "deleteMyCommands", read=_done, language_code=language)
            return
        listed = [{"command": one.command, "description": one.description} for one in commands]
        await self._ask(token, "setMyCommands", read=_done, commands=listed, language_code=language)

    async def get_photo(self, token: Secret) -> str | None:
        asked = {"user_id": _bot_behind(token), "limit": 1}
        return await self._ask(token, "getUserProfilePhotos", read=read_photo, **asked)

    async def set_photo(self, token: Secret, jpeg: bytes) -> None:
        photo = {"type": "static", "photo": "attach://picture"}
        picture = File("photo", name="photo.jpg", mime_type="image/jpeg", content=jpeg)
        await self._ask(token, "setMyProfilePhoto", read=_done, photo=photo, picture=picture)

    async def remove_photo(self, token: Secret) -> None:
        await self._ask(token, "removeMyProfilePhoto", read=_done)

    async def _ask[T](
        self, token: Secret, method: str, *, read: Callable[[object], T], timeout_s: float | None = None, **asked: Any
    ) -> T:
        """Call `method` and read its result; whatever fails is a Fault that does not hold the token."""
        try:
            result = await self._post(token, method, asked=asked, timeout_s=timeout_s or self._call_timeout_s)
            return _read(read, result, method=method)
        except Fault as fault:
            fault.hide(token.reveal())
            if fault.reason == BY_PROXY and self.ways:
                await _told(self.ways, _bot_behind(token))
            raise

    async def _post(self, token: Secret, method: str, *, asked: dict[str, Any], timeout_s: float) -> Any:
        if not _TOKEN.fullmatch(token.reveal()):
            raise RefusedBot(method=method, http=None, description="this is no bot token", reason="token_invalid")
        trip = SimpleNamespace(written=False)
        way: Way | NoWay | None = None
        try:
            way = await self._way_of(token)
            async with self._session(way).post(
                f"{self._base}/bot{token.reveal()}/{method}",
                data=body_of(asked),
                timeout=aiohttp.ClientTimeout(total=timeout_s, connect=self._connect_timeout_s),
                allow_redirects=False,
                trace_request_ctx=trip,
            ) as answer:
                http, came = answer.status, await answer.read()
        except asyncio.CancelledError as stopped:
            if not trip.written:
                stopped.add_note(NOTHING_WAS_SENT)
            raise
        except NoWay as error:
            way, lost = error, str(error)
        except (aiohttp.ClientError, OSError) as error:
            lost = _named(error)
        else:
            if self.ways:
                self.ways.worked(_bot_behind(token))
            return sort_answer(method=method, http=http, body=came)
        # Raised here and not above, so that no chain of exceptions leads to one that holds the address with the token.
        if trip.written:
            raise Ambiguous(method=method, http=None, description=lost)
        raise _not_through(way, method, lost)

    async def _way_of(self, token: Secret) -> Way | None:
        return await self.ways.find(_bot_behind(token)) if self.ways else None

    def _session(self, way: Way | None) -> aiohttp.ClientSession:
        """The session for this way, opened by the first call because it belongs to the running loop."""
        if way not in self._open:
            self._open[way] = self._made_session(way)
        return self._open[way]

    def _made_session(self, way: Way | None) -> aiohttp.ClientSession:
        """A session of its own.

        aiohttp repeats a request on a connection that died only for methods that may be repeated, which POST is not
        (aiohttp.client.IDEMPOTENT_METHODS); on such a connection a send is Ambiguous. It becomes rare by not keeping
        idle connections longer than 15 s, less than servers do.
        """
        connector = (
            aiohttp.TCPConnector(limit=self._limit, keepalive_timeout=15.0)
            if way is None
            else ThroughProxy(way, allow_private=self._allow_private, limit=self._limit, keepalive_timeout=15.0)
        )
        return aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trace_configs=[_tracing()]
        )


def _tracing() -> aiohttp.TraceConfig:
    """Notes the moment before the first byte is written: `written` is set too early at most, never too late."""
    traced = aiohttp.TraceConfig()

    async def note(session: object, context: SimpleNamespace, told: object) -> None:
        context.trace_request_ctx.written = True

    traced.on_request_headers_sent.append(note)
    return traced


def _bot_behind(token: Secret) -> int:
    return int(token.reveal().partition(":")[0])


def _not_through(way: object, method: str, lost: str) -> NotSent:
    """Nothing has left, and whose fault it was: of what fails before the first byte, the proxy is the owner's part."""
    return NotSent(method=method, http=None, description=lost, reason=BY_PROXY if way else "")


async def _told(ways: Ways, bot_id: int) -> None:
    try:
        await ways.failed(bot_id)
    except asyncio.CancelledError as stopped:
        stopped.add_note(NOTHING_WAS_SENT)
        raise


def _named(error: Exception) -> str:
    """What happened on the way. Only connectors' errors are quoted: others hold the address with the token in it."""
    name = type(error).__name__
    if isinstance(error, ProxyFailed):
        return str(error)
    return f"{name}: {error}" if isinstance(error, aiohttp.ClientConnectorError) else name


def _read[T](read: Callable[[object], T], result: object, *, method: str) -> T:
    try:
        return read(result)
    except Unreadable as error:
        told = f"unreadable result: {error}"
    raise Ambiguous(method=method, http=200, description=told)


def _raw_updates(result: object) -> list[dict[str, Any]]:
    if not isinstance(result, list):
        raise Unreadable("updates are no list")
    return [raw for raw in result if isinstance(raw, dict)]


def _done(result: object) -> None:
    """Nothing in the result is of use."""
