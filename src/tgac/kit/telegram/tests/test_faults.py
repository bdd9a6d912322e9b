"""Every answer of Telegram means one thing to a sender."""

import asyncio
import json
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tgac.kit.telegram.faults import (
    NOTHING_WAS_SENT,
    Ambiguous,
    Conflicted,
    Fault,
    Migrated,
    RefusedBot,
    RefusedChat,
    RefusedMessage,
    SlowDown,
    nothing_was_sent,
    sort_answer,
)

ROWS = json.loads(files("tgac.kit.telegram").joinpath("errors.json").read_text("utf-8"))["errors"]
CODES = {
    "retry": "slow_down",
    "retry_later": "conflict",
    "resend_ok": "migrated",
    "permanent_message": "message_refused",
    "permanent_chat": "chat_refused",
    "permanent_bot": "bot_refused",
    "ambiguous": "ambiguous",
    "bug": "bug",
}
SPECIAL = {
    "message is not modified": "not_modified",
    "immediately deleted": "deleted_at_once",
    "webhook is active": "conflict",
}
SAMPLES = {
    r"(_\d+)?": "_5",
    r"\d+": "17",
    "[A-Z_]+": "BOUNDS_INVALID",
    "[A-Z]+": "PLAIN",
    "(supergroup|channel|group)": "supergroup",
    "(Bad Gateway|<html)": "Bad Gateway",
    ".*": "text messages",
}


def an_example_of(pattern: str) -> str:
    """A text that the pattern of a row fits."""
    if not pattern.startswith("^"):
        return pattern
    text = pattern.removeprefix("^").removesuffix("$")
    for shape, sample in SAMPLES.items():
        text = text.replace(shape, sample)
    assert re.match(pattern, text)
    return text


def refused(http: int, description: str, *, method: str = "sendMessage", **parameters: Any) -> Fault:
    body = {"ok": False, "error_code": http, "description": description, "parameters": parameters}
    with pytest.raises(Fault) as caught:
        sort_answer(method=method, http=http, body=json.dumps(body).encode())
    return caught.value


SANDBOX = Path(__file__).parents[4] / "tgsandbox/data/errors.json"
REFUSALS = [
    row for row in ROWS if "net" not in row and (row["http"] != 200 and "to delete not found" not in row["desc"])
]


def test_the_table_knows_whatever_the_sandbox_says() -> None:
    ours = {(row["http"], row["desc"]): row["class"] for row in ROWS if "net" not in row}
    said = {
        (row["http"], row["desc"]): row["class"]
        for row in json.loads(SANDBOX.read_text("utf-8"))["errors"]
        if "net" not in row
    }
    assert said.items() <= ours.items()


@pytest.mark.parametrize("row", REFUSALS, ids=lambda row: f"{row['http']} {row['desc'][:60]}")
def test_every_row_of_the_table_is_sorted(row: dict[str, Any]) -> None:
    fault = refused(row["http"], an_example_of(row["desc"]))
    special = next((code for text, code in SPECIAL.items() if text in row["desc"]), None)
    assert fault.code == (special or CODES[row["class"]])
    assert fault.http == row["http"]
    assert not fault.unknown
    assert fault.method == "sendMessage"
    assert fault.reason == row.get("reason", "")


@pytest.mark.parametrize("row", REFUSALS, ids=lambda row: f"{row['http']} {row['desc'][:60]}")
def test_only_lost_answers_and_removed_messages_may_have_been_sent(row: dict[str, Any]) -> None:
    fault = refused(row["http"], an_example_of(row["desc"]))
    assert nothing_was_sent(fault) is (row["http"] < 500)


def test_a_good_answer_gives_its_result() -> None:
    assert sort_answer(method="getMe", http=200, body=b'{"ok": true, "result": {"id": 1}}') == {"id": 1}


def test_deleting_what_is_gone_is_done() -> None:
    body = {"ok": False, "error_code": 400, "description": "Bad Request: message to delete not found"}
    assert sort_answer(method="deleteMessage", http=400, body=body) is True


def test_only_deleting_takes_gone_for_done() -> None:
    assert refused(400, "Bad Request: message to delete not found").code == "message_refused"


NOT_TELEGRAM = [None, b"", b"<html>502</html>", b"[]", b"null", b"{", b"\xff\xfe", b"[" * 100_000, b"{}", b'{"ok": 1}']
HALF_TELEGRAM = [b'{"ok": true}', b'{"result": {}}', b'{"ok": "true", "result": {}}']


