"""What Telegram's refusals and lost answers mean for a sender; sorted by one table, `errors.json`.

The question every sender asks first is `nothing_sent`: may the same thing be tried again without saying it twice?
"""

import asyncio
import json
import re
from importlib.resources import files
from typing import Any

from tgac.kit.secrets import mask

NOTHING_WAS_SENT = "nothing had been sent"
BY_PROXY = "proxy"
"""The reason of a NotSent whose call did not get through the bot's proxy."""


class Fault(Exception):
    """A call to Telegram that did not give its result.

    `code` is stable (snake_case); `reason` is a narrower stable word or ""; `description` is Telegram's own text
    without secrets; `http` is the status, None when no answer came; `unknown` says that the text stands in no table:
    tell a person.
    `nothing_sent` says that Telegram certainly did not do what was asked.
    """

    code = "fault"
    nothing_sent = True

    def __init__(
        self, *, method: str, http: int | None, description: str, reason: str = "", unknown: bool = False
    ) -> None:
        super().__init__()
        self.method = method
        self.http = http
        self._text = mask("".join(c if c.isprintable() else " " for c in description[:5000]))
        self.reason = reason
        self.unknown = unknown

    def __str__(self) -> str:
        return f"{self.method}: {self.code} ({self.http or 'no answer'}) {self.description}".rstrip()

    @property
    def description(self) -> str:
        """What Telegram wrote: printable, ≤ 300 characters, without secrets."""
        return self._text[:300]

    def hide(self, secret: str) -> None:
        """Take a secret out of the description, whatever shape it has; of a token also the half after the colon."""
        self._text = self._text.replace(secret, "***").replace(secret.partition(":")[2] or secret, "***")


class SlowDown(Fault):
    """429: not done; ask again after `retry_after` seconds (at least 1). Slow mode comes as this too."""

    code = "slow_down"

    def __init__(self, *, retry_after: int, **told: Any) -> None:
        super().__init__(**told)
        self.retry_after = retry_after


class NotSent(Fault):
    """Telegram was not reached: not one byte of the request left. It may be tried again."""

    code = "not_sent"


class Ambiguous(Fault):
    """The request may have been carried out: the answer is lost or says nothing. Never try again by itself."""

    code = "ambiguous"
    nothing_sent = False


class RefusedMessage(Fault):
    """This message will not do; another one in the same chat may."""

    code = "message_refused"


class RefusedChat(Fault):
    """Nothing can be done in this chat until a person changes something there."""

    code = "chat_refused"


class RefusedBot(Fault):
    """The bot itself is shut out: revoked token, frozen, logged out."""

    code = "bot_refused"


class NotModified(Fault):
    """An edit that changes nothing: the message stands and it is ours."""

    code = "not_modified"


class DeletedAtOnce(Fault):
    """It was posted and removed in the same moment (a guard bot). Never again; tell the owner."""

    code = "deleted_at_once"
    nothing_sent = False


class Migrated(Fault):
    """The group is a supergroup: ask again with `new_chat_id` (None if Telegram did not tell it)."""

    code = "migrated"

    def __init__(self, *, new_chat_id: int | None, **told: Any) -> None:
        super().__init__(**told)
        self.new_chat_id = new_chat_id


class Conflicted(Fault):
    """409: somebody else reads this bot's updates, or (reason `webhook_active`) a webhook does."""

    code = "conflict"


class Bug(Fault):
    """We asked in a wrong way; nothing was done. Treat the message as refused and tell a person."""

    code = "bug"


BY_CLASS: dict[str, type[Fault]] = {
    "permanent_message": RefusedMessage,
    "permanent_chat": RefusedChat,
    "permanent_bot": RefusedBot,
    "ambiguous": Ambiguous,
    "bug": Bug,
}
BY_REASON: dict[str, type[Fault]] = {"not_modified": NotModified, "deleted_at_once": DeletedAtOnce}
BY_STATUS: dict[int, type[Fault]] = {401: RefusedBot, 403: RefusedChat, 404: Bug, 409: Conflicted}

