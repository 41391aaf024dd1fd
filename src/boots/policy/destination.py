"""Where a reply goes: RFC 2131 §4.1."""

from ipaddress import IPv4Address, IPv4Network
from typing import NamedTuple

from boots.model.mac import Mac
from boots.model.machine import Reservation
from boots.policy.asked import Asked
from boots.wire import dhcp
from boots.wire.dhcp import Message
from boots.wire.options import MessageType

_NOWHERE = IPv4Address(0)
EVERYONE = IPv4Address("255.255.255.255")
# Nobody's (RFC 1122 §3.2.1.3: never a destination), loopback, groups, reserved.
_NO_HOSTS = frozenset({0, 127, *range(224, 256)})


class Destination(NamedTuple):
    """Where a reply goes.

    With `hardware` it goes there by its MAC, as nobody has the address yet.  `source` is the
    address of ours that it leaves from, where that matters.
    """

    address: IPv4Address
    port: int
    hardware: Mac | None = None
    source: IPv4Address | None = None


def destination(asked: Asked, reply: Message) -> Destination:
    """Where a reply of a server that gives addresses goes.

    A client that claims an address outside its network gets its reply by broadcast, or we would
    send to whomever a packet names.
    """
    request, source = asked.message, asked.site.server
    if request.giaddr != _NOWHERE:
        return Destination(request.giaddr, dhcp.SERVER_PORT, source=source)
    everyone = Destination(EVERYONE, dhcp.CLIENT_PORT, source=source)
    if reply.kind is MessageType.NAK or asked.client.quirk.broadcast:
        return everyone
    own = asked.known.interface.reservation
    if request.ciaddr != _NOWHERE:
        near = own is not None and request.ciaddr in IPv4Network(
            (own.address, own.prefix), strict=False
        )
        if near and is_host(request.ciaddr, own):
            return Destination(request.ciaddr, dhcp.CLIENT_PORT, source=source)
        return everyone
    if request.flags & dhcp.BROADCAST or not is_host(reply.yiaddr, own):
        return everyone
    return Destination(reply.yiaddr, dhcp.CLIENT_PORT, asked.client.mac, source)


def is_host(address: IPv4Address, own: Reservation | None) -> bool:
    """Whether one host can have an address: no group, nobody's, none of broadcasts.

    `own` is the reservation of the machine that names it: what is the broadcast address of
    other networks cannot be known.
    """
    number = int(address)
    if number >> 24 in _NO_HOSTS:
        return False
    if own is None or own.prefix > 30:
        return True
    hosts = (1 << 32 - own.prefix) - 1
    near = address is own.address or (number ^ int(own.address)) <= hosts
    if near and number & hosts in {0, hosts}:  # the network's own address, and its broadcast
        return False
    return own.broadcast is None or address != own.broadcast
