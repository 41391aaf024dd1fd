"""Which network a client is in: what its relay says, what it says itself, where we heard it."""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network

from boots.model.machine import Reservation
from boots.model.site import Site, Subnet
from boots.policy.destination import is_host
from boots.wire import options, pxe
from boots.wire.dhcp import Message

_NOWHERE = IPv4Address(0)


def selector(message: Message) -> IPv4Address | None:
    """An address within the client's network, in the order of RFC 3527 §2; None on our own link.

    Link selection (82.5) is the relay's word, subnet selection (118) the client's (RFC 3011).
    """
    link = _from_relay(message, pxe.LINK_SELECTION)
    if link is not None:
        return link
    chosen = message.get(options.SUBNET_SELECTION)
    if chosen is not None and chosen != _NOWHERE:
        return chosen
    return message.giaddr if message.giaddr != _NOWHERE else None


def select(message: Message, site: Site) -> Subnet | None:
    """The subnet that a message comes from; None where nothing is known of it."""
    address = selector(message)
    inside = site.server if address is None else address
    for subnet in site.subnets:
        if inside in subnet.network:
            return subnet
    if address is None and site.network is not None:
        return Subnet(network=site.network)
    return None


def outside(message: Message, site: Site, own: Reservation | None) -> str:
    """Why a message does not come from where we answer, by what it says itself; empty if it does.

    Ours are the networks of the interface, those of the settings, and that of the machine's record.
    Whoever knows a MAC can name any relay, and would have us send there; so a relay is one host,
    and not all that are in a network.
    """
    relay = message.giaddr
    if relay != _NOWHERE and not (is_host(relay, own) and _is_one(relay, site)):
        return f"its relay's address {relay} cannot be one machine's"
    for each in (relay, selector(message) or _NOWHERE):
        if each != _NOWHERE and not is_near(each, site, own):
            return f"no network of ours has {each}, where it asks from"
    return ""


def _is_one(address: IPv4Address, site: Site) -> bool:
    """Whether an address is none of all hosts of a network that the site has."""
    return all(
        address not in {network.network_address, network.broadcast_address}
        for network in _ours(site, None)
        if network.prefixlen < 31  # RFC 3021
    )


def is_near(address: IPv4Address, site: Site, own: Reservation | None = None) -> bool:
    """Whether an address is within a network of ours; `own` is a machine's, by its record."""
    return any(address in network for network in _ours(site, own))


def _ours(site: Site, own: Reservation | None) -> Iterator[IPv4Network]:
    if site.network is not None:
        yield site.network
    for subnet in site.subnets:
        yield subnet.network
    yield from site.networks
    if own is not None:
        yield IPv4Network((own.address, own.prefix), strict=False)


def server_override(message: Message) -> IPv4Address | None:
    """The address that a relay wants in place of ours as server identifier (RFC 5107)."""
    if message.giaddr == _NOWHERE:
        return None
    return _from_relay(message, pxe.SERVER_OVERRIDE)


def _from_relay(message: Message, code: int) -> IPv4Address | None:
    """An address in option 82; None for none, for 0.0.0.0, and for what is no address."""
    value = (message.get(pxe.RELAY) or {}).get(code, b"")
    return IPv4Address(value) if len(value) == 4 and any(value) else None
