"""X-Forwarded-For: whom a trusted proxy asks for."""

from ipaddress import ip_address, ip_network

import pytest

from boots.serve.forwarded import Peer, origin
from boots.settings import Http, Settings, SettingsError, trusted_proxies

ALL = ("0.0.0.0/0", "::/0")
LOCAL = ("127.0.0.0/16",)
NEAR = "127.0.0.9"


@pytest.mark.parametrize(
    ("said", "trusted", "address"),
    [
        ("12.13.14.15, 68.45.152.220", ALL, "12.13.14.15"),
        ("invalid, 190.57.149.90", ALL, "190.57.149.90"),
        ("190.57.149.90, invalid", ALL, NEAR),
        ("invalid", ALL, NEAR),
        ("", ALL, NEAR),
        ("127.0.0.1", ALL, "127.0.0.1"),
        ("2001:db8::7", ALL, "2001:db8::7"),
        ("::ffff:192.0.2.7", ALL, "192.0.2.7"),
        ("1.1.1.1, 8.8.8.8, 127.0.0.1, 127.0.0.2", LOCAL, "8.8.8.8"),
        ("1.1.1.1, 127.1.0.1", LOCAL, "127.1.0.1"),
        ("1.1.1.1", (), NEAR),
        ("1.1.1.1", ("10.0.0.0/8",), NEAR),
    ],
)
def test_only_what_trusted_proxies_wrote_is_believed(
    said: str, trusted: tuple[str, ...], address: str
) -> None:
    networks = [ip_network(each) for each in trusted]

    assert address == str(origin(ip_address(NEAR), said, networks))


def test_a_machine_is_not_known_by_an_ipv6_address() -> None:
    peer = Peer(ip_address("2001:db8::7"), 99)

    assert ("[2001:db8::7]:99", "0.0.0.0") == (str(peer), str(peer.ipv4))


def test_proxies_are_networks_or_addresses() -> None:
    settings = Settings(http=Http(trusted_proxies=["10.1.2.3/8", "192.0.2.1", "::1"]))

    assert ["10.0.0.0/8", "192.0.2.1/32", "::1/128"] == [
        str(each) for each in trusted_proxies(settings)
    ]


def test_a_proxy_that_cannot_be_read_is_named() -> None:
    with pytest.raises(SettingsError, match=r'http\.trusted_proxies: "10\.0\.0\.0/33" will not do'):
        trusted_proxies(Settings(http=Http(trusted_proxies=["10.0.0.0/33"])))
