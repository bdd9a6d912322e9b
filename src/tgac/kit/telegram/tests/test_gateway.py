"""The gateway says what is known after each failure, and nothing is ever asked twice."""

import asyncio
import json
import logging
import socket
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.support.photos import jpeg

from tgac.kit.secrets import Secret
from tgac.kit.telegram.calls import Telegram
from tgac.kit.telegram.faults import (
    Ambiguous,
    Fault,
    NotModified,
    NotSent,
    RefusedBot,
    RefusedMessage,
    SlowDown,
    nothing_was_sent,
)
from tgac.kit.telegram.gateway import Gateway
from tgac.kit.telegram.tests.scripted import DROP, HANG, SLAM, THEN_CLOSE, Server, no, said, serving, yes
from tgac.kit.telegram.types import Button, Command, Look, Sent
from tgsandbox import start

TOKEN = Secret("123456789:AAFakeFakeFakeFakeFakeFakeFakeFake12")
GROUP = {"id": -1002000000002, "type": "supergroup", "title": "Anna's chat"}
COMMENT = {
    "message_id": 901,
    "date": 1_790_000_000,
    "chat": GROUP,
    "text": "Hi",
    "reply_to_message": {"message_id": 900},
}
BOT = {"id": 123456789, "is_bot": True, "first_name": "Kommentator", "username": "kommentator_bot"}


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as server:
        yield server


@pytest.fixture
async def gateway(server: Server) -> AsyncIterator[Gateway]:
    gateway = Gateway(server.base, call_timeout_s=0.5, connect_timeout_s=0.3)
    yield gateway
    await gateway.aclose()


async def comment(gateway: Telegram) -> Sent:
    return await gateway.send_comment(TOKEN, chat_id=GROUP_ID, root_id=900, html="<b>Hi</b>")


GROUP_ID = -1002000000002


async def fault_of(call: Awaitable[object]) -> Fault:
    with pytest.raises(Fault) as caught:
        await call
    return caught.value


async def test_a_comment_hangs_under_its_post(gateway: Gateway, server: Server) -> None:
    server.answers(yes(COMMENT))
    sent = await comment(gateway)
    assert (sent.chat_id, sent.message_id, sent.replied_to) == (GROUP_ID, 901, 900)
    path, asked, _ = server.seen[0]
    assert path == f"/bot{TOKEN.reveal()}/sendMessage"
    assert asked == {
        "chat_id": GROUP_ID,
        "reply_parameters": {"message_id": 900, "allow_sending_without_reply": False},
        "text": "<b>Hi</b>",
        "parse_mode": "HTML",
    }


async def test_a_comment_that_lost_its_post_says_so(gateway: Gateway, server: Server) -> None:
    server.answers(yes({**COMMENT, "reply_to_message": None}))
    assert (await comment(gateway)).replied_to is None


async def test_the_look_goes_along_when_sending_and_when_editing(gateway: Gateway, server: Server) -> None:
    server.answers(yes(COMMENT), yes(COMMENT))
    look = Look(((Button("Go", url="https://example.org"), Button("No", data="n")),), link_preview=False, silent=True)
    await gateway.send_message(TOKEN, chat_id=5, html="Hi", look=look)
    await gateway.edit_message(TOKEN, chat_id=5, message_id=901, html="Hi", look=look)
    rows = [[{"text": "Go", "url": "https://example.org"}, {"text": "No", "callback_data": "n"}]]
    for _, asked, _ in server.seen:
        assert asked["reply_markup"] == {"inline_keyboard": rows}
        assert asked["link_preview_options"] == {"is_disabled": True}
    assert [asked.get("disable_notification") for _, asked, _ in server.seen] == [True, None]


async def test_updates_are_fetched_raw(gateway: Gateway, server: Server) -> None:
    server.answers(yes([{"update_id": 1, "odd": {}}, "broken"]), yes([]), yes({}))
    kinds: dict[str, Any] = {"timeout_s": 1, "allowed": ["message", "channel_post"]}
    assert await gateway.get_updates(TOKEN, offset=7, **kinds) == [{"update_id": 1, "odd": {}}]
    assert server.seen[0][1] == {"offset": 7, "timeout": 1, "allowed_updates": ["message", "channel_post"]}
    assert await gateway.get_updates(TOKEN, offset=None, **kinds) == []
    assert "offset" not in server.seen[1][1]
    assert isinstance(await fault_of(gateway.get_updates(TOKEN, offset=None, **kinds)), Ambiguous)


