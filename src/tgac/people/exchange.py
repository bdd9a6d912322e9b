"""Calls between the project's own processes: on this machine only, signed, fresh, once.

Signed is HMAC-SHA256 (hex) over `timestamp \\n nonce \\n body` under SERVICE_SECRET, or under a key derived from the
key ring where none is set. Whoever fails in any of this hears the same answer.
"""

import hashlib
import hmac
import re
from datetime import timedelta
from typing import Final

from fastapi import Request
from sqlalchemy import delete

from tgac.kit.act import Act
from tgac.kit.config import Config
from tgac.kit.errors import AppError, Conflict, NotFound, Refused
from tgac.kit.secrets import Keys, same
from tgac.kit.tenancy import NO_PROJECT
from tgac.kit.web.deps import ToolsDep
from tgac.kit.web.i18n import _
from tgac.people.models import UsedNonce

TIMESTAMP: Final = "x-tgac-timestamp"
NONCE: Final = "x-tgac-nonce"
SIGNATURE: Final = "x-tgac-signature"
WINDOW: Final = timedelta(seconds=30)
_NONCE: Final = re.compile(r"[A-Za-z0-9_-]{16,64}")
_TIMESTAMP: Final = re.compile(r"[0-9]{1,12}")
_LOOPBACK: Final = ("127.0.0.1", "::1")
_FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-real-ip", "x-forwarded-host", "via")


def service_signature(config: Config, keys: Keys, *, timestamp: str, nonce: str, body: bytes) -> str:
    """The signature of a call, `timestamp` in whole seconds since 1970."""
    data = _signed(timestamp, nonce, body)
    if config.service_secret is None:
        return keys.sign("service", data)
    return hmac.new(config.service_secret.reveal().encode(), data, hashlib.sha256).hexdigest()


async def signed_call(request: Request, tools: ToolsDep) -> None:
    """Let pass what the project's own processes send. Raises NotFound from elsewhere, Refused for what is not right."""
    if not _is_local(request):
        raise NotFound(_("There is nothing here, or it is not yours."))
    timestamp, nonce, signature = (request.headers.get(name, "") for name in (TIMESTAMP, NONCE, SIGNATURE))
    if not (_TIMESTAMP.fullmatch(timestamp) and _NONCE.fullmatch(nonce)):
        raise _refusal()
    body = await request.body()
    if not _fits(tools.config, tools.keys, _signed(timestamp, nonce, body), signature):
        raise _refusal()
    if abs(tools.clock.now().timestamp() - int(timestamp)) > WINDOW.total_seconds():
        raise _refusal()
    try:
        async with tools.acting(None, NO_PROJECT) as act:
            await _use_up(act, nonce)
    except Conflict:
        raise _refusal() from None


def _is_local(request: Request) -> bool:
    there = request.client.host if request.client else ""
    return there in _LOOPBACK and not any(name in request.headers for name in _FORWARDED)


def _fits(config: Config, keys: Keys, data: bytes, signature: str) -> bool:
    if config.service_secret is None:
        return keys.verify("service", data, signature)
    good = hmac.new(config.service_secret.reveal().encode(), data, hashlib.sha256).hexdigest()
    return same(good, signature)


def _signed(timestamp: str, nonce: str, body: bytes) -> bytes:
    return f"{timestamp}\n{nonce}\n".encode() + body


async def _use_up(act: Act, nonce: str) -> None:
    """Raises Conflict for a nonce that was used before."""
    await act.session.execute(delete(UsedNonce).where(UsedNonce.used_at < act.now - 4 * WINDOW))
    act.session.add(UsedNonce(nonce=nonce, used_at=act.now))
    await act.flush()


def _refusal() -> AppError:
    return Refused(_("This call is not signed as it must be."), code="bad_signature")
