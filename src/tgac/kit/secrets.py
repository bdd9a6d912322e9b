"""Secrets: held without showing, sealed at rest, signed, compared in constant time, masked in what is written."""

import base64
import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

_BOT_TOKEN = re.compile(r"(?<!\d)(\d{5,16}):[A-Za-z0-9_-]{30,}")
_BEARER = re.compile(r"(tgac_)[A-Za-z0-9_-]{20,}")


class Secret:
    """A value that is never shown: neither `str`, `repr` nor a log line gives it away; `reveal()` does."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself. Call it at the last moment, where it leaves."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(***)"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and hmac.compare_digest(self._value.encode(), other._value.encode())

    def __hash__(self) -> int:
        return hash(self._value)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        made = core_schema.no_info_after_validator_function(cls, core_schema.str_schema())
        return core_schema.union_schema([core_schema.is_instance_schema(cls), made])


class Keys:
    """The key ring: Fernet master keys, newest first. Everything is done with a key derived for its purpose."""

    def __init__(self, masters: Sequence[Secret]) -> None:
        self._masters = [base64.urlsafe_b64decode(master.reveal()) for master in masters]

    def _derived(self, master: bytes, purpose: str) -> bytes:
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=f"tgac:{purpose}".encode()).derive(master)

    def _ring(self, context: str) -> MultiFernet:
        keys = (self._derived(master, f"seal:{context}") for master in self._masters)
        return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in keys])

    def seal(self, plain: Secret, context: str) -> str:
        """Encrypt for one place (`context`: table, column, project, row); it opens nowhere else."""
        return self._ring(context).encrypt(plain.reveal().encode()).decode()

    def open(self, sealed: str, context: str) -> Secret:
        """Decrypt what `seal` gave for the same context. Raises ValueError when it was moved, damaged or is foreign."""
        try:
            return Secret(self._ring(context).decrypt(sealed.encode()).decode())
        except InvalidToken:
            raise ValueError("this sealed value does not belong here, or its key is gone") from None

    def sign(self, purpose: str, data: bytes) -> str:
        """An HMAC-SHA256 of `data` (hex) under the newest key."""
        return hmac.new(self._derived(self._masters[0], f"sign:{purpose}"), data, hashlib.sha256).hexdigest()

    def verify(self, purpose: str, data: bytes, signature: str) -> bool:
        """Whether any key of the ring gave this signature; in constant time."""
        found = False
        for master in self._masters:
            good = hmac.new(self._derived(master, f"sign:{purpose}"), data, hashlib.sha256).hexdigest()
            found |= same(good, signature)
        return found


def new_secret(size: int = 32) -> str:
    """A fresh random value of `size` bytes, safe in URLs."""
    return secrets.token_urlsafe(size)


def new_number(digits: int) -> str:
    """A random number with exactly so many digits, leading zeros kept."""
    return str(secrets.randbelow(10**digits)).zfill(digits)


def new_master_key() -> str:
    """A fresh master key for SESSION_SECRET_KEY."""
    return Fernet.generate_key().decode()


def hash_secret(value: str) -> str:
    """SHA-256 (hex). Enough for values with 128 bits of chance and more; never for what a person chose."""
    return hashlib.sha256(value.encode()).hexdigest()


def same(one: str, other: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(one.encode(), other.encode())


def mask(text: str) -> str:
    """The text without bot tokens and API tokens, for logs and answers."""
    return _BEARER.sub(r"\1***", _BOT_TOKEN.sub(r"\1:***", text))