async def test_a_long_poll_outlasts_an_ordinary_call(gateway: Gateway, server: Server) -> None:
    server.answers(HANG)
    polling = asyncio.create_task(gateway.get_updates(TOKEN, offset=None, timeout_s=50, allowed=["message"]))
    done, _ = await asyncio.wait({polling}, timeout=0.8)
    assert not done
    polling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await polling


async def test_deleting_twice_is_deleting(gateway: Gateway, server: Server) -> None:
    server.answers(yes(True), no(400, "Bad Request: message to delete not found"))
    await gateway.delete_message(TOKEN, chat_id=GROUP_ID, message_id=901)
    await gateway.delete_message(TOKEN, chat_id=GROUP_ID, message_id=901)


async def test_an_edit_that_changes_nothing_is_proof_of_life(gateway: Gateway, server: Server) -> None:
    server.answers(
        no(
            400,
            "Bad Request: message is not modified: specified new message content and reply markup are "
            "exactly the same as a current content and reply markup of the message",
        )
    )
    edit = gateway.edit_message(TOKEN, chat_id=GROUP_ID, message_id=901, html="Hi")
    assert isinstance(await fault_of(edit), NotModified)


async def test_slow_down_and_refusals_come_through(gateway: Gateway, server: Server) -> None:
    server.answers(no(429, "Too Many Requests: retry after 9", retry_after=9), no(400, "Bad Request: TOPIC_CLOSED"))
    slow = await fault_of(comment(gateway))
    assert isinstance(slow, SlowDown)
    assert slow.retry_after == 9
    assert isinstance(await fault_of(comment(gateway)), RefusedMessage)