@pytest.mark.parametrize("body", [*NOT_TELEGRAM, *HALF_TELEGRAM], ids=lambda body: repr(body)[:30])
@pytest.mark.parametrize("http", [200, 301, 404, 413, 502])
def test_what_is_not_telegrams_own_answer_is_ambiguous(http: int, body: bytes | None) -> None:
    with pytest.raises(Ambiguous):
        sort_answer(method="sendMessage", http=http, body=body)


@pytest.mark.parametrize("http", [201, 301, 400, 502])
def test_a_yes_with_another_status_than_200_is_ambiguous(http: int) -> None:
    with pytest.raises(Ambiguous):
        sort_answer(method="sendMessage", http=http, body={"ok": True, "result": {}})


@pytest.mark.parametrize(
    ("parameters", "text", "seconds"),
    [
        ({"retry_after": 7}, "Too Many Requests: retry after 5", 7),
        ({}, "Too Many Requests: retry after 5", 5),
        ({"retry_after": "7"}, "Too Many Requests", 1),
        ({"retry_after": 0}, "Too Many Requests: retry after 0", 1),
        ({"retry_after": -4}, "Too Many Requests", 1),
        ({"retry_after": True}, "Too Many Requests: retry after 3", 3),
    ],
)
def test_slow_down_says_how_long(parameters: dict[str, Any], text: str, seconds: int) -> None:
    fault = refused(429, text, **parameters)
    assert isinstance(fault, SlowDown)
    assert fault.retry_after == seconds


def test_an_upgraded_group_tells_its_id() -> None:
    text = "Bad Request: group chat was upgraded to a supergroup chat"
    fault = refused(400, text, migrate_to_chat_id=-1001234567890)
    assert isinstance(fault, Migrated)
    assert fault.new_chat_id == -1001234567890


@pytest.mark.parametrize(
    ("http", "kind"),
    [
        (400, RefusedMessage),
        (401, RefusedBot),
        (403, RefusedChat),
        (406, RefusedMessage),
        (409, Conflicted),
        (500, Ambiguous),
    ],
)
def test_an_unknown_text_is_sorted_by_its_status(http: int, kind: type[Fault]) -> None:
    assert type(refused(http, "Bad Request: NEVER_HEARD_OF")) is kind


def test_an_unknown_refusal_asks_for_a_person() -> None:
    assert refused(400, "Bad Request: NEVER_HEARD_OF").unknown


def test_a_refusal_behind_a_status_of_200_is_read_by_its_error_code() -> None:
    body = {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked by the user"}
    with pytest.raises(RefusedChat) as caught:
        sort_answer(method="sendMessage", http=200, body=body)
    assert caught.value.reason == "blocked"


def test_a_fault_never_shows_a_token() -> None:
    token = "123456789:AAFakeFakeFakeFakeFakeFakeFakeFake12"
    fault = refused(400, f"Bad Request: {token} is odd")
    assert token not in f"{fault} {fault!r} {fault.description} {fault.args}"


def test_a_description_can_be_stored_whatever_came() -> None:
    fault = refused(400, "Bad Request:\n\x00\ud800 \u202e" + "long " * 1000)
    assert fault.description.isprintable()
    assert len(fault.description) == 300


def test_a_fault_hides_a_secret_of_any_shape_and_no_half_of_it_is_left() -> None:
    fault = Ambiguous(method="getMe", http=502, description="x" * 290 + " bot1:shortshortshort")
    fault.hide("1:shortshortshort")
    assert "1:sh" not in str(fault)


def test_a_cancelled_call_is_certain_only_when_the_gateway_says_so() -> None:
    plain, certain = asyncio.CancelledError(), asyncio.CancelledError()
    certain.add_note(NOTHING_WAS_SENT)
    assert not nothing_was_sent(plain)
    assert nothing_was_sent(certain)
    assert not nothing_was_sent(ValueError())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
ANSWERS = st.fixed_dictionaries(
    {},
    optional={"ok": st.booleans() | JSON, "result": JSON, "error_code": JSON, "description": JSON, "parameters": JSON},
)


@settings(deadline=None)
@given(http=st.sampled_from([200, 302, 400, 403, 409, 429, 500, 502]), body=st.binary() | ANSWERS)
def test_any_answer_gives_a_result_or_a_fault(http: int, body: bytes | dict[str, Any]) -> None:
    assert len(str(outcome(http, body))) < 400 or http == 200


def outcome(http: int, body: bytes | dict[str, Any]) -> Any:
    try:
        return sort_answer(method="sendMessage", http=http, body=body)
    except Fault as fault:
        return fault
