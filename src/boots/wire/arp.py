"""ARP over Ethernet for IPv4 (RFC 826), as far as probes for an address need it (RFC 5227)."""

import struct
from dataclasses import dataclass
from ipaddress import IPv4Address

from boots.wire.malformed import Malformed

ETHERTYPE = 0x0806

_PACKET = struct.Struct("!HHBBH6s4s6s4s")
_ETHERNET, _IPV4, _REQUEST, _REPLY = 1, 0x0800, 1, 2
_NOBODY = IPv4Address(0)


@dataclass(frozen=True, slots=True)
class Sender:
    """Who says that it has an address."""

    mac: bytes
    address: IPv4Address


def probe(mac: bytes, address: IPv4Address) -> bytes:
    """A question who has an address, that tells nobody of one of ours (RFC 5227 §2.1.1)."""
    return _PACKET.pack(
        _ETHERNET, _IPV4, 6, 4, _REQUEST, mac, _NOBODY.packed, bytes(6), address.packed
    )


def read_sender(data: bytes) -> Sender | None:
    """Who sent an ARP packet; None where it is a probe itself, and claims no address.

    Raises:
        Malformed: it is no ARP packet of Ethernet and IPv4.
    """
    if len(data) < _PACKET.size:
        raise Malformed(f"{len(data)} bytes are too few for an ARP packet")
    hardware, protocol, mac_size, size, operation, mac, address, _, _ = _PACKET.unpack_from(data)
    if (hardware, protocol, mac_size, size) != (_ETHERNET, _IPV4, 6, 4):
        raise Malformed("ARP of another network than Ethernet and IPv4")
    if operation not in {_REQUEST, _REPLY}:
        raise Malformed(f"operation {operation} is neither a request nor a reply")
    claimed = IPv4Address(address)
    return None if claimed == _NOBODY else Sender(mac, claimed)
