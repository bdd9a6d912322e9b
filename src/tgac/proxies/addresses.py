"""A proxy's address as people write it, read and put into one shape."""

import re
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import unquote

from tgac.kit.errors import Invalid
from tgac.kit.net import is_public, literal_address
from tgac.kit.telegram.types import Scheme
from tgac.kit.web.i18n import _

_LINE: Final = re.compile(
    r"(?P<scheme>[a-z0-9+.-]+)://"
    r"(?:(?P<username>[^:@/\s]*)(?::(?P<password>\S*))?@)?"
    r"(?P<host>\[[^\]\s]+\]|[^:@/\s\[\]]+):(?P<port>[0-9]{1,5})/?",
    re.IGNORECASE | re.ASCII,
)
_NAME: Final = re.compile(r"(?=.{1,253}\Z)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*")
_SCHEMES: Final[dict[str, Scheme]] = {"http": "http", "socks5": "socks5", "socks5h": "socks5"}
MAX_PART: Final = 255
"""Bytes of a username and of a password: more does not fit into SOCKS5 (RFC 1929)."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a proxy is and what signs in there."""

    scheme: Scheme
    host: str
    port: int
    username: str = ""
    password: str = field(default="", repr=False)

    @property
    def key(self) -> tuple[str, str, int, str]:
        """What makes two proxies of a project the same."""
        return self.scheme, self.host, self.port, self.username


def read_line(line: str, *, allow_private: bool) -> Address:
    """The address in `scheme://user:password@host:port`, percent-encoding taken off. Raises Invalid."""
    found = _LINE.fullmatch(line.strip())
    if found is None:
        raise Invalid(_("Write it as scheme://user:password@host:port, for example socks5://proxy.example.com:1080."))
    scheme = found["scheme"].lower()
    if scheme == "https":
        raise Invalid(_("A proxy that is itself reached by https cannot be used: write http:// or socks5://."))
    if scheme not in _SCHEMES:
        raise Invalid(_("Only http and socks5 proxies can be used."))
    username, password = unquote(found["username"] or ""), unquote(found["password"] or "")
    made = Address(_SCHEMES[scheme], found["host"].strip("[]"), int(found["port"]), username, password)
    return well_formed(made, allow_private=allow_private)


def well_formed(address: Address, *, allow_private: bool) -> Address:
    """The same address with its host in one spelling. Raises Invalid with the field."""
    if not 1 <= address.port <= 65535:
        raise Invalid(_("A port is a number from 1 to 65535."), field="port")
    for name in ("username", "password"):
        _require_fit(getattr(address, name), field=name)
    if ":" in address.username or (address.password and not address.username):
        raise Invalid(_("A username is needed beside a password, and it holds no colon."), field="username")
    host = _host(address.host, allow_private=allow_private)
    return Address(address.scheme, host, address.port, address.username, address.password)


def _require_fit(value: str, *, field: str) -> None:
    if len(value.encode("utf-8", "replace")) > MAX_PART or not (value.isprintable() and value.isascii()):
        raise Invalid(_("Write at most 255 plain Latin characters."), field=field)


def _host(host: str, *, allow_private: bool) -> str:
    """A number in its plain form, a name in lower case (IDNA). What a name leads to is seen at each connection."""
    spelt = literal_address(host)
    if spelt is not None:
        if not allow_private and not is_public(spelt):
            raise _private(host)
        return str(spelt)
    try:
        name = host.strip().rstrip(".").lower().encode("idna").decode()
    except UnicodeError:
        name = ""
    if not _NAME.fullmatch(name):
        raise Invalid(_("This is neither a host name nor an IP address."), code="bad_host", field="host")
    if not allow_private and (name == "localhost" or name.endswith((".localhost", ".local", ".internal"))):
        raise _private(name)
    return name


def _private(host: str) -> Invalid:
    words = _("%(host)s is a private address; a proxy must have a public one.", host=host[:100])
    return Invalid(words, code="private_host", field="host")
