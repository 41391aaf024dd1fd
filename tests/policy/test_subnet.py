"""Which network a client is in: RFC 3527, RFC 3011, its relay, our own link."""

from ipaddress import IPv4Address, IPv4Network

import pytest
from tests.policy.made import SITE, site, system

from boots.model.site import Site, Subnet
from boots.policy.subnet import outside, select, selector
from boots.wire.dhcp import Message

RELAY = IPv4Address("10.0.0.1")
LINK, CHOSEN = IPv4Address("10.1.0.0"), IPv4Address("10.2.0.0")
IN_82 = {82: b"\5\4" + LINK.packed}
IN_118 = {118: CHOSEN.packed}

SELECTORS = {
    "nothing is said": (system(), None),
    "the relay's address": (system(giaddr=RELAY), RELAY),
    "subnet selection": (system(more=IN_118), CHOSEN),
    "subnet selection before the relay's address": (system(more=IN_118, giaddr=RELAY), CHOSEN),
    "link selection before all": (system(more=IN_82 | IN_118, giaddr=RELAY), LINK),
    "a link selection that is no address": (system(more={82: b"\5\2ab"}, giaddr=RELAY), RELAY),
    "an option 82 that cannot be read": (system(more={82: b"\5"}, giaddr=RELAY), RELAY),
    "a subnet selection that cannot be read": (system(more={118: b"a"}, giaddr=RELAY), RELAY),
}


@pytest.mark.parametrize(("message", "expected"), SELECTORS.values(), ids=SELECTORS)
def test_who_says_where_a_client_is(message: Message, expected: IPv4Address | None) -> None:
    assert expected == selector(message)


HERE, THERE = IPv4Network("192.168.1.0/24"), IPv4Network("10.0.0.0/16")
KNOWN = site(network=HERE, subnets=(Subnet(network=THERE, domain="there"),))
SELECTED = {
    "behind a relay we know": (system(giaddr=RELAY), KNOWN, THERE),
    "behind one we do not know": (system(giaddr=IPv4Address("10.9.0.1")), KNOWN, None),
    "on our link": (system(), KNOWN, HERE),
    "on a link of which nothing is said": (system(), SITE, None),
}


@pytest.mark.parametrize(("message", "where", "expected"), SELECTED.values(), ids=SELECTED)
def test_the_subnet_is_that_of_the_settings_or_our_own(
    message: Message, where: Site, expected: IPv4Network | None
) -> None:
    found = select(message, where)
    assert expected == (found.network if found else None)


def test_what_the_settings_say_of_our_own_network_counts() -> None:
    own = Subnet(network=HERE, domain="here")
    assert own == select(system(), site(network=HERE, subnets=(own,)))


@pytest.mark.parametrize(
    ("relay", "why"),
    [
        ("10.0.0.1", ""),
        ("10.0.1.255", ""),  # of a /16, one host
        ("10.0.255.255", "cannot be one machine's"),
        ("10.0.0.0", "cannot be one machine's"),
        ("192.168.1.255", "cannot be one machine's"),
        ("239.1.1.1", "cannot be one machine's"),
        ("255.255.255.255", "cannot be one machine's"),
        ("10.9.0.1", "no network of ours has 10.9.0.1"),
    ],
)
def test_a_relay_is_one_host_of_a_network_of_ours(relay: str, why: str) -> None:
    said = outside(system(giaddr=IPv4Address(relay)), KNOWN, None)
    assert why in said
    assert bool(why) == bool(said)


def test_so_is_where_option_82_says_that_a_client_is() -> None:
    said = outside(system(giaddr=RELAY, more=IN_82), KNOWN, None)
    assert f"no network of ours has {LINK}, where it asks from" == said
