"""Hosts that people name (proxies, webhooks, language models): resolved here, and only public ones let through.

A name may lead to another address each time it is asked for, so whoever connects takes the address given here and
never the name: https://owasp.org/www-community/attacks/Server_Side_Request_Forgery
"""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, Final, Literal

_NAT64: Final = IPv6Network("64:ff9b::/96")
_THREADS: Final = ThreadPoolExecutor(8, thread_name_prefix="resolve")
"""Of their own, so that names which answer slowly do not keep the rest of the process from resolving its own."""


class HostRefused(Exception):
    """Nothing is to be connected to; `code` is private_host or unknown_host, the text says which host it is."""

    def __init__(self, code: Literal["private_host", "unknown_host"], text: str) -> None:
        super().__init__(text)
        self.code = code


async def resolve_public(host: str, port: int, *, allow_private: bool) -> str:
    """The numeric address to connect to for `host`, IPv4 before IPv6.

    Raises HostRefused when the name leads nowhere, or (unless `allow_private`) when any of its addresses is not public.
    """
    try:
        found = await asyncio.get_running_loop().run_in_executor(_THREADS, _look_up, host, port)
    except (OSError, ValueError):
        raise HostRefused("unknown_host", f"there is no host {host}") from None
    hidden = next((one for one in found if not is_public(one)), None)
    if hidden is not None and not allow_private:
        raise HostRefused("private_host", f"{host} is a private address ({hidden})")
    return str(min(found, key=lambda one: one.version))


def literal_address(host: str) -> IPv4Address | IPv6Address | None:
    """The address that `host` spells out in any form a resolver takes without asking (`127.1`, `0x7f000001`, `①.1`)."""
    try:
        return _look_up(host, 0, flags=socket.AI_NUMERICHOST)[0]
    except (OSError, ValueError):
        return None


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Whether the address belongs to the public Internet; one that wraps an IPv4 address is as that one is."""
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped:
            return is_public(address.ipv4_mapped)
        if address in _NAT64:
            return is_public(IPv4Address(int(address) & 0xFFFF_FFFF))
        if address.sixtofour or address.teredo or address.is_site_local:
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _look_up(host: str, port: int, *, flags: int = 0) -> list[IPv4Address | IPv6Address]:
    found: list[Any] = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=flags)
    return [ip_address(one[4][0].partition("%")[0]) for one in found]
