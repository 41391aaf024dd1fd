"""What a switch says of itself on a cable: LLDP (IEEE 802.1AB) and Cisco's CDP, from bytes.

Anybody on the cable may have sent the bytes: whatever is cut off, missing or out of place makes
less known, or nothing, and never an error.
"""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import NamedTuple

ETHERTYPE = 0x88CC
GROUPS = (
    b"\x01\x80\xc2\x00\x00\x0e",  # the nearest bridge
    b"\x01\x80\xc2\x00\x00\x03",  # the nearest bridge that is no two-port relay
    b"\x01\x80\xc2\x00\x00\x00",  # the nearest bridge for customers
)
CDP_GROUP = b"\x01\x00\x0c\xcc\xcc\xcc"
_CDP_HEADER = b"\xaa\xaa\x03\x00\x00\x0c\x20\x00"  # LLC with SNAP: Cisco, protocol 0x2000
_LONGEST = 255  # characters of any text, as the standard has it
_DOT1_VLAN = b"\x00\x80\xc2\x01"  # 802.1's OUI and the subtype "port VLAN ID"
_BRIDGE, _ROUTER = 0x0004, 0x0010  # among the enabled capabilities
_MAC, _ADDRESS = {"chassis": 4, "port": 3}, {"chassis": 5, "port": 4}  # subtypes of the two IDs


class Neighbour(NamedTuple):
    """Who is at the other end of a NIC's cable.

    Attributes:
        switch: The name it has; empty when it has none.
        chassis: What it is known by otherwise, mostly a MAC.
        port: Its port, as people know it.
        port_description: What people wrote about the port, or its long name.
        vlan: The VLAN of untagged frames on that port; None when it does not say.
        management: The address it is managed at; empty when it does not say.
        rank: Of two on one cable the higher one is the switch: a switch passes on no LLDP, so a
            second one comes through a hub, or from a program beside it.
    """

    switch: str
    chassis: str
    port: str
    port_description: str
    vlan: int | None
    management: str
    rank: int

    def told(self) -> dict[str, object]:
        """As it stands in the inventory."""
        found = self._asdict()
        del found["rank"]
        return found


def read(frame: bytes) -> Neighbour | None:
    """Who sent an Ethernet frame; None when it is no announcement, or one that ends an earlier."""
    kind, body = int.from_bytes(frame[12:14]), frame[14:]
    if kind == ETHERTYPE:
        return _lldp(body)
    if frame[:6] == CDP_GROUP and kind <= len(body) and body.startswith(_CDP_HEADER):
        return _cdp(body[len(_CDP_HEADER) : kind])
    return None


# --- LLDP


def _lldp(body: bytes) -> Neighbour | None:
    values: dict[int, bytes] = {}
    vlan: int | None = None
    for kind, value in _lldp_values(body):
        if kind == 127 and value[:4] == _DOT1_VLAN and len(value) == 6:
            vlan = int.from_bytes(value[4:]) or None  # 0: there is none
        else:
            values.setdefault(kind, value)  # of several addresses the first
    chassis, port = _identity(values.get(1, b""), "chassis"), _identity(values.get(2, b""), "port")
    # A time to live of 0 takes back what was announced before.
    if not chassis or not port or not any(values.get(3, b"")[:2]):
        return None
    description = _text(values.get(4, b""))
    # Nobody knows a port by its MAC.
    known = description if values[2][0] == _MAC["port"] and description else port
    enabled = int.from_bytes(values.get(7, b"")[2:4])
    return Neighbour(
        switch=_text(values.get(5, b"")),
        chassis=chassis,
        port=known,
        port_description=description,
        vlan=vlan,
        management=_management(values.get(8, b"")),
        rank=3 if enabled & (_BRIDGE | _ROUTER) else 1,
    )


def _lldp_values(body: bytes) -> Iterator[tuple[int, bytes]]:
    """Type and value of each TLV, to the end or to the first that is cut off."""
    at = 0
    while at + 2 <= len(body):
        head = int.from_bytes(body[at : at + 2])
        kind, end = head >> 9, at + 2 + (head & 0x1FF)
        if kind == 0 or end > len(body):
            return
        yield kind, body[at + 2 : end]
        at = end


def _identity(value: bytes, what: str) -> str:
    """A chassis or port ID: a byte that says of what kind it is, and the ID."""
    if len(value) < 2:
        return ""
    kind, rest = value[0], value[1:]
    if kind == _MAC[what] and len(rest) == 6:
        return rest.hex(":")
    # One byte for the kind of address before it.
    return _address(rest[1:]) if kind == _ADDRESS[what] else _text(rest)


def _management(value: bytes) -> str:
    """Length, kind of address and address; what follows numbers an interface."""
    return _address(value[2 : 1 + value[0]]) if value else ""


# --- CDP


def _cdp(body: bytes) -> Neighbour | None:
    values = dict(_cdp_values(body[4:]))  # behind version, time to live and checksum
    device, port = _text(values.get(1, b"")), _text(values.get(3, b""))
    if not device or not port or not body[1]:
        return None
    vlan = values.get(0x0A, b"")
    return Neighbour(
        switch=device,
        chassis=device,
        port=port,
        port_description="",
        vlan=int.from_bytes(vlan) or None if len(vlan) == 2 else None,
        management=_first_address(values.get(0x16) or values.get(2, b"")),
        rank=2,  # LLDP of the same switch says more, LLDP of a machine less
    )


def _cdp_values(body: bytes) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 4 <= len(body):
        length = int.from_bytes(body[at + 2 : at + 4])
        if length < 4 or at + length > len(body):
            return
        yield int.from_bytes(body[at : at + 2]), body[at + 4 : at + length]
        at += length


def _first_address(value: bytes) -> str:
    """The first of a list: how many there are; then protocol and address, each with a length."""
    protocol = value[5] if len(value) > 5 else 0
    at = 6 + protocol
    length = int.from_bytes(value[at : at + 2])
    return _address(value[at + 2 : at + 2 + length])


# --- both


def _address(packed: bytes) -> str:
    """An address of IPv4 or IPv6 by its length; empty for any other."""
    return str(ip_address(packed)) if len(packed) in {4, 16} else ""


def _text(value: bytes) -> str:
    """Text of one line, without what is no character."""
    plain = value.decode(errors="replace").strip("\0 \t\r\n")
    return "".join(letter if letter.isprintable() else "?" for letter in plain)[:_LONGEST]