_ROWS: list[dict[str, Any]] = [
    row
    for row in json.loads(files("tgac.kit.telegram").joinpath("errors.json").read_text("utf-8"))["errors"]
    if "net" not in row
]
_EXACT = {(row["http"], row["desc"]): row for row in _ROWS if not row["desc"].startswith("^")}
_PATTERNS = [(row["http"], re.compile(row["desc"], re.DOTALL), row) for row in _ROWS if row["desc"].startswith("^")]


def nothing_was_sent(error: BaseException) -> bool:
    """Whether it is certain, after this error out of the gateway, that Telegram did nothing.

    A cancelled call is certain only while its request had not begun to leave; of any other error nothing is known.
    """
    if isinstance(error, Fault):
        return error.nothing_sent
    return isinstance(error, asyncio.CancelledError) and NOTHING_WAS_SENT in getattr(error, "__notes__", ())


def sort_answer(*, method: str, http: int, body: bytes | dict[str, Any] | None) -> Any:
    """The `result` of Telegram's answer to `method`, or the Fault that it means.

    `body` is what came, raw or decoded. Everything that is not plainly Telegram's own yes or no is Ambiguous.
    Deleting what is deleted already is a success (True).
    """
    answer = body if isinstance(body, dict) else _decoded(body or b"")
    if answer is None or not isinstance(answer.get("ok"), bool):
        raise Ambiguous(method=method, http=http, description=f"HTTP {http} with {_seen(body)}")
    if not answer["ok"]:
        return _refusal(answer, method=method, http=http)
    if http != 200 or "result" not in answer:
        raise Ambiguous(method=method, http=http, description="an answer without a result")
    return answer["result"]


def _decoded(body: bytes) -> dict[str, Any] | None:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _seen(body: bytes | dict[str, Any] | None) -> str:
    """What came instead of an answer. It is not quoted: a proxy's page says nothing to the reader of a sentence."""
    if not body:
        return "no answer"
    if isinstance(body, dict) or body.lstrip()[:1] in (b"{", b"["):
        return "data that is no answer of Telegram's"
    return "a page instead of Telegram's answer" if body.lstrip()[:1] == b"<" else "something else than an answer"


def _refusal(answer: dict[str, Any], *, method: str, http: int) -> Any:
    """Raise the fault of an answer with `ok` false; True for what is done already."""
    status = http if http != 200 else _number(answer.get("error_code")) or http
    description = str(answer.get("description") or "")
    row = _row(status, description)
    reason = (row or {}).get("reason", "")
    if reason == "already_deleted" and method == "deleteMessage":
        return True
    told = {"method": method, "http": status, "description": description, "reason": reason}
    parameters = answer.get("parameters")
    raise _fault(row, told=told, parameters=parameters if isinstance(parameters, dict) else {})


def _row(status: int, description: str) -> dict[str, Any] | None:
    if exact := _EXACT.get((status, description)):
        return exact
    return next((row for http, shape, row in _PATTERNS if http == status and shape.match(description)), None)


def _fault(row: dict[str, Any] | None, *, told: dict[str, Any], parameters: dict[str, Any]) -> Fault:
    if told["http"] == 429:
        return SlowDown(retry_after=_retry_after(parameters, told["description"]), **told)
    if told["http"] == 409:
        return Conflicted(**told, unknown=row is None)
    if row is None:
        return _unknown(told["http"])(**told, unknown=True)
    if row["class"] == "resend_ok":
        return Migrated(new_chat_id=_number(parameters.get("migrate_to_chat_id")), **told)
    kind = BY_REASON.get(told["reason"]) or BY_CLASS.get(row["class"], RefusedMessage)
    return kind(**told)


def _unknown(status: int) -> type[Fault]:
    """The class of a text that stands in no table. A 4xx is Telegram's no: it did nothing."""
    if 400 <= status < 500:
        return BY_STATUS.get(status, RefusedMessage)
    return Ambiguous


def _retry_after(parameters: dict[str, Any], description: str) -> int:
    """Seconds to wait: as told, else out of the text, at least 1."""
    in_text = re.search(r"retry after (\d{1,9})", description)
    return max(1, _number(parameters.get("retry_after")) or (int(in_text[1]) if in_text else 1))


def _number(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
