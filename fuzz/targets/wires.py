"""The small protocols beside DHCP, and captures."""

import itertools
import struct
from collections.abc import Iterator
from ipaddress import IPv4Address

from boots.serve.syslog import SyslogDoor
from boots.wire import arp, ip, ndp, pcap, syslog, tftp
from boots.wire.malformed import Malformed
from fuzz import seeds
from fuzz.target import Target
from fuzz.told import PEER, Told, udp

_LONGEST = 65_507  # bytes of a datagram
_SHORT = 1024  # bytes
_MOST = 200_000  # datagrams of a capture: more than the largest input can hold


def _tftp(data: bytes) -> None:
    try:
        packet = tftp.decode(data)
    except Malformed:
        return
    written = tftp.encode(packet)
    # A request is read leniently; all else is read as it is written, but for an OACK of nothing.
    if isinstance(packet, tftp.Data | tftp.Ack | tftp.Error) or len(written) > 2:
        again = tftp.decode(written)
        assert isinstance(packet, tftp.Request) or again == packet


def _tftp_seeds() -> Iterator[bytes]:
    yield from seeds.tftp_packets()
    yield b"\0\1name\0octet\0blksize\x001428\0tsize\x000\0timeout\x001\0windowsize\x0016\0"
    yield b"\0\1" + b"a" * 500 + b"\0netascii\0" + b"x\0y\0" * 300
    yield b"\0\6" + b"a\0" * 1000
    yield b"\0\5\0\x00gone\0"
    yield b"\0\4\0\1"


def _syslog(data: bytes) -> None:
    """What the door reads of a line, told as it tells it; and short ones are read as written."""
    told = Told()
    SyslogDoor(udp(), lambda _: "", told.record).handle(data[: SyslogDoor.largest], PEER)
    told.check()
    if len(data) > _SHORT:
        return
    try:
        line = syslog.decode(data)
        written = syslog.encode(line)
    except ValueError:  # no line; or an old one, whose time holds blanks
        return
    again = syslog.decode(written)
    assert (again.facility, again.severity) == (line.facility, line.severity)


def _syslog_seeds() -> Iterator[bytes]:
    yield from seeds.syslog_lines()
    yield b"<14>ipxe: configuring net0"
    yield b"<30>Oct  1 10:00:00 host app[12]: text"
    yield b'<165>1 2003-10-11T22:14:15.003Z host app 1 ID47 [a b="c\\"d"][e f="g"] text'
    yield b"<13>1 " + b"a " * 30_000
    yield b'<13>1 - - - - - [a b="' + b"\\" * 60_000
    yield b'<13>1 - - - - - [a b="' + b"x" * 65_000 + b'"]'
    yield b"<13>1 - - - - - " + b'[a b="c"]' * 7_000
    yield b"<13>1 - - - - - [a" + b' b="c"' * 10_000
    yield b"<13>" + b"boots.ticket=" * 5_000
    yield b"<13>" + b"/" + b"a" * 65_000
    yield b"<13>" + b"/a" * 32_000
    yield b"<13>" + b"\xff" * 65_000


def _arp(data: bytes) -> None:
    try:
        arp.read_sender(data)
    except Malformed:
        return


def _ndp(data: bytes) -> None:
    try:
        sender = ndp.read_solicitation(data)
    except Malformed:
        return
    assert len(sender) <= 6


def _ndp_seeds() -> Iterator[bytes]:
    yield bytes([133, 0]) + bytes(6)
    yield bytes([133, 0]) + bytes(6) + b"\1\1RT\0\0\0\1"
    yield bytes([133, 0]) + bytes(6) + b"\3\1......" * 500 + b"\1\1RT\0\0\0\1"


def _capture(data: bytes) -> None:
    try:
        found = list(itertools.islice(pcap.datagrams(data), _MOST))
    except Malformed:
        return
    assert all(len(each.payload) <= len(data) for each in found)


def _captures() -> Iterator[bytes]:
    for path in seeds.captures():
        data = path.read_bytes()
        yield data[:2000]
    datagram = ip.udp((IPv4Address("10.0.0.1"), 68), (IPv4Address("10.0.0.2"), 67), b"hello")
    frame = bytes(12) + b"\x81\0\0\1\x08\0" + datagram
    yield pcap.head() + pcap.record(1.5, frame)
    block = struct.pack("<IIIHHqI", 0x0A0D0D0A, 28, 0x1A2B3C4D, 1, 0, -1, 28)
    about = struct.pack("<IIHHIHHI", 1, 28, 1, 0, 0, 9, 1, 9) + struct.pack("<I", 28)
    size = 32 + len(frame) + -len(frame) % 4
    head = struct.pack("<IIIIIII", 6, size, 0, 0, 5, len(frame), len(frame))
    packet = head + frame + bytes(-len(frame) % 4) + struct.pack("<I", size)
    yield block + about + packet


def _packet(data: bytes) -> None:
    """What a packet socket hears."""
    found = pcap.read_ip(data)
    assert found is None or found.payload in data


def _packets() -> Iterator[bytes]:
    ends = (IPv4Address("10.0.0.1"), 67), (IPv4Address("10.0.0.2"), 68)
    for data in itertools.islice(seeds.dhcp_messages(), 0, None, 7):
        yield ip.udp(*ends, data)


TARGETS = (
    Target("tftp.packet", _tftp, _tftp_seeds, on_loop=True, longest=2048),
    Target("syslog.line", _syslog, _syslog_seeds, on_loop=True, longest=_LONGEST),
    Target("arp.packet", _arp, lambda: [arp.probe(b"RT\0\0\0\1", IPv4Address(9))], on_loop=True),
    Target("ndp.solicitation", _ndp, _ndp_seeds, on_loop=True),
    Target("capture", _capture, _captures, on_loop=False),
    Target("ip.packet", _packet, _packets, on_loop=True, longest=1500),
)
