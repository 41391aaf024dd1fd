"""Captures: the UDP datagrams of a pcap file (libpcap's format, and pcapng), over Ethernet or IP.

Only what reading a netboot needs: IPv4, no fragments, at most two VLAN tags.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address

from boots.wire.malformed import Malformed

_ETHERNET, _RAW, _LINUX_COOKED, _LINUX_COOKED_2 = 1, 101, 113, 276
_LINK_HEADER = {_ETHERNET: 14, _RAW: 0, _LINUX_COOKED: 16, _LINUX_COOKED_2: 20}
_VLAN_TAGS = {b"\x81\x00", b"\x88\xa8"}


@dataclass(frozen=True, slots=True)
class Datagram:
    """One UDP datagram and when it was seen, in seconds since 1970 UTC."""

    at: float
    source: IPv4Address
    source_port: int
    destination: IPv4Address
    destination_port: int
    payload: bytes


def datagrams(data: bytes) -> Iterator[Datagram]:
    """The UDP datagrams of a capture, in its order; all other packets are passed over.

    Raises:
        Malformed: not a capture, or one cut within a record's header.
    """
    frames = _pcapng(data) if data[:4] == b"\x0a\x0d\x0d\x0a" else _pcap(data)
    for at, link, frame in frames:
        datagram = _datagram(at, link, frame)
        if datagram is not None:
            yield datagram


_ORDERS = {
    b"\xd4\xc3\xb2\xa1": ("<", 1e-6),
    b"\xa1\xb2\xc3\xd4": (">", 1e-6),
    b"\x4d\x3c\xb2\xa1": ("<", 1e-9),
    b"\xa1\xb2\x3c\x4d": (">", 1e-9),
}


def _pcap(data: bytes) -> Iterator[tuple[float, int, bytes]]:
    if data[:4] not in _ORDERS or len(data) < 24:
        raise Malformed("not a capture file")
    order, fraction = _ORDERS[data[:4]]
    (link,) = struct.unpack_from(f"{order}I", data, 20)
    header = struct.Struct(f"{order}IIII")
    at = 24
    while at < len(data):
        if at + 16 > len(data):
            raise Malformed("the capture ends within a record's header")
        seconds, part, size, _ = header.unpack_from(data, at)
        yield seconds + part * fraction, link & 0xFFFF, data[at + 16 : at + 16 + size]
        at += 16 + size


_INTERFACE, _PACKET = 1, 6
_TIME_RESOLUTION = 9  # the option if_tsresol of an interface


_HEAD = struct.Struct("<IHHiIII")
_RECORD = struct.Struct("<IIII")
LONGEST = 0xFFFF
"""Bytes of a frame that are written at most."""


def head() -> bytes:
    """What a capture file of Ethernet frames begins with."""
    return _HEAD.pack(0xA1B2C3D4, 2, 4, 0, 0, LONGEST, _ETHERNET)


def record(at: float, frame: bytes) -> bytes:
    """One frame as it stands in a capture file, seen `at` seconds since 1970 UTC."""
    microseconds = round(at * 1e6)
    kept = frame[:LONGEST]
    return _RECORD.pack(*divmod(microseconds, 1_000_000), len(kept), len(frame)) + kept


def _pcapng(data: bytes) -> Iterator[tuple[float, int, bytes]]:
    order, at = "<", 0
    links: list[tuple[int, int]] = []
    while at < len(data):
        if at + 12 > len(data):
            raise Malformed("the capture ends within a block's header")
        if data[at : at + 4] == b"\x0a\x0d\x0d\x0a":
            order = "<" if data[at + 8 : at + 12] == b"\x4d\x3c\x2b\x1a" else ">"
            links = []
        kind, size = struct.unpack_from(f"{order}II", data, at)
        if size < 12 or at + size > len(data):
            raise Malformed("a block runs past the end of the capture")
        body = data[at + 8 : at + size - 4]
        if kind == _INTERFACE and len(body) >= 2:
            links.append((struct.unpack_from(f"{order}H", body)[0], _ticks(body[8:], order)))
        elif kind == _PACKET and len(body) >= 20:
            interface, high, low, captured, _ = struct.unpack_from(f"{order}IIIII", body)
            if interface < len(links):
                link, ticks = links[interface]
                yield (high << 32 | low) / ticks, link, body[20 : 20 + captured]
        at += size


def _ticks(options: bytes, order: str) -> int:
    """How many ticks of an interface's clock make a second: its if_tsresol, or a million."""
    at = 0
    while at + 5 <= len(options):
        code, size = struct.unpack_from(f"{order}HH", options, at)
        if code == _TIME_RESOLUTION and size == 1:
            exponent = options[at + 4]
            return int(2 ** (exponent & 0x7F)) if exponent & 0x80 else int(10**exponent)
        at += 4 + size + -size % 4
    return 1_000_000


def _datagram(at: float, link: int, frame: bytes) -> Datagram | None:
    start = _LINK_HEADER.get(link)
    if start is None:
        return None
    while link == _ETHERNET and frame[start - 2 : start] in _VLAN_TAGS:
        start += 4
    return read_ip(frame[start:], at)


def read_ip(packet: bytes, at: float = 0.0) -> Datagram | None:
    """The UDP datagram in an IPv4 packet; None for any other packet, and for a fragment."""
    if len(packet) < 28 or not 0x45 <= packet[0] <= 0x4F or packet[9] != 17:
        return None
    if int.from_bytes(packet[6:8]) & 0x3FFF:  # a fragment
        return None
    udp = packet[(packet[0] & 0x0F) * 4 :]
    if len(udp) < 8:
        return None
    source_port, destination_port, size = struct.unpack_from("!HHH", udp)
    return Datagram(
        at,
        IPv4Address(packet[12:16]),
        source_port,
        IPv4Address(packet[16:20]),
        destination_port,
        udp[8:size],
    )
