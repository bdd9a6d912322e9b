import pytest

from tgac.kit.net import HostRefused, literal_address, resolve_public

LOOPBACK_IN_DISGUISE = (
    "127.0.0.1",
    "127.1",
    "0x7f000001",
    "2130706433",
    "0177.0.0.1",
    "①②⑦.0.0.1",
    "127。0。0。1",
    "::1",
    "::ffff:127.0.0.1",
    "::ffff:7f00:1",
    "64:ff9b::127.0.0.1",
    "2002:7f00:1::",
)
NOT_PUBLIC = (
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "fd00::1",
    "fe80::1",
    "fec0::1",
    "ff0e::1",
    "::",
    "::127.0.0.1",
    "2001:0:7f00:1::",
)


@pytest.mark.parametrize("host", [*LOOPBACK_IN_DISGUISE, *NOT_PUBLIC])
async def test_no_spelling_of_a_private_address_gets_through(host: str) -> None:
    with pytest.raises(HostRefused) as refused:
        await resolve_public(host, 1080, allow_private=False)
    assert refused.value.code == "private_host"


@pytest.mark.parametrize("host", ["8.8.8.8", "2606:4700::1111", "64:ff9b::8.8.8.8", "::ffff:8.8.8.8"])
async def test_a_public_address_is_given_as_it_is(host: str) -> None:
    assert await resolve_public(host, 1080, allow_private=False) == str(literal_address(host))


async def test_a_name_is_judged_by_where_it_leads() -> None:
    with pytest.raises(HostRefused, match="localhost is a private address"):
        await resolve_public("localhost", 1080, allow_private=False)


async def test_private_hosts_are_given_where_they_are_allowed_as_numbers() -> None:
    assert await resolve_public("localhost", 1080, allow_private=True) == "127.0.0.1"
    assert await resolve_public("2130706433", 1080, allow_private=True) == "127.0.0.1"


@pytest.mark.parametrize("host", ["nowhere.invalid", "", "a" * 300, "a..b", "x\0y", "[::1]"])
async def test_a_name_that_leads_nowhere_is_an_unknown_host(host: str) -> None:
    with pytest.raises(HostRefused) as refused:
        await resolve_public(host, 1080, allow_private=False)
    assert refused.value.code == "unknown_host"


def test_names_are_no_numbers() -> None:
    assert literal_address("proxy.example.com") is None
    assert str(literal_address("0x7f000001")) == "127.0.0.1"