LOST = {
    "closed before reading": SLAM,
    "closed after reading": DROP,
    "no answer in time": HANG,
    "half a head": b"HTTP/1.1 200 OK\r\nContent-Le" + THEN_CLOSE,
    "half a body": b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{" + THEN_CLOSE,
    "half a body and silence": b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{",
    "no HTTP": b"Hello, who is there?\r\n\r\n" + THEN_CLOSE,
    "a broken encoding": said(b"not gzip", more="Content-Encoding: gzip\r\n"),
    "a web page": said(b"<html><h1>502 Bad Gateway</h1></html>", http=502),
    "a web page with 200": said(b"<html>welcome</html>"),
    "a restart": no(500, "Internal Server Error: restart"),
    "a gateway's timeout": said(b"", http=504),
    "no JSON": said(b'{"ok": tr'),
    "another address": said(b"", http=302, more="Location: /elsewhere\r\n"),
    "a yes without a message": yes(True),
}


@pytest.mark.parametrize("how", LOST)
async def test_a_lost_answer_is_ambiguous_and_nothing_is_asked_twice(
    how: str, gateway: Gateway, server: Server
) -> None:
    server.answers(LOST[how])
    fault = await fault_of(comment(gateway))
    assert type(fault) is Ambiguous
    assert not nothing_was_sent(fault)
    assert len(server.seen) <= 1
    assert server.connections == 1


async def test_a_request_on_a_connection_that_dies_is_not_repeated(gateway: Gateway, server: Server) -> None:
    server.answers(yes(COMMENT), DROP, yes(COMMENT))
    await comment(gateway)
    assert isinstance(await fault_of(comment(gateway)), Ambiguous)
    assert [connection for _, _, connection in server.seen] == [1, 1]


async def test_a_connection_closed_while_idle_is_not_used_again(gateway: Gateway, server: Server) -> None:
    server.answers(*[yes(COMMENT) + THEN_CLOSE] * 3)
    for _ in range(3):
        await comment(gateway)
        await until_the_close_arrives()
    assert [connection for _, _, connection in server.seen] == [1, 2, 3]


async def until_the_close_arrives() -> None:
    await asyncio.sleep(0.05)


def closed_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@pytest.fixture
async def nowhere() -> AsyncIterator[Callable[[str], Gateway]]:
    made: list[Gateway] = []

    def make(base: str) -> Gateway:
        made.append(Gateway(base, call_timeout_s=2.0, connect_timeout_s=0.3))
        return made[-1]

    yield make
    for gateway in made:
        await gateway.aclose()


type Nowhere = Callable[[str], Gateway]


async def test_nobody_listening_means_nothing_was_sent(nowhere: Nowhere) -> None:
    fault = await fault_of(comment(nowhere(f"http://127.0.0.1:{closed_port()}")))
    assert type(fault) is NotSent
    assert nothing_was_sent(fault)
    assert fault.http is None


async def test_a_name_that_does_not_resolve_means_nothing_was_sent(nowhere: Nowhere) -> None:
    assert type(await fault_of(comment(nowhere("http://telegram.invalid")))) is NotSent


async def test_an_address_that_is_none_means_nothing_was_sent(nowhere: Nowhere) -> None:
    assert type(await fault_of(comment(nowhere("http://")))) is NotSent


async def test_a_failed_handshake_means_nothing_was_sent(nowhere: Nowhere, server: Server) -> None:
    server.answers(SLAM)
    assert type(await fault_of(comment(nowhere(server.base.replace("http", "https"))))) is NotSent


async def test_a_door_that_never_opens_means_nothing_was_sent(nowhere: Nowhere) -> None:
    with socket.socket() as full, socket.socket() as first, socket.socket() as second:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        for waiting in (first, second):
            waiting.setblocking(False)
            waiting.connect_ex(full.getsockname())
        gateway = nowhere(f"http://127.0.0.1:{full.getsockname()[1]}")
        assert type(await fault_of(comment(gateway))) is NotSent


async def test_no_free_place_means_nothing_was_sent(server: Server) -> None:
    gateway = Gateway(server.base, limit=1, call_timeout_s=5.0, connect_timeout_s=0.2)
    server.answers(HANG)
    first = asyncio.create_task(comment(gateway))
    await server.asked.wait()
    async with asyncio.timeout(2):
        assert type(await fault_of(comment(gateway))) is NotSent
    first.cancel()
    await asyncio.wait({first})
    await gateway.aclose()
    assert len(server.seen) == 1


async def test_a_call_cancelled_after_it_began_to_leave_is_uncertain(gateway: Gateway, server: Server) -> None:
    server.answers(HANG)
    sending = asyncio.create_task(comment(gateway))
    await server.asked.wait()
    sending.cancel()
    with pytest.raises(asyncio.CancelledError) as caught:
        await sending
    assert not nothing_was_sent(caught.value)


async def test_a_call_cancelled_while_it_waits_for_its_place_sent_nothing(server: Server) -> None:
    gateway = Gateway(server.base, limit=1)
    server.answers(HANG)
    first = asyncio.create_task(comment(gateway))
    await server.asked.wait()
    second = asyncio.create_task(certainty_of(comment(gateway)))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    second.cancel()
    assert await second
    first.cancel()
    await asyncio.wait({first})
    await gateway.aclose()


async def certainty_of(call: Awaitable[object]) -> bool:
    try:
        await call
    except asyncio.CancelledError as stopped:
        return nothing_was_sent(stopped)
    raise AssertionError("it was to be cancelled")


async def test_closing_ends_running_calls_and_a_later_call_opens_again(gateway: Gateway, server: Server) -> None:
    server.answers(HANG, yes(COMMENT))
    running = asyncio.create_task(fault_of(comment(gateway)))
    await server.asked.wait()
    await gateway.aclose()
    assert type(await running) is Ambiguous
    assert (await comment(gateway)).message_id == 901


@pytest.mark.parametrize("token", ["", "1", "1:", "x:y", "1:a/../../x", "1:a?b=", "1:a\n", "1:й"])
async def test_what_is_no_token_is_never_sent(token: str, gateway: Gateway, server: Server) -> None:
    fault = await fault_of(gateway.get_me(Secret(token)))
    assert isinstance(fault, RefusedBot)
    assert fault.reason == "token_invalid"
    assert server.connections == 0


ECHOES = {
    "by a proxy": said(f"<html>GET /bot{TOKEN.reveal()}/sendMessage failed</html>".encode(), http=502),
    "by Telegram": no(400, f"Bad Request: {TOKEN.reveal()}"),
    "by a closed door": SLAM,
    "by silence": HANG,
    "by nonsense": b"/bot" + TOKEN.reveal().encode() + b" HTTP\r\n\r\n" + THEN_CLOSE,
}


@pytest.mark.parametrize("how", ECHOES)
async def test_no_fault_and_no_log_line_shows_the_token(
    how: str, gateway: Gateway, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.answers(ECHOES[how])
    fault = await fault_of(comment(gateway))
    assert fault.__cause__ is None
    assert fault.__context__ is None
    shown = "".join(traceback.format_exception(fault)) + repr(fault) + repr(vars(fault)) + caplog.text
    assert TOKEN.reveal().partition(":")[2] not in shown


SPECIFICATION = Path(__file__).parents[4] / "tgsandbox/data/bot-api-10.3.json"
LOOK = Look(((Button("Go", url="https://example.org"),),), link_preview=False, silent=True)
CALLS: list[tuple[str, object, Callable[[Gateway], Awaitable[object]]]] = [
    ("getMe", BOT, lambda g: g.get_me(TOKEN)),
    ("getUpdates", [], lambda g: g.get_updates(TOKEN, offset=1, timeout_s=1, allowed=["message"])),
    ("getChat", GROUP, lambda g: g.get_chat(TOKEN, GROUP_ID)),
    ("getChatMember", {"status": "member", "user": BOT}, lambda g: g.get_chat_member(TOKEN, chat_id=1, user_id=2)),
    ("sendMessage", COMMENT, lambda g: g.send_comment(TOKEN, chat_id=1, root_id=2, html="a", look=LOOK)),
    ("sendMessage", COMMENT, lambda g: g.send_message(TOKEN, chat_id=1, html="a", look=LOOK)),
    ("editMessageText", COMMENT, lambda g: g.edit_message(TOKEN, chat_id=1, message_id=2, html="a", look=LOOK)),
    ("answerCallbackQuery", True, lambda g: g.answer_callback(TOKEN, callback_id="1", text="a", alert=True)),
    ("deleteMessage", True, lambda g: g.delete_message(TOKEN, chat_id=1, message_id=2)),
    ("pinChatMessage", True, lambda g: g.pin_message(TOKEN, chat_id=1, message_id=2, silent=True)),
    ("editMessageReplyMarkup", COMMENT, lambda g: g.stands(TOKEN, chat_id=1, message_id=2)),
    ("sendChatAction", True, lambda g: g.send_typing(TOKEN, chat_id=1)),
    ("deleteWebhook", True, lambda g: g.delete_webhook(TOKEN)),
]


@pytest.mark.parametrize(("method", "result", "call"), CALLS, ids=[f"{n} {row[0]}" for n, row in enumerate(CALLS)])
async def test_every_call_is_one_that_telegram_has(
    method: str, result: object, call: Callable[[Gateway], Awaitable[object]], gateway: Gateway, server: Server
) -> None:
    server.answers(yes(result))
    await call(gateway)
    path, asked, _ = server.seen[0]
    assert path.endswith(f"/{method}")
    known = json.loads(SPECIFICATION.read_text("utf-8"))["methods"][method]["params"]
    assert set(asked) <= set(known)
    assert {name for name, told in known.items() if told["required"]} <= set(asked)


async def test_a_photo_goes_as_a_file_and_the_token_stays_hidden() -> None:
    async with a_sandbox_bot() as (gateway, token):
        assert await gateway.get_photo(token) is None
        await gateway.set_photo(token, jpeg(640, 640))
        assert await gateway.get_photo(token)
        with pytest.raises(RefusedMessage, match="IMAGE_PROCESS_FAILED") as caught:
            await gateway.set_photo(token, b"GIF89a")
        assert token.reveal() not in str(caught.value)
        await gateway.remove_photo(token)
        assert await gateway.get_photo(token) is None


async def test_a_profile_is_written_and_read_by_language() -> None:
    async with a_sandbox_bot() as (gateway, token):
        await gateway.set_profile_text(token, "name", "City", language="")
        await gateway.set_profile_text(token, "description", "Город", language="ru")
        await gateway.set_commands(token, [Command("start", "Begin")], language="ru")
        assert await gateway.get_profile_text(token, "name", language="ru") == "City"
        assert await gateway.get_profile_text(token, "description", language="") == ""
        assert await gateway.get_profile_text(token, "description", language="ru") == "Город"
        assert await gateway.get_commands(token, language="ru") == (Command("start", "Begin"),)
        await gateway.set_commands(token, [], language="ru")
        assert await gateway.get_commands(token, language="ru") == ()


@asynccontextmanager
async def a_sandbox_bot() -> AsyncIterator[tuple[Gateway, Secret]]:
    sandbox = await start()
    async with aiohttp.ClientSession() as session:
        body = {"name": "City", "username": "city_bot"}
        async with session.post(f"{sandbox.url}/sandbox/bots", json=body) as answer:
            token = (await answer.json())["result"]["token"]
    gateway = Gateway(sandbox.url)
    yield gateway, Secret(token)
    await gateway.aclose()
    await sandbox.stop()


@pytest.mark.parametrize("result", [None, [], {"name": 1}, {"photos": [[]]}, {"photos": 3}, ["start"]])
async def test_a_profile_that_cannot_be_read_is_no_profile(server: Server, gateway: Gateway, result: object) -> None:
    server.answers(yes(result), yes(result), yes(result))
    with pytest.raises(Ambiguous):
        await gateway.get_profile_text(TOKEN, "name", language="")
    if result != []:
        with pytest.raises(Ambiguous):
            await gateway.get_commands(TOKEN, language="")
    with pytest.raises(Ambiguous):
        await gateway.get_photo(TOKEN)
